"""What layouts are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gbcs.declare import build_length

Values: TypeAlias = dict[str, bytes]


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


def length_at(data: bytes, at: int, end: int) -> tuple[int, int]:
    """From where to where the part behind a minimal length reaches; (-1, -1) where there is none within bounds."""
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
