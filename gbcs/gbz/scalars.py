"""The simple types of ZCL payloads: little-endian numbers, times, texts, and the tagged values of attributes.

Numbers are those of the public ZigBee Cluster Library tables. A time is uint32 seconds since 2000 (:mod:`gbcs.times`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gbcs.errors import DecodeError, LocalError

Scalar: TypeAlias = "int | str | bytes"
Read: TypeAlias = "Callable[[bytes, int], tuple[Scalar, int]]"
Write: TypeAlias = "Callable[[Scalar], bytes]"


@dataclass(frozen=True, slots=True)
class Kind:
    """One simple type; ``read`` gives value and next position. Both raise the package's errors where nothing fits."""

    name: str
    read: Read
    write: Write
    size: int | None = None
    code: str = ""


def short(data: bytes, at: int, need: int) -> DecodeError:
    """The error for a payload that ends too early."""
    return DecodeError(f"{need} bytes needed, {max(len(data) - at, 0)} left", offset=at, field="ZCL payload")


def _number(name: str, size: int, *, signed: bool = False, code: str = "") -> Kind:
    def read(data: bytes, at: int) -> tuple[Scalar, int]:
        stop = at + size
        if stop > len(data):
            raise short(data, at, size)
        return int.from_bytes(data[at:stop], "little", signed=signed), stop

    def write(value: Scalar) -> bytes:
        if not isinstance(value, int):
            raise LocalError(f"{value!r} is no number, as {name} needs")
        try:
            return value.to_bytes(size, "little", signed=signed)
        except OverflowError:
            raise LocalError(f"{value} does not fit {name}") from None

    return Kind(name, read, write, size, code)


def _octets(name: str, size: int) -> Kind:
    def read(data: bytes, at: int) -> tuple[Scalar, int]:
        if at + size > len(data):
            raise short(data, at, size)
        return data[at : at + size], at + size

    def write(value: Scalar) -> bytes:
        if not isinstance(value, bytes) or len(value) != size:
            raise LocalError(f"{value!r} is not {size} bytes, as {name} needs")
        return value

    return Kind(name, read, write, size, f"{size}s")


def _read_octets(data: bytes, at: int) -> tuple[bytes, int]:
    if at >= len(data):
        raise short(data, at, 1)
    stop = at + 1 + data[at]
    if stop > len(data):
        raise short(data, at + 1, data[at])
    return data[at + 1 : stop], stop


def _write_octets(value: Scalar) -> bytes:
    if not isinstance(value, bytes) or len(value) > 0xFF:
        raise LocalError(f"{value!r} is not at most 255 bytes")
    return bytes((len(value),)) + value


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    octets, stop = _read_octets(data, at)
    return octets.decode("latin-1"), stop


def _write_text(value: Scalar) -> bytes:
    try:
        return _write_octets(str(value).encode("latin-1"))
    except UnicodeEncodeError:
        raise LocalError(f"{value!r} holds characters outside Latin-1") from None


_STRUCT_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}

KINDS = {
    kind.name: kind
    for kind in (
        *(_number(f"u{8 * n}", n, code=_STRUCT_CODES.get(n, "")) for n in range(1, 9)),
        *(_number(f"i{8 * n}", n, signed=True, code=_STRUCT_CODES.get(n, "").lower()) for n in range(1, 9)),
        _number("utc", 4, code="I"),
        _octets("date", 4),
        _octets("eui64", 8),
        Kind("octets", _read_octets, _write_octets),
        Kind("text", _read_text, _write_text),
    )
}
"""By the name that the table of layouts uses. ``text`` is Latin-1, so that every byte has its character."""

_GROUPS = ((0x18, "bitmap", "u"), (0x20, "uint", "u"), (0x28, "int", "i"))

ATTRIBUTE_TYPES: dict[int, tuple[str, Kind]] = {
    first + n - 1: (f"{title}{8 * n}", KINDS[f"{letter}{8 * n}"])
    for first, title, letter in _GROUPS
    for n in range(1, 9)
} | {
    0x10: ("boolean", KINDS["u8"]),
    0x30: ("enum8", KINDS["u8"]),
    0x31: ("enum16", KINDS["u16"]),
    0x41: ("octet-string", KINDS["octets"]),
    0x42: ("character-string", KINDS["text"]),
    0xE0: ("time-of-day", KINDS["u32"]),
    0xE1: ("date", KINDS["date"]),
    0xE2: ("utc", KINDS["utc"]),
    0xF0: ("eui64", KINDS["eui64"]),
}
"""ZCL attribute data types: number on the wire -> name and simple type."""
