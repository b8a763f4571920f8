"""The checklist of the PIA: every row has an answer that was worked out, and it moves with what it is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator.capacity.checklist.answer import Evidence
from emulator.capacity.checklist.rows import ANSWERS, checklist, checklist_rows
from emulator.capacity.costs import cost_of
from emulator.capacity.demand import make_demand
from emulator.capacity.radio import radio_model
from emulator.capacity.sample import Sample, run_sample, run_scenario
from emulator.capacity.scenario import CapacityScenario, load_capacity_scenario
from emulator.capacity.shares import held
from emulator.capacity.table5 import role_split, table5
from emulator.capacity.table7 import table7, table7_days

DAYS = table7_days()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return run_sample(load_capacity_scenario("B"), tmp_path_factory.mktemp("sample"), premises=60, seed=3)


def evidence(scenario: CapacityScenario, sample: Sample | None) -> Evidence:
    return Evidence(
        scenario, make_demand(scenario), table5(), role_split(), table7(radio_model(scenario), DAYS), held(scenario),
        (0.57, 0.73), sample,
    )  # fmt: skip


def verdicts(scenario: CapacityScenario, sample: Sample | None) -> dict[int, str]:
    return {row.row.number: row.verdict for row in checklist(evidence(scenario, sample))}


def test_there_are_31_rows_in_order_and_every_answer_is_used() -> None:
    rows = checklist_rows()
    assert [row.number for row in rows] == list(range(1, 32))
    assert sorted(row.how for row in rows) == sorted(ANSWERS)


def test_every_row_is_answered_or_says_why_not(sample: Sample) -> None:
    for checked in checklist(evidence(load_capacity_scenario("B"), sample)):
        assert checked.answer.ours if checked.verdict != "not modelled" else checked.answer.why
        assert checked.answer.why if checked.verdict in ("conflict", "differs") else True


def test_what_agrees_and_what_the_pia_says_against_itself(sample: Sample) -> None:
    found = verdicts(load_capacity_scenario("B"), sample)
    assert {number for number, verdict in found.items() if verdict == "conflict"} == {12, 20}
    assert {number for number, verdict in found.items() if verdict == "not modelled"} == {25}
    assert {number for number, verdict in found.items() if verdict == "differs"} == {6}
    assert {1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 14, 17, 18, 28, 29, 31} <= {n for n, v in found.items() if v == "agrees"}


def test_without_a_sample_behaviour_is_not_modelled() -> None:
    found = verdicts(load_capacity_scenario("B"), None)
    assert {n for n, v in found.items() if v == "not modelled"} == {15, 17, 18, 21, 22, 24, 25, 26, 30}


@pytest.mark.parametrize(
    ("row", "sections"),
    [
        (9, {"windows": {"csp_south": {"existing": {"start": "01:00", "end": "06:00"}}}}),
        (10, {"windows": {"csp_north": {"mhhs": {"start": "05:00", "end": "17:00"}}}}),
        (11, {"baseline": {"bytes_per_hub_hour": 0.0}}),
        (19, {"demand": {"on_demand_share": 0.2}}),
        (16, {"dsp": {"lane_srvs_per_s": 100.0}}),
    ],
)
def test_a_row_differs_when_what_it_is_about_does(row: int, sections: dict[str, Any]) -> None:
    assert verdicts(load_capacity_scenario("C"), None)[row] != "differs"
    assert verdicts(load_capacity_scenario("C", sections), None)[row] == "differs"


@pytest.mark.parametrize(
    ("row", "change"),
    [
        (13, {"past_midnight": 1}),
        (17, {"mdr_in_window": 0}),
        (18, {"flags": (("MDR", 10, 9),)}),
        (18, {"flags": (("NO", 10, 1),)}),
    ],
)
def test_a_row_differs_when_the_sample_does(sample: Sample, row: int, change: dict[str, Any]) -> None:
    scenario = load_capacity_scenario("B")
    assert verdicts(scenario, sample)[row] == "agrees"
    assert verdicts(scenario, replace(sample, **change))[row] == "differs"


def test_the_sample_is_of_the_scenario(sample: Sample) -> None:
    assert sample.wrong_values == 0
    assert sample.reads >= 60 and sample.reads_per_s > 0
    assert 0 < sample.mdr_sent < sample.reads
    assert {one.checkpoint for one in sample.completeness} >= {"D+1", "SF", "RF"}
    assert all(0 <= one.present <= one.expected for one in sample.completeness)
    assert sample.existing.asked > 0 and sample.mhhs.asked > 0


def test_a_run_has_the_shares_and_windows_of_the_scenario() -> None:
    changed = {"windows": {"csp_north": {"mhhs": {"start": "21:00", "end": "23:00"}}}, "meters": {"twin_share": 0.25}}
    run = run_scenario(load_capacity_scenario("A", changed), premises=10)
    assert (run.population.mdr_import_share, run.population.export_share, run.population.twin_share) == (
        0.25,
        0.1,
        0.25,
    )
    assert run.demand.data_reuse_share == 1.0
    assert run.windows["csp_north"]["mhhs"] == {"start": "21:00", "end": "23:00"}
    assert sum(run.population.csp.values()) == pytest.approx(1.0)
    assert run.population.smets1_share == pytest.approx(0.05)


def test_the_same_seed_gives_the_same_sample(tmp_path: Path, sample: Sample) -> None:
    (tmp_path / "again").mkdir()
    again = run_sample(load_capacity_scenario("B"), tmp_path / "again", premises=60, seed=3)
    assert replace(again, wall_s=0.0, reads_per_s=0.0) == replace(sample, wall_s=0.0, reads_per_s=0.0)


def test_costs_stand_beside_the_load() -> None:
    costs = [cost_of(name) for name in ("A", "B", "C")]
    assert [round(cost.variable, 1) for cost in costs] == [16.0, 31.9, 45.9]
    assert costs[2].total == pytest.approx(59.0)
    assert costs[0].per_million_srvs > costs[1].per_million_srvs > costs[2].per_million_srvs
