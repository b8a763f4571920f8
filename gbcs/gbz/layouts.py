"""What a ZCL payload is made of: named fields, groups that repeat, and tails that another field selects.

A layout is a row of ``zcl.toml``; here it becomes a reader and a writer. A payload that its row does not fit (a command
of another version of the library, say) is no error: the generic layout keeps its bytes under the name ``data``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, TypeAlias

from gbcs.errors import DecodeError, LocalError
from gbcs.gbz.scalars import ATTRIBUTE_TYPES, KINDS, Kind, Scalar, short

Value: TypeAlias = "Scalar | tuple[Any, ...]"
"""A simple value; a tuple of numbers for a counted run, of rows for a group, of records for attributes."""

COUNTED = {"thresholds": 0x0F, "summations": 0xFF}
"""Types of as many uint48 as the byte before them says, or its low four bits: name -> bits of that byte."""


@dataclass(frozen=True, slots=True)
class AttributeRecord:
    """One attribute in a Read Attributes response: ``kind`` and ``value`` only where ``status`` is 0 (success)."""

    attribute: int
    status: int
    kind: int | None = None
    value: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One named field. ``optional`` fields stand at the end and are there where bytes are left.

    A field without a kind is a run of uint48 that the byte before it counts in the bits ``count_bits``.
    """

    name: str
    kind: Kind | None
    optional: bool = False
    count_bits: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of one command, and what may follow them.

    ``group`` repeats to the end of the payload under ``group_name``; ``records`` are attribute records; ``variants``
    are further layouts, chosen by the value of the field ``variant_on``. ``source`` says what the row stands on:
    "vector" (a reference message shows it) or "public" (the public tables alone: inferred).
    """

    name: str
    source: str
    fields: tuple[Field, ...] = field(default=(), repr=False)
    group_name: str = field(default="", repr=False)
    group: tuple[Field, ...] = field(default=(), repr=False)
    records: bool = field(default=False, repr=False)
    variant_on: str = field(default="", repr=False)
    variants: Mapping[int, Layout] = field(default_factory=dict, hash=False, repr=False)

    def parse(self, data: bytes) -> Zcl:
        """The values of a payload that this layout fits exactly. Raises DecodeError for another."""
        values, at, tail = self._parse(data, 0)
        if at != len(data):
            raise DecodeError(f"{len(data) - at} bytes left over", offset=at, field=self.name)
        return Zcl(self, values, tail)

    def _parse(self, data: bytes, at: int) -> tuple[tuple[Value, ...], int, Zcl | None]:
        values: list[Value]
        values, at = _parse_fields(self.fields, data, at)
        if self.group:
            rows = []
            while at < len(data):
                row, at = _parse_fields(self.group, data, at)
                rows.append(tuple(row))
            values.append(tuple(rows))
        if self.records:
            found, at = _parse_records(data, at)
            values.append(found)
        if not self.variant_on:
            return tuple(values), at, None
        chosen = self._variant(values[self.names.index(self.variant_on)])
        inner, at, _ = chosen._parse(data, at)
        return tuple(values), at, Zcl(chosen, inner)

    def _variant(self, value: Value) -> Layout:
        chosen = self.variants.get(value) if isinstance(value, int) else None
        if chosen is None:
            raise DecodeError(f"{self.variant_on} {value!r} is in no table", field=self.name)
        return chosen

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the values, in order."""
        names = tuple(one.name for one in self.fields)
        if self.group:
            names += (self.group_name,)
        return (*names, "attributes") if self.records else names


