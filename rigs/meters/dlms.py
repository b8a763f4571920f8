"""A session with a meter over DLMS/COSEM, as a script of APDUs: what it has, in whatever columns it has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from emulator.smets1.conversation import Script
from emulator.smets1.dlms.apdu import AccessError
from emulator.smets1.dlms.client import Client, MeterRefuses
from emulator.smets1.dlms.data import DATE_TIME, FUSED_DATA, Data, Tag, from_date_time
from emulator.smets1.dlms.objects import obis
from emulator.smets1.dlms.requests import by_entry, by_range
from gbcs.errors import DecodeError
from gbcs.times import HALF_HOUR_S
from rigs.meters.values import ACTIVE_EXPORT, ACTIVE_IMPORT, Ask, Found, HalfHour, Number, plain

Access = Literal["range", "entry"]

_DATA, _REGISTER, _EXTENDED, _PROFILE, _CLOCK = 1, 3, 4, 7, 8
_SERIAL, _DEVICE_CLOCK, _LOAD_PROFILE = obis("0.0.96.1.0.255"), obis("0.0.1.0.0.255"), obis("1.0.99.1.0.255")
_VALUE, _SCALER_UNIT = 2, 3
_BUFFER, _COLUMNS, _PERIOD, _ENTRIES = 2, 3, 4, 7
_WATT_HOURS = 30
_NAMES: Final = {
    obis("1.0.1.8.0.255"): ACTIVE_IMPORT,
    obis("1.0.1.29.0.255"): ACTIVE_IMPORT,
    obis("1.0.2.8.0.255"): ACTIVE_EXPORT,
    obis("1.0.2.29.0.255"): ACTIVE_EXPORT,
}
_TOTALS: Final = {ACTIVE_IMPORT: obis("1.0.1.8.0.255"), ACTIVE_EXPORT: obis("1.0.2.8.0.255")}
_ABSENT = frozenset(
    (AccessError.OBJECT_UNDEFINED, AccessError.OBJECT_CLASS_INCONSISTENT, AccessError.READ_WRITE_DENIED)
)
_ENTRIES_AT_ONCE = 48


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a profile: its name and what its numbers are multiplied by; ``name`` "" passes it over."""

    name: str
    factor: Decimal = Decimal(1)
    is_clock: bool = False


@dataclass(frozen=True, slots=True)
class ProfileHabits:
    """What a meter must be told to be known for: how its rows are chosen, and what its columns hold.

    ``cumulative``: a row shows the register at its stamp, so that a half-hour is the difference of two rows.
    """

    access: Access = "range"
    cumulative: bool = False


def session(client: Client, ask: Ask, habits: ProfileHabits | None = None) -> Script[bytes, Found]:
    """A whole session: associate, read all that is asked, release. Raises RemoteError."""
    yield from client.associate()
    found = Found(serial_number=(yield from _serial_number(client)))
    if "clock" in ask.quantities:
        found.clock = _instant((yield from client.value(_CLOCK, _DEVICE_CLOCK, _VALUE)))
    if "register" in ask.quantities:
        for name, instance in _TOTALS.items():
            value = yield from _register(client, instance)
            if value is not None:
                found.registers[name] = value
    if "profile" in ask.quantities:
        found.rows = yield from _profile(client, ask.first, ask.last, habits or ProfileHabits())
    yield from client.release()
    return found


def _serial_number(client: Client) -> Script[bytes, str]:
    """The device's identification, as text; empty where it shows none."""
    data = yield from _optional(client, _DATA, _SERIAL, _VALUE)
    value = None if data is None else data.value
    if isinstance(value, bytes):
        return value.decode("ascii") if value.isascii() and value.decode("ascii").isprintable() else value.hex()
    return "" if value is None else str(value)


def _register(client: Client, instance: bytes) -> Script[bytes, Number | None]:
    data = yield from _optional(client, _REGISTER, instance, _VALUE)
    if data is None or not isinstance(data.value, int):
        return None
    factor, _ = yield from _scale(client, _REGISTER, instance)
    return plain(data.value * factor)


def _scale(client: Client, class_id: int, instance: bytes) -> Script[bytes, tuple[Decimal, int | None]]:
    """What a register's numbers are multiplied by, and its unit where it has one."""
    data = yield from _optional(client, class_id, instance, _SCALER_UNIT)
    if data is None or not isinstance(data.value, tuple) or len(data.value) != 2:
        return Decimal(1), None
    scaler, unit = (part.value for part in data.value)
    if not isinstance(scaler, int) or not isinstance(unit, int):
        raise DecodeError("scaler and unit are numbers", field="register")
    return Decimal(10) ** scaler, unit


def _optional(client: Client, class_id: int, instance: bytes, attribute: int) -> Script[bytes, Data | None]:
    """An attribute; None where the meter has none or does not show it."""
    try:
        return (yield from client.value(class_id, instance, attribute))
    except MeterRefuses as refused:
        if refused.code in _ABSENT:
            return None
        raise


