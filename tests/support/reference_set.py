"""Where the reference messages are: ``RTDS_HOME``, else beside the project. Tests skip, saying so, without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE_THE_PROJECT = Path(__file__).parents[2].parent / "shared" / "rtds"


def rtds_home() -> Path:
    """The directory with ``RTDS-*/`` and ``keystore/``."""
    home = Path(os.environ.get("RTDS_HOME", _BESIDE_THE_PROJECT))
    if not (home / "keystore").is_dir():
        pytest.skip(f"no reference messages in {home}; set RTDS_HOME")
    return home


def reference_messages() -> list[bytes]:
    """All reference messages, in order of their files. Skips where they are absent."""
    return [bytes.fromhex(file.read_text("ascii")) for file in sorted(rtds_home().rglob("*.HEX"))]
