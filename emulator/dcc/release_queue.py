"""A rate limit with priorities: who waits, and when the next one may go (PIA R4, A14)."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class ReleaseQueue(Generic[T]):
    """Lets ``burst`` items go at once and then ``per_s`` a second: in any span of t seconds at most burst + per_s * t.

    Where items wait, the lower priority number goes first, and within a priority the one that came first. The queue
    has no timers: whoever owns it comes back at :meth:`next_deadline`.

    Does not model: limits on bytes or on what is in flight; items that change their priority while they wait.
    """

    __slots__ = ("_full_at", "_interval_s", "_number", "_slack_s", "_waiting")

    def __init__(self, per_s: float, burst: int) -> None:
        self._interval_s = 1.0 / per_s
        self._slack_s = (burst - 1) * self._interval_s
        self._full_at = float("-inf")
        self._number = 0
        self._waiting: list[tuple[int, int, T]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def admit(self, now: float) -> bool:
        """Whether an item may go at ``now`` past the queue: nobody waits, and the rate allows it."""
        return not self._waiting and self._spend(now)

    def offer(self, item: T, priority: int) -> None:
        """Let an item wait."""
        heapq.heappush(self._waiting, (priority, self._number, item))
        self._number += 1

    def take(self, now: float) -> T | None:
        """The item that goes at ``now``, or None where nobody waits or nobody may go yet."""
        if not self._waiting or not self._spend(now):
            return None
        return heapq.heappop(self._waiting)[2]

    def next_deadline(self) -> float | None:
        """When the next waiting item may go; None where nobody waits. Minus infinity is at once."""
        return self._full_at - self._slack_s if self._waiting else None

    def _spend(self, now: float) -> bool:
        """Use one place of the rate if there is one: ``_full_at`` is when the whole burst is there again."""
        if now < self._full_at - self._slack_s:
            return False
        self._full_at = max(self._full_at, now) + self._interval_s
        return True
