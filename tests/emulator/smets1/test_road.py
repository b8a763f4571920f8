"""SMETS1 runs from service request to store: every value right, every loss named, both ways of counting equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from farm_run import Finished, carry_out
from smets1_run import smets1_population
from smets2_only import smets2_only

from emulator.dcc.demand import ReadDemand
from emulator.dcc.registration import Registration
from emulator.dcc.requests import ServiceRequest
from emulator.dcc.settlement import utc_day_start
from emulator.population import NONE, populate
from emulator.run_summary import finished as summary_of
from emulator.scenario import load_scenario
from emulator.smets1.cohorts import SRVS
from emulator.smets1.comparison import compare
from emulator.smets1.exchange import Ask
from emulator.smets1.s1sp import Countersigned
from emulator.store_schema import LEGS

ALL = "[population]\nsmets1_share = 1.0\n"
CALM = """
[faults]
natural_outages = false
[networks.overrides.sms_reference]
sms_lost = { value = 0.0 }
sms_first_try = { value = 1.0 }
sms_duplicate = { value = 0.0 }
exchange_lost = { value = 0.0 }
"""
BUSY = "[demand]\nnetwork_operator_share = 0.5\n"


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    done = carry_out(tmp_path_factory.mktemp("calm"), ALL + CALM + BUSY, premises=150)
    yield done
    done.run.store.close()


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """One SMS in three lost, contexts scarce, a hub outage over the night of the reads."""
    text = """
