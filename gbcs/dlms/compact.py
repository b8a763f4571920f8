"""Compact arrays: rows packed without tags, described once (spec sheet 4.4). All logs and profiles travel this way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from construct import GreedyBytes, Int16ub
from numpy.typing import NDArray

from gbcs.declare import Counted, Fields, Record, Rule, Sized, Tagged
from gbcs.errors import DecodeError, LocalError

_ARRAY, _STRUCTURE = 0x01, 0x02
_NUMPY_CODES = {0x03: "u1", 0x05: ">i4", 0x06: ">u4", 0x0F: "i1", 0x10: ">i2", 0x11: "u1", 0x12: ">u2", 0x16: "u1"}
_NUMPY_CODES |= {0x14: ">i8", 0x15: ">u8"}
_MAX_ROW_BYTES = 4096


@dataclass(frozen=True, slots=True)
class TypeDescription:
    """The type of a row or a part of it: a simple type by its tag, an array of ``count`` elements, or a structure."""

    tag: int
    count: int | None = None
    element: TypeDescription | None = None
    elements: tuple[TypeDescription, ...] | None = None

    def columns(self) -> tuple[int, ...]:
        """The tags of the simple values of one row, arrays and structures flattened.

        Raises DecodeError for a type that is no plain value of fixed size, or for a row too long to be one.
        """
        if self.tag == _ARRAY and self.element is not None:
            inner = self.element.columns()
            if len(inner) * (self.count or 0) > _MAX_ROW_BYTES:
                raise DecodeError(f"a row of {self.count} x {len(inner)} values", field="type description")
            return inner * (self.count or 0)
        if self.tag == _STRUCTURE:
            parts = tuple(tag for part in self.elements or () for tag in part.columns())
            if len(parts) > _MAX_ROW_BYTES:
                raise DecodeError(f"a row of {len(parts)} values", field="type description")
            return parts
        if self.tag not in _NUMPY_CODES:
            raise DecodeError(f"type {self.tag:#04x} has no fixed size", field="type description")
        return (self.tag,)


UINT32_TYPE = TypeDescription(0x06)


def row_type(*columns: int) -> TypeDescription:
    """A row of uint32 columns: 1 for a single value, n > 1 for an array of n.

    ``row_type(1, 1)`` is (time, value); ``row_type(1, 1, 48, 8, 8, 8, 8)`` the daily read log of spec sheet 6.4.
    """
    parts = (UINT32_TYPE if n == 1 else TypeDescription(_ARRAY, count=n, element=UINT32_TYPE) for n in columns)
    return TypeDescription(_STRUCTURE, elements=tuple(parts))


@lru_cache(maxsize=256)
def _row_dtype(kind: TypeDescription) -> np.dtype[Any]:
    """The packed dtype of one row; all-uint32 rows, the usual case, come as a plain ``>u4`` sub-array."""
    columns = kind.columns()
    if not columns:
        raise DecodeError("a row without values", field="type description")
    if set(columns) == {0x06}:
        return np.dtype((">u4", (len(columns),)))
    return np.dtype([(f"c{i}", _NUMPY_CODES[tag]) for i, tag in enumerate(columns)])


@dataclass(frozen=True, slots=True)
class CompactArray:
    """Rows of one type. ``contents`` are the packed bytes; their number of rows follows from the size."""

    kind: TypeDescription
    contents: bytes

    def rows(self) -> NDArray[Any]:
        """The rows: shape (n, columns) of big-endian uint32, or (n,) structured where types differ. A view, no copy.

        Raises DecodeError where the contents are no whole number of rows.
        """
        layout = _row_dtype(self.kind)
        if len(self.contents) % layout.itemsize:
            raise DecodeError(
                f"{len(self.contents)} bytes are no whole number of {layout.itemsize}-byte rows", field="compact array"
            )
        if layout.subdtype is not None:
            return np.frombuffer(self.contents, ">u4").reshape(-1, layout.itemsize // 4)
        return np.frombuffer(self.contents, layout)

    @staticmethod
    def of(kind: TypeDescription, rows: NDArray[Any] | Sequence[Sequence[int]]) -> CompactArray:
        """Pack rows of uint32, shape (n, columns). Raises LocalError where they do not fit the type."""
        array = np.ascontiguousarray(rows, dtype=">u4")
        width = len(kind.columns())
        if array.size and (array.ndim != 2 or array.shape[1] != width):
            raise LocalError(f"rows of shape {array.shape} do not fit a type of {width} columns")
        return CompactArray(kind, array.tobytes())


_SIMPLE = (0x00, *range(0x03, 0x07), 0x09, 0x0A, 0x0C, 0x0D, *range(0x0F, 0x13), *range(0x14, 0x1C))

TYPE_DESCRIPTION: Rule = Rule(
    "type description",
    lambda: Tagged(
        TypeDescription,
        "type",
        {
            _ARRAY: Fields("count" / Int16ub, "element" / TYPE_DESCRIPTION),
            _STRUCTURE: Fields("elements" / Counted(TYPE_DESCRIPTION)),
        }
        | {tag: Fields() for tag in _SIMPLE},
    ),
)

COMPACT_ARRAY = Record(CompactArray, "kind" / TYPE_DESCRIPTION, "contents" / Sized(GreedyBytes))
