"""Values of EDMI registers by the letter of their type, big-endian."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from gbcs.errors import DecodeError, LocalError
from gbcs.times import DAY_S, from_datetime, to_datetime

Scalar: TypeAlias = "int | float | bool | str"
"""A number, a truth, a text; a time of day in seconds; a date or a date and time in seconds since 2000-01-01."""

MAX_TEXT_BYTES = 25
"""The longest text that the open clients take, NUL included."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type: how many bytes its value has (``None``: until NUL), and both ways across."""

    size: int | None
    read: Callable[[bytes], Scalar]
    write: Callable[[Scalar], bytes]


def _number(layout: str) -> Kind:
    packed = struct.Struct(layout)
    return Kind(packed.size, lambda data: packed.unpack(data)[0], packed.pack)


def _read_text(data: bytes) -> str:
    return data.partition(b"\x00")[0].decode("ascii")


def _write_text(value: Scalar) -> bytes:
    return str(value).encode("ascii")[: MAX_TEXT_BYTES - 1] + b"\x00"


def date_time_bytes(instant: float) -> bytes:
    """Day, month, year of the century, hour, minute, second."""
    at = to_datetime(int(instant))
    return bytes((at.day, at.month, at.year % 100, at.hour, at.minute, at.second))


def date_time(data: bytes) -> int:
    """The instant of six such bytes, in this century. Raises DecodeError where they are no time."""
    day, month, year, hour, minute, second = data
    if year > 99:
        raise DecodeError(f"{data.hex()} is no point in time: {year} is no year of a century", field="date and time")
    try:
        return int(from_datetime(datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)))
    except ValueError as error:
        raise DecodeError(f"{data.hex()} is no point in time: {error}", field="date and time") from None


def _read_time(data: bytes) -> int:
    return date_time(bytes((1, 1, 0)) + data)


TEXT = Kind(None, _read_text, _write_text)
_DATE_TIME = Kind(6, date_time, lambda value: date_time_bytes(float(value)))

KINDS: dict[str, Kind] = {
    "A": TEXT,
    "B": Kind(1, lambda data: bool(data[0]), lambda value: bytes((bool(value),))),
    "C": _number(">B"),
    "D": _number(">d"),
    "E": TEXT,
    "F": _number(">f"),
    "H": _number(">H"),
    "I": _number(">h"),
    "L": _number(">i"),
    "O": _number(">f"),
    "P": _number(">f"),
    "Q": Kind(3, _read_time, lambda value: date_time_bytes(int(value) % DAY_S)[3:]),
    "R": Kind(3, lambda data: date_time(data + bytes(3)), lambda value: date_time_bytes(float(value))[:3]),
    "T": _DATE_TIME,
    "U": _number(">d"),
    "V": _number(">q"),
    "X": _number(">I"),
    "Z": _number(">I"),
}


def kind(letter: str) -> Kind:
    """The type of a letter. Raises LocalError that names an unknown one."""
    try:
        return KINDS[letter]
    except KeyError:
        raise LocalError(f"{letter!r} is no type of a register (allowed: {' '.join(KINDS)})") from None


def write(letter: str, value: Scalar) -> bytes:
    """The bytes of a value. Raises LocalError where they cannot hold it."""
    try:
        return kind(letter).write(value)
    except (struct.error, OverflowError, UnicodeEncodeError, TypeError) as error:
        raise LocalError(f"{value!r} is no value of type {letter}: {error}") from None


def read(letter: str, data: bytes) -> tuple[Scalar, int]:
    """The value that bytes begin with, and how many it takes. Raises DecodeError where they are too few or none."""
    chosen = kind(letter)
    size = data.find(b"\x00") + 1 if chosen.size is None else chosen.size
    if not 0 < size <= len(data):
        raise DecodeError(f"{len(data)} bytes hold no value of type {letter}", field="value")
    try:
        return chosen.read(data[:size]), size
    except UnicodeDecodeError:
        raise DecodeError("a text is not ASCII", field="value") from None


def padding(letter: str) -> bytes:
    """What stands in the place of a value that is not given: zeros, as many as it would take."""
    return bytes(kind(letter).size or 1)
