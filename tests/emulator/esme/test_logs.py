"""Logs: how deep they are, when a row comes, which rows a range holds, what power cuts and firmware take from them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_meter import energy

from emulator.esme.logs import ASSUMPTIONS, DEFAULT_SETTINGS, DEPTHS, LogSettings, MeterLogs, log_channels
from emulator.esme.overrides import ALL_LOGS
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, MAX_INSTANT

NOW = 9825 * DAY_S + 6 * 3600 + 5
HALF_HOURLY = ("profile_active_import", "profile_reactive_import", "profile_export")
DAILY = ("daily_read_import", "daily_read_export", "daily_consumption")


def logs(settings: LogSettings = DEFAULT_SETTINGS, **made: object) -> MeterLogs:
    return MeterLogs(energy(2, **made), settings)  # type: ignore[arg-type]


def stamps(of: MeterLogs, log: str, first: int = 0, last: int = MAX_INSTANT, now: float = NOW) -> list[int]:
    return [int(stamp) for stamp in of.rows(log, first, last, now)[:, 0]]


@pytest.mark.parametrize(("log", "depth"), DEPTHS.items())
def test_a_log_holds_its_depth_of_consecutive_rows(log: str, depth: int) -> None:
    step = HALF_HOUR_S if log in HALF_HOURLY else DAY_S
    found = stamps(logs(), log)
    assert len(found) == depth
    newest = NOW // step * step
    assert found == list(range(newest - (depth - 1) * step, newest + 1, step))


def test_the_depths_are_13_months_3_months_31_and_731_days() -> None:
    assert {log: depth / (48 if log in HALF_HOURLY else 1) for log, depth in DEPTHS.items()} == {
        "profile_active_import": 397,
        "profile_reactive_import": 93,
        "profile_export": 93,
        "daily_read_import": 31,
        "daily_read_export": 31,
        "daily_consumption": 731,
    }


@pytest.mark.parametrize("log", DEPTHS)
def test_a_row_comes_a_capture_delay_after_its_stamp(log: str) -> None:
    midnight = 9825 * DAY_S
    slow = logs(replace(DEFAULT_SETTINGS, capture_delay_s=5.0))
    seen = [
        midnight in stamps(slow, log, midnight, midnight, midnight + after) for after in (-1.0, 0.0, 4.9, 5.0, 60.0)
    ]
    assert seen == [False, False, False, True, True]
    assert midnight in stamps(logs(replace(DEFAULT_SETTINGS, capture_delay_s=0.0)), log, now=midnight)


@settings(max_examples=50)
@given(st.sampled_from(sorted(DEPTHS)), st.integers(-200_000, 20_000), st.integers(-50_000, 200_000))
def test_both_bounds_are_inclusive_and_need_not_fall_on_rows(log: str, before: int, span: int) -> None:
    first = NOW + before
    last = first + span
    step = HALF_HOUR_S if log in HALF_HOURLY else DAY_S
    expected = [stamp for stamp in range(first, min(last, NOW - 1) + 1) if stamp % step == 0] if span >= 0 else []
    assert stamps(logs(), log, first, last) == expected


@pytest.mark.parametrize("log", DEPTHS)
def test_a_young_meter_has_no_rows_from_before_it(log: str) -> None:
    commissioned = 9820 * DAY_S + 7 * HALF_HOUR_S
    found = stamps(logs(commissioned_at=commissioned), log)
    step = HALF_HOUR_S if log in HALF_HOURLY else DAY_S
    assert found[0] == commissioned // step * step + step
    assert found[-1] == NOW // step * step
    assert stamps(logs(commissioned_at=commissioned), log, now=commissioned) == []


def test_the_first_days_consumption_is_that_after_commissioning() -> None:
    commissioned = 9820 * DAY_S + 40 * HALF_HOUR_S
    of = logs(commissioned_at=commissioned)
    rows = of.rows("daily_consumption", 0, MAX_INSTANT, NOW)
    assert rows[0].tolist() == [9821 * DAY_S, of.energy.register("active_import", 9821 * DAY_S)]


@pytest.mark.parametrize("twin", [False, True])
def test_columns_are_those_of_the_channels(twin: bool) -> None:
    of = logs(twin=twin)
    widths = {log: of.rows(log, NOW - 2 * DAY_S, NOW, NOW).shape[1] for log in DEPTHS}
    assert widths == {
        "profile_active_import": 3 if twin else 2,
        "profile_reactive_import": 2,
        "profile_export": 3,
        "daily_read_import": 87 if twin else 82,
        "daily_read_export": 2,
        "daily_consumption": 2,
    }
    assert [len(log_channels(log, twin)) + 1 for log in HALF_HOURLY] == [widths[log] for log in HALF_HOURLY]
    # an empty range has the same columns, so that its type does not change
    assert {log: of.rows(log, NOW + DAY_S, NOW, NOW).shape for log in DEPTHS} == {
        log: (0, width) for log, width in widths.items()
    }


def test_dropped_rows_are_missing_from_their_log_and_the_registers_stay() -> None:
    of, first = logs(), 9824 * DAY_S + 10 * HALF_HOUR_S
    register = of.energy.register("active_import", NOW)
    of.drop("profile_active_import", first, first + HALF_HOUR_S)
    range_ = (first - HALF_HOUR_S, first + 2 * HALF_HOUR_S)
    assert stamps(of, "profile_active_import", *range_) == [range_[0], range_[1]]
    assert len(stamps(of, "profile_export", *range_)) == 4
    assert of.energy.register("active_import", NOW) == register
    of.drop(ALL_LOGS, 9825 * DAY_S, 9825 * DAY_S)
    assert all(9825 * DAY_S not in stamps(of, log) for log in DEPTHS)


def test_dropping_takes_only_stamps_inside_its_bounds() -> None:
    of, at = logs(), 9824 * DAY_S
    of.drop("profile_export", at - 1, at + 1)
    assert of.energy.overrides is not None and of.energy.overrides.missing == {"profile_export": {at}}
    with pytest.raises(LocalError, match="'profile_gas' is no log"):
        of.drop("profile_gas", at, at)


def test_a_power_cut_leaves_rows_unless_the_firmware_loses_them() -> None:
    back = 9824 * DAY_S + 7 * HALF_HOUR_S
    good, bad = logs(), logs(replace(DEFAULT_SETTINGS, rows_lost_after_power_cut=2))
    for of in (good, bad):
        of.energy.power_cut(back - 5000, back - 600)
    asked = ("profile_active_import", back - 3 * HALF_HOUR_S, back + 3 * HALF_HOUR_S)
    assert len(stamps(good, *asked)) == 7
    assert set(stamps(good, *asked)) - set(stamps(bad, *asked)) == {back, back + HALF_HOUR_S}
    dark = good.rows("profile_active_import", back - 2 * HALF_HOUR_S, back - HALF_HOUR_S, NOW)
    assert dark[:, 1].tolist()[1] == 0
    assert stamps(good, "daily_read_import") == stamps(bad, "daily_read_import")


def test_a_long_power_cut_may_empty_the_half_hourly_logs_once_it_is_over() -> None:
    of = logs(replace(DEFAULT_SETTINGS, cleared_by_power_cut_s=3600.0))
    ends = 9824 * DAY_S
    of.energy.power_cut(ends - 3000, ends - 1000)
    assert len(stamps(of, "profile_active_import")) == DEPTHS["profile_active_import"]
    of.energy.power_cut(ends - 3600, ends)
    assert stamps(of, "profile_active_import")[0] == ends
    assert stamps(of, "profile_active_import", now=ends - 1)[-1] == ends - HALF_HOUR_S
    assert len(stamps(of, "daily_consumption")) == DEPTHS["daily_consumption"]


def test_names_that_are_no_logs_are_named() -> None:
    with pytest.raises(LocalError, match=r"'profile_gas' is no log .*profile_export"):
        logs().rows("profile_gas", 0, NOW, NOW)
    with pytest.raises(LocalError, match="'daily_read_import' is no half-hourly log"):
        log_channels("daily_read_import", twin=False)


def test_assumptions_of_the_logs_are_named() -> None:
    assert all(mark in "HMLA" and source for _, _, mark, source in ASSUMPTIONS)
