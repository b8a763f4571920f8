"""A byte-exact sample of a capacity scenario: a farm of some premises, read as `meterfarm run` reads it.

It gives what the demand model cannot: what arrives, when, and what settlement has at D+1, SF and RF.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from emulator.capacity.engine import Watch
from emulator.capacity.scenario import CapacityScenario
from emulator.clock import Stopwatch
from emulator.run import SettlementRun
from emulator.scenario import Scenario, load_scenario
from emulator.scenario_names import CSPS, SMETS1
from emulator.store import FILE_NAME
from gbcs.errors import LocalError

PREMISES: Final = 400

_COMPLETENESS = (
    "SELECT granularity, mpan_kind, checkpoint, sum(expected)::BIGINT, sum(present)::BIGINT FROM completeness"
    " GROUP BY granularity, mpan_kind, checkpoint ORDER BY granularity, mpan_kind DESC,"
    " CASE checkpoint WHEN 'D+1' THEN 1 WHEN 'SF' THEN 2 WHEN 'RF' THEN 3 ELSE 4 END"
)
_WITHIN = (
    "SELECT for_settlement, count(*), count(*) FILTER (within_trt) FROM reads WHERE outcome <> 'refused'"
    " AND phase = 'D+1' GROUP BY 1"
)
_MDR_SENT = "SELECT csp, sent_at FROM reads WHERE role = 'MDR' AND phase = 'D+1' AND sent_at IS NOT NULL"
_FLAGS = "SELECT role, count(*), count(*) FILTER (for_settlement) FROM reads GROUP BY role ORDER BY role"
_LATE = (
    "SELECT count(*) FROM reads WHERE csp = 'csp_north' AND for_settlement AND phase = 'D+1'"
    " AND answered_at >= date_trunc('day', requested_at) + INTERVAL 1 DAY"
)


@dataclass(frozen=True, slots=True)
class Completeness:
    """Values that settlement expects and has at a checkpoint: D+1, SF, RF, or what a late re-read could still serve."""

    granularity: str
    mpan_kind: str
    checkpoint: str
    expected: int
    present: int

    @property
    def share(self) -> float:
        """Present of expected; 1 where nothing is expected."""
        return self.present / self.expected if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class Attainment:
    """Reads that crossed to a network for D+1, and those answered within their target."""

    asked: int
    within_trt: int

    @property
    def share(self) -> float | None:
        """None where nothing was asked."""
        return self.within_trt / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Sample:
    """What a run of some premises showed. ``existing`` and ``mhhs`` are reads without and with the ForSettlement flag.

    ``mdr_sent`` and ``mdr_in_window``: reads of data retrievers that were sent, and those first sent in their window.
    ``flags``: (role, reads, those with the flag). ``past_midnight``: settlement reads of CSP North answered on the day
    after they were asked. ``unasked``: frames that answered nothing. ``smets1``: key figures of that side, if any.
    """

    premises: int
    seed: int
    reads: int
    wrong_values: int
    wall_s: float
    reads_per_s: float
    existing: Attainment
    mhhs: Attainment
    mdr_sent: int
    mdr_in_window: int
    flags: tuple[tuple[str, int, int], ...]
    past_midnight: int
    unasked: int
    completeness: tuple[Completeness, ...]
    smets1: dict[str, Any]


def run_scenario(scenario: CapacityScenario, premises: int, seed: int | None = None) -> Scenario:
    """The scenario of a run for the same meters, users, shares and windows.

    Does not carry over: reads of an export profile beyond the first a day (a run makes one), and repeats, which a run
    makes where they are needed. Raises ScenarioError.
    """
    base = load_scenario(premises=premises, seed=seed)
    sections = base.model_dump(by_alias=True)
    shares, mdr = dict(scenario.networks.shares.value), scenario.demand.mdr_share.value
    regions = sum(shares.get(csp, 0.0) for csp in CSPS)
    population = {
        **sections["population"],
        "export_share": scenario.meters.export_take_up.value,
        "smets1_share": shares.get(SMETS1, 0.0),
        "twin_share": scenario.meters.twin_share.value,
        "mdr_import_share": mdr,
        "mdr_export_share": mdr,
        "csp": {csp: shares.get(csp, 0.0) / regions for csp in CSPS} if regions else sections["population"]["csp"],
        "smets1_cohorts": dict(scenario.networks.smets1_cohorts.value),
        "granularity": dict(scenario.meters.granularity.value),
    }
    windows = {
        name: {kind: stated["value"] for kind, stated in rows.items()}
        for name, rows in scenario.windows.model_dump().items()
    }
    demand = {
        **sections["demand"],
        "data_reuse_share": scenario.demand.data_reuse_share.value,
        "daily_import_srv": {"4.6.1": 1.0},
        "export_daily_log_share": 1.0,
        "network_operator_share": 0.0,
    }
    changed = {"name": f"capacity_{scenario.name}", "population": population, "windows": windows, "demand": demand}
    return load_scenario(None, **{**sections, **changed})


def run_sample(
    scenario: CapacityScenario,
    folder: Path,
    premises: int = PREMISES,
    seed: int | None = None,
    watch: Watch | None = None,
) -> Sample:
    """Run so many premises of a scenario byte for byte; ``folder`` takes the result store.

    Raises LocalError where the watch ended it: part of a day says nothing of what arrives.
    """
    asked = run_scenario(scenario, premises, seed)

    def stop_when_told(*_: float) -> None:
        if watch is not None and watch.stops():
            run.kernel.stop()

    run = SettlementRun(asked, folder, progress=stop_when_told)
    with run.store:
        stopwatch = Stopwatch()
        run.execute()
        execute_s = stopwatch.seconds
        run.close()
        if run.kernel.is_stopped:
            raise LocalError("the sample was ended before its day was over")
        smets1 = {} if run.smets1 is None else run.smets1.summary(asked.days).get("this_run", {})
    with duckdb.connect(str(folder / FILE_NAME), read_only=True) as database:
        by_flag = {flagged: Attainment(asked, within) for flagged, asked, within in _rows(database, _WITHIN)}
        sent = _rows(database, _MDR_SENT)
        flags = tuple(_rows(database, _FLAGS))
        past_midnight = int(_rows(database, _LATE)[0][0])
        completeness = tuple(Completeness(*row) for row in _rows(database, _COMPLETENESS))
    reads = run.collector.finished_reads
    return Sample(
        premises,
        asked.seed,
        reads,
        run.collector.value_mismatches,
        run.stopwatch.seconds,
        reads / execute_s if execute_s else 0.0,
        by_flag.get(False, Attainment(0, 0)),
        by_flag.get(True, Attainment(0, 0)),
        len(sent),
        sum(_in_window(scenario, csp, at) for csp, at in sent),
        flags,
        past_midnight,
        sum(run.head_end.counts.values()),
        completeness,
        smets1,
    )


def _rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    return database.execute(sql).fetchall()


def _in_window(scenario: CapacityScenario, csp: str, at: Any) -> bool:
    window = getattr(scenario.windows, csp).mhhs.value
    second = at.hour * 3600 + at.minute * 60 + at.second
    return bool(window.start_s <= second < window.end_s)
