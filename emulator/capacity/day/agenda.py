"""What is due when: rows of requests with an instant each, taken out in order of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Agenda:
    """Batches, each in order of time, of which the front is taken; small ones are merged, so that there are few.

    Does not model: entries that are called off; whoever takes one looks whether it still counts.
    """

    __slots__ = ("_batches",)

    def __init__(self) -> None:
        self._batches: list[tuple[Ints, Floats]] = []

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, rows: Ints, at: Floats) -> None:
        """Enter rows, each at its instant."""
        if not len(rows):
            return
        batch = rows, at
        if (at[1:] < at[:-1]).any():
            order = np.argsort(at, kind="stable")
            batch = rows[order], at[order]
        # A batch is merged with those before it that are no longer than it: of n entries there are log n batches.
        while self._batches and len(self._batches[-1][0]) <= len(batch[0]):
            batch = _in_order([self._batches.pop(), batch])
        self._batches.append(batch)

    def next_at(self) -> float:
        """When the first entry is due; never where there is none."""
        return min((float(at[0]) for _, at in self._batches), default=float("inf"))

    def take(self, until: float) -> tuple[Ints, Floats]:
        """Take out what is due before an instant."""
        taken: list[tuple[Ints, Floats]] = []
        for place, (rows, at) in enumerate(self._batches):
            if at[0] < until:
                front = int(at.searchsorted(until))
                taken.append((rows[:front], at[:front]))
                self._batches[place] = rows[front:], at[front:]
        if taken:
            self._batches = [batch for batch in self._batches if len(batch[0])]
        return _in_order(taken)


def _in_order(batches: list[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    if not batches:
        return np.zeros(0, np.int64), np.zeros(0)
    if len(batches) == 1:
        return batches[0]
    rows = np.concatenate([rows for rows, _ in batches])
    at = np.concatenate([at for _, at in batches])
    order = np.argsort(at, kind="stable")
    return rows[order], at[order]
