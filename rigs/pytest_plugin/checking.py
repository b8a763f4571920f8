"""Options checked before anything runs."""

from __future__ import annotations

import pytest

from gbcs.errors import LocalError
from rigs.pytest_plugin.options import Options
from rigs.pytest_plugin.target import target_of


def check(asked: Options) -> None:
    """Raises UsageError, which lists what is allowed, for a rig or a firmware that there is not."""
    try:
        target_of(asked)
    except LocalError as error:
        raise pytest.UsageError(str(error)) from None
