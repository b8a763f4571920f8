"""A-XDR data in plain values, and back: ``{"uint32": 5}``, ``{"structure": {"name": ..}}``, rows with their times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gbcs.dlms import BitString, CompactArray, Data, Tag, TypeDescription
from gbcs.dlms.rows import read_rows, write_rows
from gbcs.errors import DecodeError, LocalError
from gbcs.names import Shape
from gbcs.objects import show_logical_name
from tools.plain import (
    Plain,
    bits_of,
    bits_text,
    cosem_octets,
    cosem_text,
    instant_of,
    instant_text,
    octets,
    take,
    take_octets,
)

_TAG_NAMES = {int(tag): tag.name.lower().replace("_", "-") for tag in Tag}
_TAGS = {name: tag for tag, name in _TAG_NAMES.items()}
_SCALER_UNIT, _DATE_TIME = "scaler-unit", "date-time"
_UNITS = {9: "K", 27: "W", 29: "var", 30: "Wh", 32: "varh", 35: "V", 33: "A", 10: "currency", 255: "count"}
_LOGICAL_NAMES = ("script", "instance", "credit", "charge")
_ANY = 0xFF
_MIN_TEXT = 4
"""Shorter octet strings of letters are as likely numbers."""


def data(value: Data, shape: Shape | None = None) -> dict[str, Plain]:
    """The plain form of a value; ``shape`` names the parts of a structure."""
    name = _TAG_NAMES[value.tag]
    inner = value.value
    if isinstance(inner, tuple):
        return _compound(name, inner, shape)
    if isinstance(inner, CompactArray):
        return {name: compact_array(inner)}
    if isinstance(inner, BitString):
        return {name: bits_text(inner)}
    if isinstance(inner, bytes):
        return _octet_string(name, inner)
    return {name: inner}


def _compound(name: str, parts: tuple[Data, ...], shape: Shape | None) -> dict[str, Plain]:
    if len(parts) == 2 and parts[0].tag == Tag.INT8 and parts[1].tag == Tag.ENUM and name == "structure":
        unit = parts[1].value
        return {_SCALER_UNIT: [parts[0].value, unit, _UNITS.get(unit if isinstance(unit, int) else -1, "?")]}
    if name == "array":
        inner = Shape(shape.parts) if shape is not None and shape.repeated else None
        return {name: [data(part, inner) for part in parts]}
    if shape is not None and not shape.repeated and len(shape.parts) == len(parts):
        named = zip(parts, shape.parts, strict=True)
        return {name: {title: data(part, sub) | _note(title, part) for part, (title, sub) in named}}
    return {name: [data(part) for part in parts]}


def _octet_string(name: str, inner: bytes) -> dict[str, Plain]:
    if len(inner) == 12 and cosem_text(inner) != inner.hex():
        return {_DATE_TIME: cosem_text(inner)}
    found: dict[str, Plain] = {name: inner.hex()}
    if len(inner) >= _MIN_TEXT and inner.isascii() and inner.decode("ascii").isprintable():
        found["text"] = inner.decode("ascii")
    return found


def _note(title: str, part: Data) -> dict[str, Plain]:
    """What the octets of a time of day, a date or a logical name say to a person; FF stands for any."""
    octets_of_it = part.value if isinstance(part.value, bytes) else b""
    cells = [f"{octet:02d}" if octet != _ANY else "*" for octet in octets_of_it]
    if len(cells) == 4 and title.endswith("time"):
        return {"shown": ":".join(cells[:3])}
    if len(cells) == 5 and title.endswith("date"):
        year = int.from_bytes(octets_of_it[:2], "big")
        weekday = f" weekday {cells[4]}" if cells[4] != "*" else ""
        return {"shown": f"{year if year != 0xFFFF else '*'}-{cells[2]}-{cells[3]}{weekday}"}
    if len(cells) == 6 and title in _LOGICAL_NAMES:
        return {"shown": show_logical_name(octets_of_it)}
    return {}


def read_data(plain: Plain) -> Data:
    """The value of a plain form. Raises LocalError. Keys beside the one that is known are notes."""
    if not isinstance(plain, Mapping):
        raise LocalError(f'data: an object like {{"uint32": 5}} expected, got {plain!r}')
    name = next((key for key in plain if key in _READERS or key in _TAGS), None)
    if name is None:
        raise LocalError(f"data: none of {sorted(plain)} is a type of data: {', '.join(_TAGS)}")
    if name in _READERS:
        return _READERS[name](plain[name])
    value = plain[name]
    if isinstance(value, bool) or not isinstance(value, int | str | None):
        raise LocalError(f"{name}: {value!r} is no such value")
    return Data(_TAGS[name], value)


def _read_parts(tag: int, plain: Plain) -> Data:
    parts = list(plain.values()) if isinstance(plain, Mapping) else plain
    if not isinstance(parts, list):
        raise LocalError(f"{_TAG_NAMES[tag]}: a list expected, got {plain!r}")
    return Data(tag, tuple([read_data(part) for part in parts]))


def _read_scaler_unit(plain: Plain) -> Data:
    if not isinstance(plain, list) or len(plain) < 2 or not all(type(part) is int for part in plain[:2]):
        raise LocalError(f"scaler-unit: two numbers expected, got {plain!r}")
    return Data(Tag.STRUCTURE, (Data(Tag.INT8, plain[0]), Data(Tag.ENUM, plain[1])))


_READERS: dict[str, Callable[[Plain], Data]] = {
    "array": lambda plain: _read_parts(Tag.ARRAY, plain),
    "structure": lambda plain: _read_parts(Tag.STRUCTURE, plain),
    _SCALER_UNIT: _read_scaler_unit,
    _DATE_TIME: lambda plain: Data(Tag.OCTET_STRING, cosem_octets(plain)),
    "octet-string": lambda plain: Data(Tag.OCTET_STRING, octets(plain, "octet-string")),
    "bit-string": lambda plain: Data(Tag.BIT_STRING, bits_of(plain)),
    "compact-array": lambda plain: Data(Tag.COMPACT_ARRAY, read_compact_array(plain)),
}


# --- compact arrays ---------------------------------------------------------------------------------------------------


def compact_array(value: CompactArray) -> dict[str, Plain]:
    """Type of the rows, and the rows with their stamps as times; the bytes where they are no whole rows."""
    kind = _type(value.kind)
    try:
        rows = read_rows(value)
    except DecodeError as error:
        return {"type": kind, "not_read": str(error), "contents": value.contents.hex()}
    return {"type": kind, "rows": [_row(value.kind, row) for row in rows]}


def read_compact_array(plain: Plain) -> CompactArray:
    """The compact array of :func:`compact_array`. Raises LocalError."""
    kind = _read_type(take(plain, "type", object))
    if "contents" in plain:
        return CompactArray(kind, take_octets(plain, "contents"))
    rows = take(plain, "rows", list)
    return write_rows(kind, tuple([_read_row(kind, row) for row in rows]))


def _type(kind: TypeDescription) -> Plain:
    if kind.element is not None:
        return {"array": [kind.count, _type(kind.element)]}
    if kind.elements is not None:
        return {"structure": [_type(part) for part in kind.elements]}
    return _TAG_NAMES.get(kind.tag, f"{kind.tag:#04x}")


def _read_type(plain: Plain) -> TypeDescription:
    if isinstance(plain, Mapping) and "array" in plain:
        count, element = take(plain, "array", list)
        return TypeDescription(Tag.ARRAY, count=count, element=_read_type(element))
    if isinstance(plain, Mapping):
        parts = take(plain, "structure", list)
        return TypeDescription(Tag.STRUCTURE, elements=tuple([_read_type(part) for part in parts]))
    tag = _TAGS.get(plain) if isinstance(plain, str) else None
    if tag is None and isinstance(plain, str) and plain.startswith("0x"):
        tag = int(plain, 16)
    if tag is None:
        raise LocalError(f"type: {plain!r} is no type of data")
    return TypeDescription(tag)


def _row(kind: TypeDescription, row: Any) -> Plain:
    """One row; the stamp in its first column as a time."""
    values = _cell(kind, row)
    if isinstance(values, list) and len(values) > 1 and kind.elements and kind.elements[0].tag == Tag.UINT32:
        values[0] = instant_text(values[0])
    return values


def _read_row(kind: TypeDescription, plain: Plain) -> Any:
    if isinstance(plain, list) and kind.elements and kind.elements[0].tag == Tag.UINT32 and plain:
        plain = [instant_of(plain[0], "rows"), *plain[1:]]
    return _read_cell(kind, plain)


def _cell(kind: TypeDescription, value: Any) -> Plain:
    if kind.elements is not None:
        return [_cell(part, one) for part, one in zip(kind.elements, value, strict=True)]
    if kind.element is not None:
        return [_cell(kind.element, one) for one in value]
    if isinstance(value, BitString):
        return bits_text(value)
    return value.hex() if isinstance(value, bytes) else value


def _read_cell(kind: TypeDescription, plain: Plain) -> Any:
    if kind.elements is not None or kind.element is not None:
        inner = kind.elements if kind.elements is not None else (kind.element,) * len(plain)
        if not isinstance(plain, list) or len(plain) != len(inner):
            raise LocalError(f"rows: {len(inner)} columns expected, got {plain!r}")
        return tuple([_read_cell(part, one) for part, one in zip(inner, plain, strict=True) if part is not None])
    if kind.tag == Tag.OCTET_STRING:
        return octets(plain, "rows")
    return bits_of(plain) if kind.tag == Tag.BIT_STRING else plain
