"""Selective access on a profile: a range of log stamps (spec sheet 4.6)."""

from __future__ import annotations

from dataclasses import dataclass

from construct import Const, Int32ub

from gbcs.declare import Record

_RESTRICTING_OBJECT = bytes.fromhex("0204 0204 120001 0906 00005e2c64ff 0f02 120000 06".replace(" ", ""))
"""structure(4): capture time, class 1, 0-0:94.44.100.255, attribute 2, data index 0; the tag of the first bound."""

BY_RANGE = 1
"""The access selector of a range descriptor."""


@dataclass(frozen=True, slots=True)
class RangeSelection:
    """Rows with ``first <= stamp <= last``, seconds since 2000, both ends inclusive; all columns."""

    first: int
    last: int


RANGE_SELECTION = Record(
    RangeSelection, Const(_RESTRICTING_OBJECT), "first" / Int32ub, Const(b"\x06"), "last" / Int32ub, Const(b"\x01\x00")
)
