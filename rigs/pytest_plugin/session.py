"""What the hooks know of the session that the fixtures run: a few words, so that they import nothing else."""

from __future__ import annotations

from typing import Protocol

import pytest


class Session(Protocol):
    """One run of pytest on the emulator or on a rig."""

    @property
    def label(self) -> str:
        """What it runs on."""

    @property
    def broken(self) -> str:
        """The first cause, once the rig is broken and a test has failed with it; empty until then."""

    def ended(self, report: pytest.TestReport, error: BaseException | None) -> None:
        """A phase of a test has ended; ``error`` is what it raised."""


SESSION = pytest.StashKey[Session]()
"""Where the session is kept, once a fixture has begun it."""
