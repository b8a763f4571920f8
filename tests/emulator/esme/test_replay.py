"""The replay guard against a plain model: the set of everything accepted, of which the last few count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.device.replay import Freshness, ReplayGuard

WINDOWS = st.sampled_from([1, 2, 7, 64, 200])
COUNTERS = st.lists(st.integers(0, 300) | st.integers(2**63, 2**63 + 300), max_size=60)
PARTIES = (b"a", b"b")


@given(WINDOWS, st.lists(st.tuples(st.sampled_from(PARTIES), st.integers(0, 300) | st.just(2**64 - 1)), max_size=80))
def test_a_counter_is_taken_once_and_not_below_the_window(window: int, arrivals: list[tuple[bytes, int]]) -> None:
    guard, accepted = ReplayGuard(window), {party: set[int]() for party in PARTIES}
    for party, counter in arrivals:
        seen = accepted[party]
        fresh = counter not in seen and (len(seen) < window or counter > sorted(seen)[-window])
        assert guard.check(party, counter, b"command") is (Freshness.NEW if fresh else Freshness.REPLAY)
        if fresh:
            guard.accept(party, counter)
            seen.add(counter)


@given(WINDOWS, COUNTERS)
def test_checking_records_nothing(window: int, counters: list[int]) -> None:
    guard = ReplayGuard(window)
    for counter in counters:
        assert guard.check(b"a", counter, b"") is Freshness.NEW


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30, unique=True))
def test_identical_bytes_are_a_resend_while_the_answer_is_kept(counters: list[int]) -> None:
    guard = ReplayGuard(64)
    for counter in counters:
        guard.accept(b"a", counter)
        guard.keep(b"a", counter, b"%d" % counter, b"answer %d" % counter)
    kept = counters[-4:]
    for counter in counters:
        verdict = guard.check(b"a", counter, b"%d" % counter)
        assert verdict is (Freshness.RESEND if counter in kept else Freshness.REPLAY)
        assert guard.check(b"a", counter, b"other bytes") is Freshness.REPLAY
    assert [guard.answer(b"a", counter) for counter in kept] == [b"answer %d" % counter for counter in kept]


def test_an_answer_kept_under_one_originator_is_nobody_elses() -> None:
    guard = ReplayGuard()
    guard.accept(b"a", 5)
    guard.keep(b"a", 5, b"command", b"answer")
    assert guard.check(b"b", 5, b"command") is Freshness.NEW


def test_time_stamps_that_overtake_each_other_by_hours_are_no_attack() -> None:
    guard = ReplayGuard(8)
    late, hour_ms = 848_000_000_000, 3_600_000
    for number in (0, 3, 2, 5, 1, 4):
        assert guard.check(b"a", late + number * hour_ms, b"") is Freshness.NEW
        guard.accept(b"a", late + number * hour_ms)
    assert guard.check(b"a", late + 4 * hour_ms, b"") is Freshness.REPLAY


@given(st.integers(0, 1000), st.lists(st.integers(0, 1000), max_size=10))
def test_a_raised_floor_uses_up_everything_below(floor: int, counters: list[int]) -> None:
    guard = ReplayGuard(64)
    for counter in counters:
        if guard.check(b"a", counter, b"") is Freshness.NEW:
            guard.accept(b"a", counter)
    guard.raise_floor(b"a", floor)
    for counter in range(0, 1002, 7):
        fresh = counter > floor and counter not in counters
        assert guard.check(b"a", counter, b"") is (Freshness.NEW if fresh else Freshness.REPLAY)
