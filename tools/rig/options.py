"""What several verbs of ``meterfarm rig`` share: the folder of rigs, and times that a person writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from gbcs.errors import LocalError

RigsFolder = Annotated[
    Path | None, typer.Option("--rigs", help="The folder of rig files; METERFARM_RIGS or ./bench unless given.")
]
RigName = Annotated[str, typer.Argument(metavar="RIG", help="A rig of the folder: its file without .toml.")]

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> float:
    """``90s``, ``30m``, ``2h`` or ``1d`` in seconds. Raises LocalError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if found is None or not float(found[1]):
        raise LocalError(f"{text!r} is no time: write it like 90s, 30m, 2h or 1d")
    return float(found[1]) * _SECONDS[found[2]]
