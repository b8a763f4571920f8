"""What it takes to get the frames of a message across, as tables: the same rule as :class:`emulator.links.arq.Arq`.

Every frame is lost with the same probability and sent again until it arrives or is given up; with it, the message. What
may come of a message of so many frames is worked out once, frame by frame, and then drawn in one look-up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.tables import SIZE, Dice

Outcome = tuple[int, float, bool]
"""Frames sent again, seconds that this takes by a fixed rule, and whether the message was given up."""

_GAVE_UP = 0x80
_MOST_AGAIN = 0x7F
_NEGLIGIBLE = 1e-9


def no_wait(_tries: int) -> float:
    """Where the wait is drawn and no function of the number of tries."""
    return 0.0


class Resends:
    """The tables of one link, for messages of any number of frames."""

    __slots__ = ("_again", "_loss", "_max_tries", "_rows", "_wait", "_wait_s")

    def __init__(self, loss: float, max_tries: int, wait: Callable[[int], float] = no_wait) -> None:
        """``wait`` gives the seconds before a frame's next try, by the number of tries that failed."""
        self._loss, self._max_tries, self._wait = loss, max_tries, wait
        self._rows: dict[int, int] = {}
        self._again = np.zeros((0, SIZE), np.uint8)
        self._wait_s = np.zeros((0, SIZE), np.float32)

    @property
    def happen(self) -> bool:
        """Whether frames get lost at all."""
        return self._loss > 0

    def rows(self, frames: NDArray[np.int64]) -> NDArray[np.intp]:
        """The table of each message, by its number of frames; tables that are not there yet are made."""
        top = int(frames.max(initial=0))
        present = np.flatnonzero(np.bincount(frames, minlength=top + 1))
        for count in present.tolist():
            if count not in self._rows:
                self._add(count)
        row_of = np.zeros(top + 1, np.intp)
        row_of[present] = [self._rows[count] for count in present.tolist()]
        return row_of[frames]

    def draw(
        self, rows: NDArray[np.intp], dice: Dice
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
        """Frames sent again for each message, the fixed part of the wait, and which messages were given up."""
        places = rows * SIZE + dice.places(len(rows))
        again = self._again.ravel()[places]
        return again & _MOST_AGAIN, self._wait_s.ravel()[places], again >= _GAVE_UP

    def _add(self, frames: int) -> None:
        outcomes = self.outcomes(frames)
        chances = np.array(list(outcomes.values()))
        counts = np.diff(np.rint(np.cumsum(chances) / chances.sum() * SIZE).astype(np.int64), prepend=0)
        again = [min(resent, _MOST_AGAIN) | (_GAVE_UP if lost else 0) for resent, _, lost in outcomes]
        self._rows[frames] = len(self._again)
        self._again = np.vstack([self._again, np.repeat(np.array(again, np.uint8), counts)])
        waits = np.array([wait_s for _, wait_s, _ in outcomes], np.float32)
        self._wait_s = np.vstack([self._wait_s, np.repeat(waits, counts)])

    def outcomes(self, frames: int) -> dict[Outcome, float]:
        """Everything that may come of a message of so many frames, with its probability."""
        ways: dict[Outcome, float] = {(0, 0.0, False): 1.0}
        for _ in range(frames):
            further: dict[Outcome, float] = defaultdict(float)
            for (again, wait_s, lost), chance in ways.items():
                if lost:
                    further[again, wait_s, lost] += chance
                    continue
                for (more, more_s, given_up), share in self._of_a_frame().items():
                    if chance * share > _NEGLIGIBLE:
                        further[again + more, wait_s + more_s, given_up] += chance * share
            ways = further
        return dict(sorted(ways.items()))

    def _of_a_frame(self) -> dict[Outcome, float]:
        loss, found, wait_s = self._loss, {}, 0.0
        for tries in range(1, self._max_tries + 1):
            found[tries - 1, wait_s, False] = (1 - loss) * loss ** (tries - 1)
            if tries < self._max_tries:
                wait_s += self._wait(tries)
        found[self._max_tries - 1, wait_s, True] = loss**self._max_tries
        return found