[networks.overrides]
sms_reference = { sms_lost = { value = 0.34 }, exchange_lost = { value = 0.1 } }
[smets1.overrides]
"apn.secure" = { contexts = 1 }
[[outage]]
kind = "hub"
share = 0.15
from = "D+1 00:00"
to = "D+2 06:00"
"""
    done = carry_out(tmp_path_factory.mktemp("rough"), ALL + text, premises=150)
    yield done
    done.run.store.close()


# ---------------------------------------------------------------------- values


def test_a_calm_run_is_complete_and_right(calm: Finished) -> None:
    assert calm.run.collector.value_mismatches == 0
    assert calm.query("SELECT count(*) FROM reads WHERE outcome <> 'answered'") == [(0,)]
    # A whole day of every half-hourly MPAN is in, twice where a network operator reads it too.
    rows = calm.query("SELECT checkpoint, expected, present FROM completeness WHERE checkpoint = 'D+1'")
    assert rows and all(expected == present for _, expected, present in rows)


def test_reads_of_every_kind_were_made(calm: Finished) -> None:
    srvs = {srv for (srv,) in calm.query("SELECT DISTINCT srv FROM reads")}
    assert srvs == set(SRVS)


def test_the_store_holds_what_the_meters_measured(calm: Finished) -> None:
    side = calm.run.smets1
    assert side is not None
    [(premises, first, values)] = calm.query(
        "SELECT premises, min(stamp), list(value ORDER BY stamp) FROM values_read JOIN reads USING (read_id, premises)"
        " WHERE srv = '4.8.1' AND role <> 'NO' AND phase = 'D+1' GROUP BY premises, read_id ORDER BY premises LIMIT 1"
    )
    energy = side.homes.meter(premises).energy
    day = calm.run.plan.utc_days()[0]
    assert values == energy.half_hours("active_import", day + 1800, day + 86_400).tolist()
    assert str(first).endswith("00:30:00")


def test_losses_are_named_and_change_no_value(rough: Finished) -> None:
    assert rough.run.collector.value_mismatches == 0
    legs = dict(rough.query("SELECT leg, count(*) FROM reads WHERE outcome = 'failed' GROUP BY 1"))
    assert legs and set(legs) <= set(LEGS) - {""} and "sms" in legs
    assert rough.query("SELECT count(*) FROM gaps WHERE leg NOT IN ('sms', 'apn', 's1sp', 'dco', 'esme')") == [(0,)]
    assert rough.query("SELECT count(*) FROM gaps WHERE reason = ''") == [(0,)]


def test_the_gaps_are_the_half_hours_that_are_not_in(rough: Finished) -> None:
    [(expected, present)] = rough.query(
        "SELECT sum(expected), sum(present) FROM completeness WHERE granularity = 'half_hourly' AND checkpoint = 'D+1'"
    )
    [(missing,)] = rough.query("SELECT count(*) FROM gaps WHERE period > 0")
    assert expected - present == missing > 0


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        done = carry_out(tmp_path / name, ALL, premises=25)
        assert done.run.smets1 is not None
        digests.append((done.run.smets1.homes.message_sha256, done.run.smets1.papers.message_sha256))
        done.run.store.close()
    assert digests[0] == digests[1]


@pytest.mark.parametrize(("day", "periods"), [("2026-03-29", 46), ("2026-10-25", 50)])
def test_a_settlement_day_of_another_length_is_whole(tmp_path: Path, day: str, periods: int) -> None:
    done = carry_out(tmp_path, ALL + CALM, premises=12, date=day)
    [(expected, present, meters)] = done.query(
        "SELECT sum(expected), sum(present), (SELECT count(*) FROM premises WHERE granularity = 'half_hourly')"
        " FROM completeness WHERE granularity = 'half_hourly' AND mpan_kind = 'import' AND checkpoint = 'D+1'"
    )
    assert expected == present == periods * meters and done.run.collector.value_mismatches == 0
    done.run.store.close()


# ---------------------------------------------------------------------- cache


def test_the_cache_saves_reads_of_meters_and_changes_no_value(calm: Finished, tmp_path: Path) -> None:
    text = ALL + CALM + BUSY + "[smets1]\ncache = false\n"
    without = carry_out(tmp_path, text, premises=150)
    assert without.run.smets1 is not None and calm.run.smets1 is not None
    one, other = calm.run.smets1.road.counts(), without.run.smets1.road.counts()
    assert one["from the cache"] > 0 and "from the cache" not in other
    assert one["reads of meters"] < other["reads of meters"]
    assert len(calm.run.smets1.road.measures.sms_at) < len(without.run.smets1.road.measures.sms_at)
    sql = "SELECT premises, channel, stamp, value FROM values_read WHERE channel LIKE 'active%' ORDER BY ALL"
    assert sorted(set(calm.query(sql))) == sorted(set(without.query(sql)))
    without.run.store.close()


def test_only_cohorts_with_a_rule_cache(calm: Finished) -> None:
    rows = calm.query("SELECT DISTINCT wan FROM reads WHERE bytes_up = 0 AND outcome = 'answered'")
    assert rows and {name for (name,) in rows} <= {"ioc_aclara", "ioc_elster", "ioc_itron", "moc_mds"}


def test_a_hit_passes_access_control_again(calm: Finished) -> None:
    """An outgoing agent asks for a day of its successor: the cache holds it, and gives nothing."""
    side = calm.run.smets1
    assert side is not None
    provider = side.road.providers["cgi_ie"]
    assert provider.cache is not None
    request = next(one for one in side._planned if one.srv == "4.8.1" and one.role == "MDR")
    kept = side.homes.hold(request.premises, [_ask(request)], calm.run.kernel.now).readings[0].values
    assert kept is not None
    provider.cache.put(request.premises, "4.8.1", kept)
    stranger = next(
        party for party in calm.run.registration.parties if party.role == "MDR" and party.name != request.user.name
    )
    outcomes = []
    for user in (request.user, stranger):
        order = Countersigned(replace(request, user=user), lambda order, now: outcomes.append((order, now)))
        provider.take(order)
        calm.run.kernel.run()
    (good, _), (bad, _) = outcomes
    assert good.from_cache and good.values is not None
    assert bad.values is None and bad.leg == "s1sp" and "is not the MDRA" in bad.reason


def _ask(request: ServiceRequest) -> Ask:
    return Ask(request.srv, request.first, request.last)


def test_a_change_of_agent_splits_the_day_for_smets1_too(tmp_path: Path) -> None:
    text = "[population]\nsmets1_share = 1.0\nmdr_import_share = 1.0\n" + CALM + "[demand]\nmdr_change_share = 1.0\n"
    done = carry_out(tmp_path, text, premises=30, days=2, date="2026-06-10")
    assert done.run.collector.value_mismatches == 0
    rows = done.query("SELECT checkpoint, sum(expected), sum(present) FROM completeness GROUP BY 1")
    assert all(expected == present for name, expected, present in rows if name in {"D+1", "SF"})
    change = done.run.registration.change_date
    both = done.query(
        "SELECT premises, user_id, min(asked_from), max(asked_to) FROM reads WHERE srv = '4.8.1' AND role = 'MDR'"
        " AND phase = 'D+1' GROUP BY ALL"
    )
    outgoing = [(last, user, premises) for premises, user, _, last in both if last.date() <= change]
    assert outgoing  # somebody read up to the change and no further
    done.run.store.close()


# ---------------------------------------------------------------------- what is refused


def test_reads_that_smets1_lacks_are_refused_as_not_available(calm: Finished) -> None:
    side = calm.run.smets1
    assert side is not None
    request = next(one for one in side._planned if one.role == "IS" and one.mpan_kind == "import")
    for srv in ("4.17", "4.6.2"):
        reason = calm.run.head_end.access.smets1_refusal(replace(request, srv=srv))
        assert reason == f"SRV {srv} is not available for SMETS1 meters (PIA Table 3: N/A)"


def test_an_mdr_may_read_import_registers_of_smets1_meters_alone(calm: Finished) -> None:
    side = calm.run.smets1
    assert side is not None
    request = next(one for one in side._planned if one.role == "MDR" and one.mpan_kind == "import")
    asked = replace(request, srv="4.1.1", mode="on_demand")
    assert calm.run.head_end.access.smets1_refusal(asked) is None
    assert "ECS17b" in str(calm.run.head_end.access.refusal(asked)) or calm.run.scenario.gbcs_version != "4.3"


def test_nobody_plans_what_smets1_lacks_and_targets_are_those_of_smets1() -> None:
    scenario = load_scenario(premises=400)
    section = scenario.population.model_copy(update={"smets1_share": 0.5})
    scenario = scenario.model_copy(update={"population": section})
    population = populate(scenario)
    demand = ReadDemand(scenario, population, Registration.of(scenario, population))
    smets1 = set((population.cohort != NONE).nonzero()[0].tolist())
    for batch in demand.of_day(utc_day_start(date(2026, 11, 23))):
        if batch.srv in ("4.17", "4.6.2"):
            assert not smets1 & set(batch.premises.tolist())
    daily = [batch for batch in demand.of_day(utc_day_start(date(2026, 11, 23))) if batch.srv == "4.6.1"]
    asked = {premises for batch in daily for premises in batch.premises.tolist()}
    consented = (population.granularity == population.names.granularity.index("daily")).nonzero()[0]
    assert {premises for premises in consented.tolist() if premises in smets1} <= asked


def test_target_times_are_those_of_table_3(calm: Finished) -> None:
    rows = calm.query("SELECT DISTINCT mode, for_settlement, trt_s FROM reads WHERE srv <> '4.1.1' AND srv <> '4.2'")
    assert {(mode, flag, trt) for mode, flag, trt in rows if mode == "scheduled"} == {
        ("scheduled", True, 86_400.0), ("scheduled", False, 86_400.0),
    }  # fmt: skip
    registers = calm.query("SELECT DISTINCT trt_s FROM reads WHERE srv = '4.1.1' AND NOT for_settlement")
    assert registers in ([(16.0,)], [])


# ---------------------------------------------------------------------- comparison and population


def test_the_model_of_sizes_gives_what_the_run_gave(calm: Finished) -> None:
    """Under the run's own setting, with nothing lost, the model and the bytes come to the same figures."""
    side = calm.run.smets1
    assert side is not None
    span = side._span(1)
    [(model, _)] = compare(side.around, side._planned, side.homes.sizes, span, [side.road.setting])
    found = side._answers(span)
    assert model.sms_per_hub_month == found.sms_per_hub_month
    assert model.contexts_peak == pytest.approx(found.contexts_peak, abs=1)
    assert model.data_bytes_per_hub_month == pytest.approx(found.data_bytes_per_hub_month, rel=0.01)
    assert model.context_mean_s == pytest.approx(found.context_mean_s, rel=0.01)
    assert model.reads == found.reads and model.reads.from_cache > 0
    assert model.meter_reads == found.meter_reads


