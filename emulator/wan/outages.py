"""When a hub cannot be reached: outages that come by themselves (pure functions of seed and hub) and told ones.

Natural outages are made a UTC day at a time, when the day is first asked for, for all hubs at once; who is not in the
day's small table is reachable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.assumptions import Assumption
from emulator.links.distributions import Positive, Share, Stated
from emulator.links.presets import Preset, ShareValue, load_preset
from emulator.population import OutageWindow
from emulator.rng import generator
from emulator.wan.model import PACKAGE, Delivery, Direction, WanModel, lost
from gbcs.times import DAY_S

NO_COVERAGE = "no SM WAN coverage"
HUB_DOWN = "comms hub down"
PLANNED = "planned outage"

_HOUR_S = 3600.0
LOOKBACK_MEANS = 12.0
"""Outages that began so many mean durations ago are over: e**-12 of them are not."""
_DAYS_KEPT = 4
_ALWAYS = (float("-inf"), float("inf"))


class HubDown(Stated):
    """Chance of going down, a day, and the mean time until the hub is back."""

    per_day: Share
    mean_hours: Positive


class BaseStationDown(Stated):
    """Mean time between failures and to repair; another station serves ``overlap_share`` of the hubs meanwhile."""

    mtbf_days: Positive
    mttr_hours: Positive
    overlap_share: Share


class OutageParameters(Preset):
    """The parameters of natural outages."""

    no_coverage: ShareValue
    hub_down: HubDown
    base_station_down: BaseStationDown


class Window(NamedTuple):
    """A hub is not reachable from ``starts_at`` until ``ends_at``."""

    starts_at: float
    ends_at: float
    reason: str


def outage_parameters() -> OutageParameters:
    """The shipped parameters."""
    return load_preset(OutageParameters, PACKAGE, "outages")


class Outages:
    """Which hub is cut off when, and why.

    Does not model: outages that follow weather or load, hubs that share a fate other than their base station, a hub
    that loses its buffers when it goes down.
    """

    def __init__(
        self,
        parameters: OutageParameters,
        seed: int,
        base_station: NDArray[np.int32],
        planned: Iterable[OutageWindow] = (),
        *,
        natural: bool = True,
    ) -> None:
        """``base_station`` holds one entry a hub, -1 where it has none; without ``natural`` only told ones happen."""
        self.parameters, self.natural = parameters, natural
        self._seed, self._base_station, self._planned = seed, base_station, tuple(planned)
        self._told: list[tuple[int, Window]] = []
        self._days: dict[int, dict[int, list[Window]]] = {}
        self._today: dict[int, list[Window]] = {}
        self._from, self._until = 0.0, 0.0

    def blocked(self, hub: int, now: float) -> str:
        """Why a hub cannot be reached at ``now``; empty when it can."""
        if not self._from <= now < self._until:
            self._turn_to(now)
        windows = self._today.get(hub)
        if windows is None:
            return ""
        for starts_at, ends_at, reason in windows:
            if starts_at <= now < ends_at:
                return reason
        return ""

    def add_hub_window(self, hub: int, starts_at: float, ends_at: float, reason: str) -> None:
        """A hub is cut off for a while, for a reason that the caller knows, like a power cut."""
        window = Window(starts_at, ends_at, reason)
        self._told.append((hub, window))
        for day, table in self._days.items():
            _enter(table, day, hub, window)

    def assumptions(self) -> list[Assumption]:
        """The parameters, if outages come by themselves."""
        return self.parameters.assumptions() if self.natural else []

    def _turn_to(self, now: float) -> None:
        day = int(now // DAY_S)
        table = self._days.get(day)
        if table is None:
            if len(self._days) >= _DAYS_KEPT:
                del self._days[next(iter(self._days))]
            table = self._days[day] = self._made(day)
        self._today, self._from, self._until = table, float(day * DAY_S), float((day + 1) * DAY_S)

    def _made(self, day: int) -> dict[int, list[Window]]:
        """The windows of a day by hub, told ones last."""
        table: dict[int, list[Window]] = {}
        if self.natural:
            self._enter_uncovered(table, day)
            self._enter_hubs_down(table, day)
            self._enter_stations_down(table, day)
        for planned in self._planned:
            window = Window(planned.starts_at, planned.ends_at, PLANNED)
            if _touches(window, day):
                for hub in np.flatnonzero(planned.affected).tolist():
                    table.setdefault(hub, []).append(window)
        for hub, window in self._told:
            _enter(table, day, hub, window)
        return table

    def _enter_uncovered(self, table: dict[int, list[Window]], day: int) -> None:
        drawn = generator(self._seed, "outage", "coverage").random(len(self._base_station))
        for hub in np.flatnonzero(drawn < self.parameters.no_coverage.value).tolist():
            _enter(table, day, hub, Window(*_ALWAYS, NO_COVERAGE))

    def _enter_hubs_down(self, table: dict[int, list[Window]], day: int) -> None:
        down = self.parameters.hub_down
        for hub, starts_at, ends_at in self._failures(
            "hub", day, len(self._base_station), down.per_day, down.mean_hours * _HOUR_S
        ):
            _enter(table, day, hub, Window(starts_at, ends_at, HUB_DOWN))

    def _enter_stations_down(self, table: dict[int, list[Window]], day: int) -> None:
        down = self.parameters.base_station_down
        per_day = -float(np.expm1(-1 / down.mtbf_days))
        stations = int(self._base_station.max(initial=-1)) + 1
        for station, starts_at, ends_at in self._failures(
            "base_station", day, stations, per_day, down.mttr_hours * _HOUR_S
        ):
            window = Window(starts_at, ends_at, f"base station {station} down")
            for hub in self._without_overlap(station):
                _enter(table, day, hub, window)

    def _failures(
        self, what: str, day: int, count: int, per_day: float, mean_s: float
    ) -> list[tuple[int, float, float]]:
        """What failed on this day or so little before it that it may still be down: index, start, end."""
        found: list[tuple[int, float, float]] = []
        for each in range(day - int(LOOKBACK_MEANS * mean_s // DAY_S) - 1, day + 1):
            failed = np.flatnonzero(generator(self._seed, "outage", what, each).random(count) < per_day)
            when = generator(self._seed, "outage", what, each, "when")
            # A pair for each in turn, so that more hubs leave the windows of the others as they are.
            pairs = when.random((len(failed), 2))
            starts_at = (each + pairs[:, 0]) * DAY_S
            ends_at = starts_at - np.log1p(-pairs[:, 1]) * mean_s
            found.extend(zip(failed.tolist(), starts_at.tolist(), ends_at.tolist(), strict=True))
        return found

    def _without_overlap(self, station: int) -> list[int]:
        """The hubs that nobody serves while their station is down."""
        drawn = generator(self._seed, "outage", "overlap").random(len(self._base_station))
        alone = drawn >= self.parameters.base_station_down.overlap_share
        hubs: list[int] = np.flatnonzero(alone & (self._base_station == station)).tolist()
        return hubs


def _touches(window: Window, day: int) -> bool:
    return window.starts_at < (day + 1) * DAY_S and window.ends_at > day * DAY_S


def _enter(table: dict[int, list[Window]], day: int, hub: int, window: Window) -> None:
    if _touches(window, day):
        table.setdefault(hub, []).append(window)


class InterruptedWan:
    """A network that loses what is sent while the hub is cut off, or would arrive then.

    Does not model: a network that keeps messages until the hub is back.
    """

    def __init__(self, inner: WanModel, outages: Outages) -> None:
        self._send, self._blocked, self._inner = inner.send, outages.blocked, inner
        self.title, self.not_modelled = inner.title, inner.not_modelled

    def send(self, hub: int, direction: Direction, size: int, now: float) -> Delivery:
        """See :class:`~emulator.wan.model.WanModel`."""
        reason = self._blocked(hub, now)
        if reason:
            return lost(reason)
        delivery = self._send(hub, direction, size, now)
        if delivery.arrives_at is None:
            return delivery
        reason = self._blocked(hub, delivery.arrives_at)
        if reason:
            return lost(reason, delivery.frames, delivery.bytes_on_air, delivery.air_s, delivery.waited_s)
        return delivery

    def assumptions(self) -> list[Assumption]:
        """Those of the network; outages state their own."""
        return self._inner.assumptions()
