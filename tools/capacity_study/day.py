"""The statistical day of a study: worked out by an engine, block by block, and read off its tally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.model import MODES, NETWORK_NAMES, SETTLED, SRVS
from emulator.capacity.day.of_scenario import capacity_source
from emulator.capacity.day.tally import CHECKPOINTS, OUTCOMES, Tally, bin_edges_s, quantile_s
from emulator.capacity.day.work import DayTask
from emulator.capacity.engine import Watch
from emulator.capacity.engines import make_engine
from emulator.capacity.pia import Option
from emulator.capacity.radio import DayOfMessages, RadioModel, channels_needed
from emulator.capacity.scenario import CapacityScenario
from emulator.capacity.table7 import listed
from emulator.clock import Stopwatch
from gbcs.errors import LocalError

Counts = NDArray[np.int64]

PLANNED: Final = 0
"""The place of planned requests in the latencies; those that users make after a failure are another."""

_REFUSED, _ANSWERED = OUTCOMES.index("refused"), OUTCOMES.index("answered")
_DAY_H: Final = 24
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Seconds within which so many of the answered reads were answered."""

    p50_s: float
    p90_s: float
    p99_s: float


@dataclass(frozen=True, slots=True)
class NetworkDay:
    """The day of one network, of the whole country whatever part was looked at. ``asked`` without refused reads."""

    network: str
    meters: float
    planned: float
    asked: float
    answered: float
    within_trt: float
    latency: Percentiles | None

    @property
    def attainment(self) -> float | None:
        """Within their target, of the reads that were asked; None where none were."""
        return self.within_trt / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Smets1Day:
    """What the SMETS1 networks carry at most: a second of the busiest minute, and at once."""

    sms_per_s: float
    api_per_s: float
    contexts: float
    held_p50_s: float | None


@dataclass(frozen=True, slots=True)
class DayFacts:
    """A statistical day: ``part`` of the country's meters were looked at, with so many channels in the North."""

    tally: Tally
    option: Option
    ratio: float
    part: float
    blocks: int
    blocks_done: int
    deaths: int
    wall_s: float
    peak_rss_bytes: int

    @property
    def is_whole(self) -> bool:
        """Whether every block was done."""
        return self.blocks_done == self.blocks

    @property
    def scale(self) -> float:
        """What turns counts into those of the whole country."""
        return 1 / self.part

    def networks(self) -> tuple[NetworkDay, ...]:
        """By network, those that have meters."""
        places = [place for place, _ in enumerate(NETWORK_NAMES) if self.tally["meters"][place]]
        return tuple(self._network(place) for place in places)

    def per_second_by_hour(self) -> NDArray[np.float64]:
        """Commands a second, by network and hour of the first day."""
        hourly: NDArray[np.float64] = self.tally["commands"][:, :_DAY_H] * self.scale / 3600
        return hourly

    def peak_commands_per_s(self) -> float:
        """Commands a second in the busiest minute of the motorway."""
        return float(self.tally["commands_per_minute"].sum(axis=0).max() * self.scale / _MINUTE_S)

    def completeness(self) -> tuple[tuple[str, str, int, int], ...]:
        """(what settlement expects, checkpoint, expected, present)."""
        found = []
        settled = self.tally["settled"]
        for place, name in enumerate(SETTLED):
            expected = round(int(settled[place, CHECKPOINTS.index("expected")]) * self.scale)
            for checkpoint in CHECKPOINTS[1:]:
                if expected:
                    present = round(int(settled[place, CHECKPOINTS.index(checkpoint)]) * self.scale)
                    found.append((name, checkpoint, expected, present))
        return tuple(found)

    def smets1(self) -> Smets1Day | None:
        """The SMETS1 networks at their busiest; None without such meters."""
        if not self.tally["sms_per_second"].any():
            return None
        held = self.tally["contexts_held_s"]
        return Smets1Day(
            _busiest_minute(self.tally["sms_per_second"]) * self.scale,
            _busiest_minute(self.tally["api_per_second"]) * self.scale,
            float(np.cumsum(self.tally["contexts_change"]).max() * self.scale),
            quantile_s(held, 0.5) if held.any() else None,
        )

    def cdf(self, place: int) -> tuple[list[float], list[float]]:
        """(seconds, share of the planned reads answered within): the curve of a network, where it rises."""
        histogram = self.tally["latency"][place, :, PLANNED].sum(axis=0)
        planned = int(self.tally["planned"][place].sum())
        rising = np.flatnonzero(histogram)
        shares = np.cumsum(histogram)[rising] / max(planned, 1)
        return bin_edges_s()[rising].round(4).tolist(), shares.round(6).tolist()

    def station_load(self, direction: int, share: float) -> list[float]:
        """How busy the base stations are in each hour: the share of their channels' time, 1 being all of it."""
        return [_weighted_place(hour, share) / 100 for hour in self.tally["station_load"][direction, :_DAY_H]]

    def _network(self, place: int) -> NetworkDay:
        outcomes = self.tally["outcomes"][place]
        refused, answered = (int(outcomes[..., which].sum()) for which in (_REFUSED, _ANSWERED))
        histogram = self.tally["latency"][place, :, PLANNED].sum(axis=0)
        percentiles = [quantile_s(histogram, share) for share in (0.5, 0.9, 0.99)] if histogram.any() else None
        return NetworkDay(
            NETWORK_NAMES[place],
            float(self.tally["meters"][place] * self.scale),
            float(self.tally["planned"][place].sum() * self.scale),
            float((outcomes.sum() - refused) * self.scale),
            float(answered * self.scale),
            float(self.tally["within_trt"][place].sum() * self.scale),
            None if percentiles is None else Percentiles(*percentiles),
        )


