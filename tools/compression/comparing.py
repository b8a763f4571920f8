"""Two runs that somebody made, one beside the other: what differs between them, layer by layer."""

from __future__ import annotations

from pathlib import Path

import duckdb

from emulator.run_folder import open_folder
from emulator.store import FILE_NAME
from gbcs.errors import LocalError
from tools.compression.effects import FIRST_ATTEMPTS, Arm, Effects, arm_of, by_network


def compare(first: Path, second: Path) -> Effects:
    """The second run against the first. Raises LocalError where one is no finished run, or nothing compares."""
    if first.resolve() == second.resolve():
        raise LocalError(f"{first} cannot be compared with itself: name another run folder beside it")
    one, other = _arm(first), _arm(second)
    effects = Effects(other.codec, ((one, other),))
    if not effects.networks():
        raise LocalError(f"{first} and {second} have no network in common")
    return effects


def _arm(folder: Path) -> Arm:
    summary = open_folder(folder).read_summary()
    if summary.get("status") != "complete" or "layers" not in summary:
        raise LocalError(f"{folder} is no finished run that counted its layers: run it again")
    try:
        with duckdb.connect(str(folder / FILE_NAME), read_only=True) as db:
            latencies = by_network(db.execute(FIRST_ATTEMPTS).fetchall())
    except duckdb.Error as error:
        raise LocalError(f"{folder / FILE_NAME} cannot be read: {error}") from None
    return arm_of(summary, latencies)
