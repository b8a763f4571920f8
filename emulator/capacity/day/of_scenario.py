"""Blocks of the whole country: the demand of a capacity scenario, spread over hubs, base stations and networks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np

from emulator.assumptions import Assumption
from emulator.capacity.day.model import (
    HOURS,
    NOTHING,
    SETTLED,
    Block,
    Floats,
    Ints,
    Kind,
    Reads,
    Setting,
    no_background,
)
from emulator.capacity.day.of_run import release
from emulator.capacity.demand import SMETS2, Row, hour_shares, make_demand
from emulator.capacity.scenario import CapacityScenario
from emulator.dcc.rule_tables import Mode
from emulator.dcc.rules import Rules
from emulator.links.airtime import bytes_on_air
from emulator.links.presets import Airtime
from emulator.population import RADIO_PRESET, whole_counts
from emulator.rng import generator
from emulator.scenario import Scenario, load_scenario
from emulator.scenario_names import CSPS, SMETS1
from emulator.wan.long_range_radio import LongRangeRadioParameters
from emulator.wan.model import Direction
from emulator.wan.registry import load_parameters

BLOCK_HUBS = 200_000
_HOUR_S = 3600.0
_MONTHLY = 0.5
"""Reads less often than that a day are monthly ones."""

ASSUMPTIONS = (
    Assumption("day.site_spread", "lognormal, so wide that the busiest site is as stated", "A", "no source"),
    Assumption("day.repeats", "spread over the window like first requests, on demand", "A", "PIA DA13 gives no times"),
    Assumption(
        "day.baseline_directions", "half of it each way, the same every hour", "A", "the forecast is not public"
    ),
)
_SETTLES = {"4.8.1": "half_hourly import", "4.8.3": "half_hourly export"}


AskedRow = tuple[Row, float]
"""A row of the demand, and the share of it that is made on demand."""


@dataclass(frozen=True)
class ScenarioSource:
    """The day of a capacity scenario. ``part`` of the country's meters are looked at, all in the same proportions.

    Does not model: hubs that are read by several parties for different data; sites of one block that serve another's.
    """

    scenario: CapacityScenario
    setting: Setting
    part: float = 1.0
    block_hubs: int = field(default=BLOCK_HUBS)
    rows: tuple[AskedRow, ...] = ()
    """The rows of the demand: worked out once, since their bytes come from real messages, and taken along."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _travelled, (self.scenario.model_dump(), self.setting, self.part, self.block_hubs, self.rows)

    @cached_property
    def _rules(self) -> Rules:
        return Rules(self.setting.scenario)

    # ------------------------------------------------------------------ blocks

    def blocks(self) -> tuple[Block, ...]:
        """See :class:`~emulator.capacity.day.model.Source`. The slowest ones come first."""
        found: list[Block] = []
        for network in (SMETS1, *CSPS):
            meters = round(self.part * self.scenario.meters.esmes.value * self.scenario.networks.shares.value[network])
            for block in self._of_network(network, meters):
                found.append(Block(len(found), *block))
        return tuple(found)

    def _of_network(self, network: str, meters: int) -> Iterator[tuple[str, str, int, float, str, int, int]]:
        """(network, preset, hubs, share, cohort, first station, stations) of each block."""
        if network == SMETS1:
            cohorts = self.scenario.networks.smets1_cohorts.value
            for cohort, hubs in zip(cohorts, whole_counts(cohorts, meters), strict=True):
                if hubs:
                    yield network, "", hubs, hubs / meters, cohort, 0, 0
            return
        mix: dict[str, float] = getattr(self.setting.scenario.population.wan, network)
        for preset, hubs in zip(mix, whole_counts(mix, meters), strict=True):
            pieces = self._by_station(hubs) if preset == RADIO_PRESET else self._by_size(hubs)
            for some, first, stations in pieces:
                yield network, preset, some, some / meters, "", first, stations

    def _by_size(self, hubs: int) -> Iterator[tuple[int, int, int]]:
        for begin in range(0, hubs, self.block_hubs):
            yield min(self.block_hubs, hubs - begin), 0, 0

    def _by_station(self, hubs: int) -> Iterator[tuple[int, int, int]]:
        """Whole base stations, as many as make a block; at least one."""
        counts = self._station_hubs(hubs)
        first = 0
        while first < len(counts):
            held = np.cumsum(counts[first:])
            stations = max(1, int(np.searchsorted(held, self.block_hubs, side="right")))
            yield int(held[stations - 1]), first, stations
            first += stations

    @cached_property
    def _weights(self) -> Floats:
        """The share of each base station in the hubs, shuffled so that blocks are alike."""
        radio = self.scenario.radio
        # A part has sites of the whole country: few of them as uneven as all would have most hubs at one.
        weights = site_weights(
            radio.sites.value, radio.busiest_to_mean.value, max(1, round(radio.sites.value * self.part))
        )
        generator(self.setting.seed, "day", "sites").shuffle(weights)
        shares: Floats = weights / weights.sum()
        return shares

    def _station_hubs(self, hubs: int) -> Ints:
        ends = np.rint(np.cumsum(self._weights) * hubs).astype(np.int64)
        return np.diff(ends, prepend=np.int64(0))

    @cached_property
    def _radio_hubs(self) -> int:
        return sum(each.hubs for each in self.blocks() if each.preset == RADIO_PRESET)

    def _hubs_at(self, block: Block) -> Ints:
        return self._station_hubs(self._radio_hubs)[block.first_station : block.first_station + block.stations]

    def stations(self, block: Block) -> Ints:
        """See :class:`~emulator.capacity.day.model.Source`."""
        if not block.stations:
            return np.zeros(block.hubs, np.int64)
        return np.repeat(np.arange(block.stations), self._hubs_at(block))

    def background(self, block: Block) -> dict[Direction, Floats]:
        """The baseline of each base station's hubs, and what of a channel cannot be used."""
        if not block.stations:
            return no_background(block)
        parameters = load_parameters(RADIO_PRESET, _overrides(self.setting.scenario))
        if not isinstance(parameters, LongRangeRadioParameters):
            raise TypeError(RADIO_PRESET)
        scenario, channels = self.scenario, self.setting.scenario.networks.north_channels_per_base_station
        usable, baseline = scenario.radio.usable_share.value, scenario.baseline
        airs: dict[Direction, tuple[Airtime, float]] = {
            "down": (parameters.downlink_air, 1 - baseline.up_share.value),
            "up": (parameters.uplink_air, baseline.up_share.value),
        }
        found: dict[Direction, Floats] = {}
        for way, (air, share) in airs.items():
            size = max(1, math.ceil(baseline.message_bytes.value * self.setting.ratio[way]))
            on_air = bytes_on_air(size, air.payload_bytes, air.overhead_bytes) / baseline.message_bytes.value
            sent_bytes = np.repeat(self._hubs_at(block)[:, None] * baseline.bytes_per_hub_hour.value * share, HOURS, 1)
            if way == "down":
                sent_bytes = sent_bytes + self._firmware_bytes()
            used = sent_bytes * on_air * 8 / (air.rate_bps * usable * channels * _HOUR_S)
            found[way] = 1 - usable * (1 - np.minimum(used, _MOST_USED))
        return found

    def _firmware_bytes(self) -> Floats:
        """What each base station sends of firmware in every hour of the day: images, once for all of its hubs."""
        firmware = self.scenario.firmware
        sent = firmware.images_per_site_day.value * firmware.image_bytes.value
        return sent * hour_shares(firmware.window.value)

    # ------------------------------------------------------------------ reads

    def reads(self, block: Block) -> Reads:
        """See :class:`~emulator.capacity.day.model.Source`."""
        random = generator(self.setting.seed, "day", block.number, "demand")
        kinds: dict[Kind, int] = {}
        hubs: list[Ints] = []
        places: list[Ints] = []
        for row, on_demand, members in self._members(block, random):
            for mode, chosen in self._asked(row, on_demand, members, random):
                hubs.append(chosen)
                places.append(np.full(len(chosen), kinds.setdefault(_kind(row, mode), len(kinds))))
        hub, kind = np.concatenate(hubs), np.concatenate(places)
        flagged = np.array([one.for_settlement for one in kinds])[kind]
        order, due_at = release(self.setting, self._rules, block, flagged)
        return Reads(tuple(kinds), hub[order], kind[order], due_at)

    def _members(self, block: Block, random: np.random.Generator) -> Iterator[tuple[Row, float, Ints]]:
        """The hubs of each row: rows about the same data share them out."""
        orders = {is_export: random.permutation(block.hubs) for is_export in (False, True)}
        taken: dict[tuple[bool, bool], float] = {}
        meters = self._meters_of(block)
        for row, on_demand in self.rows:
            if row.network != block.network or row.cohort != (block.cohort or SMETS2):
                continue
            group = row.srv in _EXPORT, row.per_meter_day < _MONTHLY
            begins = taken.get(group, 0.0)
            ends = taken[group] = begins + row.meters / meters
            yield row, on_demand, orders[group[0]][round(begins * block.hubs) : round(ends * block.hubs)]

    def _meters_of(self, block: Block) -> float:
        scenario = self.scenario
        meters = scenario.meters.esmes.value * scenario.networks.shares.value[block.network]
        return meters * (scenario.networks.smets1_cohorts.value[block.cohort] if block.cohort else 1.0)

    def _asked(
        self, row: Row, on_demand: float, members: Ints, random: np.random.Generator
    ) -> Iterator[tuple[Mode, Ints]]:
        """Which of the hubs are asked how: first requests, and the repeats on top."""
        repeats = self.scenario.demand.repeats_share.value
        on_demand = on_demand * (1 + repeats) - repeats
        first = _so_often(members, row.per_meter_day / (1 + repeats), random)
        asked_so = random.random(len(first)) < on_demand if 0 < on_demand < 1 else np.full(len(first), on_demand > 0)
        yield "scheduled", first[~asked_so]
        yield "on_demand", first[asked_so]
        yield "on_demand", _so_often(first, repeats, random)