@dataclass(frozen=True, slots=True)
class Zcl:
    """The typed payload of one ZCL command: its layout, the values by name, and the tail that a field selected."""

    layout: Layout
    values: tuple[Value, ...]
    tail: Zcl | None = None

    def __getitem__(self, name: str) -> Value:
        """The value of a field. Raises KeyError."""
        if name in self.layout.names:
            return self.values[self.layout.names.index(name)]
        if self.tail is None:
            raise KeyError(name)
        return self.tail[name]

    def encode(self) -> bytes:
        """The bytes of the payload. Raises LocalError where a value does not fit its field."""
        layout = self.layout
        if len(self.values) > len(layout.names):
            raise LocalError(f"{layout.name} has {len(layout.names)} fields, got {len(self.values)} values")
        own = _build_fields(layout.fields, self.values[: len(layout.fields)])
        rest = self.values[len(layout.fields) :]
        if rest and layout.group:
            own += b"".join(_build_fields(layout.group, row) for row in rest[0])  # type: ignore[union-attr, arg-type]
        elif rest:
            own += b"".join(map(_build_record, rest[0]))  # type: ignore[arg-type]
        return own + self.tail.encode() if self.tail is not None else own


def generic(data: bytes) -> Zcl:
    """A payload kept as bytes, under the name ``data``."""
    return Zcl(RAW, (data,))


def _read_rest(data: bytes, at: int) -> tuple[Scalar, int]:
    return data[at:], len(data)


def _write_rest(value: Scalar) -> bytes:
    if not isinstance(value, bytes):
        raise LocalError(f"{value!r} is not bytes")
    return value


RAW = Layout("unknown command", "none", (Field("data", Kind("bytes", _read_rest, _write_rest)),))


def _parse_fields(fields: tuple[Field, ...], data: bytes, at: int) -> tuple[list[Value], int]:
    values: list[Value] = []
    for one in fields:
        if one.kind is None:
            found, at = _parse_run(data, at, values[-1], one.count_bits)
            values.append(found)
        elif at < len(data) or not one.optional:
            value, at = one.kind.read(data, at)
            values.append(value)
    return values, at


def _build_fields(fields: tuple[Field, ...], values: tuple[Value, ...]) -> bytes:
    needed = sum(not one.optional for one in fields)
    if not needed <= len(values) <= len(fields):
        raise LocalError(f"{len(values)} values for the fields {', '.join(one.name for one in fields)}")
    parts = []
    for one, value in zip(fields, values, strict=False):
        if one.kind is not None:
            parts.append(one.kind.write(value))  # type: ignore[arg-type]
        else:
            parts.append(b"".join(_UINT48.write(each) for each in value))  # type: ignore[union-attr]
    return b"".join(parts)


_UINT48 = KINDS["u48"]


def _parse_run(data: bytes, at: int, before: Value, count_bits: int) -> tuple[tuple[int, ...], int]:
    count = before & count_bits if isinstance(before, int) else 0
    stop = at + 6 * count
    if stop > len(data):
        raise short(data, at, 6 * count)
    return tuple(int.from_bytes(data[i : i + 6], "little") for i in range(at, stop, 6)), stop


_RECORD = Struct("<HB")


def _parse_records(data: bytes, at: int) -> tuple[tuple[AttributeRecord, ...], int]:
    found = []
    while at < len(data):
        if at + 3 > len(data):
            raise short(data, at, 3)
        attribute, status = _RECORD.unpack_from(data, at)
        at += 3
        if status:
            found.append(AttributeRecord(attribute, status))
            continue
        kind = data[at] if at < len(data) else -1
        known = ATTRIBUTE_TYPES.get(kind)
        if known is None:
            raise DecodeError(f"attribute type {kind:#04x} is in no table", offset=at, field="attribute record")
        value, at = known[1].read(data, at + 1)
        found.append(AttributeRecord(attribute, status, kind, value))
    return tuple(found), at


def _build_record(record: AttributeRecord) -> bytes:
    try:
        head = _RECORD.pack(record.attribute, record.status)
        if record.status:
            return head
        known = ATTRIBUTE_TYPES[record.kind]  # type: ignore[index]
    except (KeyError, ValueError, OverflowError, TypeError) as error:
        raise LocalError(f"{record} cannot be encoded: {error}") from None
    return head + bytes((record.kind,)) + known[1].write(record.value)  # type: ignore[arg-type]
