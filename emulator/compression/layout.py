"""Layouts: how a message lies in bytes, read from one line of the rules, with two inverse functions.

``read`` cuts a message into the values of its fields, ``write`` puts them together again. A message that ``write``
would not give back byte for byte is not one of the layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gbcs.declare import build_length
from gbcs.errors import DecodeError, LocalError

Values: TypeAlias = dict[str, bytes]

_TOKEN = re.compile(r"\s+|len\[|\]|<(?P<name>\w+)(?::low(?P<low>\d))?>|\{(?P<fragment>\w+)\}|(?P<hex>(?:[0-9a-f]{2})+)")
_MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that stand there."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Field:
    """A value: of ``size`` bytes, or up to the end of what surrounds it (``None``)."""

    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Low:
    """The last bytes of a field that stands elsewhere as a whole."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Sized:
    """A minimal length and what it covers."""

    items: tuple[Item, ...]


Item: TypeAlias = "Literal | Field | Low | Sized"


@dataclass(frozen=True, slots=True)
class Layout:
    """The items of a whole message; ``fields`` are the names with their sizes, in order of appearance."""

    items: tuple[Item, ...]
    fields: Mapping[str, int | None]

    def read(self, message: bytes) -> Values | None:
        """The values of a message of this layout, else None."""
        values: Values = {}
        return values if _read(self.items, message, 0, len(message), values) == len(message) else None

    def write(self, values: Mapping[str, bytes]) -> bytes:
        """The message of these values."""
        return _write(self.items, values)


def parse_layout(text: str, sizes: Mapping[str, int | None], fragments: Mapping[str, str]) -> Layout:
    """The layout that a line describes. Raises LocalError naming what is wrong in it."""
    items = _Parser(_expanded(text, fragments), sizes).items()
    fields: dict[str, int | None] = {}
    _collect(items, fields)
    return Layout(items, fields)


# ---------------------------------------------------------------------- reading and writing messages


def _read(items: tuple[Item, ...], data: bytes, at: int, end: int, values: Values) -> int:
    """Where the items end, with their values noted; -1 where the bytes are none of theirs."""
    for item in items:
        if isinstance(item, Literal):
            octets = item.octets
            if not data.startswith(octets, at):
                return -1
            at += len(octets)
        elif isinstance(item, Field):
            size = item.size
            stop = end if size is None else at + size
            if stop > end or values.setdefault(item.name, data[at:stop]) != data[at:stop]:
                return -1
            at = stop
        elif isinstance(item, Low):
            stop = at + item.size
            if values[item.name][-item.size :] != data[at:stop]:
                return -1
            at = stop
        else:
            start, stop = _length(data, at, end)
            if start < 0 or _read(item.items, data, start, stop, values) != stop:
                return -1
            at = stop
    return at if at <= end else -1


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """From where to where the part behind a length reaches; (-1, -1) where there is none within bounds."""
    if at >= end:
        return -1, -1
    first = data[at]
    if first < 0x80:
        start, stop = at + 1, at + 1 + first
    else:
        start = at + 1 + first - 0x80
        size = int.from_bytes(data[at + 1 : start], "big")
        if build_length(size) != data[at:start]:
            return -1, -1
        stop = start + size
    return (start, stop) if stop <= end else (-1, -1)


def _write(items: tuple[Item, ...], values: Mapping[str, bytes]) -> bytes:
    parts = []
    for item in items:
        if isinstance(item, Literal):
            parts.append(item.octets)
        elif isinstance(item, Field):
            parts.append(values[item.name])
        elif isinstance(item, Low):
            parts.append(values[item.name][-item.size :])
        else:
            inner = _write(item.items, values)
            parts += (build_length(len(inner)), inner)
    return b"".join(parts)


# ---------------------------------------------------------------------- reading layouts


def _expanded(text: str, fragments: Mapping[str, str], depth: int = 0) -> str:
    """The text with its fragments put in."""
    if depth > _MAX_DEPTH:
        raise LocalError(f"layout {text[:40]!r}: its fragments go in a circle")

    def put_in(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in fragments:
            raise LocalError(f"layout fragment {name!r} is not known (allowed: {', '.join(sorted(fragments))})")
        return _expanded(fragments[name], fragments, depth + 1)

    return re.sub(r"\{(\w+)\}", put_in, text)


class _Parser:
    """Reads the tokens of one layout."""

    def __init__(self, text: str, sizes: Mapping[str, int | None]) -> None:
        self.text, self.sizes, self.at = text, sizes, 0

    def items(self, *, inside: bool = False) -> tuple[Item, ...]:
        """The items up to the end, or up to the bracket that closes this part."""
        found: list[Item] = []
        while self.at < len(self.text):
            token = _TOKEN.match(self.text, self.at)
            if token is None:
                raise LocalError(f"layout: {self.text[self.at : self.at + 20]!r} is neither hex, field nor len[..]")
            self.at = token.end()
            if token.group() == "]" and inside:
                return self._checked(found)
            self._take(token, found)
        if inside:
            raise LocalError("layout: len[ without ]")
        return self._checked(found)

    def _take(self, token: re.Match[str], found: list[Item]) -> None:
        if token.group("hex"):
            octets = bytes.fromhex(token.group("hex"))
            if found and isinstance(found[-1], Literal):
                octets = found[-1].octets + octets
                found.pop()
            found.append(Literal(octets))
        elif token.group("name"):
            found.append(self._field(token.group("name"), token.group("low")))
        elif token.group() == "len[":
            found.append(Sized(self.items(inside=True)))
        elif token.group() == "]":
            raise LocalError("layout: ] without len[")

    def _field(self, name: str, low: str | None) -> Item:
        if name not in self.sizes:
            raise LocalError(f"layout field {name!r} is not known (allowed: {', '.join(sorted(self.sizes))})")
        return Low(name, int(low)) if low else Field(name, self.sizes[name])

    @staticmethod
    def _checked(found: list[Item]) -> tuple[Item, ...]:
        """A field without a size reaches to the end of its part, so nothing may follow it."""
        for item in found[:-1]:
            if isinstance(item, Field) and item.size is None:
                raise LocalError(f"layout: field {item.name!r} has no size, so it has to be the last of its part")
        return tuple(found)


def _collect(items: tuple[Item, ...], fields: dict[str, int | None]) -> None:
    for item in items:
        if isinstance(item, Field):
            fields.setdefault(item.name, item.size)
        elif isinstance(item, Low) and item.name not in fields:
            raise LocalError(f"layout: the low bytes of {item.name!r} stand before the field")
        elif isinstance(item, Sized):
            _collect(item.items, fields)


class Reader:
    """Takes what was sent of a message apart, and never reads past its end."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def take(self, size: int) -> bytes:
        """The next bytes. Raises DecodeError where there are fewer."""
        stop = self.at + size
        if stop > len(self.data):
            raise DecodeError(f"{size} bytes needed, {len(self.data) - self.at} left", offset=self.at, field="residue")
        taken, self.at = self.data[self.at : stop], stop
        return taken

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def varint(self) -> int:
        """The next number, seven bits a byte, the last byte below 0x80."""
        value = 0
        for _ in range(9):
            octet = self.byte()
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                return value
        raise DecodeError("a number of more than nine bytes", offset=self.at, field="residue")

    def rest(self) -> bytes:
        """All that is left."""
        taken, self.at = self.data[self.at :], len(self.data)
        return taken


def varint(value: int) -> bytes:
    """A number as :meth:`Reader.varint` reads it."""
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))
