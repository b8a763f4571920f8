"""The reads of half-hourly settlement: complete, in order, and in agreement with one another."""

from __future__ import annotations

import pytest

from gbcs.framing import decode
from gbcs.times import DAY_S, clock_status, from_cosem, iso
from rigs.examples.windows import half_hours, last_whole_day, stamps
from rigs.pytest_plugin.under_test import BenchClock, EsmeUnderTest

WATT_HOURS, VAR_HOURS = 30, 32
CLOCK_TOLERANCE_S = 10
"""How far a meter's clock may be from UTC."""
DOUBTFUL = 0x03
"""Bits of the clock status that say the time is invalid or in doubt; 0xFF stands for "not specified"."""


def test_a_day_of_import_has_48_half_hours_in_order(esme: EsmeUnderTest, clock: BenchClock) -> None:
    first, last = half_hours(last_whole_day(clock.now))
    values = esme.read("ECS22b", first, last).values
    assert values.code == 0 and values.rows is not None
    assert values.rows[:, 0].tolist() == stamps(first, last)


def test_a_day_of_export_is_read_by_the_network_operator(esme: EsmeUnderTest, clock: BenchClock) -> None:
    first, last = half_hours(last_whole_day(clock.now))
    values = esme.read("ECS22a", first, last, role="NO").values
    assert values.code == 0 and values.rows is not None
    assert values.rows[:, 0].tolist() == stamps(first, last)
    assert values.rows.shape[1] == 3, "a stamp, active export and reactive export"


def test_registers_are_in_watt_hours_and_never_fall(esme: EsmeUnderTest, clock: BenchClock) -> None:
    before = esme.read("ECS17b").values.registers
    clock.advance(1.0)
    after = esme.read("ECS17b").values.registers
    assert [unit for _, _, unit in before[:2]] == [WATT_HOURS, VAR_HOURS]
    assert len(before) == len(after)
    assert all(later[0] >= earlier[0] for earlier, later in zip(before, after, strict=True))


def test_half_hours_add_up_to_the_daily_reads(esme: EsmeUnderTest, clock: BenchClock) -> None:
    day = last_whole_day(clock.now)
    daily = esme.read("ECS21a", day, day + DAY_S).values.rows
    half_hourly = esme.read("ECS22b", *half_hours(day)).values.rows
    assert daily is not None and half_hourly is not None
    assert daily[:, 0].tolist() == [day, day + DAY_S]
    assert int(daily[1, 1]) - int(daily[0, 1]) == int(half_hourly[:, 1].sum())


def test_a_data_retriever_reads_through_the_broker(esme: EsmeUnderTest, clock: BenchClock) -> None:
    """The meter does not know the retriever: it encrypts to the certificate that comes in the command."""
    window = half_hours(last_whole_day(clock.now))
    supplier, retriever = esme.read("ECS22b", *window), esme.read("ECS22b", *window, role="MDR")
    assert supplier.values.rows is not None and retriever.values.rows is not None
    assert (supplier.values.rows == retriever.values.rows).all()
    assert retriever.sent.originator == esme.head_end.acb


def test_the_meter_knows_the_time(esme: EsmeUnderTest, clock: BenchClock) -> None:
    shown = decode(esme.read("ECS17b").answer).date_time
    status = clock_status(shown)
    assert abs(from_cosem(shown) - clock.now) <= CLOCK_TOLERANCE_S, iso(from_cosem(shown))
    assert status == 0xFF or not status & DOUBTFUL


@pytest.mark.capability("twin_element")
def test_a_twin_element_meter_shows_both_elements(esme: EsmeUnderTest, clock: BenchClock) -> None:
    day = last_whole_day(clock.now)
    half_hourly = esme.read("ECS22b", *half_hours(day)).values.rows
    daily = esme.read("ECS21a", day, day + DAY_S).values.rows
    assert half_hourly is not None and half_hourly.shape == (48, 3)
    assert daily is not None
    for element in (1, 2):
        assert int(daily[1, element]) - int(daily[0, element]) == int(half_hourly[:, element].sum())
