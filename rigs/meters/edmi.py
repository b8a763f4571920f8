"""A session with a meter over the EDMI command line, as a script of frames."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from emulator.smets1.conversation import Script
from emulator.smets1.edmi.client import Line, channels, login, logout, read_register, read_registers, read_survey
from emulator.smets1.edmi.commands import EdmiError
from emulator.smets1.edmi.framing import Frame
from emulator.smets1.edmi.surveys import CHANNEL_FACTOR, CHANNEL_UNIT, STATUS_MISSING
from gbcs.errors import DecodeError
from rigs.meters.values import ACTIVE_EXPORT, ACTIVE_IMPORT, Ask, Found, HalfHour, Number, plain

_SURVEY: Final = 0x0305
"""Load survey LS01."""
_SERIAL, _CLOCK = 0xF002, 0xF03D
_TOTALS: Final = {0x0069: ACTIVE_IMPORT, 0x0169: ACTIVE_EXPORT}
_WATT_HOURS = "X"
_NAMES: Final = {"import": ACTIVE_IMPORT, "export": ACTIVE_EXPORT}
"""By the first word of a channel's name."""


def session(line: Line, user: str, password: bytes, ask: Ask, *, wake_up: bytes = b"") -> Script[Frame, Found]:
    """A whole session: log in, read all that is asked, log out; ``wake_up`` goes first. Raises RemoteError."""
    yield from login(line, user, password, wake_up)
    shown = yield from read_registers(line, {_SERIAL: "A"})
    found = Found(serial_number=str(shown[_SERIAL]) if isinstance(shown[_SERIAL], str) else "")
    if "clock" in ask.quantities:
        found.clock = float((yield from read_register(line, _CLOCK, "T")))
    if "register" in ask.quantities:
        totals = yield from read_registers(line, dict.fromkeys(_TOTALS, "U"))
        for number, value in totals.items():
            if not isinstance(value, EdmiError):
                found.registers[_TOTALS[number]] = plain(Decimal(str(value)))
    if "profile" in ask.quantities:
        found.rows = yield from _profile(line, ask)
    yield from logout(line)
    return found


def _profile(line: Line, ask: Ask) -> Script[Frame, tuple[HalfHour, ...]]:
    """The records of the survey that have data."""
    names, factors = list[str](), list[Decimal]()
    for index, (name, _) in enumerate((yield from channels(line, _SURVEY))[1:], 1):
        unit = chr(int((yield from read_register(line, _SURVEY << 16 | CHANNEL_UNIT | index, "C"))))
        factor = yield from read_register(line, _SURVEY << 16 | CHANNEL_FACTOR | index, "F")
        names.append(_name(name, unit))
        factors.append(Decimal(str(factor)))
    records = yield from read_survey(line, _SURVEY, ask.first, ask.last)
    if any(len(one.values) != len(names) for one in records):
        raise DecodeError(f"records of the survey have not its {len(names)} channels", field="records")
    return tuple(
        HalfHour(
            one.stamp,
            {name: _number(value, factor) for name, value, factor in zip(names, one.values, factors, strict=True)},
        )
        for one in records
        if not one.status & STATUS_MISSING
    )


def _name(name: str, unit: str) -> str:
    """Ours for energy that is imported or exported, else the meter's."""
    known = _NAMES.get((name.split() or [""])[0].lower())
    return known if known is not None and unit == _WATT_HOURS else name


def _number(value: object, factor: Decimal) -> Number:
    return plain(Decimal(str(value)) * factor)
