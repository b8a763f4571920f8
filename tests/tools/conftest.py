"""A run folder with plausible numbers, made through the result store, for everything that reads run folders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from smets2_only import smets2_only

from emulator.assumptions import Assumption
from emulator.population import Population, populate
from emulator.run_folder import RunFolder, Status, create, versions
from emulator.scenario import dump
from emulator.store import ResultStore
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime, iso

_MEDIAN_S = {"csp_north_lrr": 8.8, "csp_sc_cellular_2g": 5.9, "csp_sc_cellular_3g": 3.9}
_WINDOWS = {"csp_north": (8, 20), "csp_south": (7, 20), "csp_central": (7, 20)}
_SIZES = {"4.8.1": (612, 568), "4.8.3": (128, 660), "4.6.1": (187, 508), "4.6.2": (128, 101)}
_CODES = {"4.8.1": "ECS22b", "4.8.3": "ECS22a", "4.6.1": "ECS21a", "4.6.2": "ECS21c"}


class _Maker:
    """Asks every premises for its day, loses what ``loss`` says, and keeps the score."""

    def __init__(self, folder: Path, population: Population, loss: float) -> None:
        self.population, self.loss, self.random = population, loss, np.random.default_rng(7)
        self.store = ResultStore(folder, population.table())
        self.day = from_datetime(datetime(2026, 11, 23, tzinfo=UTC))
        self.stamps = np.arange(1, 49) * HALF_HOUR_S + int(self.day)
        self.number = self.missing = 0

    def premises(self, index: int) -> None:
        population = self.population
        granularity = population.names.granularity[population.granularity[index]]
        supplier = ("IS", population.names.import_supplier[population.import_supplier[index]])
        mdr = population.mdr_import[index]
        user = ("MDR", population.names.mdr[mdr]) if mdr >= 0 else supplier
        self.read(index, "4.8.1" if granularity == "half_hourly" else "4.6.1", user, "import")
        if population.has_export[index]:
            self.read(
                index, "4.8.3", ("ES", population.names.export_supplier[population.export_supplier[index]]), "export"
            )
        if index % 30 == 0:
            self.read(index, "4.6.1", supplier, "import")
        if index % 25 == 0:
            self.read(index, "4.8.1", supplier, "import", on_demand=True)

    def read(self, index: int, srv: str, user: tuple[str, str], kind: str, on_demand: bool = False) -> None:
        population, store = self.population, self.store
        wan = population.names.wan[population.wan[index]]
        first, last = _WINDOWS[population.names.csp[population.csp[index]]]
        asked = self.day + DAY_S + float(self.random.uniform(first, last)) * 3600
        attempts = min(int(self.random.geometric(0.96)), 3)
        latency = float(self.random.lognormal(np.log(_MEDIAN_S.get(wan, 4.5)), 0.45)) + (attempts - 1) * 300.0
        lost = self.random.random() < self.loss
        down, up = _SIZES[srv]
        trt = 5600.0 if on_demand else 86400.0
        rows = (48 if srv.startswith("4.8") else 1) * (not lost)
        store.add_read(
            self.number, srv, _CODES[srv], *user, index, kind, "on_demand" if on_demand else "scheduled", not on_demand,
            "D+1", self.day, self.day + HALF_HOUR_S, self.day + DAY_S, asked, asked + 0.4,
            None if lost else asked + latency, trt, None if lost else latency, not lost, attempts,
            "failed" if lost else "answered", "no answer after 3 attempts" if lost else "",
            "wan_down" if lost else "", down * attempts, 0 if lost else up, rows,
        )  # fmt: skip
        if lost:
            store.add_gaps(
                index, kind, srv, self.day, range(1, 49), list(self.stamps), "wan_down", "no answer after 3 attempts"
            )
            self.missing += 48
        elif srv.startswith("4.8"):
            self.values(index, srv, kind)
        else:
            store.add_values(self.number, index, f"register_{kind}", [int(self.day) + DAY_S], [1_234_567 + index])
        self.number += 1

    def values(self, index: int, srv: str, kind: str) -> None:
        hours = np.arange(48) / 2
        if kind == "import":
            shape = 120 + 260 * np.exp(-((hours - 7.8) ** 2) / 2.5) + 620 * np.exp(-((hours - 18.6) ** 2) / 6)
            channel = "active_import"
        else:
            shape = 900 * np.clip(1 - ((hours - 12.2) / 4.0) ** 2, 0, None)
            channel = "active_export"
        values = (shape * self.random.gamma(6, 1 / 6, 48)).astype(np.int64)
        keep = np.ones(48, dtype=bool)
        if index % 97 == 41:
            keep[20:23] = False
            periods = [21, 22, 23]
            self.store.add_gaps(
                index, kind, srv, self.day, periods, list(self.stamps[20:23]), "esme", "the meter's log holds no row"
            )
            self.missing += 3
        self.store.add_values(self.number, index, channel, self.stamps[keep], values[keep])


def _completeness(store: ResultStore, missing: int) -> None:
    for granularity, kind, expected in (
        ("half_hourly", "import", 46_080),
        ("half_hourly", "export", 17_280),
        ("daily", "import", 180),
        ("monthly", "import", 60),
    ):
        lost = missing if granularity == "half_hourly" and kind == "import" else 0
        store.add_completeness(granularity, kind, "D+1", expected, expected - lost)
        store.add_completeness(granularity, kind, "SF", expected, expected - lost // 3)
        late = int(expected * 0.99) if kind == "export" else lost // 3
        store.add_completeness(granularity, kind, "RF", expected, expected - late)


def _assumptions() -> list[Assumption]:
    return [
        Assumption("half_hour_stamp", "end of the half-hour, UTC", "A", "the vectors do not decide it"),
        Assumption("csp_north_lrr.frame_loss", "4 %, up to 5 tries, backoff 1 to 8 s", "L", "engineering assumption"),
        Assumption("csp_sc_cellular_3g.rtt", "lognormal, median 0.22 s, sigma 0.49", "H", "published 5 to 95 % range"),
        Assumption("han.esme_exec", "lognormal, median 1.2 s, sigma 0.5", "L", "small microcontroller, log search"),
        Assumption("replay.window", "64", "A", "GBCS rule for reads not public <untrusted & text>"),
    ]


def make_run(root: Path, *, premises: int = 600, loss: float = 0.01, status: Status = "complete") -> RunFolder:
    """A run folder as a run leaves it, with ``premises`` premises of which a share ``loss`` of the reads got lost."""
    scenario = smets2_only(premises=premises)
    population = populate(scenario)
    run = create(root, dump(scenario), started=datetime(2026, 11, 24, 15, 4, 5, tzinfo=UTC))
    started: dict[str, Any] = {"scenario": scenario.name, "seed": scenario.seed, "premises": premises}
    run.write_summary(started, status="running")
    maker = _Maker(run.path, population, loss)
    with maker.store as store:
        for index in range(premises):
            maker.premises(index)
        _completeness(store, maker.missing)
        store.add_assumptions(_assumptions())
        totals, gaps = store.totals(), store.gap_list()
    windows = [
        {"csp": csp, "kind": "MHHS", "from": iso(maker.day + DAY_S + a * 3600), "to": iso(maker.day + DAY_S + b * 3600)}
        for csp, (a, b) in _WINDOWS.items()
    ]
    finished = {
        **started, **totals, "date": "2026-11-23", "days": 1, "clock": "virtual", "value_mismatches": 0, "gaps": gaps,
        "message_sha256": "5d41402abc4b2a76b9719d911017c592ae2f1e2d3c4b5a69788796a5b4c3d2e1",
        "run_folder": str(run.path), "wall_s": 0.31, "reads_per_s": 9341.0, "versions": versions(), "windows": windows,
        "not_modelled": [
            {"name": "CommsHub", "text": "more than one ESME; the mirror for gas; firmware distribution."},
            {"name": "LongRangeRadio", "text": "interference between base stations; downlink broadcast."},
        ],
    }  # fmt: skip
    run.write_summary(finished, status=status)
    return run


@pytest.fixture(scope="session")
def run_maker() -> Callable[..., RunFolder]:
    """Makes run folders of a chosen size, loss and status."""
    return make_run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """One complete run of 600 premises with some losses."""
    return make_run(tmp_path_factory.mktemp("runs"))
