"""A-XDR ``Data``: a tag and a value, nested (spec sheet 4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from construct import (
    GreedyBytes,
    Int8sb,
    Int8ub,
    Int16sb,
    Int16ub,
    Int32sb,
    Int32ub,
    Int64sb,
    Int64ub,
    Pass,
)

from gbcs.declare import Bits, BitString, Counted, Rule, Sized, Tagged, Text
from gbcs.dlms.compact import COMPACT_ARRAY, CompactArray

__all__ = ["DATA", "BitString", "Data", "Tag", "Value"]


class Tag(IntEnum):
    """The A-XDR tags of DLMS Data that GBCS uses."""

    NULL = 0x00
    ARRAY = 0x01
    STRUCTURE = 0x02
    BOOLEAN = 0x03
    BIT_STRING = 0x04
    INT32 = 0x05
    UINT32 = 0x06
    OCTET_STRING = 0x09
    VISIBLE_STRING = 0x0A
    UTF8_STRING = 0x0C
    INT8 = 0x0F
    INT16 = 0x10
    UINT8 = 0x11
    UINT16 = 0x12
    COMPACT_ARRAY = 0x13
    INT64 = 0x14
    UINT64 = 0x15
    ENUM = 0x16


@dataclass(frozen=True, slots=True)
class Data:
    """One A-XDR value. ``value`` is None, int, bytes, str, BitString, CompactArray or a tuple of Data, by ``tag``."""

    tag: int
    value: Value = None

    def __str__(self) -> str:
        """``uint32 5``: type name and value."""
        return f"{Tag(self.tag).name.lower().replace('_', '-')} {self.value!r}"


Value: TypeAlias = "int | bytes | str | BitString | CompactArray | tuple[Data, ...] | None"

NULL = Data(Tag.NULL)

DATA: Rule = Rule(
    "data",
    lambda: Tagged(
        Data,
        "data type",
        {
            Tag.NULL: Pass,
            Tag.ARRAY: Counted(DATA),
            Tag.STRUCTURE: Counted(DATA),
            Tag.BOOLEAN: Int8ub,
            Tag.BIT_STRING: Bits(),
            Tag.INT32: Int32sb,
            Tag.UINT32: Int32ub,
            Tag.OCTET_STRING: Sized(GreedyBytes),
            Tag.VISIBLE_STRING: Sized(Text("ascii")),
            Tag.UTF8_STRING: Sized(Text("utf-8")),
            Tag.INT8: Int8sb,
            Tag.INT16: Int16sb,
            Tag.UINT8: Int8ub,
            Tag.UINT16: Int16ub,
            Tag.COMPACT_ARRAY: COMPACT_ARRAY,
            Tag.INT64: Int64sb,
            Tag.UINT64: Int64ub,
            Tag.ENUM: Int8ub,
        },
    ),
)


def uint32(value: int) -> Data:
    """An unsigned 32-bit value."""
    return Data(Tag.UINT32, value)


def structure(*parts: Data) -> Data:
    """A structure of its parts."""
    return Data(Tag.STRUCTURE, parts)


def scaler_unit(scaler: int, unit: int) -> Data:
    """The scaler and unit attribute of a register: powers of ten (int8) and the DLMS unit code (30 Wh, 32 varh)."""
    return structure(Data(Tag.INT8, scaler), Data(Tag.ENUM, unit))
