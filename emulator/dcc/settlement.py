"""Settlement days: local days of 46, 48 or 50 half-hours, and the UTC days that hold them.

A half-hour is named by the stamp of its END, so period 1 of a local day is the row stamped 00:30 local, and a UTC day
is the rows stamped 00:30 to 24:00. DSP schedules know no summer time: a settlement day is stitched from UTC days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime, to_datetime

LOCAL = ZoneInfo("Europe/London")
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class SettlementDay:
    """One local day, 00:00 to 24:00 clock time in Great Britain."""

    date: date

    @property
    def starts_at(self) -> int:
        """Local midnight, seconds since 2000."""
        return local_midnight(self.date)

    @property
    def ends_at(self) -> int:
        """The next local midnight: the stamp of the last period."""
        return local_midnight(self.date + timedelta(days=1))

    @property
    def periods(self) -> int:
        """46 when the clocks go forward, 50 when they go back, else 48."""
        return (self.ends_at - self.starts_at) // HALF_HOUR_S

    @property
    def stamps(self) -> NDArray[np.int64]:
        """The stamp of each period, in order: the end of its half-hour, UTC."""
        return np.arange(self.starts_at + HALF_HOUR_S, self.ends_at + 1, HALF_HOUR_S, dtype=np.int64)

    @property
    def utc_days(self) -> tuple[int, ...]:
        """Starts of the UTC days whose rows make up this day: one in winter, two in summer."""
        first, last = utc_day_of(self.starts_at + HALF_HOUR_S), utc_day_of(self.ends_at)
        return tuple(range(first, last + 1, DAY_S))

    def period_of(self, stamp: int) -> int:
        """The number of a period, from 1. Raises LocalError for a stamp that is none of this day's."""
        period, rest = divmod(stamp - self.starts_at, HALF_HOUR_S)
        if rest or not 1 <= period <= self.periods:
            raise LocalError(f"{to_datetime(stamp).isoformat()} stamps no period of settlement day {self.date}")
        return period


def settlement_days(first: date, count: int) -> tuple[SettlementDay, ...]:
    """Days in a row."""
    return tuple(SettlementDay(first + timedelta(days=number)) for number in range(count))


@lru_cache(maxsize=4096)
def local_midnight(day: date) -> int:
    """The instant at which a local day starts."""
    return int(from_datetime(datetime.combine(day, time(), LOCAL)))


@lru_cache(maxsize=65536)
def settlement_date(stamp: int) -> date:
    """The settlement day that the half-hour ending at ``stamp`` belongs to."""
    return to_datetime(stamp - 1).astimezone(LOCAL).date()


def utc_day_of(stamp: int) -> int:
    """The start of the UTC day that the half-hour ending at ``stamp`` belongs to."""
    return (stamp - 1) // DAY_S * DAY_S


def utc_date(day: int) -> date:
    """The date of the UTC day that starts at ``day``."""
    return to_datetime(day).date()


def utc_day_start(day: date) -> int:
    """The start of the UTC day of a date."""
    return int((day - date(2000, 1, 1)).days) * DAY_S


def utc_day_bounds(day: int) -> tuple[int, int]:
    """First (00:30) and last (24:00) stamp of the UTC day that starts at ``day``: 48 rows, both included.

    Raises LocalError for an instant that starts no UTC day.
    """
    if day % DAY_S:
        raise LocalError(f"{to_datetime(day).isoformat()} is no UTC midnight")
    return day + HALF_HOUR_S, day + DAY_S


def working_days_after(day: date, count: int) -> date:
    """The date ``count`` working days (Monday to Friday) after a day."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day


def months_after(day: date, count: int) -> date:
    """The same day ``count`` months later; the last of the month where there is none."""
    years, month = divmod(day.month - 1 + count, 12)
    first = date(day.year + years, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def sf_at(day: date, working_days: int) -> int:
    """The end of the SF run's day: data must be in by then (PIA DA2)."""
    return local_midnight(working_days_after(day, working_days) + timedelta(days=1))


def rf_at(day: date, months: int) -> int:
    """The RF run (PIA DA2): the start of its day."""
    return local_midnight(months_after(day, months))
