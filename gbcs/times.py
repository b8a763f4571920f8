"""Time: instants as seconds since 2000-01-01 00:00:00 UTC, and the 12-byte COSEM date-time.

Log rows and range bounds travel as uint32 seconds since 2000 (spec sheet 4.5); restrictions, header times and alert
times travel as COSEM date-times in UTC with the day of the week, hundredths and deviation left unspecified.
Inside the program an instant is a ``float`` or ``int`` of that scale.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct

from gbcs.errors import DecodeError, LocalError

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
HALF_HOUR_S = 1800
DAY_S = 86400
MAX_INSTANT = 0xFFFF_FFFF
"""The last instant a log row can carry (2136-02-07)."""

STATUS_UNSPECIFIED = 0xFF
STATUS_OK = 0x00
"""Clock status byte of the COSEM date-time; an ESME's responses carry 0xFF (spec sheet 1.5)."""

_COSEM = Struct(">HBBBBBBBhB")
_DAY_OF_WEEK_ANY, _HUNDREDTHS, _DEVIATION_ANY = 0xFF, 0, -0x8000


def from_datetime(moment: datetime) -> float:
    """Seconds since 2000 of an aware datetime. Raises LocalError for a naive one."""
    if moment.tzinfo is None:
        raise LocalError(f"{moment!r} has no time zone: give an aware datetime")
    return (moment - EPOCH).total_seconds()


def to_datetime(instant: float) -> datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + timedelta(seconds=instant)


def iso(instant: float) -> str:
    """``2026-11-23T00:00:00Z``, to the second."""
    return to_datetime(int(instant)).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4096)
def cosem(instant: int, status: int = STATUS_UNSPECIFIED) -> bytes:
    """The 12-byte COSEM date-time of an instant in whole seconds (spec sheet 1.5).

    Cached because a farm asks the same day bounds of every meter.
    """
    at = to_datetime(instant)
    return _COSEM.pack(
        at.year, at.month, at.day, _DAY_OF_WEEK_ANY, at.hour, at.minute, at.second, _HUNDREDTHS, _DEVIATION_ANY, status
    )


@lru_cache(maxsize=4096)
def from_cosem(data: bytes) -> int:
    """Seconds since 2000 of a fully specified COSEM date-time in UTC.

    Raises DecodeError for another length, a wildcard in the date or time, or a date before 2000.
    """
    if len(data) != _COSEM.size:
        raise DecodeError(f"a COSEM date-time is 12 bytes, got {len(data)}", field="date-time")
    year, month, day, _, hour, minute, second, _, _, _ = _COSEM.unpack(data)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise DecodeError(f"{data.hex()} is no point in time: {error}", field="date-time") from None
    instant = int((moment - EPOCH).total_seconds())
    if not 0 <= instant <= MAX_INSTANT:
        raise DecodeError(f"{moment.isoformat()} is outside 2000 to 2136", field="date-time")
    return instant


def clock_status(data: bytes) -> int:
    """The clock status byte of a COSEM date-time."""
    return data[11]
