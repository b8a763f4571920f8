"""The registers of the EDMI dialect: ``registers.toml``, checked, and what they show of a meter."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from emulator.smets1.edmi.commands import EdmiError
from emulator.smets1.edmi.settings import ACCESS, Access
from emulator.smets1.edmi.values import KINDS, Scalar, read, write
from emulator.smets1.meter import ROWS, Smets1Meter
from firmware_profiles.model import Confidence
from gbcs.errors import DecodeError, LocalError

_FILE = "registers.toml"
_Level = Literal["none", "reader", "engineer", "nobody"]
_Unit = Annotated[str, Field(pattern="^[A-Z]$")]


class Refused(Exception):
    """The meter refuses, with the error code that goes on the wire."""

    def __init__(self, code: EdmiError) -> None:
        super().__init__(code.name)
        self.code = code


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=24)]
    confidence: Confidence
    source: Annotated[str, Field(min_length=1)]


class RegisterRow(_Row):
    """One register of the table."""

    number: Annotated[int, Field(ge=0, le=0xFFFF_FFFF)]
    type: str
    unit: _Unit
    shows: str
    value: float | str | None = None
    read: _Level = "reader"
    write: _Level = "nobody"

    @field_validator("type")
    @classmethod
    def _known_type(cls, letter: str) -> str:
        if letter not in KINDS:
            raise ValueError(f"{letter!r} is no type (allowed: {' '.join(KINDS)})")
        return letter

    @field_validator("shows")
    @classmethod
    def _known_quantity(cls, quantity: str) -> str:
        if quantity != "constant" and quantity not in SHOWS:
            raise ValueError(f"{quantity!r} is no quantity (allowed: constant, {', '.join(SHOWS)})")
        return quantity

    @model_validator(mode="after")
    def _makes_sense(self) -> RegisterRow:
        if self.shows == "constant" and self.value is None:
            raise ValueError("a constant needs a value")
        if self.write != "nobody" and self.type != "T":
            raise ValueError("only date and time can be written")
        return self


class ChannelRow(BaseModel):
    """One channel of a survey: a column of the meter's profile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=24)]
    type: Literal["L", "X", "H", "I"]
    unit: _Unit
    column: str

    @field_validator("column")
    @classmethod
    def _known_column(cls, column: str) -> str:
        if column not in (ROWS.names or ())[1:]:
            raise ValueError(f"{column!r} is no column of the profile (allowed: {', '.join((ROWS.names or ())[1:])})")
        return column


class SurveyRow(_Row):
    """One load survey."""

    number: Annotated[int, Field(ge=0, le=0xFFFF)]
    interval_s: Literal[1800]
    channel: tuple[ChannelRow, ...]


class _Tables(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    registers: Annotated[tuple[RegisterRow, ...], Field(alias="register")]
    surveys: Annotated[tuple[SurveyRow, ...], Field(alias="survey")]


@dataclass(frozen=True, slots=True)
class Register:
    """A register: its type, who may read and write it, and what it shows."""

    type: str
    read: Access
    write: Access
    shows: Callable[[Smets1Meter, float], Scalar]


SHOWS: Mapping[str, Callable[[Smets1Meter, float], Scalar]] = {
    "active_import": lambda meter, now: meter.register_wh("active_import", now),
    "active_export": lambda meter, now: meter.register_wh("active_export", now),
    "reactive_import": lambda meter, now: meter.register_wh("reactive_import", now),
    "reactive_export": lambda meter, now: meter.register_wh("reactive_export", now),
    "clock": lambda meter, now: int(meter.clock(now)),
    "serial_number": lambda meter, _now: meter.serial_number,
}
"""What a register may show of a meter."""


@cache
def tables() -> _Tables:
    """The tables of registers and surveys. Raises LocalError, one line naming the key, for a mistake in them."""
    text = files("emulator.smets1.edmi").joinpath(_FILE).read_text(encoding="utf-8")
    return check_tables(text)


def check_tables(text: str) -> _Tables:
    """Tables from TOML. Raises LocalError as :func:`tables` does."""
    try:
        return _Tables.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"{_FILE}: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LocalError(f"{_FILE}: key {place}: {first['msg'].removeprefix('Value error, ')}") from None


@cache
def registers() -> Mapping[int, Register]:
    """The registers by number, without those that describe surveys."""
    return {
        row.number: Register(row.type, ACCESS[row.read], ACCESS[row.write], _shown(row)) for row in tables().registers
    }


def _shown(row: RegisterRow) -> Callable[[Smets1Meter, float], Scalar]:
    constant = row.value
    return SHOWS[row.shows] if constant is None else lambda _meter, _now: constant


def read_register(register: Register, meter: Smets1Meter, access: Access, now: float) -> bytes:
    """The bytes of its value. Raises Refused where the user may not read it."""
    if access < register.read:
        raise Refused(EdmiError.ACCESS_DENIED)
    return write(register.type, register.shows(meter, now))


def write_register(register: Register, meter: Smets1Meter, access: Access, data: bytes, now: float) -> None:
    """Set it; only the clock can be. Raises Refused where that cannot be, may not be, or the bytes are no value."""
    if register.write is Access.NOBODY:
        raise Refused(EdmiError.CANNOT_WRITE)
    if access < register.write:
        raise Refused(EdmiError.ACCESS_DENIED)
    try:
        value, size = read(register.type, data)
    except DecodeError as error:
        raise Refused(EdmiError.OUT_OF_RANGE if error.field == "date and time" else EdmiError.WRONG_LENGTH) from None
    if size != len(data):
        raise Refused(EdmiError.WRONG_LENGTH)
    meter.set_clock(float(value), now)
