"""The half-hourly log: bounds of a window, how far back it reaches, what a power cut leaves."""

from __future__ import annotations

import pytest

from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.examples.windows import half_hours, last_whole_day, stamps
from rigs.pytest_plugin.emulated import EmulatedEsme
from rigs.pytest_plugin.under_test import BenchClock, EsmeUnderTest

NOTHING_FOUND = 250
"""The highest result code; a meter may refuse a window without rows, or answer no rows."""


def rows_read(esme: EsmeUnderTest, first: int, last: int) -> list[int]:
    """The stamps that a window brings; none too where the meter refuses it."""
    values = esme.read("ECS22b", first, last).values
    assert 0 <= values.code <= NOTHING_FOUND
    return [] if values.rows is None else values.rows[:, 0].tolist()


def test_both_bounds_belong_to_the_window(esme: EsmeUnderTest, clock: BenchClock) -> None:
    first, _ = half_hours(last_whole_day(clock.now))
    last = first + 3 * HALF_HOUR_S
    assert rows_read(esme, first, last) == stamps(first, last)
    assert rows_read(esme, first + 1, last) == stamps(first, last)[1:]
    assert rows_read(esme, first, last - 1) == stamps(first, last)[:-1]


def test_one_row_can_be_asked_for(esme: EsmeUnderTest, clock: BenchClock) -> None:
    first, _ = half_hours(last_whole_day(clock.now))
    assert rows_read(esme, first, first) == [first]


@pytest.mark.parametrize("window", [(1, HALF_HOUR_S - 1), (2 * DAY_S, 3 * DAY_S)], ids=["between rows", "to come"])
def test_a_window_without_rows_brings_none(esme: EsmeUnderTest, clock: BenchClock, window: tuple[int, int]) -> None:
    start = last_whole_day(clock.now) + (3 * DAY_S if window[0] > 1 else 0)
    assert rows_read(esme, start + window[0], start + window[1]) == []


def test_bounds_in_the_wrong_order_bring_nothing(esme: EsmeUnderTest, clock: BenchClock) -> None:
    first, last = half_hours(last_whole_day(clock.now))
    assert rows_read(esme, last, first) == []


def test_windows_that_overlap_agree(esme: EsmeUnderTest, clock: BenchClock) -> None:
    first, last = half_hours(last_whole_day(clock.now))
    early = esme.read("ECS22b", first, last - 10 * HALF_HOUR_S).values.rows
    late = esme.read("ECS22b", first + 10 * HALF_HOUR_S, last).values.rows
    assert early is not None and late is not None
    assert (early[10:] == late[:28]).all()


@pytest.mark.capability("full_log")
def test_thirteen_months_are_kept_and_no_more(esme: EsmeUnderTest, clock: BenchClock) -> None:
    depth_s = esme.firmware.logs.profile_active_import.value * HALF_HOUR_S
    newest = int(clock.now) // HALF_HOUR_S * HALF_HOUR_S
    oldest = newest - depth_s + 2 * HALF_HOUR_S
    assert rows_read(esme, oldest, oldest + HALF_HOUR_S) == [oldest, oldest + HALF_HOUR_S]
    assert rows_read(esme, oldest - DAY_S, oldest - 4 * HALF_HOUR_S) == []


@pytest.mark.capability("virtual_time", "power_cut")
@pytest.mark.known_deviation("drop_rows_after_power_cut")
def test_a_power_cut_leaves_no_gap(esme: EmulatedEsme, clock: BenchClock) -> None:
    first = (int(clock.now) // HALF_HOUR_S + 1) * HALF_HOUR_S
    last = first + 5 * HALF_HOUR_S
    esme.cut_power(lasts_s=3 * HALF_HOUR_S)
    clock.advance(last + 60 - clock.now)
    assert rows_read(esme, first, last) == stamps(first, last)
