"""A service request as the steps that give what it asks for, on any dialect that reads half-hours and registers.

A SMETS1 meter of these dialects keeps no daily log: a reading at midnight is the register now less what was used since.
Steps that come to the same are what the DCC asks of SMETS1 (SEC: Equivalent Steps); which ones, is an assumption.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.assumptions import Assumption
from emulator.smets1.exchange import Ask, Rows, Values
from emulator.smets1.readers.line import Line, Refused
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S

ASSUMPTIONS = (
    Assumption(
        "smets1.daily_read",
        "the register now less the half-hours since midnight; no TOU or block registers",
        "A",
        "the SEC asks for equivalent steps; the matrix of device models is not public",
    ),
)

Way = Literal["active_import", "active_export"]
HalfHours = NDArray[np.int64]
"""Stamps and Wh, shape (n, 2), oldest first."""

_WIRE = np.dtype(">u4")
_MODULUS = 1 << 32
PROFILES: dict[str, Way] = {"4.8.1": "active_import", "4.8.3": "active_export"}
DAILY = "4.6.1"
_REGISTERS: dict[str, Way] = {"4.1.1": "active_import", "4.2": "active_export"}


class Reads(Protocol):
    """What a dialect can do."""

    def half_hours(self, line: Line, way: Way, first: int, last: int) -> HalfHours:
        """The half-hours stamped ``first`` to ``last`` that the meter holds."""

    def register_wh(self, line: Line, way: Way) -> int:
        """A total register."""


def carry_out(reads: Reads, line: Line, ask: Ask) -> Values:
    """What a service request asks for. Raises Refused where the meter does not hold what the steps need."""
    if ask.srv in _REGISTERS:
        return Values(line.now, register_wh=reads.register_wh(line, _REGISTERS[ask.srv]))
    if ask.first is None or ask.last is None:
        raise LocalError(f"SRV {ask.srv} reads a log: give the first and the last stamp")
    if ask.srv in PROFILES:
        return Values(line.now, _rows(reads.half_hours(line, PROFILES[ask.srv], ask.first, ask.last)))
    return Values(line.now, _daily(reads, line, ask.first, ask.last))


def _daily(reads: Reads, line: Line, first: int, last: int) -> Rows:
    """The register at every midnight from ``first`` to ``last`` that has passed."""
    midnights = range(-(-first // DAY_S) * DAY_S, min(last, int(line.now)) + 1, DAY_S)
    if not midnights:
        return np.empty((0, 2), _WIRE)
    newest = int(line.now) // HALF_HOUR_S * HALF_HOUR_S
    register = reads.register_wh(line, "active_import")
    since = np.empty((0, 2), np.int64)
    if newest > midnights[0]:
        since = reads.half_hours(line, "active_import", midnights[0] + HALF_HOUR_S, newest)
    if len(since) != (newest - midnights[0]) // HALF_HOUR_S:
        raise Refused("half-hours since midnight are missing", field="daily read")
    used = [int(since[since[:, 0] > midnight, 1].sum()) for midnight in midnights]
    return np.array(
        [(midnight, (register - wh) % _MODULUS) for midnight, wh in zip(midnights, used, strict=True)], _WIRE
    )


def _rows(half_hours: HalfHours) -> Rows:
    return half_hours.astype(_WIRE)
