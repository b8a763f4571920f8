"""The ledger as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rigs.errors import RigError
from rigs.files import write_whole


def write_ledger(path: Path, described: Mapping[str, Any]) -> None:
    """Write a ledger, whole or not at all. Raises RigError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RigError(f"{path.parent} cannot be made: {error.strerror}") from error
    write_whole(path, json.dumps(described, indent=1).encode() + b"\n")
