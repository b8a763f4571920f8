"""Whole runs: what comes back is right, what does not is named, and the same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from farm_run import Finished, carry_out, scenario_file

from emulator.dcc.settlement import SettlementDay
from emulator.esme.live import energy_of
from emulator.run import SettlementRun
from emulator.scenario import load_scenario
from emulator.store_schema import LEGS
from gbcs.times import iso, to_datetime

CALM = "[faults]\nnatural_outages = false\n"


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """A run in which no network fails for long."""
    finished = carry_out(tmp_path_factory.mktemp("calm"), CALM, premises=120)
    yield finished
    finished.run.store.close()


def test_every_value_equals_what_the_meter_measured(calm: Finished) -> None:
    assert calm.run.collector.value_mismatches == 0, calm.run.collector.first_mismatches
    assert calm.run.collector.values > 5_000


def test_all_seven_service_requests_and_all_four_roles_occur(tmp_path: Path) -> None:
    finished = carry_out(tmp_path, CALM, premises=400)
    srvs = {srv for (srv,) in finished.query("SELECT DISTINCT srv FROM reads WHERE outcome = 'answered'")}
    roles = {role for (role,) in finished.query("SELECT DISTINCT role FROM reads")}
    finished.run.store.close()
    assert srvs == {"4.1.1", "4.2", "4.6.1", "4.6.2", "4.8.1", "4.8.3", "4.17"}
    assert roles == {"IS", "ES", "NO", "MDR"}


def test_half_hours_in_the_store_are_those_of_the_meter(calm: Finished) -> None:
    """Asked of the energy anew, by another way than the oracle's: one half-hour at a time."""
    rows = calm.query(
        "SELECT premises, channel, epoch(stamp) - epoch(TIMESTAMP '2000-01-01'), value FROM values_read"
        " WHERE channel IN ('active_import', 'active_export') AND hash(premises, stamp) % 12 = 0"
    )
    assert len(rows) > 300
    for premises, channel, stamp, value in rows:
        energy = energy_of(calm.run.farm.meter(premises))
        assert energy.half_hours(channel, int(stamp), int(stamp)).tolist() == [value]


def test_the_hash_is_over_all_messages_in_order(calm: Finished) -> None:
    digest = sha256(b"".join(message for _, _, _, message in calm.messages)).hexdigest()
    assert digest == calm.run.journey.message_sha256
    assert len(calm.messages) == calm.run.journey.messages


def test_bytes_in_the_store_are_those_of_the_messages(calm: Finished) -> None:
    totals = calm.run.store.totals()
    for direction, _ in (("down", 0), ("up", 1)):
        assert totals["bytes"][direction] == sum(len(m) for _, way, _, m in calm.messages if way == direction)


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    hashes = []
    for number, seed in enumerate((5, 5, 6)):
        folder = tmp_path / str(number)
        folder.mkdir()
        finished = carry_out(folder, premises=25, seed=seed)
        hashes.append(finished.run.journey.message_sha256)
        finished.run.store.close()
    assert hashes[0] == hashes[1] != hashes[2]


def test_originator_counters_are_never_used_twice(calm: Finished) -> None:
    """Per originator, over first attempts; the bytes of an attempt may be sent again, but not another message."""
    seen: dict[bytes, bytes] = {}
    for _, way, _, message in calm.messages:
        if way == "down":
            start = message.index(b"\xdf\x09\x01")
            key = message[start + 3 : start + 20]
            assert seen.setdefault(key, message) == message


def test_nothing_is_answered_before_it_was_asked(calm: Finished) -> None:
    wrong = calm.query("SELECT count(*) FROM reads WHERE answered_at < sent_at OR sent_at < requested_at")
    assert wrong == [(0,)]


def test_settlement_reads_are_flagged_as_the_assessment_says(calm: Finished) -> None:
    """PIA Table 6: an MDR always, a network operator never, suppliers only for settlement alone."""
    flags = dict(calm.query("SELECT role, list(DISTINCT for_settlement) FROM reads GROUP BY role"))
    assert flags["MDR"] == [True] and flags["NO"] == [False]


def test_reads_for_settlement_stay_inside_their_windows(calm: Finished) -> None:
    outside = calm.query(
        "SELECT count(*) FROM reads WHERE phase = 'D+1' AND mode = 'scheduled' AND for_settlement"
        " AND (hour(requested_at) < 7 OR hour(requested_at) >= 20)"
    )
    assert outside == [(0,)]


