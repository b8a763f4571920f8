"""Rate limits for whole arrays: a steady rate and a burst, as the release queue of a run has them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class RateLimit:
    """Lets ``burst`` go at once and then ``per_s`` a second; see :class:`emulator.dcc.release_queue.ReleaseQueue`.

    Does not model: priorities among those that wait.
    """

    __slots__ = ("_full_at", "_interval_s", "_last_at", "_slack_s")

    def __init__(self, per_s: float, burst: float | None = None) -> None:
        """One second's worth may go at once unless told; one at least."""
        self._interval_s = 1 / per_s
        self._slack_s = (max(1, round(per_s if burst is None else burst)) - 1) / per_s
        self._full_at = self._last_at = -np.inf

    def released(self, at: Floats) -> Floats:
        """When those that come at ``at``, in that order, may go. Whoever comes before the last one finds no queue."""
        if not len(at):
            return at
        if at[0] < self._last_at:
            self._full_at = -np.inf
        self._last_at = float(at[-1])
        turn = np.arange(len(at)) * self._interval_s
        full_at = np.maximum.accumulate(np.maximum(at - turn, self._full_at)) + turn
        before = np.concatenate([[self._full_at], full_at[:-1] + self._interval_s])
        self._full_at = float(full_at[-1]) + self._interval_s
        return np.maximum(at, before - self._slack_s)
