"""Profiles and logs as they are stored: rows in order of their stamps, of any column types."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import TypeAlias

from gbcs.dlms import CompactArray, TypeDescription
from gbcs.dlms.data import Tag
from gbcs.errors import DecodeError, LocalError

Selection: TypeAlias = "tuple[int, int] | None"
"""First and last stamp, seconds since 2000, both inclusive; ``None`` asks for everything."""

_STAMP = Struct(">I")
_SIZES = {
    Tag.NULL: 0, Tag.BOOLEAN: 1, Tag.INT8: 1, Tag.UINT8: 1, Tag.ENUM: 1, Tag.INT16: 2, Tag.UINT16: 2,
    Tag.INT32: 4, Tag.UINT32: 4, Tag.INT64: 8, Tag.UINT64: 8,
}  # fmt: skip
_STRINGS = frozenset((Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING))


def split_rows(array: CompactArray) -> list[bytes]:
    """The packed rows of a compact array, whose strings carry their own length.

    Raises DecodeError where the last row does not end with the contents.
    """
    rows, at = [], 0
    while at < len(array.contents):
        end = _end(array.kind, array.contents, at)
        if end > len(array.contents) or end == at:
            raise DecodeError("the contents are no whole number of rows", field="compact array")
        rows.append(array.contents[at:end])
        at = end
    return rows


def is_stamped(kind: TypeDescription) -> bool:
    """Whether the rows of a type start with a stamp, so that they can be selected by it."""
    return bool(kind.elements) and kind.elements[0].tag == Tag.UINT32  # type: ignore[index]  # not empty


def _end(kind: TypeDescription, contents: bytes, at: int) -> int:
    """Where a value that starts at ``at`` ends."""
    for part in _parts(kind):
        at = _end(part, contents, at)
    if kind.tag in _STRINGS:
        if at >= len(contents) or contents[at] >= 0x80:
            raise DecodeError("a string in a row is shorter than 128 bytes", field="compact array")
        return at + 1 + contents[at]
    if kind.tag in _SIZES:
        return at + _SIZES[Tag(kind.tag)]
    if not kind.elements and kind.element is None:
        raise DecodeError(f"type {kind.tag:#04x} is none of a row", field="type description")
    return at


def _parts(kind: TypeDescription) -> Iterator[TypeDescription]:
    yield from kind.elements or ()
    for _ in range(kind.count or 0):
        if kind.element is not None:
            yield kind.element


def pack_row(kind: TypeDescription, *values: int | bytes) -> bytes:
    """One row of simple columns. Raises LocalError where the values do not fit the columns."""
    columns = kind.elements or ()
    if len(columns) != len(values):
        raise LocalError(f"a row of {len(columns)} columns takes as many values, got {len(values)}")
    return b"".join(_packed(column, value) for column, value in zip(columns, values, strict=True))


def _packed(column: TypeDescription, value: int | bytes) -> bytes:
    if isinstance(value, bytes) and column.tag in _STRINGS and len(value) < 0x80:
        return bytes((len(value),)) + value
    if isinstance(value, int) and column.tag in _SIZES and 0 <= value < 1 << 8 * _SIZES[Tag(column.tag)]:
        return value.to_bytes(_SIZES[Tag(column.tag)], "big")
    raise LocalError(f"{value!r} does not fit a column of type {column.tag:#04x}")


@dataclass(slots=True)
class StoredProfile:
    """Rows of a profile as they were loaded, in the order of the wire; the first column of each is its stamp."""

    kind: TypeDescription
    stamps: list[int]
    rows: list[bytes]

    @staticmethod
    def load(array: CompactArray) -> StoredProfile:
        """Take the rows of a compact array whose first column is the stamp. Raises DecodeError."""
        rows = split_rows(array)
        return StoredProfile(array.kind, [int.from_bytes(row[:4], "big") for row in rows], rows)

    def select(self, selection: Selection) -> CompactArray:
        """The rows inside the bounds, in their order."""
        if selection is None:
            return CompactArray(self.kind, b"".join(self.rows))
        first, last = selection
        inside = (row for stamp, row in zip(self.stamps, self.rows, strict=True) if first <= stamp <= last)
        return CompactArray(self.kind, b"".join(inside))

    def add(self, stamp: int, like: int = 0) -> None:
        """Add a row with its own stamp and the values of row number ``like``, keeping the order of stamps."""
        self.insert(_STAMP.pack(stamp) + self.rows[like][4:])

    def insert(self, row: bytes) -> None:
        """Add a packed row, keeping the order of stamps."""
        stamp = int.from_bytes(row[:4], "big")
        at = bisect_left(self.stamps, stamp)
        self.stamps.insert(at, stamp)
        self.rows.insert(at, row)

    def clear(self) -> None:
        """Forget all rows."""
        self.stamps, self.rows = [], []

    def plant(self, stamp: int, column: int, value: int) -> None:
        """Change one 4-byte value of one row. Raises LocalError where there is no such row."""
        if stamp not in self.stamps:
            raise LocalError(f"no row is stamped {stamp}")
        number, at = self.stamps.index(stamp), 4 * column
        row = self.rows[number]
        self.rows[number] = row[:at] + value.to_bytes(4, "big") + row[at + 4 :]