def day_option(scenario: CapacityScenario, model: RadioModel, messages: DayOfMessages) -> Option:
    """What Table 7 would list first for the scenario's own messages and window; the most there is where none does."""
    window = scenario.windows.csp_north.mhhs.value
    hours = (window.end_s - window.start_s) / 3600
    needs = [float(channels_needed(model, messages, hours, compressed=how)) for how in (False, True)]
    options = listed(*needs)
    return options[0] if options else Option(channels=max(scenario.radio.channels.value), compressed=True)


def work_out_day(
    scenario: CapacityScenario, option: Option, engine: str, seed: int, part: float, watch: Watch
) -> DayFacts:
    """The day of a scenario with so many channels. Raises LocalError where it was ended before a block was done."""
    watch_s = Stopwatch()
    ratio = scenario.radio.message_ratio.value if option.compressed else 1.0
    source = capacity_source(scenario, seed=seed, part=part, channels=option.channels, ratio=ratio)
    blocks = source.blocks()
    outcome = make_engine(engine).map(DayTask(source), blocks, watch)
    if outcome.value is None:
        raise LocalError("the day was ended before anything of it was done")
    return DayFacts(
        outcome.value, option, ratio, part, len(blocks), outcome.done, outcome.deaths, watch_s.seconds,
        outcome.peak_rss_bytes,
    )  # fmt: skip


def attainment_rows(facts: DayFacts) -> list[tuple[str, str, str, float, float]]:
    """(network, SRV, mode, asked, within its target) of what was asked."""
    rows: list[tuple[str, str, str, float, float]] = []
    for place, network in enumerate(NETWORK_NAMES):
        for at, srv in enumerate(SRVS):
            for way, mode in enumerate(MODES):
                outcomes = facts.tally["outcomes"][place, at, way]
                asked = int(outcomes.sum() - outcomes[_REFUSED])
                if asked:
                    within = int(facts.tally["within_trt"][place, at, way])
                    rows.append((network, srv, mode, asked * facts.scale, within * facts.scale))
    return rows


def _busiest_minute(per_second: Counts) -> float:
    """The mean of a second in the busiest minute: of a part of the country, a single second says little."""
    return float(per_second.reshape(-1, _MINUTE_S).sum(axis=1).max() / _MINUTE_S)


def _weighted_place(histogram: Counts, share: float) -> float:
    """The bin below which a share of the counts lies; 0 without counts."""
    counted = int(histogram.sum())
    return float(np.searchsorted(np.cumsum(histogram), share * counted)) if counted else 0.0
