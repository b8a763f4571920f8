"""Which hubs of a block are cut off when: the parameters of the run's outages, drawn for the block."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.model import Block, Surroundings
from emulator.capacity.day.networks import Layout
from emulator.esme.supply import CUTS_PER_YEAR, cut_length_s
from emulator.rng import generator
from emulator.wan.outages import LOOKBACK_MEANS, OutageParameters
from gbcs.times import DAY_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_HOUR_S = 3600.0
_DAYS_IN_YEAR = 365.25


class Outages:
    """Windows in which hubs cannot be reached, from the parameters of :class:`emulator.wan.outages.Outages`.

    Does not model: what that does not; a base station that is shared with another block.
    """

    __slots__ = ("_any", "_begins_at", "_ends_at", "_starts_at", "uncovered")

    def __init__(
        self,
        parameters: OutageParameters,
        random: np.random.Generator,
        layout: Layout,
        days: int,
        *,
        natural: bool,
        begins_at: float = 0.0,
        uncovered: Flags | None = None,
    ) -> None:
        """``days`` counts from the midnight that is ``begins_at``; what fails later is not known.

        ``uncovered``: hubs that are known to be out of reach for good.
        """
        hubs = len(layout)
        self.uncovered = np.zeros(hubs, dtype=bool)
        self._any = self.uncovered.copy()
        self._starts_at, self._ends_at = np.zeros((0, hubs)), np.zeros((0, hubs))
        self._begins_at = begins_at
        if natural:
            drawn = random.random(hubs) < parameters.no_coverage.value
            self.uncovered = drawn if uncovered is None else uncovered
            self._any |= self.uncovered
            self._enter(*_hubs_down(parameters, random, hubs, days))
            self._enter(*_power_cuts(random, hubs))
            self._enter(*_stations_down(parameters, random, layout, days))

    def plan(self, hubs: Ints, starts_at: float, ends_at: float) -> None:
        """Some hubs are cut off for a while."""
        self._enter(hubs, np.full(len(hubs), starts_at), np.full(len(hubs), ends_at))

    def blocked(self, hub: Ints, at: Floats) -> Flags:
        """Which of the hubs cannot be reached at their instants."""
        found = np.zeros(len(hub), dtype=bool)
        touched = np.flatnonzero(self._any[hub])
        some, when = hub[touched], at[touched]
        cut_off = self.uncovered[some]
        for starts_at, ends_at in zip(self._starts_at, self._ends_at, strict=True):
            cut_off |= (starts_at[some] <= when) & (when < ends_at[some])
        found[touched] = cut_off
        return found

    def _enter(self, hub: Ints, starts_at: Floats, ends_at: Floats) -> None:
        """Windows, each on the first row that has room for its hub."""
        self._any[hub] = True
        starts_at, ends_at = starts_at + self._begins_at, ends_at + self._begins_at
        row = 0
        while len(hub):
            if row == len(self._starts_at):
                more = np.full((1, len(self._any)), -1.0)
                self._starts_at, self._ends_at = (np.vstack([rows, more]) for rows in (self._starts_at, self._ends_at))
            _, first = np.unique(hub, return_index=True)
            first = first[self._ends_at[row, hub[first]] < 0]
            self._starts_at[row, hub[first]], self._ends_at[row, hub[first]] = starts_at[first], ends_at[first]
            left = np.ones(len(hub), dtype=bool)
            left[first] = False
            hub, starts_at, ends_at = hub[left], starts_at[left], ends_at[left]
            row += 1


def make_outages(around: Surroundings, block: Block, layout: Layout, later: Outages | None = None) -> Outages:
    """The outages of a block until the SF run, or those of the day of the RF run, ``later`` than given ones."""
    setting = around.setting
    natural = setting.scenario.faults.natural_outages
    random = generator(setting.seed, "day", block.number, "outages", "sf" if later is None else "rf")
    if later is None:
        return Outages(around.outages, random, layout, int(around.sf_at // DAY_S) + 1, natural=natural)
    return Outages(
        around.outages, random, layout, 1, natural=natural, begins_at=around.rf_at, uncovered=later.uncovered
    )


_Windows = tuple[Ints, Floats, Floats]


def _hubs_down(parameters: OutageParameters, random: np.random.Generator, hubs: int, days: int) -> _Windows:
    down = parameters.hub_down
    return _failures(random, hubs, days, down.per_day, down.mean_hours * _HOUR_S)


def _stations_down(parameters: OutageParameters, random: np.random.Generator, layout: Layout, days: int) -> _Windows:
    """The hubs that no other station serves, for every station that fails."""
    down = parameters.base_station_down
    per_day = -float(np.expm1(-1 / down.mtbf_days))
    station, starts_at, ends_at = _failures(random, layout.stations, days, per_day, down.mttr_hours * _HOUR_S)
    alone = random.random(len(layout)) >= down.overlap_share
    members = [np.flatnonzero(alone & (layout.station == one)) for one in station.tolist()]
    counts = [len(hubs) for hubs in members]
    return _joined(members), np.repeat(starts_at, counts), np.repeat(ends_at, counts)


def _power_cuts(random: np.random.Generator, hubs: int) -> _Windows:
    """Cuts of the supply from the day before the reads until the day of reads: those that a run knows of."""
    share = CUTS_PER_YEAR / _DAYS_IN_YEAR
    found = [(random.integers(0, hubs, random.binomial(hubs, share)), day) for day in (-2, -1, 0)]
    hub = _joined([members for members, _ in found])
    starts_at = np.repeat([float(day * DAY_S) for _, day in found], [len(members) for members, _ in found])
    starts_at = starts_at + random.random(len(hub)) * DAY_S
    return hub, starts_at, starts_at + cut_length_s(random.random(len(hub)))


def _failures(random: np.random.Generator, count: int, days: int, per_day: float, mean_s: float) -> _Windows:
    """What failed on these days or so little before them that it may still be down."""
    first = -int(LOOKBACK_MEANS * mean_s // DAY_S) - 1
    # How many fail and which: one that fails twice a day is down from the first time on, as good as never.
    failed = [random.integers(0, count, random.binomial(count, per_day)) for _ in range(first, days)]
    which = _joined(failed)
    day = np.repeat(np.arange(first, days), [len(members) for members in failed])
    starts_at = (day + random.random(len(which))) * DAY_S
    ends_at = starts_at - np.log1p(-random.random(len(which))) * mean_s
    lasting = ends_at > 0
    return which[lasting], starts_at[lasting], ends_at[lasting]


def _joined(members: Iterable[NDArray[np.intp]]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *members])
