"""The meter's clock: drift, comparison with the hub, tolerance, silence of the hub; a pure function of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.esme.device_clock import PERFECT, ClockSettings, DeviceClock, TimeStatus
from gbcs.errors import LocalError
from gbcs.times import DAY_S

START = 9000 * DAY_S
SLOW = ClockSettings(drift_ppm=-40, resync_interval_s=2 * DAY_S)


def error(clock: DeviceClock, now: float) -> float:
    return clock.reads(now) - now


@given(st.floats(0, 4e9))
def test_a_perfect_clock_shows_the_time(now: float) -> None:
    assert DeviceClock(PERFECT).reads(now) == now


def test_a_slow_clock_falls_behind_until_it_is_put_right() -> None:
    clock = DeviceClock(SLOW, set_at=START)
    assert error(clock, START + DAY_S) == pytest.approx(-3.456)
    assert error(clock, START + 2 * DAY_S - 1) == pytest.approx(-6.912, abs=1e-3)
    assert error(clock, START + 2 * DAY_S) == pytest.approx(0, abs=1e-6)
    assert error(clock, START + 101 * DAY_S) == pytest.approx(-3.456)
    assert clock.drift_ppm == pytest.approx(-40)


@given(st.integers(0, 2**64 - 1), st.integers(1, 1000))
def test_every_meter_has_a_drift_and_a_comparison_error_of_its_own(seed: int, day: int) -> None:
    settings = ClockSettings(drift_ppm=5, drift_spread_ppm=10, resync_error_s=0.5)
    clock, again = DeviceClock(settings, seed, START), DeviceClock(settings, seed, START)
    assert -5 <= clock.drift_ppm <= 15
    now = START + day * DAY_S + 5
    assert clock.reads(now) == again.reads(now)
    assert abs(error(clock, START + day * DAY_S)) <= 0.5 + 1e-6
    assert abs(error(clock, now + 40_000)) <= 0.5 + 15e-6 * DAY_S


def test_meters_of_one_firmware_differ() -> None:
    settings = ClockSettings(drift_spread_ppm=10)
    assert len({DeviceClock(settings, seed).drift_ppm for seed in range(50)}) == 50


def test_a_clock_beyond_the_tolerance_is_kept_or_corrected() -> None:
    kept = DeviceClock(PERFECT, set_at=START, offset_s=30)
    corrected = DeviceClock(ClockSettings(beyond_tolerance="correct"), set_at=START, offset_s=30)
    assert (error(kept, START + 10 * DAY_S), error(corrected, START + 10 * DAY_S)) == (30, 0)
    assert error(corrected, START + DAY_S - 1) == 30
    assert kept.status(START + DAY_S - 1) is TimeStatus.RELIABLE
    assert kept.status(START + DAY_S) is TimeStatus.UNRELIABLE
    assert corrected.status(START + 10 * DAY_S) is TimeStatus.RELIABLE


def test_a_drift_that_outruns_the_tolerance_leaves_the_clock_to_itself() -> None:
    clock = DeviceClock(ClockSettings(drift_ppm=200), set_at=START)
    assert error(clock, START + 10 * DAY_S) == pytest.approx(172.8)
    assert clock.status(START + 10 * DAY_S) is TimeStatus.UNRELIABLE


def test_setting_the_clock_makes_it_right_again() -> None:
    clock = DeviceClock(ClockSettings(drift_ppm=200), set_at=START)
    clock.set(START + 10 * DAY_S, offset_s=0.25)
    assert error(clock, START + 10 * DAY_S) == 0.25
    assert clock.status(START + 10 * DAY_S) is TimeStatus.RELIABLE
    assert clock.next_resync(START + 10 * DAY_S) == START + 11 * DAY_S


def test_a_silent_hub_lets_the_clock_run_on() -> None:
    clock = DeviceClock(ClockSettings(drift_ppm=-20), set_at=START)
    clock.hub_silent(START + DAY_S - 10, START + 3 * DAY_S + 10)
    assert error(clock, START + 3 * DAY_S + 100) == pytest.approx(-20e-6 * (3 * DAY_S + 100))
    assert error(clock, START + 4 * DAY_S) == pytest.approx(0, abs=1e-6)
    assert clock.next_resync(START) == START + 4 * DAY_S
    assert clock.status(START + 3 * DAY_S + 100) is TimeStatus.UNRELIABLE
    assert clock.status(START + 4 * DAY_S) is TimeStatus.RELIABLE


def test_silences_that_touch_are_one_and_silences_between_comparisons_are_none() -> None:
    clock = DeviceClock(SLOW, set_at=START)
    clock.hub_silent(START + 10, START + 20)
    assert clock.next_resync(START) == START + 2 * DAY_S
    for first in (4, 2):
        clock.hub_silent(START + first * DAY_S, START + first * DAY_S + 1)
    assert clock.next_resync(START + 1) == START + 6 * DAY_S


def test_after_a_long_silence_a_drifted_clock_is_not_taken_back() -> None:
    clock = DeviceClock(ClockSettings(drift_ppm=-50), set_at=START)
    clock.hub_silent(START + 5 * DAY_S, START + 8 * DAY_S)
    late = START + 9 * DAY_S
    assert error(clock, late) == pytest.approx(-50e-6 * 5 * DAY_S)
    assert clock.status(late) is TimeStatus.UNRELIABLE


@given(st.integers(0, 400 * DAY_S))
def test_the_next_comparison_is_ahead_and_at_most_an_interval_away(since: int) -> None:
    clock = DeviceClock(SLOW, set_at=START)
    assert 0 < clock.next_resync(START + since) - (START + since) <= 2 * DAY_S


@pytest.mark.parametrize("interval", [0.0, -1.0, float("nan")])
def test_an_interval_that_cannot_be_is_refused(interval: float) -> None:
    with pytest.raises(LocalError, match="resync_interval_s must be above 0"):
        DeviceClock(ClockSettings(resync_interval_s=interval))
