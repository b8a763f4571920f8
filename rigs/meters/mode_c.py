"""A session with a meter over IEC 62056-21 in mode C, as a script of messages: with a password, or its readout."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from emulator.assumptions import Assumption
from emulator.smets1.conversation import Script
from emulator.smets1.iec62056_21.client import MeterRefuses, end, open_programming, read, read_blockwise, read_out
from emulator.smets1.iec62056_21.datasets import DataSet
from emulator.smets1.iec62056_21.framing import Message
from emulator.smets1.iec62056_21.loadprofile import ProfileRows, read_profile
from gbcs.errors import DecodeError
from gbcs.times import from_datetime, to_datetime
from rigs.meters.values import ACTIVE_EXPORT, ACTIVE_IMPORT, Ask, Found, HalfHour, Number, plain

ASSUMPTIONS: Final = (
    Assumption("mode_c.times", "times of the meter are UTC", "A", "the standard leaves the zone to the maker"),
    Assumption(
        "mode_c.profile", "P.01 by a range of times; its header carries the first stamp", "M", "a public manual"
    ),
)

_TIME = "%y%m%d%H%M%S"
_SERIAL, _CLOCK_TIME, _CLOCK_DATE, _PROFILE = "0.0.0", "0.9.1", "0.9.2", "P.01"
_TOTALS: Final = {ACTIVE_IMPORT: "1.8.0", ACTIVE_EXPORT: "2.8.0"}
_NAMES: Final = {
    "1.8.0": ACTIVE_IMPORT, "1.29.0": ACTIVE_IMPORT, "2.8.0": ACTIVE_EXPORT, "2.29.0": ACTIVE_EXPORT,
}  # fmt: skip
_WATT_HOURS: Final = {"Wh": 1, "kWh": 1000, "MWh": 1_000_000}
_FULL_CODE: Final = re.compile(r"(?:\d+-\d+:)?([0-9A-Z]+\.[0-9A-Z]+(?:\.[0-9A-Z]+)?)(?:\*\d+)?")
"""``1-0:1.8.0*255`` as meters write it that do not shorten it."""


def session(address: str, password: bytes, ask: Ask, *, blockwise: bool = True) -> Script[Message, Found]:
    """A whole session in programming mode, with the password P1. Raises RemoteError."""
    yield from open_programming(address, password)
    found = Found()
    serial = yield from _optional(_SERIAL)
    found.serial_number = serial.values[0].text if serial else ""
    if "clock" in ask.quantities:
        found.clock = _clock((yield from _one(_CLOCK_DATE)), (yield from _one(_CLOCK_TIME)))
    if "register" in ask.quantities:
        for name, code in _TOTALS.items():
            shown = yield from _optional(code)
            if shown is not None:
                found.registers[name] = _watt_hours(shown.values[0].text, shown.values[0].unit)
    if "profile" in ask.quantities:
        wanted = f"{to_datetime(ask.first).strftime(_TIME)};{to_datetime(ask.last).strftime(_TIME)}"
        lines = yield from read_blockwise(_PROFILE, wanted) if blockwise else read(_PROFILE, wanted)
        found.rows = _within(read_profile(_PROFILE, lines), ask)
    yield from end()
    return found


def readout_session(address: str, ask: Ask) -> Script[Message, Found]:
    """A whole session without a password: whatever of it stands in the readout. Raises RemoteError."""
    lines = yield from read_out(address)
    shown = {_code(line.address): line for line in lines if line.address}
    found = Found(serial_number=shown[_SERIAL].values[0].text if _SERIAL in shown else "")
    if "clock" in ask.quantities and _CLOCK_DATE in shown and _CLOCK_TIME in shown:
        found.clock = _clock(shown[_CLOCK_DATE], shown[_CLOCK_TIME])
    if "register" in ask.quantities:
        found.registers = {
            name: _watt_hours(shown[code].values[0].text, shown[code].values[0].unit)
            for name, code in _TOTALS.items()
            if code in shown
        }
    if "profile" in ask.quantities:
        found.rows = _within(read_profile(_PROFILE, lines), ask)
    return found


def _one(code: str) -> Script[Message, DataSet]:
    """One object, by its code. Raises MeterRefuses."""
    lines = yield from read(code, kind=b"1")
    if len(lines) != 1:
        raise DecodeError(f"{code} is answered with {len(lines)} data sets", field="answer")
    return lines[0]


def _optional(code: str) -> Script[Message, DataSet | None]:
    """One object; None where the meter says that it is an error to ask for it."""
    try:
        return (yield from _one(code))
    except MeterRefuses as refused:
        if refused.message.startswith("ERR"):
            return None
        raise


def _code(text: str) -> str:
    found = _FULL_CODE.fullmatch(text)
    return found[1] if found else text


def _clock(date: DataSet, time: DataSet) -> float:
    # A digit for the season may stand in front of either.
    digits = date.values[0].text.replace("-", "")[-6:] + time.values[0].text.replace(":", "")[-6:]
    try:
        return from_datetime(_utc(digits))
    except ValueError:
        raise DecodeError(f"{date}{time} is no point in time", field="clock") from None


def _utc(digits: str) -> datetime:
    return datetime.strptime(digits, _TIME).replace(tzinfo=UTC)


def _watt_hours(text: str, unit: str) -> Number:
    """A number in Wh. Raises DecodeError for another unit, or for no number."""
    if unit not in _WATT_HOURS:
        raise DecodeError(f"{unit or 'no unit'} is no unit of energy", field="register")
    return plain(_decimal(text) * _WATT_HOURS[unit])


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise DecodeError(f"{text!r} is no number", field="value") from None
    if not value.is_finite():
        raise DecodeError(f"{text!r} is no number", field="value")
    return value


def _within(rows: Iterable[ProfileRows], ask: Ask) -> tuple[HalfHour, ...]:
    return tuple(
        HalfHour(
            row.stamp, dict(_value(*channel, text) for channel, text in zip(row.channels, row.values, strict=True))
        )
        for row in rows
        if ask.first <= row.stamp <= ask.last
    )


def _value(code: str, unit: str, text: str) -> tuple[str, Number]:
    """Name and number of a channel: in Wh where it is one that we know, else as the meter shows it."""
    name = _NAMES.get(_code(code))
    if name is not None and unit in _WATT_HOURS:
        return name, _watt_hours(text, unit)
    return f"{code} {unit}".rstrip(), plain(_decimal(text))
