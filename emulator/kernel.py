"""The event queue of a run: plain callbacks in order of simulated time.

A binary heap of tuples: about 1 us an event with 100,000 of them waiting. Of two events at the same instant the one
that was scheduled first comes first, so a run repeats exactly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from emulator.clock import Clock, VirtualClock
from gbcs.errors import LocalError

Schedule = Callable[..., None]
"""``schedule(at, action, *arguments)``: call ``action(*arguments)`` at instant ``at``."""


class Kernel:
    """Simulated time and what is to happen in it.

    Does not model: parallel events; whatever is due is carried out one after the other.
    """

    __slots__ = ("_posted", "_queue", "_serial", "clock", "events", "is_paced", "is_stopped", "now")

    def __init__(self, start: float, clock: Clock | None = None) -> None:
        self.now, self.clock = start, clock or VirtualClock()
        self.events = 0
        self.is_stopped = False
        self.is_paced = self.clock.paced
        self._posted: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._queue: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._serial = 0

    def __len__(self) -> int:
        return len(self._queue)

    def at(self, when: float, action: Callable[..., None], *arguments: Any) -> None:
        """Call ``action(*arguments)`` at ``when``, or at once in turn where that is past."""
        self._serial += 1
        heappush(self._queue, (max(when, self.now), self._serial, action, arguments))

    def post(self, action: Callable[..., None], *arguments: Any) -> None:
        """Call ``action(*arguments)`` now, by the clock: what comes from outside, in any thread, enters here.

        Raises LocalError in virtual time, which has no now that anybody outside could share.
        """
        if not self.clock.paced:
            raise LocalError("virtual time cannot be reached from outside: give the run a real clock")
        self._posted.append((action, arguments))
        self.clock.wake()

    def run(self, until: float | None = None) -> None:
        """Carry out events until none is left, up to and including those at ``until``, or until :meth:`stop`."""
        queue, clock = self._queue, self.clock
        while queue and not self.is_stopped and (until is None or queue[0][0] <= until):
            if self.is_paced and not self._is_due(clock):
                continue
            when, _, action, arguments = heappop(queue)
            self.now = when
            self.events += 1
            action(*arguments)
        if until is not None and until > self.now and not self.is_stopped:
            self.now = until

    def hurry(self) -> None:
        """From the next event on wait for nothing: time jumps, as it does in virtual time."""
        self.is_paced = False

    def stop(self) -> None:
        """End :meth:`run` after the event that is being carried out; a clock that waits is woken. Any thread may."""
        self.is_stopped = True
        self.clock.wake()

    def _is_due(self, clock: Clock) -> bool:
        """Whether the next event's time has come; what was posted meanwhile may be the next one."""
        is_reached = clock.reach(self._queue[0][0])
        if not self._posted:
            return is_reached
        while self._posted:
            action, arguments = self._posted.popleft()
            self.at(clock.instant(), action, *arguments)
        return False
