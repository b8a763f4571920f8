"""Frames that get lost and are sent again until they arrive or are given up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from emulator.links.distributions import clean_runs

Resent = tuple[int, float, bool]
"""Frames sent again, seconds waited before doing so, and whether a frame was given up."""

_NOTHING_LOST: Resent = (0, 0.0, False)


class Arq:
    """Retransmission frame by frame, every transmission being lost with the same probability.

    The number of transmissions until the next loss is drawn, not each transmission: most messages cost a subtraction.

    Does not model: losses that come in bursts, acknowledgements that get lost.
    """

    __slots__ = ("_clean", "_next_clean", "_wait", "max_tries")

    def __init__(self, loss: float, max_tries: int, wait: Callable[[int], float], random: np.random.Generator) -> None:
        """``wait`` gives the seconds between the loss of a frame's try number 1, 2, ... and the next try."""
        self.max_tries, self._wait = max_tries, wait
        self._next_clean = clean_runs(loss, random)
        self._clean = self._next_clean()

    def send(self, frames: int) -> Resent:
        """What it takes to get so many frames across."""
        if frames <= self._clean:
            self._clean -= frames
            return _NOTHING_LOST
        return self._send_with_losses(frames)

    def _send_with_losses(self, frames: int) -> Resent:
        again, waited_s, left = 0, 0.0, frames
        while left > self._clean:
            left -= self._clean
            tries = 1
            self._clean = self._next_clean()
            while tries < self.max_tries:
                waited_s += self._wait(tries)
                tries += 1
                again += 1
                if self._clean:
                    break
                self._clean = self._next_clean()
            else:
                return again, waited_s, True
            self._clean -= 1
            left -= 1
        self._clean -= left
        return again, waited_s, False
