"""Windows to read, seen from the time of the device's world."""

from __future__ import annotations

from gbcs.times import DAY_S, HALF_HOUR_S


def last_whole_day(now: float) -> int:
    """The UTC midnight at which the day before yesterday began: all its rows are in the log, whatever the hour."""
    return (int(now) // DAY_S - 2) * DAY_S


def half_hours(day: int) -> tuple[int, int]:
    """First and last stamp of the 48 half-hours of a UTC day: a row is stamped at its end."""
    return day + HALF_HOUR_S, day + DAY_S


def stamps(first: int, last: int) -> list[int]:
    """The stamps of the rows that a window should bring."""
    return list(range(first, last + 1, HALF_HOUR_S))
