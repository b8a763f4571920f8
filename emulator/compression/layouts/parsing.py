"""Layouts from their text: hex, fields, sized parts and fragments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.compression.layouts.code import Read, Write, compiled
from emulator.compression.layouts.items import Field, Item, Literal, Low, Sized
from gbcs.errors import LocalError

_TOKEN = re.compile(r"\s+|len\[|\]|<(?P<name>\w+)(?::low(?P<low>\d))?>|\{(?P<fragment>\w+)\}|(?P<hex>(?:[0-9a-f]{2})+)")
_MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """How a whole message lies in bytes, and both ways between it and the values of its fields.

    ``fields`` are the names with their sizes, in order of appearance. ``read`` gives None for a message that is not of
    this layout, down to the last byte; ``write`` makes one.
    """

    items: tuple[Item, ...]
    fields: Mapping[str, int | None]
    read: Read
    write: Write


def parse_layout(text: str, sizes: Mapping[str, int | None], fragments: Mapping[str, str]) -> Layout:
    """The layout that a line describes. Raises LocalError naming what is wrong in it."""
    items = _Parser(_expanded(text, fragments), sizes).items()
    fields: dict[str, int | None] = {}
    _collect(items, fields)
    return Layout(items, fields, *compiled(items, fields))


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
