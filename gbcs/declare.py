"""The vocabulary in which GBCS frames are declared: a few strict Construct classes.

Frames are declared once, with Construct's own ``Int32ub``, ``Bytes`` and ``Const`` and the classes below. Each class
here is a complete Construct (``parse`` and ``build`` work, slowly: that is the reference) and is known to
:mod:`gbcs.fuse`, which turns a whole declaration into straight-line Python. The classes are stricter than Construct's
own: lengths are minimal, a sized part is used up to its last byte, nothing is truncated in silence.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any

from construct import (
    Construct,
    ConstructError,
    Container,
    GreedyBytes,
    Renamed,
    StreamError,
    Subconstruct,
    ValidationError,
)
from construct.core import stream_read, stream_write

if TYPE_CHECKING:  # Construct's classes are generic in its type stubs only
    AnyConstruct = Construct[Any, Any]
    _Wrapper = Subconstruct[Any, Any, Any, Any]
else:
    AnyConstruct = Construct
    _Wrapper = Subconstruct

MAX_DEPTH = 24
"""Deepest nesting of A-XDR data that is followed; a real message needs fewer than ten levels."""


def build_length(length: int) -> bytes:
    """The minimal BER / A-XDR length: one byte below 0x80, else 0x80 + n and n length bytes (spec sheet, ``len``)."""
    if length < 0x80:
        return bytes((length,))
    octets = (length.bit_length() + 7) // 8
    return bytes((0x80 + octets,)) + length.to_bytes(octets, "big")


class Length(AnyConstruct):
    """A minimal BER / A-XDR length, at most four length bytes."""

    def _parse(self, stream: Any, context: Any, path: str) -> int:
        first = stream_read(stream, 1, path)[0]
        if first < 0x80:
            return int(first)
        octets = first - 0x80
        if not 1 <= octets <= 4:
            raise ValidationError(f"length of {octets} bytes", path=path)
        value = int.from_bytes(stream_read(stream, octets, path), "big")
        if build_length(value)[0] != first:
            raise ValidationError("length is not minimal", path=path)
        return value

    def _build(self, obj: int, stream: Any, context: Any, path: str) -> int:
        encoded = build_length(obj)
        stream_write(stream, encoded, len(encoded), path)
        return obj


LENGTH = Length()


class Sized(_Wrapper):
    """``len`` followed by exactly that many bytes, all of them used by the inner declaration.

    ``sizes`` limits the lengths that may occur (the grouping header's date-time is 0 or 12 bytes, nothing else).
    """

    def __init__(self, subcon: AnyConstruct, sizes: tuple[int, ...] | None = None) -> None:
        super().__init__(subcon)
        self.sizes = sizes

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        size = LENGTH._parsereport(stream, context, path)
        self._check(size, path)
        inner = io.BytesIO(stream_read(stream, size, path))
        value = self.subcon._parsereport(inner, context, path)
        if inner.tell() != size:
            raise StreamError(f"{size - inner.tell()} bytes left over", path=path)
        return value

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        inner = io.BytesIO()
        self.subcon._build(obj, inner, context, path)
        encoded = inner.getvalue()
        self._check(len(encoded), path)
        LENGTH._build(len(encoded), stream, context, path)
        stream_write(stream, encoded, len(encoded), path)
        return obj

    def _check(self, size: int, path: str) -> None:
        if self.sizes is not None and size not in self.sizes:
            raise ValidationError(f"{size} bytes, where {self.sizes} may stand", path=path)


class Sized16(Sized):
    """Two length bytes, then exactly that many bytes, all of them used by the inner declaration (spec sheet 8)."""

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        size = int.from_bytes(stream_read(stream, 2, path), "big")
        inner = io.BytesIO(stream_read(stream, size, path))
        value = self.subcon._parsereport(inner, context, path)
        if inner.tell() != size:
            raise StreamError(f"{size - inner.tell()} bytes left over", path=path)
        return value

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        inner = io.BytesIO()
        self.subcon._build(obj, inner, context, path)
        encoded = inner.getvalue()
        if len(encoded) > 0xFFFF:
            raise ValidationError(f"{len(encoded)} bytes do not fit a length of two bytes", path=path)
        stream_write(stream, len(encoded).to_bytes(2, "big") + encoded, len(encoded) + 2, path)
        return obj


class Counted(_Wrapper):
    """``len`` as a count, then that many of the inner declaration; a tuple."""

    def _parse(self, stream: Any, context: Any, path: str) -> tuple[Any, ...]:
        count = LENGTH._parsereport(stream, context, path)
        return tuple(self.subcon._parsereport(stream, context, f"{path}[{i}]") for i in _range(count, stream, path))

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        LENGTH._build(len(obj), stream, context, path)
        for index, item in enumerate(obj):
            self.subcon._build(item, stream, context, f"{path}[{index}]")
        return obj


def _range(count: int, stream: Any, path: str) -> range:
    """Every element takes at least a byte, so a count beyond the bytes that are left is a lie: refuse it early."""
    here = stream.tell()
    left = stream.seek(0, io.SEEK_END) - here
    stream.seek(here)
    if count > left:
        raise StreamError(f"{count} elements announced, {left} bytes left", path=path)
    return range(count)


class IfMore(_Wrapper):
    """The inner declaration where bytes are left, ``None`` (and no bytes) where none are."""

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        here = stream.tell()
        more = stream.seek(0, io.SEEK_END) > here
        stream.seek(here)
        return self.subcon._parsereport(stream, context, path) if more else None

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        return obj if obj is None else self.subcon._build(obj, stream, context, path)


class Fields(AnyConstruct):
    """Named and nameless parts in order. A nameless ``Fields`` inside adds its names to the record around it."""

    def __init__(self, *parts: AnyConstruct) -> None:
        super().__init__()
        self.parts = parts

    def _parse(self, stream: Any, context: Any, path: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for part in self.parts:
            value = part._parsereport(stream, context, path)
            if isinstance(part, Renamed):
                values[str(part.name)] = context[str(part.name)] = value
            elif isinstance(value, dict):
                values.update(value)
        return values

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        values = obj if isinstance(obj, dict) else {name: getattr(obj, name) for name in field_names(self)}
        for part in self.parts:
            given = values.get(str(part.name)) if isinstance(part, Renamed) else values
            part._build(given if _takes_value(part) else None, stream, context, path)
        return obj


def _takes_value(part: AnyConstruct) -> bool:
    """Whether a part of ``Fields`` builds from a value (a constant builds from nothing)."""
    return isinstance(part, Renamed) or bool(field_names(part))


def field_names(node: AnyConstruct) -> tuple[str, ...]:
    """The names that a declaration puts into the record around it, in wire order."""
    if isinstance(node, Renamed):
        return (str(node.name),)
    if isinstance(node, Fields):
        return tuple(name for part in node.parts for name in field_names(part))
    if isinstance(node, Sized | IfMore):
        return field_names(node.subcon)
    return ()


class Record(Fields):
    """``Fields`` that become, and are built from, a dataclass whose attributes bear the same names."""

    def __init__(self, cls: type[Any], *parts: AnyConstruct) -> None:
        super().__init__(*parts)
        self.cls = cls
        known = {field.name for field in dataclass_fields(cls)}
        unknown = set(field_names(self)) - known
        if unknown:
            raise TypeError(f"{cls} has no attributes {sorted(unknown)}")

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        return self.cls(**super()._parse(stream, context, path))


class Tagged(AnyConstruct):
    """A tag byte that selects the declaration of what follows.

    Becomes ``cls(tag, value)``, or, where the selected declaration is a ``Fields``, ``cls(tag, **fields)``. The first
    attribute of ``cls`` is the tag. An unknown tag is an error that names it.
    """

    def __init__(self, cls: type[Any], what: str, choices: Mapping[int, AnyConstruct]) -> None:
        super().__init__()
        self.cls, self.what, self.choices = cls, what, dict(choices)
        self.tag_name = dataclass_fields(cls)[0].name

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        tag = stream_read(stream, 1, path)[0]
        chosen = self.choices.get(tag)
        if chosen is None:
            raise ValidationError(f"unknown {self.what} {tag:#04x}", path=path)
        value = chosen._parsereport(stream, context, path)
        return self.cls(tag, **value) if type(chosen) is Fields else self.cls(tag, value)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        tag = getattr(obj, self.tag_name)
        chosen = self.choices.get(tag)
        if chosen is None:
            raise ValidationError(f"unknown {self.what} {tag!r}", path=path)
        stream_write(stream, bytes((tag,)), 1, path)
        chosen._build(obj if type(chosen) is Fields else obj.value, stream, context, path)
        return obj


class Either(AnyConstruct):
    """A well-known shape where the bytes have it, the general declaration where they do not.

    Reading is by trial: the known shapes first, in order. Building goes by class; the general declaration takes what
    no known shape takes.
    """

    def __init__(self, *known: Record, general: AnyConstruct) -> None:
        super().__init__()
        self.known, self.general = known, general

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        start = stream.tell()
        for shape in self.known:
            try:
                return shape._parsereport(stream, context, path)
            except ConstructError:
                stream.seek(start)
        return self.general._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        chosen = next((shape for shape in self.known if type(obj) is shape.cls), self.general)
        return chosen._build(obj, stream, context, path)


class Shapes(AnyConstruct):
    """Shapes told apart by how many bytes are left (parsing) and by which attribute is set (building).

    ``shapes`` are (attribute, size, record), the most specific first; a size of ``None`` takes any length above the
    others' and the last attribute may be empty: it takes every value.
    """

    def __init__(self, what: str, *shapes: tuple[str, int | None, Record]) -> None:
        super().__init__()
        self.what, self.shapes = what, shapes

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        here = stream.tell()
        left = stream.seek(0, io.SEEK_END) - here
        stream.seek(here)
        chosen = next((record for _, size, record in self.shapes if size == left), None)
        if left > max(size or 0 for _, size, _ in self.shapes):
            chosen = next((record for _, size, record in self.shapes if size is None), None)
        if chosen is None:
            raise ValidationError(f"no {self.what} has {left} bytes", path=path)
        return chosen._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for attribute, _, record in self.shapes:
            if not attribute or getattr(obj, attribute) is not None:
                return record._build(obj, stream, context, path)
        raise ValidationError(f"{obj!r} is no {self.what}", path=path)


class Rule(AnyConstruct):
    """A named declaration, resolved when it is first used, so that it may contain itself."""

    def __init__(self, rule_name: str, resolve: Callable[[], AnyConstruct]) -> None:
        super().__init__()
        self.rule_name, self.resolve = rule_name, resolve

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        depth = context.get("_depth", 0)
        if depth >= MAX_DEPTH:
            raise ValidationError(f"nested more than {MAX_DEPTH} deep", path=path)
        deeper: Any = Container(context)
        deeper["_depth"] = depth + 1
        return self.resolve()._parsereport(stream, deeper, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        return self.resolve()._build(obj, stream, context, path)


class Typed(_Wrapper):
    """Bytes that fields before them give a meaning to: ``read(*fields, bytes)``, and ``write(value)`` back.

    ``using`` names those fields, of the record itself or of a nameless part around this one.
    """

    def __init__(
        self, subcon: AnyConstruct, using: tuple[str, ...], read: Callable[..., Any], write: Callable[[Any], bytes]
    ) -> None:
        super().__init__(subcon)
        self.using, self.read, self.write = using, read, write

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        data = self.subcon._parsereport(stream, context, path)
        return self.read(*(context[name] for name in self.using), data)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        self.subcon._build(self.write(obj), stream, context, path)
        return obj


class Text(_Wrapper):
    """Bytes read as text of one encoding (``ascii`` or ``utf-8``); other bytes are an error."""

    def __init__(self, encoding: str) -> None:
        super().__init__(GreedyBytes)
        self.encoding = encoding

    def _parse(self, stream: Any, context: Any, path: str) -> str:
        data: bytes = GreedyBytes._parsereport(stream, context, path)
        try:
            return data.decode(self.encoding)
        except UnicodeDecodeError:
            raise ValidationError(f"not {self.encoding}", path=path) from None

    def _build(self, obj: str, stream: Any, context: Any, path: str) -> Any:
        GreedyBytes._build(obj.encode(self.encoding), stream, context, path)
        return obj


@dataclass(frozen=True, slots=True)
class BitString:
    """``length`` bits, the first one in the highest bit of the first of ``octets``."""

    length: int
    octets: bytes


class Bits(AnyConstruct):
    """A count of bits as ``len``, then as many whole bytes as hold them; a :class:`BitString`."""

    def _parse(self, stream: Any, context: Any, path: str) -> BitString:
        length = LENGTH._parsereport(stream, context, path)
        return BitString(length, stream_read(stream, (length + 7) // 8, path))

    def _build(self, obj: BitString, stream: Any, context: Any, path: str) -> Any:
        if len(obj.octets) != (obj.length + 7) // 8:
            raise ValidationError(f"{obj.length} bits do not fill {len(obj.octets)} bytes", path=path)
        LENGTH._build(obj.length, stream, context, path)
        stream_write(stream, obj.octets, len(obj.octets), path)
        return obj