def capacity_source(
    scenario: CapacityScenario, *, seed: int, part: float = 1.0, channels: int | None = None, ratio: float = 1.0
) -> ScenarioSource:
    """The day of a capacity scenario with everything else as in the default run.

    ``ratio`` is what compression leaves of each message; ``channels`` replaces the first of the scenario's.
    """
    windows = {name: getattr(scenario.windows, name).model_dump() for name in type(scenario.windows).model_fields}
    own = {name: {key: stated["value"] for key, stated in pair.items()} for name, pair in windows.items()}
    base = load_scenario(None, seed=seed, windows=own)
    networks = base.networks.model_copy(
        update={"north_channels_per_base_station": channels or scenario.radio.channels.value[0]}
    )
    population = base.population.model_copy(update={"smets1_cohorts": scenario.networks.smets1_cohorts.value})
    run: Scenario = base.model_copy(update={"networks": networks, "population": population}).came_from(
        f"capacity {scenario.name}"
    )
    demand = make_demand(scenario)
    rows = tuple(zip(demand.rows, demand.on_demand.tolist(), strict=True))
    return ScenarioSource(scenario, Setting(run, {"down": ratio, "up": ratio}), part, rows=rows)


def _travelled(scenario: dict[str, Any], *rest: Any) -> ScenarioSource:
    return ScenarioSource(CapacityScenario.model_validate(scenario), *rest)


