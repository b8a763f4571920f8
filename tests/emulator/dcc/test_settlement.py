"""Local settlement days and the UTC days that hold them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.dcc import settlement
from emulator.dcc.settlement import SettlementDay, settlement_date, settlement_days, utc_day_bounds
from gbcs.errors import LocalError
from gbcs.times import from_datetime

DAYS = st.dates(date(2020, 1, 1), date(2037, 12, 30))


def at(text: str) -> int:
    return int(from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC)))


@pytest.mark.parametrize(
    ("day", "periods", "first", "last", "utc_days"),
    [
        ("2026-11-23", 48, "2026-11-23T00:30", "2026-11-24T00:00", ["2026-11-23"]),
        ("2026-07-01", 48, "2026-06-30T23:30", "2026-07-01T23:00", ["2026-06-30", "2026-07-01"]),
        ("2026-03-29", 46, "2026-03-29T00:30", "2026-03-29T23:00", ["2026-03-29"]),
        ("2026-03-30", 48, "2026-03-29T23:30", "2026-03-30T23:00", ["2026-03-29", "2026-03-30"]),
        ("2026-10-25", 50, "2026-10-24T23:30", "2026-10-26T00:00", ["2026-10-24", "2026-10-25"]),
        ("2026-10-26", 48, "2026-10-26T00:30", "2026-10-27T00:00", ["2026-10-26"]),
    ],
)
def test_known_days(day: str, periods: int, first: str, last: str, utc_days: list[str]) -> None:
    settled = SettlementDay(date.fromisoformat(day))
    stamps = settled.stamps
    assert settled.periods == len(stamps) == periods and stamps.dtype == np.int64
    assert (stamps[0], stamps[-1]) == (at(first), at(last))
    assert settled.utc_days == tuple(at(f"{name}T00:00") for name in utc_days)
    assert [settled.period_of(int(stamp)) for stamp in stamps] == list(range(1, periods + 1))


@given(DAYS, st.integers(1, 9))
def test_days_in_a_row_leave_no_half_hour_out_and_none_twice(day: date, count: int) -> None:
    days = settlement_days(day, count)
    joined = np.concatenate([settled.stamps for settled in days])
    assert (np.diff(joined) == 1800).all()
    assert all({settlement_date(int(stamp)) for stamp in settled.stamps} == {settled.date} for settled in days)


@given(DAYS)
def test_a_day_is_stitched_from_the_rows_of_its_utc_days(day: date) -> None:
    settled = SettlementDay(day)
    rows = [stamp for start in settled.utc_days for stamp in range(start + 1800, start + 86401, 1800)]
    assert set(settled.stamps.tolist()) <= set(rows)
    for start in settled.utc_days:
        assert set(range(start + 1800, start + 86401, 1800)) & set(settled.stamps.tolist()), "no UTC day is superfluous"


def test_a_utc_day_is_48_rows_from_half_past_midnight() -> None:
    day = at("2026-07-01T00:00")
    assert utc_day_bounds(day) == (at("2026-07-01T00:30"), at("2026-07-02T00:00"))
    with pytest.raises(LocalError, match="no UTC midnight"):
        utc_day_bounds(day + 1800)


@pytest.mark.parametrize("text", ["2026-03-29T00:00", "2026-03-29T23:30", "2026-03-29T12:15"])
def test_a_stamp_outside_the_day_is_named(text: str) -> None:
    with pytest.raises(LocalError, match=r"2026-03-29T.*no period of settlement day 2026-03-29"):
        SettlementDay(date(2026, 3, 29)).period_of(at(text))


def test_checkpoints() -> None:
    monday = date(2026, 11, 23)
    assert settlement.working_days_after(monday, 5) == date(2026, 11, 30)
    assert settlement.working_days_after(date(2026, 11, 28), 1) == monday + (date(2026, 11, 30) - monday)
    assert settlement.sf_at(monday, 5) == at("2026-12-01T00:00")
    assert settlement.months_after(date(2026, 10, 31), 4) == date(2027, 2, 28)
    assert settlement.months_after(date(2027, 10, 29), 4) == date(2028, 2, 29)
    assert settlement.months_after(date(2026, 12, 5), 12) == date(2027, 12, 5)
    assert settlement.rf_at(monday, 4) == at("2027-03-23T00:00")
    assert settlement.rf_at(date(2026, 3, 29), 4) == at("2026-07-28T23:00"), "local midnight in summer"
