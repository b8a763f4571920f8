"""Originator counters: they only rise, per originator (GBCS keys hang on them)."""

from __future__ import annotations

from typing import Protocol

from gbcs.eui64 import Eui64


class Counters(Protocol):
    """Where originator counters come from: memory for a wholly emulated farm, a store on disk for real devices."""

    def next(self, originator: Eui64, now: float, /) -> int:
        """A counter that this originator has never used."""


class OriginatorCounters:
    """The next counter of each originator: milliseconds since 2000 at the moment of use, or one more than the last.

    A later run on the same keys therefore starts above an earlier one (assumption ``originator_counter``: the live
    service uses time stamps of this kind). Counters are 64 bits.

    Does not model: the loss of the head-end's memory. A farm that touches real devices needs a store on disk.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[Eui64, int] = {}

    def next(self, originator: Eui64, now: float) -> int:
        """A counter that this originator has never used."""
        counter = max(self._last.get(originator, 0) + 1, int(now * 1000))
        self._last[originator] = counter
        return counter
