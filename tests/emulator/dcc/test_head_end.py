"""The head-end core with real bytes: retries, stops, late and double answers, wrong MACs, the TRT clock."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, NoReturn

import pytest
from head_end_bench import Answers, Bench, Script, prompt
from hypothesis import given, settings
from hypothesis import strategies as st
from smets2_only import smets2_only

from emulator.dcc.acb import Sent
from emulator.dcc.requests import Acknowledgement, FinishedRead, Refusal, ServiceRequest
from emulator.device.values import AccessRefused
from emulator.esme.esme import Esme
from emulator.scenario import load_scenario
from gbcs.dlms import ResultCode
from gbcs.errors import LocalError
from gbcs.times import DAY_S

TIMEOUT_S, SPACING_S = 300.0, 900.0
"""Of CSP South and Central in the tables."""
NEVER: Answers = []


def lose(*attempts: int) -> Script:
    """A network that loses the command of some attempts."""

    def script(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
        return NEVER if attempt in attempts else prompt(request, sent, attempt, now, esme)

    return script


def silent(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
    return NEVER


def played(bench: Bench, request: ServiceRequest, at: float | None = None) -> FinishedRead:
    """Submit at the due time (or ``at``), run to the end, and give the one outcome."""
    bench.kernel.run(request.due_at if at is None else at)
    bench.kernel.now = request.due_at if at is None else at
    bench.head_end.submit(request, bench.kernel.now)
    bench.kernel.run()
    [finished] = bench.finished
    assert bench.head_end.waiting == 0
    return finished


# ---------------------------------------------------------------------- the good case


@pytest.mark.parametrize(
    ("srv", "role", "rows"),
    [
        ("4.8.1", "IS", 48),
        ("4.8.1", "NO", 48),
        ("4.8.1", "MDR", 48),
        ("4.8.3", "ES", 48),
        ("4.8.3", "MDR", 48),
        ("4.6.1", "IS", 1),
        ("4.6.1", "MDR", 1),
        ("4.6.2", "ES", 1),
        ("4.17", "MDR", 1),
        ("4.2", "ES", 1),
        ("4.1.1", "IS", 1),
    ],
)
def test_every_read_brings_what_the_meter_holds(srv: str, role: str, rows: int) -> None:
    bench = Bench(premises=1000)
    request = bench.request(srv, role)
    finished = played(bench, request)
    assert (finished.outcome, finished.reason, finished.leg, finished.rows) == ("answered", "", "", rows)
    assert finished.within_trt and finished.latency_s == 4.0 and finished.attempts == 1
    assert finished.requested_at == finished.sent_at == request.due_at
    assert finished.bytes_down == len(bench.sent[0][2].command) and finished.bytes_up > 60
    assert finished.values is not None and finished.values.code == 0
    response = finished.response
    assert response is not None and response.response_code == "I0" and response.values is finished.values
    if srv == "4.8.1":
        assert finished.values.rows is not None and request.first is not None
        energy = bench.meter(request.premises).objects.energy  # type: ignore[attr-defined]
        held = energy.half_hours("active_import", request.first, request.last)
        assert finished.values.rows[:, 1].tolist() == held.tolist()
        assert finished.values.rows[:, 0].tolist() == list(range(request.first, request.first + DAY_S, 1800))


def test_an_acknowledgement_starts_the_clock_of_an_on_demand_read() -> None:
    bench = Bench()
    request = replace(bench.request(for_settlement=False), mode="on_demand", trt_s=5600.0)
    at = request.due_at + 77.0
    bench.kernel.now = at
    assert bench.head_end.submit(request, at) == Acknowledgement(request.id, at, "I99")
    bench.kernel.run()
    assert bench.finished[0].requested_at == at and bench.finished[0].latency_s == 4.0


def test_a_scheduled_read_waits_for_its_slot_and_its_clock_starts_there() -> None:
    bench = Bench()
    request = bench.request()
    finished = played(bench, request, at=request.due_at - 3600.0)
    assert [when for when, *_ in bench.sent] == [request.due_at]
    assert (finished.requested_at, finished.latency_s) == (request.due_at, 4.0)


def test_submitted_late_the_clock_of_a_scheduled_read_has_run_already() -> None:
    bench = Bench()
    request = bench.request()
    finished = played(bench, request, at=request.due_at + 100.0)
    assert (finished.sent_at, finished.latency_s) == (request.due_at + 100.0, 104.0)


# ---------------------------------------------------------------------- losses and retries


def test_a_lost_attempt_is_repeated_with_the_same_bytes() -> None:
    bench = Bench(lose(1))
    request = bench.request(csp="csp_south")
    finished = played(bench, request)
    first, second = bench.sent
    assert second[0] == request.due_at + TIMEOUT_S + SPACING_S
    assert first[2].command == second[2].command and (first[3], second[3]) == (1, 2)
    assert (finished.outcome, finished.attempts, finished.latency_s) == ("answered", 2, TIMEOUT_S + SPACING_S + 4.0)
    assert finished.sent_at == request.due_at and finished.bytes_down == 2 * len(first[2].command)


def test_or_as_a_new_command_under_a_new_counter() -> None:
    bench = Bench(lose(1, 2), resend="new_counter")
    finished = played(bench, bench.request(csp="csp_central"))
    counters = [sent.counter for _, _, sent, _ in bench.sent]
    assert finished.outcome == "answered" and finished.attempts == 3
    assert counters == sorted(set(counters)) and len({sent.command for _, _, sent, _ in bench.sent}) == 3


def test_after_the_last_attempt_the_read_has_failed_and_an_answer_is_late() -> None:
    bench = Bench(silent)
    request = bench.request(csp="csp_south")
    finished = played(bench, request)
    assert (finished.outcome, finished.reason, finished.leg) == ("failed", "no answer after 3 attempts", "")
    assert finished.answered_at is finished.latency_s is finished.values is finished.response is None
    assert not finished.within_trt and finished.bytes_up == finished.rows == 0
    assert bench.kernel.now == request.due_at + 3 * TIMEOUT_S + 2 * SPACING_S
    [late] = bench.meter(request.premises).receive(bench.sent[-1][2].command, bench.kernel.now)
    bench.head_end.receive(late, request.id, bench.kernel.now)
    assert bench.head_end.counts == {"late": 1} and len(bench.finished) == 1


@pytest.mark.parametrize("resend", ["same_bytes", "new_counter"])
def test_a_slow_answer_to_the_first_attempt_counts_while_the_read_is_open(resend: Any) -> None:
    """It comes after the second attempt went out; the answer to that one is then a duplicate."""

    def slow(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
        delay_s = TIMEOUT_S + SPACING_S + 2.0 if attempt == 1 else 4.0
        return [(delay_s, frame) for frame in esme.receive(sent.command, now)]

    bench = Bench(slow, resend=resend)
    finished = played(bench, bench.request(csp="csp_south"))
    assert (finished.outcome, finished.attempts) == ("answered", 2)
    assert finished.latency_s == TIMEOUT_S + SPACING_S + 2.0
    assert bench.head_end.counts == {"duplicate": 1}


def test_each_block_of_an_answer_starts_the_time_out_anew_and_its_bytes_count() -> None:
    bench = Bench()

    def in_blocks(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
        for step in range(1, 5):
            at = now + step * (TIMEOUT_S - 1.0)
            bench.kernel.schedule(at, partial(bench.head_end.block, request.id, at, down=53, up=1000))
        return [(5 * (TIMEOUT_S - 1.0), frame) for frame in esme.receive(sent.command, now)]

    bench.script = in_blocks
    finished = played(bench, bench.request(csp="csp_south"))
    assert (finished.outcome, finished.attempts, finished.bytes_up) == ("answered", 1, 4000)
    assert finished.bytes_down == len(bench.sent[0][2].command) + 4 * 53


def test_blocks_that_stop_coming_end_the_attempt_a_time_out_later() -> None:
    bench = Bench()

    def in_blocks(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
        bench.kernel.schedule(now + 100.0, partial(bench.head_end.block, request.id, now + 100.0, up=1000))
        return []

    bench.script = in_blocks
    finished = played(bench, bench.request(csp="csp_south"))
    sent_at = [at for at, *_ in bench.sent]
    assert (finished.outcome, finished.attempts, finished.bytes_up) == ("failed", 3, 3000)
    assert [b - a for a, b in pairwise(sent_at)] == [100.0 + TIMEOUT_S + SPACING_S] * 2


def test_an_answer_between_time_out_and_retry_stops_the_retry() -> None:
    def late(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
        return [(TIMEOUT_S + 10.0, frame) for frame in esme.receive(sent.command, now)]

    bench = Bench(late)
    finished = played(bench, bench.request(csp="csp_south"))
    assert (finished.outcome, finished.attempts, len(bench.sent)) == ("answered", 1, 1)


# ---------------------------------------------------------------------- what is no answer


def test_duplicates_are_counted_and_change_nothing() -> None:
    def twice(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
        [frame] = esme.receive(sent.command, now)
        return [(4.0, frame), (5.0, frame), (9000.0, frame)]

    bench = Bench(twice)
    assert played(bench, bench.request()).outcome == "answered"
    assert bench.head_end.counts == {"duplicate": 2}


def test_a_wrong_mac_answers_nothing() -> None:
    def forged(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
        [frame] = esme.receive(sent.command, now)
        broken = frame[:-1] + bytes((frame[-1] ^ 1,))
        return [(3.0, broken)] if attempt == 1 else [(4.0, frame)]

    bench = Bench(forged)
    finished = played(bench, bench.request(csp="csp_south"))
    assert (finished.outcome, finished.attempts) == ("answered", 2)
    assert bench.head_end.counts == {"wrong_mac": 1}


def test_the_answer_to_another_command_answers_nothing() -> None:
    bench = Bench(silent)
    request = bench.request(csp="csp_south")
    bench.head_end.submit(request, request.due_at)
    user = request.user.eui
    other = bench.acb.command(
        request.use_case, request.role, user, request.device, request.due_at, request.first, request.last
    )
    [frame] = bench.meter(request.premises).receive(other.command, request.due_at)
    bench.head_end.receive(frame, request.id, request.due_at + 5.0)
    assert bench.head_end.counts == {"malformed": 1} and bench.head_end.waiting == 1


def test_an_answer_for_a_request_that_never_was_is_counted() -> None:
    bench = Bench()
    bench.head_end.receive(b"", 4711, 0.0)
    assert bench.head_end.counts == {"unknown": 1} and not bench.finished


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bytes_crash_it_or_pass_for_an_answer(data: st.DataObject) -> None:
    bench = _FUZZED
    request = replace(_REQUEST, id=next(bench.ids))
    bench.head_end.submit(request, request.due_at)
    sent = bench.sent[-1][2]
    [frame] = bench.meter(request.premises).receive(sent.command, request.due_at)
    position = data.draw(st.integers(0, len(frame) - 1))
    junk = data.draw(st.binary(max_size=40) | st.just(frame[:position]))
    flipped = frame[:position] + bytes((frame[position] ^ data.draw(st.integers(1, 255)),)) + frame[position + 1 :]
    before = bench.head_end.counts.total()
    for bad in (junk, flipped):
        bench.head_end.receive(bad, request.id, request.due_at + 1.0)
    assert bench.head_end.counts.total() == before + 2 and bench.head_end.waiting == 1
    bench.head_end.receive(frame, request.id, request.due_at + 2.0)
    assert bench.head_end.waiting == 0 and bench.finished[-1].outcome == "answered"


_FUZZED = Bench(silent)
_REQUEST = _FUZZED.request()


def test_an_error_of_the_meter_is_an_outcome_with_its_name() -> None:
    class Faulty:
        def read(self, *_: object) -> NoReturn:
            raise AccessRefused(ResultCode.HARDWARE_FAULT)

    bench = Bench(premises=400)
    request = bench.request("4.8.3", "ES")
    bench.meter(request.premises).objects = Faulty()
    finished = played(bench, request)
    assert (finished.outcome, finished.leg, finished.attempts) == ("error", "esme", 1)
    assert finished.reason == "the meter answered result code 1 (hardware fault)"
    assert not finished.within_trt and finished.rows == 0 and finished.latency_s == 4.0 and finished.bytes_up > 0


# ---------------------------------------------------------------------- stop rules


def north(bench: Bench, seconds: float, **differences: Any) -> ServiceRequest:
    """A settlement read in the North that is due at so many seconds of its day."""
    request = bench.request(csp="csp_north", for_settlement=True)
    return replace(request, due_at=request.day + DAY_S + seconds, **differences)


@pytest.mark.parametrize(("clock", "attempts"), [(20.0, 3), (22.5, 2), (23.0, 2), (23.1, 1), (23.9, 1)])
def test_the_north_stops_settlement_retries_before_midnight(clock: float, attempts: int) -> None:
    """An attempt takes 15 minutes and 30 more pass before the next: none may time out after 24:00."""
    bench = Bench(silent)
    request = north(bench, clock * 3600)
    finished = played(bench, request)
    assert len(bench.sent) == finished.attempts == attempts
    midnight = request.day + 2 * DAY_S
    assert all(when + 900.0 <= midnight for when, _, _, attempt in bench.sent if attempt > 1)
    if attempts < 3:
        plural = "s" if attempts > 1 else ""
        assert finished.reason == f"no answer after {attempts} attempt{plural}, no time for another"


def test_midnight_stops_neither_other_reads_in_the_north_nor_the_south() -> None:
    bench = Bench(silent)
    request = north(bench, 23.5 * 3600)
    assert played(bench, replace(request, for_settlement=False)).attempts == 3
    bench = Bench(silent)
    south = bench.request(csp="csp_south", for_settlement=True)
    assert played(bench, replace(south, due_at=south.day + DAY_S + 23.5 * 3600)).attempts == 3


def test_no_attempt_outlives_the_stop_after_a_day() -> None:
    bench = Bench(silent, retry={"csp_south": {"attempts": 100}})
    request = bench.request(csp="csp_south")
    finished = played(bench, request)
    assert finished.attempts == int((86400 - TIMEOUT_S) // (TIMEOUT_S + SPACING_S)) + 1 == 72
    assert all(when + TIMEOUT_S <= request.due_at + DAY_S for when, *_ in bench.sent)


def test_an_answer_after_the_target_is_not_within_it() -> None:
    for delay_s, within in ((30.0, True), (30.1, False)):

        def slow(r: ServiceRequest, sent: Sent, n: int, now: float, esme: Esme, delay_s: float = delay_s) -> Answers:
            return [(delay_s, frame) for frame in esme.receive(sent.command, now)]

        bench = Bench(slow)
        request = replace(bench.request(for_settlement=False), mode="on_demand", trt_s=30.0)
        finished = played(bench, request)
        assert (finished.outcome, finished.within_trt) == ("answered", within)


# ---------------------------------------------------------------------- windows, rates, refusals, follow-ups


@pytest.mark.parametrize(
    ("role", "seconds", "sent"), [("MDR", 6.5, 7.0), ("MDR", 7.0, 7.0), ("MDR", 20.5, 31.0), ("IS", 20.5, 20.5)]
)
def test_on_demand_requests_of_a_data_retriever_wait_for_the_window(role: str, seconds: float, sent: float) -> None:
    bench = Bench(premises=200)
    request = bench.request(role=role, csp="csp_south", for_settlement=True)
    midnight = request.day + DAY_S
    finished = played(bench, replace(request, mode="on_demand"), at=midnight + seconds * 3600)
    assert finished.sent_at == midnight + sent * 3600
    assert finished.latency_s == (sent - seconds) * 3600 + 4.0, "waiting counts"


def test_a_rate_limit_spreads_a_burst_and_lets_short_targets_go_first() -> None:
    bench = Bench(rates={"csp_south": {"per_s": 2.0, "burst": 1}})
    ready = [r for r in bench.plan.requests() if r.csp == "csp_south" and r.srv == "4.8.1" and r.role == "IS"][:8]
    assert len(ready) == 8
    at = max(request.due_at for request in ready)
    bench.kernel.now = at
    for number, request in enumerate(ready):
        bench.head_end.submit(replace(request, mode="on_demand", for_settlement=number < 5), at)
    bench.kernel.run()
    assert [round((when - at) * 2) for when, *_ in bench.sent] == list(range(8))
    assert [request.id for _, request, *_ in bench.sent] == [ready[place].id for place in (0, 5, 6, 7, 1, 2, 3, 4)]
    assert [finished.outcome for finished in bench.finished] == ["answered"] * 8
    assert max(finished.latency_s or 0 for finished in bench.finished) == pytest.approx(7.5)


def test_a_rate_limit_holds_no_repeat_back_until_it_is_past_its_stop() -> None:
    """The repeat falls due in time, but others with shorter targets go first until it would end after midnight."""
    bench = Bench(silent, rates={"csp_north": {"per_s": 0.01, "burst": 1}}, premises=400)
    ready = [r for r in bench.plan.requests() if r.csp == "csp_north" and r.role == "IS" and r.srv == "4.8.1"][:9]
    request, *others = (replace(one, mode="on_demand") for one in ready)
    midnight = request.day + 2 * DAY_S
    due_at = midnight - 900.0 - 300.0
    bench.kernel.now = due_at - 2700.0
    bench.head_end.submit(replace(request, for_settlement=True), bench.kernel.now)
    bench.kernel.run(until=due_at - 1.0)
    for other in others:
        bench.head_end.submit(replace(other, for_settlement=False), due_at - 1.0)
    bench.kernel.run()
    [finished] = [one for one in bench.finished if one.request.id == request.id]
    assert (finished.outcome, finished.attempts) == ("failed", 1)
    assert finished.reason == "no answer after 1 attempt, no time for another"


def test_a_refusal_finishes_the_request_at_once() -> None:
    scenario = smets2_only(premises=400)
    shares = scenario.population.model_dump() | {"mdr_import_share": 1.0}
    bench = Bench(scenario=load_scenario(premises=400, population=shares))
    request = bench.request("4.1.1", "MDR")
    reason = "GBCS 4.3 gives role MDR no access to ECS17b (SRV 4.1.1)"
    assert bench.head_end.submit(request, request.due_at) == Refusal(request.id, request.due_at, reason)
    [finished] = bench.finished
    assert (finished.outcome, finished.reason, finished.leg, finished.attempts) == ("refused", reason, "dsp", 0)
    assert finished.sent_at is None and not bench.sent and bench.head_end.waiting == 0


def test_the_same_number_cannot_be_open_twice() -> None:
    bench = Bench(silent)
    request = bench.request()
    bench.head_end.submit(request, request.due_at)
    with pytest.raises(LocalError, match=f"request {request.id} is open already"):
        bench.head_end.submit(request, request.due_at)


def test_follow_ups_are_on_demand_numbered_and_end() -> None:
    bench = Bench(silent)
    request = bench.request(csp="csp_south", for_settlement=False)
    sf_at = request.day + 9.0 * DAY_S
    now, made = request.due_at + 3600.0, []
    latest: ServiceRequest | None = request
    while (latest := bench.head_end.re_request(latest, now, sf_at)) is not None:
        made.append(latest)
        now = latest.due_at
    assert [one.follow_up for one in made] == [1, 2, 3, 4, 5]
    assert len({one.id for one in made} | {request.id}) == 6
    assert {(one.mode, one.trt_s, one.first, one.user) for one in made} == {
        ("on_demand", 5600, request.first, request.user)
    }
    assert [b.due_at - a.due_at for a, b in pairwise(made)] == [21600.0] * 4
    for one in made:
        assert one.phase == ("D+1" if one.due_at < request.day + 2 * DAY_S else "SF")
    assert {one.phase for one in made} == {"D+1", "SF"}


def test_no_follow_up_is_due_at_or_after_the_checkpoint() -> None:
    bench = Bench(silent)
    request = bench.request(csp="csp_south")
    now = request.due_at
    assert bench.head_end.re_request(request, now, now + 21600.0) is None
    assert bench.head_end.re_request(request, now, now + 21600.5) is not None


# ---------------------------------------------------------------------- whatever the network does


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from([1.0, 250.0, 700.0, 1300.0, 99999.0]), max_size=3), min_size=3, max_size=3))
def test_every_request_ends_once_and_every_frame_is_accounted_for(delays: list[list[float]]) -> None:
    def script(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
        [frame] = esme.receive(sent.command, now)
        return [(delay_s, frame) for delay_s in delays[attempt - 1]]

    bench = Bench(script)
    request = bench.request(csp="csp_south")
    finished = played(bench, request)
    delivered = sum(len(delays[attempt - 1]) for _, _, _, attempt in bench.sent)
    counts = bench.head_end.counts
    assert set(counts) <= {"late", "duplicate"}
    assert counts.total() + (finished.outcome == "answered") == delivered
    arrivals = [when - request.due_at + s for when, _, _, attempt in bench.sent for s in delays[attempt - 1]]
    in_time = [s for s in arrivals if s <= 3 * TIMEOUT_S + 2 * SPACING_S]
    if finished.outcome == "answered":
        assert finished.latency_s == pytest.approx(min(arrivals))
    else:
        assert not in_time and finished.attempts == 3
