"""Rig files for tests: what a lab would write, with ports of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli_w

from rigs.config import RigConfig
from rigs.loading import parse_rig

EUI = "90-B3-D5-1F-30-01-00-00"


def content(name: str, port: str, **sections: Any) -> dict[str, Any]:
    """An ESME behind a GFI line on ``port``; ``sections`` are laid over it."""
    return {
        "name": name,
        "device": {"kind": "esme", "eui64": EUI, "keys": "keys"},
        "link": {"kind": "gfi", "port": port},
        **sections,
    }


def write_rig(folder: Path, name: str, port: str, **sections: Any) -> Path:
    """A rig file in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.toml"
    file.write_text(tomli_w.dumps(content(name, port, **sections)), encoding="utf-8")
    return file


def rig(folder: Path, name: str = "bench-3", port: str = "socket://127.0.0.1:1", **sections: Any) -> RigConfig:
    """A rig as loaded, whose file would stand in ``folder``."""
    return parse_rig(folder / f"{name}.toml", content(name, port, **sections))