@pytest.mark.parametrize(("scenario", "periods"), [("spring_forward", 46), ("fall_back", 50)])
def test_days_of_46_and_50_periods_come_in_whole(scenario: str, periods: int, tmp_path: Path) -> None:
    file = tmp_path / "quiet.toml"
    date = {46: "2026-03-29", 50: "2026-10-25"}[periods]
    file.write_text(f'name = "{scenario}"\npremises = 60\ndate = {date}\n{CALM}', encoding="utf-8")
    finished = carry_out(tmp_path, scenario=str(file))
    run, [day] = finished.run, finished.run.plan.days
    assert day.periods == periods and run.collector.value_mismatches == 0
    first, last = (to_datetime(int(stamp)).strftime("%Y-%m-%d %H:%M:%S") for stamp in (day.stamps[0], day.stamps[-1]))
    per_meter = finished.query(
        "SELECT premises, count(DISTINCT stamp) FROM values_read WHERE channel = 'active_import'"
        f" AND stamp BETWEEN '{first}' AND '{last}' GROUP BY premises"
    )
    half_hourly = run.ledger.half_hourly("import").tolist()
    counts = dict(per_meter)
    lost = {gap["premises"] for gap in run.store.gap_list() if not gap["filled"]}
    assert {counts[premises] for premises in half_hourly if premises not in lost} == {periods}
    expected = finished.query("SELECT expected FROM completeness WHERE mpan_kind = 'import' AND checkpoint = 'D+1'")
    assert (len(half_hourly) * periods,) in expected
    run.store.close()


def test_the_store_holds_the_settlement_day_in_local_time() -> None:
    """Period 1 of a summer day is the row stamped 00:30 BST, that is 23:30 UTC of the day before."""
    assert iso(int(SettlementDay(date(2026, 7, 1)).stamps[0])) == "2026-06-30T23:30:00Z"


LOSSY = """
[faults]
message_loss = 0.05
duplicate = 0.02
reorder = 0.02

[[outage]]
kind = "hub"
csp = "csp_south"
share = 0.2
from = "D+1 00:00"
to = "D+2 06:00"
"""


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """5 % of the messages lost, some doubled or overtaken, and an outage over the night of the reads."""
    finished = carry_out(tmp_path_factory.mktemp("lossy"), LOSSY, premises=250)
    yield finished
    finished.run.store.close()


def test_losses_change_no_value(lossy: Finished) -> None:
    assert lossy.run.collector.value_mismatches == 0


def test_doubled_and_overtaking_messages_are_no_attacks(lossy: Finished) -> None:
    assert "replayed counter" not in lossy.run.journey.dropped()
    assert lossy.run.head_end.counts["duplicate"] + lossy.run.head_end.counts["late"] > 0


def test_every_missing_half_hour_is_named_with_its_leg(lossy: Finished) -> None:
    """The gaps at D+1, counted from the stored values alone, are the named ones, and none is without a cause."""
    [day] = lossy.run.plan.days
    named = lossy.query("SELECT premises, mpan_kind, period, leg, reason FROM gaps WHERE period > 0")
    assert {leg for *_, leg, _ in named} <= set(LEGS) - {""} and all(reason for *_, reason in named)
    d1_at = to_datetime(lossy.run.phases[0].d1_at).strftime("%Y-%m-%d %H:%M:%S")
    for kind, channel, roles in (
        ("import", "active_import", "('IS', 'MDR')"),
        ("export", "active_export", "('ES', 'MDR')"),
    ):
        in_time = lossy.query(
            "SELECT premises, list(DISTINCT epoch(stamp) - epoch(TIMESTAMP '2000-01-01')) FROM values_read"
            f" JOIN reads USING (read_id, premises) WHERE channel = '{channel}' AND role IN {roles}"
            f" AND answered_at <= '{d1_at}' GROUP BY premises"
        )
        present = {premises: set(stamps) for premises, stamps in in_time}
        missing = {
            (premises, period)
            for premises in lossy.run.ledger.half_hourly(kind).tolist()
            for period, stamp in enumerate(day.stamps.tolist(), 1)
            if stamp not in present.get(premises, set())
        }
        assert missing == {(premises, period) for premises, mpan, period, _, _ in named if mpan == kind}
        assert missing


def test_what_is_asked_again_comes_in_by_sf(lossy: Finished) -> None:
    counts = {
        (kind, checkpoint): present
        for kind, checkpoint, present in lossy.query(
            "SELECT mpan_kind, checkpoint, present FROM completeness WHERE granularity = 'half_hourly'"
        )
    }
    assert counts["import", "SF"] > counts["import", "D+1"]
    assert lossy.query("SELECT count(*) FROM gaps WHERE filled = 'SF'")[0][0] > 0


