"""The objects of the 62056-21 dialect: ``objects.toml``, checked, and their values as text."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from emulator.smets1.iec62056_21.datasets import Value
from emulator.smets1.meter import ROWS, Smets1Meter
from firmware_profiles.model import Confidence
from gbcs.errors import LocalError
from gbcs.times import from_datetime, to_datetime

_FILE = "objects.toml"
_COLUMNS = (ROWS.names or ())[1:]
_Level = Annotated[int, Field(ge=0, le=3)]
_Address = Annotated[str, Field(pattern=r"^[A-Z0-9.]{1,16}$")]
NEVER = 3
"""The level that no password gives."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    address: _Address
    name: Annotated[str, Field(min_length=1)]
    read: _Level
    confidence: Confidence
    source: Annotated[str, Field(min_length=1)]


class ObjectRow(_Row):
    """One object with one value."""

    shows: str
    value: str = ""
    format: Literal["text", "time", "date", "kilo"]
    unit: str = ""
    readout: bool = False
    write: _Level = NEVER

    @field_validator("shows")
    @classmethod
    def _known_quantity(cls, quantity: str) -> str:
        if quantity not in _SHOWS:
            raise ValueError(f"{quantity!r} is no quantity (allowed: {', '.join(_SHOWS)})")
        return quantity

    @model_validator(mode="after")
    def _only_the_clock_is_set(self) -> ObjectRow:
        if self.write != NEVER and self.format not in _CLOCK_FORMATS:
            raise ValueError(f"{self.address} cannot be written: only the clock can be set")
        return self


class ChannelRow(BaseModel):
    """One column of a profile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: _Address
    unit: str
    column: str

    @field_validator("column")
    @classmethod
    def _known_column(cls, column: str) -> str:
        if column not in _COLUMNS:
            raise ValueError(f"{column!r} is no column of the profile (allowed: {', '.join(_COLUMNS)})")
        return column


class ProfileRow(_Row):
    """One load profile."""

    interval_min: Literal[30]
    channel: Annotated[tuple[ChannelRow, ...], Field(min_length=1)]


class _Tables(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    objects: Annotated[tuple[ObjectRow, ...], Field(alias="object")]
    profiles: Annotated[tuple[ProfileRow, ...], Field(alias="profile")]


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects and profiles by address, in the order of the table."""

    single: Mapping[str, ObjectRow]
    profiles: Mapping[str, ProfileRow]


_SHOWS: Mapping[str, Callable[[ObjectRow, Smets1Meter, float], int | str]] = {
    "constant": lambda row, _meter, _now: row.value,
    "serial_number": lambda _row, meter, _now: meter.serial_number,
    "clock": lambda _row, meter, now: int(meter.clock(now)),
    "active_import": lambda _row, meter, now: meter.register_wh("active_import", now),
    "active_export": lambda _row, meter, now: meter.register_wh("active_export", now),
    "reactive_import": lambda _row, meter, now: meter.register_wh("reactive_import", now),
    "reactive_export": lambda _row, meter, now: meter.register_wh("reactive_export", now),
}
_FORMATS: Mapping[str, Callable[[int | str], str]] = {
    "text": str,
    "time": lambda value: to_datetime(int(value)).strftime("%H%M%S"),
    "date": lambda value: to_datetime(int(value)).strftime("%y%m%d"),
    "kilo": lambda value: kilo(int(value), 10),
}
_CLOCK_FORMATS = {"time": "%H%M%S", "date": "%y%m%d"}


def kilo(value: int, width: int = 0) -> str:
    """A value in thousands with three decimals, filled with zeros to a width."""
    return f"{value // 1000}.{value % 1000:03}".zfill(width)


@cache
def objects() -> Objects:
    """The objects there are. Raises LocalError, one line naming the key, for a mistake in the table."""
    return check_objects(files("emulator.smets1.iec62056_21").joinpath(_FILE).read_text(encoding="utf-8"))


def check_objects(text: str) -> Objects:
    """Objects from TOML. Raises LocalError as :func:`objects` does."""
    try:
        tables = _Tables.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"{_FILE}: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LocalError(f"{_FILE}: key {place}: {first['msg'].removeprefix('Value error, ')}") from None
    return Objects({row.address: row for row in tables.objects}, {row.address: row for row in tables.profiles})


def value_of(row: ObjectRow, meter: Smets1Meter, now: float) -> Value:
    """What an object shows."""
    return Value(_FORMATS[row.format](_SHOWS[row.shows](row, meter, now)), row.unit)


def set_clock(row: ObjectRow, meter: Smets1Meter, text: str, now: float) -> None:
    """Set the date or the time of the meter's clock and leave the other. Raises LocalError for text that is neither."""
    shown = to_datetime(meter.clock(now))
    try:
        given = datetime.strptime(text, _CLOCK_FORMATS[row.format]).replace(tzinfo=UTC)
    except ValueError:
        raise LocalError(f"{text!r} is no {row.format}") from None
    if len(text) != 6:
        raise LocalError(f"{text!r} is no {row.format}: six digits are needed")
    date, time = (given.date(), shown.timetz()) if row.format == "date" else (shown.date(), given.timetz())
    instant = from_datetime(datetime.combine(date, time))
    if instant < 0:
        raise LocalError(f"{text!r} is before the year 2000")
    meter.set_clock(instant, now)
