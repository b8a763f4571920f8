"""The one source of time of a run: virtual (as fast as the machine allows), scaled, or real.

Simulated instants are seconds since 2000-01-01 UTC. Nothing in the emulator asks the machine for the time but this
module; what a run does never depends on it, so the same seed gives the same bytes under every clock.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Protocol

from gbcs.errors import LocalError
from gbcs.times import from_datetime

_LONGEST_WAIT_S = 86_400.0


class Clock(Protocol):
    """Paces a run."""

    paced: bool
    """False where :meth:`reach` never waits, so that nobody needs to call it."""

    def reach(self, instant: float) -> bool:
        """Return when the simulated time is ``instant``: True; or, False, when woken before."""

    def instant(self) -> float:
        """The simulated time now."""

    def wake(self) -> None:
        """End the wait that is going on, or else the next one."""


class VirtualClock:
    """Time jumps from event to event."""

    paced = False

    def reach(self, instant: float) -> bool:
        """Return at once."""
        return True

    def instant(self) -> float:
        """Raises LocalError: between events there is no time."""
        raise LocalError("virtual time stands still between events")

    def wake(self) -> None:
        """Nobody waits."""


class ScaledClock:
    """``factor`` simulated seconds take one second; 1 is real time. Starts with the first instant it is asked for.

    Does not model: catching up in a hurry. A run that is slower than its clock falls behind and goes on.
    """

    paced = True

    def __init__(self, factor: float = 1.0) -> None:
        if not factor > 0:
            raise LocalError(f"a clock runs forward: the factor must be above 0, not {factor}")
        self.factor = factor
        self._origin: tuple[float, float] | None = None
        # Of all that a thread can wait for, this alone may be filled by a signal handler in the midst of the wait.
        self._wakes: SimpleQueue[None] = SimpleQueue()

    def reach(self, instant: float) -> bool:
        """Wait until ``instant``; False where :meth:`wake` came first."""
        if self._origin is None:
            self._origin = instant, time.monotonic()
        while (left_s := (instant - self.instant()) / self.factor) > 0:
            if self._is_woken_within(min(left_s, _LONGEST_WAIT_S)):
                return False
        return True

    def instant(self) -> float:
        """The simulated time now. Raises LocalError before the clock has started."""
        if self._origin is None:
            raise LocalError("this clock has not started")
        started, wall = self._origin
        return started + (time.monotonic() - wall) * self.factor

    def wake(self) -> None:
        """End the wait that is going on, or else the next one."""
        self._wakes.put(None)

    def _is_woken_within(self, wait_s: float) -> bool:
        """Wait for a wake; several that came together count as one."""
        try:
            self._wakes.get(timeout=wait_s)
        except Empty:
            return False
        with suppress(Empty):
            while True:
                self._wakes.get_nowait()
        return True


def make_clock(name: str) -> Clock:
    """The clock that a scenario names: ``virtual``, ``real`` or ``scaled=N``. Raises LocalError for another name."""
    if name == "virtual":
        return VirtualClock()
    if name == "real":
        return ScaledClock()
    kind, _, factor = name.partition("=")
    try:
        if kind == "scaled":
            return ScaledClock(float(factor))
    except ValueError:
        pass
    raise LocalError(f"{name!r} is no clock (allowed: virtual, real, scaled=N)")


class Stopwatch:
    """Wall time since it was made, for rates that a person reads."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started


def wall_time() -> datetime:
    """The local wall time, which names run folders and nothing else."""
    return datetime.now().astimezone()


def utc_now() -> float:
    """The machine's time as seconds since 2000: what real devices, counters and captures go by."""
    return from_datetime(datetime.now(UTC))