def test_a_late_re_read_finds_that_the_export_log_is_too_short(calm: Finished) -> None:
    """Import is held 13 months, export 3: at RF, four months later, only the first can be read again."""
    served = {
        kind: (asked, present)
        for kind, asked, present in calm.query(
            "SELECT mpan_kind, expected, present FROM completeness WHERE checkpoint = 'RF re-read'"
        )
    }
    assert served["import"][0] == served["import"][1] > 0
    assert served["export"][0] > served["export"][1] == 0
    reasons = {reason for kind, reason in calm.run.collector.reread_reasons if kind == "export"}
    assert reasons == {"the log holds 93 days and the row is older"}


def test_a_meter_that_is_not_read_is_not_made(tmp_path: Path) -> None:
    text = """
[population]
export_share = 0.0
granularity = { half_hourly = 0.0, daily = 0.0, monthly = 1.0 }
[demand]
network_operator_share = 0.0
"""
    finished = carry_out(tmp_path, text, premises=60)
    made, asked = len(finished.run.farm), finished.query("SELECT count(DISTINCT premises) FROM reads")[0][0]
    finished.run.store.close()
    assert 0 < made <= asked < 60


def test_a_tampered_answer_never_becomes_a_value(tmp_path: Path) -> None:
    """One bit of every answer is flipped on its way up: none may count, each is seen as what it is."""
    scenario = load_scenario(scenario_file(tmp_path, "[population]\nsmets1_share = 0.0\n"), premises=12)
    run = SettlementRun(scenario, tmp_path)
    receive = run.head_end.receive

    def flipped(frame: bytes, request_id: int, now: float) -> None:
        receive(frame[:-20] + bytes((frame[-20] ^ 1,)) + frame[-19:], request_id, now)

    run.journey._answered = flipped
    run.execute()
    [(answered,)] = run.store.query("SELECT count(*) FILTER (outcome = 'answered') FROM reads")
    counts = run.head_end.counts
    run.store.close()
    assert (answered, run.collector.values) == (0, 0) and counts["wrong_mac"] + counts["malformed"] > 10


def test_whole_columns_of_a_twin_meter(tmp_path: Path) -> None:
    finished = carry_out(tmp_path, CALM + "[population]\ntwin_share = 1.0\n", premises=40)
    both = finished.query(
        "SELECT count(*) FILTER (channel = 'active_import'), count(*) FILTER (channel = 'active_import_secondary')"
        " FROM values_read"
    )
    assert finished.run.collector.value_mismatches == 0
    finished.run.store.close()
    assert both[0][0] == both[0][1] > 0


def test_stamps_are_on_the_half_hour(calm: Finished) -> None:
    stamps = np.array(
        [
            row[0]
            for row in calm.query(
                "SELECT DISTINCT epoch(stamp)::BIGINT FROM values_read WHERE channel = 'active_import'"
            )
        ]
    )
    assert len(stamps) and not (stamps % 1800).any()


def test_a_lost_answer_does_not_move_the_moment_of_which_registers_are_read(tmp_path: Path) -> None:
    """The meter repeats its kept answer half an hour later: the registers are still those of the first time."""
    text = """
[faults]
natural_outages = false
message_loss = 0.35
[population]
granularity = { half_hourly = 0.0, daily = 0.0, monthly = 1.0 }
mdr_import_share = 0.0
[demand]
data_reuse_share = 0.0
[retry]
csp_north = { spacing_s = 2400 }
csp_south = { spacing_s = 2400 }
csp_central = { spacing_s = 2400 }
"""
    finished = carry_out(tmp_path, text, premises=900)
    again = finished.query("SELECT count(*) FROM reads WHERE srv = '4.1.1' AND attempts > 1 AND outcome = 'answered'")
    mismatches = finished.run.collector.first_mismatches
    finished.run.store.close()
    assert again[0][0] > 3 and mismatches == []


def test_an_outage_keeps_its_leg_whatever_a_re_read_months_later_says(tmp_path: Path) -> None:
    text = CALM + '[[outage]]\nkind = "hub"\nshare = 1.0\nfrom = "D+1 00:00"\nto = "D+20 00:00"\n'
    finished = carry_out(tmp_path, text, premises=40)
    legs = dict(finished.query("SELECT mpan_kind, list(DISTINCT leg) FROM gaps GROUP BY 1"))
    finished.run.store.close()
    assert legs["import"] == legs["export"] == ["wan_down"]


def test_everything_taken_for_granted_is_listed_once_with_its_confidence(calm: Finished) -> None:
    rows = calm.run.assumptions()
    names = {row.name for row in rows}
    assert all(row.value and row.source and row.confidence in ("H", "M", "L", "A") for row in rows)
    for known in (
        "scenario.population.granularity", "scenario.population.wan.csp_north", "scenario.demand.data_reuse_share",
        "daily_stamp", "replay_window", "han.link_keys",
    ):  # fmt: skip
        assert any(known in name for name in names), known
