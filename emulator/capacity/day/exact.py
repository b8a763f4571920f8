"""Byte-exact farms over the same interface: a shard is a farm of its own, and its counts add up with other counts."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emulator.capacity.day.model import MODES, NETWORK_NAMES, ROLES, SETTLED, SRVS
from emulator.capacity.day.tally import CHECKPOINTS, MOST_ATTEMPTS, OUTCOMES, Tally, empty, hour_of, latency_bin
from emulator.collector import Oracle
from emulator.dcc.requests import FinishedRead
from emulator.population import whole_counts
from emulator.rng import subseed
from emulator.run import SettlementRun
from emulator.scenario import Scenario
from gbcs.times import DAY_S

_SEED_BITS = 52


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a farm: so many premises, from a seed of its own."""

    number: int
    premises: int
    seed: int


def shards(scenario: Scenario, count: int) -> tuple[Shard, ...]:
    """The farm of a scenario in so many parts; a single one is the farm itself."""
    if count == 1:
        return (Shard(0, scenario.premises, scenario.seed),)
    parts = whole_counts({str(number): 1 / count for number in range(count)}, scenario.premises)
    return tuple(
        Shard(number, premises, subseed(scenario.seed, "shard", number) >> (64 - _SEED_BITS))
        for number, premises in enumerate(parts)
        if premises
    )


@dataclass(frozen=True, slots=True)
class ExactTask:
    """Runs shards of a scenario, byte for byte, in whatever process it is called."""

    scenario: Scenario

    def __call__(self, shard: Shard) -> Tally:
        """What came of the reads of a shard, those of the RF run left out."""
        scenario = self.scenario.model_copy(update={"premises": shard.premises, "seed": shard.seed})
        with tempfile.TemporaryDirectory() as folder:
            run = CountedRun(scenario.came_from(self.scenario.label), Path(folder))
            with run.store:
                run.execute()
                return run.tally()


class CountedRun(SettlementRun):
    """A run that counts its reads as the statistical day does.

    Does not model: what the run does not.
    """

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        super().__init__(scenario, folder)
        self._begins_at = float(self.plan.utc_days()[0] + DAY_S)
        self._rows: list[tuple[Any, ...]] = []

    def _collect(self, finished: FinishedRead, oracle: Oracle | None = None) -> None:
        super()._collect(finished, oracle)
        request = finished.request
        if request.phase == "RF":
            return
        outcome = OUTCOMES.index("failed" if finished.outcome == "error" else finished.outcome)
        self._rows.append(
            (
                NETWORK_NAMES.index(request.csp), SRVS.index(request.srv), ROLES.index(request.role),
                MODES.index(request.mode), outcome, min(request.follow_up, 1), finished.attempts,
                finished.bytes_down, finished.bytes_up, finished.within_trt,
                finished.requested_at - self._begins_at, finished.latency_s,
            )
        )  # fmt: skip

    def tally(self) -> Tally:
        """The counts so far."""
        tally = empty()
        population = self.population
        tally.add("meters", (np.array([NETWORK_NAMES.index(name) for name in population.names.csp])[population.csp],))
        columns = [np.array(column) for column in zip(*self._rows, strict=True)]
        if columns:
            _count(tally, *columns)
        for granularity, kind, checkpoint, expected, present in self.store.query("SELECT * FROM completeness"):
            place = f"{granularity} {kind}"
            if place in SETTLED and checkpoint in CHECKPOINTS:
                rows = (SETTLED.index(place), CHECKPOINTS.index(checkpoint))
                tally.spread("settled", rows, np.array(present))
                if checkpoint == "D+1":
                    tally.spread("settled", (rows[0], CHECKPOINTS.index("expected")), np.array(expected))
        return tally


def _count(tally: Tally, *columns: Any) -> None:
    network, srv, role, mode, outcome, follow_up, attempts, down, up, in_time, started_at, latency_s = columns
    answered = outcome == 0
    hour = hour_of(started_at)
    tally.add("asked", (network, srv, role, mode, hour))
    tally.add("outcomes", (network, srv, mode, outcome))
    tally.add("planned", (network[follow_up == 0], srv[follow_up == 0]))
    tally.add("attempts", (network, np.minimum(attempts, MOST_ATTEMPTS - 1)))
    tally.add("commands", (network, hour), attempts)
    tally.add("within_trt", (network[in_time], srv[in_time], mode[in_time]))
    seconds = latency_s[answered].astype(np.float64)
    tally.add("latency", (network[answered], srv[answered], follow_up[answered], latency_bin(seconds)))
    tally.add("answered", (network[answered], hour_of(started_at[answered] + seconds)))
    for place, size in enumerate((down, up)):
        tally.add("bytes", (network, place, hour), size)
