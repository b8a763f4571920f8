"""What is due when: rows of requests with an instant each, taken out in order of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Agenda:
    """Batches, each in order of time, of which the front is taken.

    Does not model: entries that are called off; whoever takes one looks whether it still counts.
    """

    __slots__ = ("_batches",)

    def __init__(self) -> None:
        self._batches: list[tuple[Ints, Floats]] = []

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, rows: Ints, at: Floats) -> None:
        """Enter rows, each at its instant."""
        if len(rows):
            order = np.argsort(at, kind="stable")
            self._batches.append((rows[order], at[order]))

    def take(self, until: float) -> tuple[Ints, Floats]:
        """Take out what is due before an instant."""
        taken, left = [], []
        for rows, at in self._batches:
            front = int(np.searchsorted(at, until))
            if front:
                taken.append((rows[:front], at[:front]))
            if front < len(at):
                left.append((rows[front:], at[front:]))
        self._batches = left
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