# ---------------------------------------------------------------------- the profile


def _profile(client: Client, first: int, last: int, habits: ProfileHabits) -> Script[bytes, tuple[HalfHour, ...]]:
    columns = yield from _columns(client)
    period = yield from _optional(client, _PROFILE, _LOAD_PROFILE, _PERIOD)
    step = period.value if period is not None and isinstance(period.value, int) and period.value else HALF_HOUR_S
    since = first - step if habits.cumulative else first
    if habits.access == "range":
        data = yield from client.read(_PROFILE, _LOAD_PROFILE, _BUFFER, by_range(since, last))
        rows = _rows(data, columns, step)
    else:
        rows = yield from _newest(client, columns, step, since)
    if habits.cumulative:
        rows = [_difference(before, after) for before, after in pairwise(rows)]
    return tuple(row for row in rows if first <= row.stamp <= last)


def _columns(client: Client) -> Script[bytes, tuple[Column, ...]]:
    """What the profile captures, in order. Raises DecodeError where there is no clock among it."""
    data = yield from client.value(_PROFILE, _LOAD_PROFILE, _COLUMNS)
    found: list[Column] = []
    for entry in data.value if isinstance(data.value, tuple) else ():
        class_id, instance = _definition(entry)
        if class_id == _CLOCK:
            found.append(Column("", is_clock=True))
        elif class_id in (_REGISTER, _EXTENDED):
            factor, unit = yield from _scale(client, class_id, instance)
            known = _NAMES.get(instance) if unit in (None, _WATT_HOURS) else None
            found.append(Column(known or ".".join(map(str, instance)), factor))
        else:
            found.append(Column(""))
    if not any(column.is_clock for column in found):
        raise DecodeError("no column of the profile is a clock", field="profile")
    return tuple(found)


def _definition(entry: Data) -> tuple[int, bytes]:
    parts = entry.value
    if not isinstance(parts, tuple) or len(parts) != 4:
        raise DecodeError("a column of the profile is no capture object", field="profile")
    class_id, instance = parts[0].value, parts[1].value
    if not isinstance(class_id, int) or not isinstance(instance, bytes) or len(instance) != 6:
        raise DecodeError("a column of the profile is no capture object", field="profile")
    return class_id, instance


def _newest(client: Client, columns: tuple[Column, ...], step: int, since: int) -> Script[bytes, list[HalfHour]]:
    """Rows from the newest back to one before ``since``, some at a time, for meters that know no range."""
    entries = yield from client.value(_PROFILE, _LOAD_PROFILE, _ENTRIES)
    left = entries.value if isinstance(entries.value, int) else 0
    found: list[HalfHour] = []
    while left > 0 and not (found and found[0].stamp < since):
        start = max(left - _ENTRIES_AT_ONCE + 1, 1)
        data = yield from client.read(_PROFILE, _LOAD_PROFILE, _BUFFER, by_entry(start, left))
        found = _rows(data, columns, step) + found
        left = start - 1
    return found


def _rows(encoded: bytes, columns: Sequence[Column], step: int) -> list[HalfHour]:
    """The rows of a buffer, oldest first. Raises DecodeError where they do not fit the columns."""
    data = FUSED_DATA.parse(encoded)
    if data.tag != Tag.ARRAY or not isinstance(data.value, tuple):
        raise DecodeError("the buffer of a profile is an array", field="profile")
    found: list[HalfHour] = []
    stamp: int | None = None
    for row in data.value:
        cells = row.value
        if not isinstance(cells, tuple) or len(cells) != len(columns):
            raise DecodeError(f"a row of the profile has not its {len(columns)} columns", field="profile")
        stamp = _stamp(cells, columns, stamp, step)
        values = {
            column.name: plain(cell.value * column.factor)
            for column, cell in zip(columns, cells, strict=True)
            if column.name and isinstance(cell.value, int)
        }
        found.append(HalfHour(stamp, values))
    return sorted(found, key=lambda one: one.stamp)


def _stamp(cells: Sequence[Data], columns: Sequence[Column], before: int | None, step: int) -> int:
    """When a row was captured; a row that says nothing follows the one before it by one step."""
    cell = next(cell for column, cell in zip(columns, cells, strict=True) if column.is_clock)
    if cell.value is not None:
        return round(_instant(cell))
    if before is None:
        raise DecodeError("the first row of a profile has no time", field="profile")
    return before + step


def _instant(data: Data) -> float:
    if data.tag not in (Tag.OCTET_STRING, DATE_TIME) or not isinstance(data.value, bytes):
        raise DecodeError("a time is an octet-string", field="clock")
    return from_date_time(data.value)


def _difference(before: HalfHour, after: HalfHour) -> HalfHour:
    values = {name: value - before.values[name] for name, value in after.values.items() if name in before.values}
    return HalfHour(after.stamp, values)
