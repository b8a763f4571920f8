"""Things to do later, in a machine that has no clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class Timers:
    """What is due when."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[float], object]]] = []
        self._cancelled: set[int] = set()
        self._numbers = count()

    def at(self, instant: float, callback: Callable[[float], object]) -> int:
        """Call ``callback(now)`` at an instant; the number cancels it."""
        number = next(self._numbers)
        heappush(self._due, (instant, number, callback))
        return number

    def cancel(self, number: int) -> None:
        """Do not call it."""
        self._cancelled.add(number)

    def clear(self) -> None:
        """Call none of them."""
        self._due.clear()
        self._cancelled.clear()

    def next_deadline(self) -> float | None:
        """When the next one is due."""
        while self._due and self._due[0][1] in self._cancelled:
            self._cancelled.discard(heappop(self._due)[1])
        return self._due[0][0] if self._due else None

    def tick(self, now: float) -> None:
        """Call what is due."""
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            _, _, callback = heappop(self._due)
            callback(now)
