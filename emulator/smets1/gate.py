"""A rate limit in front of an action: whoever may not go yet waits for its turn on the kernel of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from emulator.dcc.release_queue import ReleaseQueue
from emulator.kernel import Schedule

_Action: TypeAlias = tuple[Callable[..., None], tuple[Any, ...], float]


class Gate:
    """Carries actions out at ``per_s`` a second at most, those of the lower priority number first.

    Does not model: actions that give up while they wait.
    """

    __slots__ = ("_drains", "_queue", "_schedule", "longest_wait_s", "passed", "waited")

    def __init__(self, per_s: float, schedule: Schedule, burst: int | None = None) -> None:
        """``burst`` may go at once; one second's worth unless told."""
        self._queue: ReleaseQueue[_Action] = ReleaseQueue(per_s, burst or max(1, round(per_s)))
        self._schedule, self._drains = schedule, False
        self.passed = self.waited = 0
        self.longest_wait_s = 0.0

    def enter(self, now: float, priority: int, action: Callable[..., None], *arguments: Any) -> None:
        """Carry out ``action(*arguments, at)`` at once or as soon as the rate allows; ``at`` is that instant."""
        if self._queue.admit(now):
            self.passed += 1
            action(*arguments, now)
            return
        self.waited += 1
        self._queue.offer((action, arguments, now), priority)
        if not self._drains:
            self._drain_later(now)

    def _drain_later(self, now: float) -> None:
        deadline = self._queue.next_deadline()
        self._drains = deadline is not None
        if deadline is not None:
            at = max(deadline, now)
            self._schedule(at, self._drain, at)

    def _drain(self, now: float) -> None:
        # The flag stays up while actions run: one that enters again must not start a second timer.
        while (entry := self._queue.take(now)) is not None:
            action, arguments, since = entry
            self.passed += 1
            self.longest_wait_s = max(self.longest_wait_s, now - since)
            action(*arguments, now)
        self._drain_later(now)
