"""A-XDR data of a COSEM server: what :mod:`gbcs.dlms` declares, and the types that only the open protocol uses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct

from construct import Bytes

from gbcs.declare import AnyConstruct, Counted, Rule, Tagged
from gbcs.dlms.data import DATA as GBCS_DATA
from gbcs.dlms.data import NULL, BitString, Data, Tag, scaler_unit, structure, uint32
from gbcs.errors import DecodeError
from gbcs.fuse import fuse
from gbcs.times import EPOCH, MAX_INSTANT

__all__ = ["COSEM_DATA", "NULL", "BitString", "Data", "Tag", "array", "octets", "scaler_unit", "structure", "uint32"]

DATE_TIME, DATE, TIME = 0x19, 0x1A, 0x1B
"""Tags of the date and time types; most meters and clients carry them in octet-strings instead."""

_CLOCK = Struct(">HBBBBBBBhB")
_UNSPECIFIED, _NO_DEVIATION = 0xFF, -0x8000


def _choices() -> dict[int, AnyConstruct]:
    declared = GBCS_DATA.resolve()
    assert isinstance(declared, Tagged)  # noqa: S101 - so it is declared
    nested: dict[int, AnyConstruct] = {Tag.ARRAY: Counted(COSEM_DATA), Tag.STRUCTURE: Counted(COSEM_DATA)}
    return {**declared.choices, **nested, DATE_TIME: Bytes(12), DATE: Bytes(5), TIME: Bytes(4)}


COSEM_DATA: Rule = Rule("cosem data", lambda: Tagged(Data, "data type", _choices()))

FUSED_DATA = fuse(COSEM_DATA, "data")


def octets(value: bytes) -> Data:
    """An octet-string."""
    return Data(Tag.OCTET_STRING, value)


def array(*parts: Data) -> Data:
    """An array of its parts."""
    return Data(Tag.ARRAY, parts)


def uint8(value: int) -> Data:
    """An unsigned 8-bit value."""
    return Data(Tag.UINT8, value)


def int8(value: int) -> Data:
    """A signed 8-bit value."""
    return Data(Tag.INT8, value)


def uint16(value: int) -> Data:
    """An unsigned 16-bit value."""
    return Data(Tag.UINT16, value)


def enum(value: int) -> Data:
    """An enumerated value."""
    return Data(Tag.ENUM, value)


@lru_cache(maxsize=4096)
def date_time(instant: int) -> bytes:
    """The 12 bytes of a meter's own times: UTC, every field given, deviation 0, clock status 0 (valid)."""
    at = EPOCH + timedelta(seconds=instant)
    return _CLOCK.pack(at.year, at.month, at.day, at.isoweekday(), at.hour, at.minute, at.second, 0, 0, 0)


def from_date_time(data: bytes) -> float:
    """Seconds since 2000-01-01 UTC of a 12-byte date-time; without a deviation it is taken as UTC.

    Seconds and hundredths may be left open (0), the day of the week is not looked at. Raises DecodeError for another
    length, an open date, hour or minute, or a time outside 2000 to 2136.
    """
    if len(data) != _CLOCK.size:
        raise DecodeError(f"a date-time is 12 bytes, got {len(data)}", field="date-time")
    year, month, day, _, hour, minute, second, hundredths, deviation, _ = _CLOCK.unpack(data)
    second, hundredths = (0 if part == _UNSPECIFIED else part for part in (second, hundredths))
    try:
        at = datetime(year, month, day, hour, minute, second, hundredths * 10_000, tzinfo=UTC)
        at += timedelta(minutes=0 if deviation == _NO_DEVIATION else deviation)
    except (ValueError, OverflowError) as error:
        raise DecodeError(f"{data.hex()} is no point in time: {error}", field="date-time") from None
    instant = (at - EPOCH).total_seconds()
    if not 0 <= instant <= MAX_INSTANT:
        raise DecodeError(f"{at.isoformat()} is outside 2000 to 2136", field="date-time")
    return instant
