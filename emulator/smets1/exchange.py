"""What the network needs to know of a dialogue with a meter: its rounds by size, and what each read brought.

A dialogue is held at once and its rounds are then spread over simulated time: what the meter says does not hang on how
long its bytes travel, but for the registers, which show the start of the dialogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gbcs.times import DAY_S

Round: TypeAlias = tuple[int, int]
"""Bytes to the meter and bytes back."""

Rows: TypeAlias = NDArray[np.uint32]
"""Stamps in column 0 (seconds since 2000), then the value: shape (n, 2), big-endian as on the wire of GBCS."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is read of a meter: a service request, with the stamps of the first and last row where it reads a log."""

    srv: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """What a read brought: rows of a log, or the value of a register (Wh), and when the meter was read."""

    read_at: float
    rows: Rows | None = None
    register_wh: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One read of a dialogue; without values, ``error`` says why."""

    rounds: tuple[Round, ...]
    values: Values | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A whole dialogue. ``refused`` says why there is no association; there are no readings then."""

    opening: tuple[Round, ...]
    readings: tuple[Reading, ...]
    closing: tuple[Round, ...]
    refused: str = ""


class Sizes:
    """Dialogues that were held, one for each family, service request and hour of the day.

    The hour, because a daily read is worked back from the half-hours since midnight.
    """

    __slots__ = ("_any", "_of")

    def __init__(self) -> None:
        self._of: dict[tuple[str, str, int], Exchange] = {}
        self._any: dict[tuple[str, str], Exchange] = {}

    def learn(self, family: str, asks: Sequence[Ask], exchange: Exchange, now: float) -> None:
        """Keep the first of each kind."""
        hour = int(now % DAY_S // 3600)
        for ask, reading in zip(asks, exchange.readings, strict=False):
            if (family, ask.srv, hour) not in self._of:
                alone = Exchange(exchange.opening, (reading,), exchange.closing)
                self._of[family, ask.srv, hour] = alone
                self._any.setdefault((family, ask.srv), alone)

    def like(self, family: str, srv: str, now: float) -> Exchange | None:
        """A dialogue of that family, service request and hour, or of another hour; None where there was none."""
        return self._of.get((family, srv, int(now % DAY_S // 3600))) or self._any.get((family, srv))


class Dialogue(Protocol):
    """Whoever talks to a meter in its dialect."""

    def hold(self, premises: int, asks: Sequence[Ask], now: float) -> Exchange:
        """Open an association with the meter of a premises, read all that is asked, close it again."""


def sizes(rounds: Sequence[Round]) -> tuple[int, int]:
    """Bytes down and bytes up of rounds together."""
    return sum(down for down, _ in rounds), sum(up for _, up in rounds)
