"""Layouts item by item: the reference for :mod:`emulator.compression.layouts.code`."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.compression.layouts.items import Field, Item, Literal, Low, Values, length_at
from gbcs.declare import build_length


def read(items: tuple[Item, ...], data: bytes, at: int, end: int, values: Values) -> int:
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
            start, stop = length_at(data, at, end)
            if start < 0 or read(item.items, data, start, stop, values) != stop:
                return -1
            at = stop
    return at if at <= end else -1


def write(items: tuple[Item, ...], values: Mapping[str, bytes]) -> bytes:
    """The bytes of the items with these values."""
    parts = []
    for item in items:
        if isinstance(item, Literal):
            parts.append(item.octets)
        elif isinstance(item, Field):
            parts.append(values[item.name])
        elif isinstance(item, Low):
            parts.append(values[item.name][-item.size :])
        else:
            inner = write(item.items, values)
            parts += (build_length(len(inner)), inner)
    return b"".join(parts)
