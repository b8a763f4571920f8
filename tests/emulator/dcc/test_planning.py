"""What is asked and when: counts, windows, slots, and the monthly spread."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from smets2_only import smets2_only

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.access import AccessControl
from emulator.dcc.counters import OriginatorCounters
from emulator.dcc.demand import ReadDemand
from emulator.dcc.planning import Plan
from emulator.dcc.registration import Registration
from emulator.dcc.requests import ServiceRequest
from emulator.dcc.rules import Rules
from emulator.population import populate
from emulator.scenario import Scenario, load_scenario
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, from_datetime

WINTER = date(2026, 11, 23)
ROWS = {"4.8.1": 48, "4.8.3": 48, "4.6.1": 1, "4.6.2": 1, "4.17": 1}


def scenario(demand: dict[str, Any] | None = None, population: dict[str, Any] | None = None, **keys: Any) -> Scenario:
    base = smets2_only()
    sections = {
        "demand": base.demand.model_dump() | (demand or {}),
        "population": base.population.model_dump() | (population or {}),
    }
    return load_scenario(**sections, **keys)


def plan_of(given: Scenario) -> Plan:
    population = populate(given)
    return Plan(given, population, Rules(given), Registration.of(given, population))


def requests_of(given: Scenario) -> list[ServiceRequest]:
    return list(plan_of(given).requests())


def utc(day: date) -> int:
    return int(from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC)))


@pytest.fixture(scope="module")
def default() -> list[ServiceRequest]:
    return requests_of(smets2_only(date=WINTER))


# ---------------------------------------------------------------------- counts


def test_the_default_plan_is_what_the_shares_say(default: list[ServiceRequest]) -> None:
    """1,000 premises: 800 half-hourly, 150 daily, 50 monthly, 300 with export; the 23rd of a month of 30 days."""
    by_srv = Counter(request.srv for request in default)
    by_operators = sum(request.role == "NO" for request in default)
    registers = 800 * 23 // 30 - 800 * 22 // 30 + 50 * 23 // 30 - 50 * 22 // 30
    assert (by_operators, registers) == (50, 29)
    assert by_srv == {
        "4.8.1": 800 + by_operators,
        "4.8.3": 300,
        "4.6.1": 105 + (registers - by_srv["4.1.1"]),
        "4.17": 45,
        "4.1.1": by_srv["4.1.1"],
        "4.2": 10,
        "4.6.2": 5,
    }
    assert by_srv["4.1.1"] > 0 and by_srv["4.6.1"] > 105
    assert [request.id for request in default] == list(range(len(default)))


def test_a_data_retriever_reads_registers_of_half_hourly_meters_from_the_daily_log(
    default: list[ServiceRequest],
) -> None:
    population = populate(smets2_only(date=WINTER))
    monthly = population.names.granularity.index("monthly")
    for request in default:
        if request.srv == "4.1.1" and request.role == "MDR":
            assert population.granularity[request.premises] == monthly
        if request.srv == "4.6.1" and request.role == "IS":
            assert population.names.granularity[population.granularity[request.premises]] == "daily"


def test_settlement_reads_are_those_of_table_4(default: list[ServiceRequest]) -> None:
    rules, population = Rules(), populate(smets2_only(date=WINTER))
    for request in default:
        consent = population.names.granularity[population.granularity[request.premises]]
        applied = consent if request.mpan_kind == "import" else "half_hourly"
        assert request.role == "NO" or applied in rules.row(request.srv).granularities.value


def test_each_half_hourly_premises_is_read_once_by_its_agent(default: list[ServiceRequest]) -> None:
    population = populate(smets2_only(date=WINTER))
    reads = [request for request in default if request.srv == "4.8.1" and request.role != "NO"]
    assert len({request.premises for request in reads}) == len(reads)
    for request in reads:
        agent, names = population.mdr_import[request.premises], population.names
        expected = (
            ("MDR", names.mdr[agent])
            if agent >= 0
            else ("IS", names.import_supplier[population.import_supplier[request.premises]])
        )
        assert (request.role, request.user.name) == expected
        assert request.device == population.esme(request.premises)


def test_only_registers_by_data_retrievers_are_refused(default: list[ServiceRequest]) -> None:
    given = smets2_only(date=WINTER)
    population = populate(given)
    registration = Registration(population, WINTER)
    keys = SeededKeyStore(1)
    for version, expected in (("4.3", {("4.1.1", "MDR")}), ("4.3+MP162", set())):
        acb = AccessControlBroker(bytes(8), keys, OriginatorCounters(), version)
        access = AccessControl(Rules(), registration, acb, given.duis_version)
        refused = {(request.srv, request.role) for request in default if access.refusal(request)}
        assert refused == expected


def test_bounds_are_half_past_midnight_to_midnight(default: list[ServiceRequest]) -> None:
    day = utc(WINTER)
    for request in default:
        assert request.day == day
        if request.srv in ROWS:
            assert request.first is not None and request.last == day + DAY_S
            assert (request.last - request.first) // 1800 + 1 == ROWS[request.srv]
        else:
            assert request.first is request.last is None


def test_flags_follow_reuse_and_role() -> None:
    for share in (0.0, 0.5, 1.0):
        reads = requests_of(scenario({"data_reuse_share": share}, date=WINTER))
        assert all(
            request.for_settlement == (request.role == "MDR") for request in reads if request.role in ("MDR", "NO")
        )
        supplier = [r.for_settlement for r in reads if r.role == "IS" and r.srv == "4.8.1"]
        assert abs(np.mean(supplier) - (1 - share)) < 0.08


def test_target_times_and_modes_come_from_the_tables(default: list[ServiceRequest]) -> None:
    rules = Rules()
    for request in default:
        assert request.trt_s == rules.trt_s(request.srv, request.mode, request.for_settlement)
        assert (request.mode == "on_demand") == (request.srv == "4.1.1")
    older = requests_of(smets2_only(date=WINTER, duis_version="5.1"))
    assert {request.srv for request in older if request.mode == "on_demand"} == {"4.1.1", "4.2"}
    assert {r.trt_s for r in older if r.srv == "4.2" and not r.for_settlement} == {30}


# ---------------------------------------------------------------------- time


def test_every_read_is_due_in_its_window_on_the_next_day(default: list[ServiceRequest]) -> None:
    windows = Rules().windows.csp
    start = utc(WINTER) + DAY_S
    seen = set()
    for request in default:
        window = windows[request.csp].mhhs.value if request.for_settlement else windows[request.csp].existing.value
        assert start + window.start_s + 60 <= request.due_at < start + window.end_s
        seen.add((request.csp, request.for_settlement))
    assert len(seen) == 6
    assert [request.due_at for request in default] == sorted(request.due_at for request in default)


def test_uniform_release_is_even_and_front_loaded_is_not() -> None:
    def thirds(release: str) -> list[float]:
        reads = requests_of(scenario({"release": release}, date=WINTER))
        due = np.array([r.due_at for r in reads if r.csp == "csp_south" and r.for_settlement])
        opens = utc(WINTER) + DAY_S + 7 * 3600
        counted, _ = np.histogram(due, bins=3, range=(opens, opens + 13 * 3600))
        return [float(part) for part in counted / len(due)]

    assert thirds("uniform") == pytest.approx([1 / 3] * 3, abs=0.01)
    assert thirds("front_loaded") == pytest.approx(
        [3 ** (-1 / 3), (2 / 3) ** (1 / 3) - 3 ** (-1 / 3), 0.1264], abs=0.02
    )


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        ("2026-11-23", 2, ["2026-11-23", "2026-11-24"]),
        ("2026-03-29", 1, ["2026-03-29"]),
        ("2026-10-25", 1, ["2026-10-24", "2026-10-25"]),
        ("2026-07-01", 2, ["2026-06-30", "2026-07-01", "2026-07-02"]),
    ],
)
def test_utc_days_are_those_that_hold_the_settlement_days(day: str, days: int, expected: list[str]) -> None:
    given = smets2_only(date=date.fromisoformat(day), days=days, premises=200)
    plan = plan_of(given)
    starts = [utc(date.fromisoformat(text)) for text in expected]
    assert plan.utc_days() == tuple(starts)
    reads = list(plan.requests())
    assert Counter(r.day for r in reads if r.srv == "4.8.1" and r.role != "NO") == dict.fromkeys(starts, 160)
    daily = {r.day for r in reads if r.srv == "4.17"}
    assert daily == {utc(settled.date) for settled in plan.days}, "daily rows are asked for settlement days alone"
    assert [r.due_at for r in reads] == sorted(r.due_at for r in reads)


# ---------------------------------------------------------------------- monthly reads


@pytest.mark.parametrize(("year", "month", "length"), [(2026, 11, 30), (2027, 2, 28), (2028, 2, 29), (2026, 12, 31)])
def test_monthly_reads_come_once_a_month_and_evenly(year: int, month: int, length: int) -> None:
    given = smets2_only(premises=700)
    population = populate(given)
    demand = ReadDemand(given, population, Registration(population, WINTER))
    seen: dict[str, list[np.ndarray[Any, Any]]] = {"4.2": [], "4.1.1": [], "4.6.2": []}
    for number in range(1, length + 1):
        batches = demand.of_day(utc(date(year, month, number)))
        for srv, days in seen.items():
            parts = [batch.premises for batch in batches if batch.srv == srv]
            days.append(np.concatenate([np.arange(0), *parts]))
    for srv, days in seen.items():
        joined = np.concatenate(days)
        assert len(joined) == len(set(joined.tolist())), "nobody twice in a month"
        if srv != "4.1.1":
            assert max(map(len, days)) - min(map(len, days)) <= 1
    assert set(np.concatenate(seen["4.2"]).tolist()) == set(np.flatnonzero(population.has_export).tolist())
    assert len(np.concatenate(seen["4.6.2"])) == 105


# ---------------------------------------------------------------------- changes of agent, floods, seeds


@pytest.mark.parametrize("day", [WINTER, date(2026, 7, 15)])
def test_a_change_of_agent_splits_the_utc_day_that_holds_its_midnight(day: date) -> None:
    """In summer local midnight is 23:00 UTC: 46 half-hours are the outgoing agent's and 2 the incoming one's."""
    given = scenario({"mdr_change_share": 0.25}, {"mdr_import_share": 1.0}, date=day, premises=200)
    plan = plan_of(given)
    reads = [request for request in plan.requests() if request.srv == "4.8.1" and request.role == "MDR"]
    lengths = Counter((r.last - r.first) // 1800 + 1 for r in reads)  # type: ignore[operator]
    changed = plan.registration.changed("import") & (plan.population.granularity == 0)
    number = int(changed.sum())
    assert number > 20
    assert lengths == ({48: 160} if day == WINTER else {48: 320 - number, 46: number, 2: number})
    acb = AccessControlBroker(bytes(8), SeededKeyStore(1), OriginatorCounters())
    access = AccessControl(plan.rules, plan.registration, acb, given.duis_version)
    assert not [request for request in reads if access.refusal(request)]


def test_a_flood_comes_on_top_evenly_in_order_and_on_demand() -> None:
    flood = {"at": "D+1 09:00", "reads": 500, "over_s": 60}
    reads = requests_of(scenario({"on_demand_flood": [flood]}, date=WINTER, premises=300))
    quiet = requests_of(smets2_only(date=WINTER, premises=300))
    assert len(reads) == len(quiet) + 500
    assert [r.due_at for r in reads] == sorted(r.due_at for r in reads)
    assert len({r.id for r in reads}) == len(reads)
    burst = [r for r in reads if r.srv == "4.8.1" and r.mode == "on_demand"]
    start = utc(WINTER) + DAY_S + 9 * 3600
    assert len(burst) == 500 and all(r.for_settlement and r.trt_s == DAY_S for r in burst)
    assert np.allclose([r.due_at - start for r in burst], np.arange(500) * 0.12)
    assert {r.day for r in burst} == {utc(WINTER)}


def test_a_flood_on_a_farm_without_half_hourly_meters_is_empty() -> None:
    flood = {"at": "D+1 09:00", "reads": 5}
    shares = {"granularity": {"half_hourly": 0.0, "daily": 1.0, "monthly": 0.0}, "export_share": 0.0}
    reads = requests_of(scenario({"on_demand_flood": [flood], "network_operator_share": 0.0}, shares, premises=20))
    assert Counter(r.srv for r in reads) == {"4.6.1": 14, "4.17": 6}


def test_the_seed_decides_and_nothing_else() -> None:
    given = smets2_only(date=WINTER, premises=100)
    assert requests_of(given) == requests_of(given)
    other = smets2_only(date=WINTER, premises=100, seed=5)
    assert [r.due_at for r in requests_of(given) if r.premises == 7] != [
        r.due_at for r in requests_of(other) if r.premises == 7
    ]


def test_a_window_shorter_than_the_lead_holds_its_slots() -> None:
    windows = {
        csp: {"existing": {"start": "00:00", "end": "00:00:30"}} for csp in ("csp_north", "csp_south", "csp_central")
    }
    reads = requests_of(smets2_only(date=WINTER, premises=50, windows=windows))
    start = utc(WINTER) + DAY_S
    assert all(start <= r.due_at <= start + 30 for r in reads if not r.for_settlement)
