"""The rows of a load profile: A-XDR arrays of structures, packed and read by numpy, any number at once.

The columns of a profile are a table; a layout is made of the columns that are asked for. The declaration in
:mod:`emulator.smets1.dlms.data` stays the reference: tests hold this packed twin equal to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from emulator.smets1.dlms.data import Data, Tag
from emulator.smets1.meter import ROWS
from gbcs.declare import build_length
from gbcs.errors import DecodeError
from gbcs.times import DAY_S, HALF_HOUR_S, MAX_INSTANT

Rows = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the object and attribute that are captured, the tag bytes before the value, and its size."""

    class_id: int
    instance: bytes
    attribute: int
    head: bytes
    size: int

    def definition(self) -> Data:
        """The capture object definition, as profiles list their columns."""
        return Data(
            Tag.STRUCTURE,
            (
                Data(Tag.UINT16, self.class_id),
                Data(Tag.OCTET_STRING, self.instance),
                Data(Tag.INT8, self.attribute),
                Data(Tag.UINT16, 0),
            ),
        )


CLOCK, STATUS, ACTIVE_IMPORT, ACTIVE_EXPORT = "clock", "status", "active_import", "active_export"

COLUMNS: dict[str, Column] = {
    CLOCK: Column(8, bytes.fromhex("0000010000ff"), 2, b"\x09\x0c", 12),
    STATUS: Column(1, bytes.fromhex("0000600a01ff"), 2, b"\x11", 1),
    ACTIVE_IMPORT: Column(3, bytes.fromhex("0100010800ff"), 2, b"\x06", 4),
    ACTIVE_EXPORT: Column(3, bytes.fromhex("0100020800ff"), 2, b"\x06", 4),
}

_DATE_BYTES, _CLOCK_BYTES = 5, 7
"""A date-time: year, month, day, weekday; hour, minute, second, hundredths, deviation, status."""
_SATURDAY = 5
"""2000-01-01, with Monday as 0."""
_DAYS = MAX_INSTANT // DAY_S + 1
_LOWEST = np.array([[0], [0], [1], [1], [0], [0], [0], [0], [0], [0], [0], [0]], np.uint8)
_HIGHEST = np.array([[255], [255], [12], [31], [255], [23], [59], [59], [255], [128], [0], [255]], np.uint8)
"""Bounds of the 12 bytes of a time that is fully given, in UTC or without a deviation."""
_KEPT_ROWS, _KEPT_STRETCHES = 96, 128
"""Stretches of up to two days are kept, so many of them."""
_SECONDS = np.array([3600, 60, 1], np.int64)

Cells = NDArray[np.uint8]


