"""Which half-hours ``--from`` and ``--to`` mean: stamps of rows, which stand at the end of their half-hour."""

from __future__ import annotations

from datetime import UTC, date, datetime

from emulator.clock import utc_now
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime


def half_hours(since: str, until: str) -> tuple[int, int]:
    """The first and the last stamp, both included; yesterday where nothing is said. Raises LocalError.

    A day means its 48 half-hours, the first one stamped 00:30 and the last one 24:00.
    """
    if not since:
        if until:
            raise LocalError("--to needs a --from")
        midnight = int(utc_now()) // DAY_S * DAY_S
        return midnight - DAY_S + HALF_HOUR_S, midnight
    first, day_end = _bound(since, "--from")
    last = _bound(until, "--to")[1] if until else day_end
    if last < first:
        raise LocalError(f"{until} is before {since}")
    return first, last


def _bound(text: str, option: str) -> tuple[int, int]:
    """What a text means as a beginning and as an end."""
    try:
        if len(text) <= len("2026-11-23"):
            midnight = _instant(datetime.combine(date.fromisoformat(text), datetime.min.time()))
            return midnight + HALF_HOUR_S, midnight + DAY_S
        at = _instant(datetime.fromisoformat(text))
    except ValueError:
        raise LocalError(f"{option} {text}: write a day like 2026-11-23, or a time like 2026-11-23T12:00") from None
    return at, (at // DAY_S + 1) * DAY_S if option == "--from" else at


def _instant(moment: datetime) -> int:
    """Seconds since 2000; UTC unless it says another zone. Raises ValueError before 2000."""
    instant = int(from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)))
    if instant < 0:
        raise ValueError(f"{moment} is before the year 2000")
    return instant
