"""The clock of a meter: it drifts, and its comms hub puts it right at intervals.

The error at an instant is a pure function of the instant, so no timer runs: the meter compares its time with the
hub's every ``resync_interval_s`` from ``set_at`` on and takes over the hub's if they differ by no more than
``tolerance_s``. What happens beyond it is ``beyond_tolerance``: "keep" leaves the clock as it is, unreliable until it
is set, "correct" takes over any time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from emulator.esme.mixing import mix
from gbcs.errors import LocalError

BeyondTolerance = Literal["keep", "correct"]


class TimeStatus(StrEnum):
    """What a meter says of its own time."""

    RELIABLE = "reliable"
    UNRELIABLE = "unreliable"


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """How the clocks of one firmware go; one value serves all its meters.

    ``drift_ppm`` above 0 is fast; each meter's own is within ``drift_spread_ppm`` of it. ``resync_error_s`` is how far
    off a clock may be right after a comparison (way of the time over the HAN). Past ``unreliable_after_s`` without a
    comparison the meter calls its time unreliable.
    """

    drift_ppm: float = 0.0
    drift_spread_ppm: float = 0.0
    resync_interval_s: float = 86_400.0
    resync_error_s: float = 0.0
    tolerance_s: float = 10.0
    beyond_tolerance: BeyondTolerance = "keep"
    unreliable_after_s: float = 3 * 86_400.0


PERFECT = ClockSettings()


class DeviceClock:
    """The clock of one meter.

    Does not model: temperature, ageing, a backup battery that runs out, the messages of a comparison, alerts.
    """

    __slots__ = ("_drift", "_kept_from", "_missed", "_seed", "offset_s", "set_at", "settings")

    def __init__(
        self, settings: ClockSettings = PERFECT, seed: int = 0, set_at: float = 0.0, offset_s: float = 0.0
    ) -> None:
        """``offset_s`` is the error at ``set_at``. Raises LocalError where an interval is not above 0."""
        if not settings.resync_interval_s > 0:
            raise LocalError(f"resync_interval_s must be above 0, not {settings.resync_interval_s}")
        self.settings, self._seed = settings, seed
        own = settings.drift_ppm + settings.drift_spread_ppm * (mix(seed, 0x434C_4F43) / 2**63 - 1)
        self._drift = own * 1e-6
        self._missed: tuple[tuple[int, int], ...] = ()
        self.set_at, self.offset_s = set_at, offset_s
        self._kept_from = self._first_refusal()

    @property
    def drift_ppm(self) -> float:
        """Drift of the one meter."""
        return self._drift * 1e6

    def reads(self, now: float) -> float:
        """What the clock shows at true time ``now``, both in seconds since 2000."""
        since = now - self.set_at
        number = int(since // self.settings.resync_interval_s)
        if number <= 0:
            return now + self.offset_s + self._drift * since
        number = self._last_taken(number)
        if not number:
            return now + self.offset_s + self._drift * since
        return now + self._error_after(number) + self._drift * (since - number * self.settings.resync_interval_s)

    def status(self, now: float) -> TimeStatus:
        """Whether the meter believes its time: not after a refused comparison, and not too long after the last one."""
        interval = self.settings.resync_interval_s
        since = max(0.0, now - self.set_at)
        number = self._last_compared(int(since // interval))
        refused = self._kept_from is not None and number > self._kept_from
        late = since - number * interval > self.settings.unreliable_after_s
        return TimeStatus.UNRELIABLE if refused or late else TimeStatus.RELIABLE

    def next_resync(self, now: float) -> float:
        """The first comparison after ``now``."""
        interval = self.settings.resync_interval_s
        number = max(1, int((now - self.set_at) // interval) + 1)
        for first, last in self._missed:
            if first <= number <= last:
                number = last + 1
        return self.set_at + number * interval

    def set(self, now: float, offset_s: float = 0.0) -> None:
        """The clock is set by a command at ``now``, to within ``offset_s``; comparisons count anew from there."""
        self.set_at, self.offset_s, self._missed = now, offset_s, ()
        self._kept_from = self._first_refusal()

    def hub_silent(self, starts_at: float, ends_at: float) -> None:
        """The hub gives no time from ``starts_at`` until ``ends_at``: comparisons due in between do not happen."""
        interval = self.settings.resync_interval_s
        first = max(1, math.ceil((starts_at - self.set_at) / interval))
        last = math.ceil((ends_at - self.set_at) / interval) - 1
        if last < first:
            return
        merged: list[tuple[int, int]] = []
        for begin, end in sorted((*self._missed, (first, last))):
            if merged and begin <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        self._missed = tuple(merged)
        self._kept_from = self._first_refusal()

    def _last_compared(self, number: int) -> int:
        """The last comparison that took place, up to number ``number``."""
        for first, last in self._missed:
            if first <= number <= last:
                return first - 1
        return number

    def _last_taken(self, number: int) -> int:
        """The last comparison whose time was taken over; 0 stands for the setting of the clock."""
        if self._missed:
            number = self._last_compared(number)
        return number if self._kept_from is None else min(number, self._kept_from)

    def _error_after(self, number: int) -> float:
        spread = self.settings.resync_error_s
        return spread * (mix(self._seed ^ 0x5359_4E43, number) / 2**63 - 1) if spread else 0.0

    def _first_refusal(self) -> int | None:
        """The comparison after which the clock is left to itself, as the next one differs too much; None if none does.

        How far a comparison itself may be off (``resync_error_s``) is left out of the decision.
        """
        settings = self.settings
        if settings.beyond_tolerance == "correct":
            return None
        per_interval = self._drift * settings.resync_interval_s
        start = self._missed[0][1] + 1 if self._missed and self._missed[0][0] == 1 else 1
        if abs(self.offset_s + per_interval * start) > settings.tolerance_s:
            return 0
        if abs(per_interval) > settings.tolerance_s:
            return start
        for first, last in self._missed:
            if first > 1 and abs(per_interval) * (last - first + 2) > settings.tolerance_s:
                return first - 1
        return None