def site_weights(sites: int, busiest_to_mean: float, some: int | None = None) -> Floats:
    """How hubs are spread over base stations: lognormal quantiles, the largest of all so many times their mean.

    ``some`` of the sites: quantiles of the same distribution, without the largest ones.
    """
    steps = _normal_steps(sites)
    low, high = 0.0, 3.0
    for _ in range(60):
        sigma = (low + high) / 2
        weights = np.exp(sigma * steps)
        low, high = (sigma, high) if weights[-1] / weights.mean() < busiest_to_mean else (low, sigma)
    return weights if some is None else np.exp(sigma * _normal_steps(some))


def _normal_steps(number: int) -> Floats:
    quantile = NormalDist().inv_cdf
    return np.array([quantile((place + 0.5) / number) for place in range(number)])


_EXPORT = ("4.2", "4.6.2", "4.8.3")
_MOST_USED = 0.95
"""Baseline that takes more than that of a station's channels is cut there: reads then wait for hours as it is."""


def _kind(row: Row, mode: Mode) -> Kind:
    settled = SETTLED.index(_SETTLES[row.srv]) if row.srv in _SETTLES else NOTHING
    return Kind(row.srv, row.role, mode, row.flagged, row.down_bytes, row.up_bytes, settled)


def _so_often(members: Ints, times: float, random: np.random.Generator) -> Ints:
    """Each member as often as the whole part of ``times``, and a random share of them once more."""
    whole = int(times)
    if times == whole:
        return np.tile(members, whole)
    more = random.random(len(members)) < times - whole
    return np.concatenate([np.tile(members, whole), members[more]])


def _overrides(scenario: Scenario) -> dict[str, dict[str, object]]:
    return {name: own for name, own in scenario.networks.overrides.items() if name == RADIO_PRESET}
