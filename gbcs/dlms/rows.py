"""The rows of any compact array as plain values, and back: also of types without a fixed size (logs with event data).

:meth:`gbcs.dlms.compact.CompactArray.rows` is the quick way to the numbers of a profile; this is the general one.
A row is a tuple of int, bytes, str, :class:`BitString`, None and tuples of these.
"""

from __future__ import annotations

import struct
from struct import Struct
from typing import Any

from gbcs.declare import MAX_DEPTH, Bits, BitString, build_length
from gbcs.dlms.compact import CompactArray, TypeDescription
from gbcs.errors import DecodeError, LocalError

_ARRAY, _STRUCTURE = 0x01, 0x02
_NUMBERS = {
    tag: Struct(code)
    for tag, code in {
        0x03: ">B", 0x05: ">i", 0x06: ">I", 0x0F: ">b", 0x10: ">h", 0x11: ">B", 0x12: ">H", 0x14: ">q", 0x15: ">Q",
        0x16: ">B",
    }.items()
}  # fmt: skip
_TEXTS = {0x0A: "ascii", 0x0C: "utf-8"}
_MAX_VALUES = 65_536
"""Values in one compact array: a whole message has no more bytes."""


def read_rows(array: CompactArray) -> tuple[Any, ...]:
    """The rows. Raises DecodeError where the contents are no whole number of rows, or a type is unknown here."""
    rows: list[Any] = []
    reader = _Reader(array.contents)
    while reader.at < len(array.contents):
        before = reader.at
        rows.append(reader.value(array.kind, 0))
        if reader.at == before:
            raise DecodeError("a row without bytes", field="compact array")
    return tuple(rows)


def write_rows(kind: TypeDescription, rows: tuple[Any, ...]) -> CompactArray:
    """The compact array of these rows. Raises LocalError where a row does not fit the type."""
    try:
        return CompactArray(kind, b"".join(_write(kind, row) for row in rows))
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise LocalError(f"rows do not fit the compact array: {error}") from None


class _Reader:
    """Walks the contents of one compact array."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.values = data, 0, 0

    def value(self, kind: TypeDescription, depth: int) -> Any:
        self.values += 1
        if self.values > _MAX_VALUES or depth > MAX_DEPTH:
            raise DecodeError("more values than a message can hold", offset=self.at, field="compact array")
        if kind.tag == _STRUCTURE:
            return tuple([self.value(part, depth + 1) for part in kind.elements or ()])
        if kind.tag == _ARRAY and kind.element is not None:
            return tuple([self.value(kind.element, depth + 1) for _ in range(kind.count or 0)])
        return self._simple(kind.tag)

    def _simple(self, tag: int) -> Any:
        number = _NUMBERS.get(tag)
        if number is not None:
            return number.unpack(self._take(number.size))[0]
        if tag == 0x00:
            return None
        if tag == 0x04:
            length = self._length()
            return BitString(length, self._take((length + 7) // 8))
        if tag not in (0x09, *_TEXTS):
            raise DecodeError(f"type {tag:#04x} is not read in compact arrays", offset=self.at, field="compact array")
        octets = self._take(self._length())
        try:
            return octets.decode(_TEXTS[tag]) if tag in _TEXTS else octets
        except UnicodeDecodeError:
            raise DecodeError(f"not {_TEXTS[tag]}", offset=self.at, field="compact array") from None

    def _length(self) -> int:
        first = self._take(1)[0]
        if first < 0x80:
            return first
        octets = self._take(first - 0x80) if 0x80 < first <= 0x84 else b""
        length = int.from_bytes(octets, "big")
        if build_length(length) != bytes((first,)) + octets:
            raise DecodeError("length is not minimal", offset=self.at, field="compact array")
        return length

    def _take(self, size: int) -> bytes:
        stop = self.at + size
        if stop > len(self.data):
            raise DecodeError(
                f"{size} bytes needed, {len(self.data) - self.at} left: no whole number of rows",
                offset=self.at,
                field="compact array",
            )
        taken, self.at = self.data[self.at : stop], stop
        return taken


def _write(kind: TypeDescription, value: Any) -> bytes:
    if kind.tag in (_STRUCTURE, _ARRAY):
        inner = kind.elements if kind.tag == _STRUCTURE else (kind.element,) * (kind.count or 0)
        if len(value) != len(inner or ()):
            raise LocalError(f"{len(value)} values for {len(inner or ())} columns")
        return b"".join(_write(part, one) for part, one in zip(inner or (), value, strict=True) if part is not None)
    number = _NUMBERS.get(kind.tag)
    if number is not None:
        return _pack(number, value)
    if kind.tag == 0x00:
        return b""
    if kind.tag == 0x04:
        return Bits().build(value)
    octets = value.encode(_TEXTS[kind.tag]) if kind.tag in _TEXTS else bytes(value)
    return build_length(len(octets)) + octets


def _pack(number: Struct, value: Any) -> bytes:
    try:
        return number.pack(value)
    except struct.error as error:
        raise LocalError(f"{value!r}: {error}") from None
