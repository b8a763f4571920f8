"""From the declaration in ASN.1 (``gbcs.asn``) to a reader and a writer of each type, DER with typed values.

The ASN.1 library asn1tools reads the declaration; its own DER codec is the reference. It cannot serve here alone: it
forgets the form of a length, and it is slow. So each type is compiled once into functions that make the dataclasses of
:mod:`gbcs.asn1.values`; a test holds them equal to the library, both ways. Reading is strict DER but for the lengths: a
value that would not be built again to the same bytes is refused here (and then kept as a plain tree), and lengths that
are longer than need be are reported, so that their form can be kept beside the value (:mod:`gbcs.asn1.nodes`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from gbcs.asn1 import values
from gbcs.asn1.nodes import read_length
from gbcs.declare import BitString, build_length
from gbcs.errors import DecodeError, LocalError
from gbcs.frozen import maker

Read: TypeAlias = "Callable[[bytes, int, int, list[int]], Any]"
"""(data, first byte of the content, end of the content, where lengths were longer than need be) -> value."""
Write: TypeAlias = "Callable[[Any], bytes]"
"""Value -> content."""


@dataclass(frozen=True, slots=True)
class Asn1Type:
    """A compiled type: the identifier byte (None for a value of any type), and how its content is read and written."""

    name: str
    tag: int | None
    read: Read
    write: Write

    def parse(self, data: bytes) -> tuple[Any, bool]:
        """The value that fills the bytes, and whether some length in it was longer than need be. Raises DecodeError."""
        wide: list[int] = []
        try:
            value, at = read_value(self, data, 0, len(data), wide)
        except IndexError:
            raise DecodeError("the value is cut short", offset=len(data), field=self.name) from None
        if at != len(data):
            raise DecodeError(f"{len(data) - at} bytes left over", offset=at, field=self.name)
        return value, bool(wide)

    def build(self, value: Any) -> bytes:
        """The DER of a value. Raises LocalError where it does not fit."""
        try:
            return build_value(self, value)
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise LocalError(f"{value!r} cannot be encoded as {self.name}: {error}") from None


def read_value(kind: Asn1Type, data: bytes, at: int, end: int, wide: list[int]) -> tuple[Any, int]:
    """One value with tag and length, and the position behind it. Raises DecodeError, or IndexError at the very end."""
    tag, start, length = kind.tag, at + 2, data[at + 1]
    if at >= end or (tag is not None and data[at] != tag):
        found = f"{data[at]:#04x}" if at < end else "the end"
        raise DecodeError(f"{kind.name} expected, found {found}", offset=at, field="ASN.1 payload")
    if length >= 0x80:
        length, start, octets = read_length(data, at + 1, end)
        if octets:
            wide.append(at)
    stop = start + length
    if stop > end:
        raise DecodeError(f"{length} bytes needed, {end - start} left", offset=start, field=kind.name)
    return (data[at:stop] if tag is None else kind.read(data, start, stop, wide)), stop


def build_value(kind: Asn1Type, value: Any) -> bytes:
    """Tag, length and content of a value."""
    content = kind.write(value)
    return content if kind.tag is None else bytes((kind.tag,)) + build_length(len(content)) + content


def type_named(name: str) -> Asn1Type:
    """A type of the declaration. Raises LocalError that names an unknown one."""
    found = _types().get(name)
    if found is None:
        raise LocalError(f"{name!r} is no type of the ASN.1 declaration")
    return found


@cache
def declaration() -> str:
    """The ASN.1 text."""
    return files(__package__).joinpath("gbcs.asn").read_text("utf-8")


@cache
def _types() -> Mapping[str, Asn1Type]:
    # The library takes a tenth of a second to load and read the text; most programs never meet an ASN.1 payload.
    from asn1tools import parse_string  # noqa: PLC0415

    declared: dict[str, dict[str, Any]] = parse_string(declaration())["Meterfarm"]["types"]
    found: dict[str, Asn1Type] = {}
    for name, row in declared.items():
        _compile(name, row, declared, found)
    return found


def _compile(name: str, row: Mapping[str, Any], declared: Mapping[str, Any], found: dict[str, Asn1Type]) -> Asn1Type:
    """The type of one description, made (and filed, if it is a named one) when it is first met."""
    if name in found:
        return found[name]
    base = row["type"]
    if base in declared:
        inner = _compile(base, declared[base], declared, found)
        made = Asn1Type(name or base, inner.tag, inner.read, inner.write)
    elif base == "SEQUENCE":
        made = _sequence(name, row["members"], declared, found)
    elif base == "SEQUENCE OF":
        made = _sequence_of(name, _compile("", row["element"], declared, found))
    else:
        made = Asn1Type(name or base, *_PRIMITIVES[base])
    if "tag" in row:
        made = Asn1Type(made.name, _implicit(row["tag"], made.tag or 0), made.read, made.write)
    if name in declared:
        found[name] = made
    return made


def _implicit(tag: Mapping[str, Any], replaced: int) -> int:
    """The identifier byte of an implicit tag: class and number of its own, constructed or not as what it replaces."""
    return 0x80 | replaced & 0x20 | int(tag["number"])


def _sequence(
    name: str, members: list[dict[str, Any]], declared: Mapping[str, Any], found: dict[str, Asn1Type]
) -> Asn1Type:
    cls = getattr(values, name)
    names = tuple(re.sub("[A-Z]", lambda m: "_" + m[0].lower(), member["name"]) for member in members)
    if names != tuple(field.name for field in fields(cls)):
        raise TypeError(f"{name}: the class has other fields than the declaration: {names}")
    kinds = [_compile("", member, declared, found) for member in members]
    optional = [bool(member.get("optional")) for member in members]
    parts = tuple(zip(names, kinds, optional, strict=True))
    make = maker(cls)
    known: dict[bytes, Any] = {}

    def read(data: bytes, at: int, end: int, wide: list[int]) -> Any:
        key = data[at:end] if end - at <= _MAX_KNOWN_BYTES else b""
        value = known.get(key)
        if value is None:
            before = len(wide)
            value = make(*_read_parts(name, parts, data, at, end, wide))
            if key and len(wide) == before:
                _keep(known, key, value)
        return value

    def write(value: Any) -> bytes:
        if type(value) is not cls:
            raise LocalError(f"{type(value).__name__} stands where {name} belongs")
        given = [(kind, getattr(value, field), may_lack) for field, kind, may_lack in parts]
        return b"".join(build_value(kind, one) for kind, one, may_lack in given if one is not None or not may_lack)

    return Asn1Type(name, 0x30, read, write)


_MAX_KNOWN_BYTES, _MAX_KNOWN = 64, 4096


def _keep(known: dict[bytes, Any], key: bytes, value: Any) -> None:
    """Remember a small value by its bytes: identifiers of cells and credentials come again and again."""
    if len(known) >= _MAX_KNOWN:
        known.clear()
    known[key] = value


def _read_parts(
    name: str, parts: tuple[tuple[str, Asn1Type, bool], ...], data: bytes, at: int, end: int, wide: list[int]
) -> list[Any]:
    found: list[Any] = []
    for _, kind, may_lack in parts:
        if may_lack and (at >= end or (kind.tag is not None and data[at] != kind.tag)):
            found.append(None)
            continue
        value, at = read_value(kind, data, at, end, wide)
        found.append(value)
    if at != end:
        raise DecodeError(f"{end - at} bytes left over", offset=at, field=name)
    return found


def _sequence_of(name: str, element: Asn1Type) -> Asn1Type:
    def read(data: bytes, at: int, end: int, wide: list[int]) -> tuple[Any, ...]:
        items = []
        while at < end:
            item, at = read_value(element, data, at, end, wide)
            items.append(item)
        return tuple(items)

    def write(value: Any) -> bytes:
        return b"".join(build_value(element, item) for item in value)

    return Asn1Type(name or f"sequence of {element.name}", 0x30, read, write)


def _read_integer(data: bytes, at: int, end: int, _wide: list[int]) -> int:
    if end - at == 1:
        byte = data[at]
        return byte if byte < 0x80 else byte - 0x100
    if end == at or (data[at] == 0x00 and data[at + 1] < 0x80) or (data[at] == 0xFF and data[at + 1] >= 0x80):
        raise DecodeError("the number is not minimal", offset=at, field="INTEGER")
    return int.from_bytes(data[at:end], "big", signed=True)


def _write_integer(value: Any) -> bytes:
    if type(value) is not int:
        raise LocalError(f"{value!r} is no number")
    return value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True)


def _read_bits(data: bytes, at: int, end: int, _wide: list[int]) -> BitString:
    unused = data[at] if at < end else 8
    if unused > 7 or (unused and end - at == 1):
        raise DecodeError(f"{unused} unused bits", offset=at, field="BIT STRING")
    return BitString(8 * (end - at - 1) - unused, data[at + 1 : end])


def _write_bits(value: BitString) -> bytes:
    unused = 8 * len(value.octets) - value.length
    if not 0 <= unused <= 7:
        raise LocalError(f"{value.length} bits do not fill {len(value.octets)} bytes")
    return bytes((unused,)) + value.octets


def _read_text(data: bytes, at: int, end: int, _wide: list[int]) -> str:
    try:
        return data[at:end].decode("ascii")
    except UnicodeDecodeError:
        raise DecodeError("not ASCII", offset=at, field="GeneralizedTime") from None


def _read_null(_data: bytes, at: int, end: int, _wide: list[int]) -> None:
    if at != end:
        raise DecodeError("a NULL holds nothing", offset=at, field="NULL")


def _read_octets(data: bytes, at: int, end: int, _wide: list[int]) -> bytes:
    return data[at:end]


def _write_octets(value: Any) -> bytes:
    if type(value) is not bytes:
        raise LocalError(f"{value!r} is not bytes")
    return value


_PRIMITIVES: Mapping[str, tuple[int | None, Read, Write]] = {
    "INTEGER": (0x02, _read_integer, _write_integer),
    "BIT STRING": (0x03, _read_bits, _write_bits),
    "OCTET STRING": (0x04, _read_octets, _write_octets),
    "NULL": (0x05, _read_null, lambda _: b""),
    "ENUMERATED": (0x0A, _read_integer, _write_integer),
    "GeneralizedTime": (0x18, _read_text, lambda value: value.encode("ascii")),
    "ANY": (None, _read_octets, _write_octets),
}
