"""The event queue of a run: plain callbacks in order of simulated time.

A binary heap of tuples: about 1 us an event with 100,000 of them waiting. Of two events at the same instant the one
that was scheduled first comes first, so a run repeats exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from emulator.clock import Clock, VirtualClock

Schedule = Callable[..., None]
"""``schedule(at, action, *arguments)``: call ``action(*arguments)`` at instant ``at``."""


class Kernel:
    """Simulated time and what is to happen in it.

    Does not model: parallel events; whatever is due is carried out one after the other.
    """

    __slots__ = ("_queue", "_serial", "clock", "events", "is_stopped", "now")

    def __init__(self, start: float, clock: Clock | None = None) -> None:
        self.now, self.clock = start, clock or VirtualClock()
        self.events = 0
        self.is_stopped = False
        self._queue: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._serial = 0

    def __len__(self) -> int:
        return len(self._queue)

    def at(self, when: float, action: Callable[..., None], *arguments: Any) -> None:
        """Call ``action(*arguments)`` at ``when``, or at once in turn where that is past."""
        self._serial += 1
        heappush(self._queue, (max(when, self.now), self._serial, action, arguments))

    def run(self, until: float | None = None) -> None:
        """Carry out events until none is left, up to and including those at ``until``, or until :meth:`stop`."""
        queue, clock = self._queue, self.clock
        paced = clock.paced
        while queue and not self.is_stopped and (until is None or queue[0][0] <= until):
            if paced and not clock.reach(queue[0][0]):
                return
            when, _, action, arguments = heappop(queue)
            self.now = when
            self.events += 1
            action(*arguments)
        if until is not None and until > self.now and not self.is_stopped:
            self.now = until

    def stop(self) -> None:
        """End :meth:`run` after the event that is being carried out; a clock that waits is woken. Any thread may."""
        self.is_stopped = True
        self.clock.wake()