class Layout:
    """Some columns, in order: from rows to bytes and back."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        """Raises KeyError for a name that is no column."""
        self.places: dict[str, slice] = {}
        template, free = bytes((Tag.STRUCTURE, len(columns))), bytes(2)
        for name in columns:
            column = COLUMNS[name]
            start = len(template) + len(column.head)
            self.places[name] = slice(start, start + column.size)
            template += column.head + bytes(column.size)
            free += bytes(len(column.head)) + b"\xff" * column.size
        self.row_bytes = len(template)
        self.values = tuple(name for name in columns if name not in (CLOCK, STATUS))
        self._template, self._fixed = np.frombuffer(template, np.uint8), ~np.frombuffer(free, np.uint8)
        self._wire = np.dtype(
            {
                "names": self.values,
                "formats": [">u4"] * len(self.values),
                "offsets": [self.places[name].start for name in self.values],
                "itemsize": self.row_bytes,
            }
        )
        self._kept = lru_cache(maxsize=_KEPT_STRETCHES)(self._stretch)

    def encode(self, rows: Rows) -> bytes:
        """The rows of :data:`~emulator.smets1.meter.ROWS` as one A-XDR array.

        Meters are asked for the same days, so rows without gaps start from a stretch that is filled in but for values.
        """
        count, stamps = len(rows), rows["stamp"]
        first = int(stamps[0]) if count else 0
        if 0 < count <= _KEPT_ROWS and int(stamps[-1]) - first == (count - 1) * HALF_HOUR_S:
            cells = self._kept(first, count).copy()
        else:
            cells = self._blank(stamps)
        wire = cells.view(self._wire)[:, 0]
        for name in self.values:
            wire[name] = rows[name]
        return b"".join((b"\x01", build_length(count), cells.tobytes()))

    def _stretch(self, first: int, count: int) -> Cells:
        return self._blank(first + HALF_HOUR_S * np.arange(count, dtype=np.int64))

    def _blank(self, stamps: NDArray[np.int64]) -> Cells:
        """Rows of these stamps whose values are still 0."""
        cells = np.empty((len(stamps), self.row_bytes), np.uint8)
        cells[:] = self._template
        if CLOCK in self.places:
            _write_times(cells[:, self.places[CLOCK]], stamps)
        return cells

    def decode(self, data: bytes) -> Rows:
        """The rows of an array of this layout; a column that it lacks is 0.

        Raises DecodeError for another layout, a length that does not fit, or times that are open or not in UTC.
        """
        count, start = _array_head(data)
        if len(data) - start != count * self.row_bytes:
            raise DecodeError(
                f"{count} rows of {self.row_bytes} bytes, {len(data) - start} bytes left", offset=start, field="profile"
            )
        cells = np.frombuffer(data, np.uint8, offset=start).reshape(count, self.row_bytes)
        if ((cells ^ self._template) & self._fixed).any():
            raise DecodeError("a row is not of this layout", offset=start, field="profile")
        rows = np.zeros(count, ROWS)
        if CLOCK in self.places:
            rows["stamp"] = _read_times(cells[:, self.places[CLOCK]])
        wire = np.frombuffer(data, self._wire, offset=start)
        for name in self.values:
            rows[name] = wire[name]
        return rows


@lru_cache(maxsize=64)
def layout(columns: tuple[str, ...]) -> Layout:
    """The layout of some columns, made once."""
    return Layout(columns)


@cache
def _dates() -> tuple[Cells, NDArray[np.int64], NDArray[np.int64]]:
    """The date bytes of every day since 2000, the first day of every month, and how many days each month has."""
    days = np.datetime64("2000-01-01", "D") + np.arange(_DAYS)
    months = days.astype("M8[M]")
    years = days.astype("M8[Y]").astype(np.int64) + 1970
    parts = (
        years >> 8,
        years & 0xFF,
        months.astype(np.int64) % 12 + 1,
        (days - months.astype("M8[D]")).astype(np.int64) + 1,
        (np.arange(_DAYS) + _SATURDAY) % 7 + 1,
    )
    starts = np.arange("2000-01", "2137-01", dtype="M8[M]").astype("M8[D]").astype(np.int64)
    starts -= starts[0]
    return np.stack(parts, axis=1).astype(np.uint8), starts[:-1], np.diff(starts)


@cache
def _clocks() -> Cells:
    """The clock bytes of every minute of a day: no seconds, no deviation, status valid."""
    cells = np.zeros((1440, _CLOCK_BYTES), np.uint8)
    cells[:, 0], cells[:, 1] = np.divmod(np.arange(1440), 60)
    return cells


def _write_times(cells: Cells, stamps: NDArray[np.int64]) -> None:
    """Date-times in UTC, as :func:`~emulator.smets1.dlms.data.date_time` writes one."""
    minutes, seconds = np.divmod(stamps, 60)
    days, minutes = np.divmod(minutes, 1440)
    cells[:, :_DATE_BYTES] = _dates()[0][days]
    cells[:, _DATE_BYTES:] = _clocks()[minutes]
    cells[:, _DATE_BYTES + 2] = seconds


def _read_times(cells: Cells) -> NDArray[np.int64]:
    """Seconds since 2000 of date-times. Raises DecodeError where one is open, impossible or not in UTC."""
    parts = cells.T
    _, starts, lengths = _dates()
    month: NDArray[np.int64] = (parts[0].astype(np.int64) * 256 + parts[1] - 2000) * 12 + parts[2] - 1
    if not ((parts >= _LOWEST) & (parts <= _HIGHEST)).all() or (parts[9] & 0x7F).any():
        raise DecodeError("a row has no time in UTC", field="profile")
    if not len(month):
        return month
    if month.min() < 0 or month.max() >= len(starts):
        raise DecodeError("a row is outside 2000 to 2136", field="profile")
    if (parts[3] > lengths[month]).any():
        raise DecodeError("a row has a day that its month has not", field="profile")
    stamps: NDArray[np.int64] = DAY_S * (starts[month] + parts[3] - 1) + _SECONDS @ parts[5:8]
    return stamps


def _array_head(data: bytes) -> tuple[int, int]:
    """How many elements an array announces, and where the first one starts."""
    if data[:1] != b"\x01" or len(data) < 2:
        raise DecodeError(f"an array starts with 01, not {data[:1].hex() or 'nothing'}", offset=0, field="profile")
    if data[1] < 0x80:
        return data[1], 2
    start = 2 + data[1] - 0x80
    count = int.from_bytes(data[2:start], "big")
    if build_length(count) != data[1:start]:
        raise DecodeError("length is not minimal", offset=1, field="profile")
    return count, start