def test_the_summary_answers_the_five_questions_under_every_setting(calm: Finished) -> None:
    found = summary_of(calm.run, 1.0)["smets1"]
    assert [(one["sms_preset"], one["cache"]) for one in found["variants"]] == [
        ("sms_reference", True), ("sms_reference", False), ("sms_pessimistic", True), ("sms_pessimistic", False),
    ]  # fmt: skip
    with_cache, without = found["variants"][:2]
    assert with_cache["meter_reads"] < without["meter_reads"]
    assert found["variants"][2]["first_byte_p50_s"] > with_cache["first_byte_p50_s"]
    assert sum(row["hubs"] for row in found["cohorts"]) == found["premises"] == 150
    assert "open protocol" in found["label"]
    providers = {row["s1sp"]: row for row in found["providers"]}
    assert sum(row["hubs"] for row in providers.values()) == 150
    assert all(0 < row["link_share"] < 1 and row["requests"] for row in providers.values())
    assert providers["secure"]["from_cache"] == 0 < providers["cgi_ie"]["from_cache"]
    assert all(sum(one["sms"]) and max(one["sessions"]) for one in found["series"])
    names = {row["name"] for row in summary_of(calm.run, 1.0)["not_modelled"]}
    assert {"HubSession", "ServiceProvider", "Dco", "Smets1Road"} <= names


def test_the_assumptions_of_this_side_are_in_the_store(calm: Finished) -> None:
    names = {name for (name,) in calm.query("SELECT name FROM assumptions")}
    assert {"smets1.dco.trt_s", "sms_reference.linger_s", "smets1.daily_read"} <= names


def test_a_population_without_smets1_is_what_it_was() -> None:
    plain, mixed = populate(smets2_only(premises=300)), smets1_population(300, 0.3)
    assert not plain.names.cohort and (plain.cohort == NONE).all()
    assert (mixed.cohort != NONE).sum() == 90
    assert not mixed.twin[mixed.cohort != NONE].any()
    for column in ("granularity", "has_export", "import_supplier", "mdr_import", "variant"):
        assert (getattr(plain, column) == getattr(mixed, column)).all()
    table = mixed.table()
    assert set(table["wan"][mixed.cohort != NONE]) <= set(mixed.names.cohort)
    assert set(table["csp"][mixed.cohort != NONE]) == {"smets1"}
