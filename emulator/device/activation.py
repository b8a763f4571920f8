"""Activation times: when values that were written for later take effect, and what then moves (``activation.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from emulator.device.values import AccessRefused, AttributeKey, octets
from gbcs.dlms import Data, ResultCode
from gbcs.errors import DecodeError
from gbcs.objects import logical_name
from gbcs.times import from_cosem

_NOW, _NEVER = bytes(9), b"\xff" * 9
"""Date and time of the two special activation times; what follows (hundredths, deviation, status) does not count."""


@dataclass(frozen=True, slots=True)
class Activation:
    """What one activation attribute moves: ``inside`` by attribute of its own object, ``across`` between objects."""

    class_id: int
    basis: str
    inside: tuple[tuple[int, int], ...] = ()
    across: tuple[tuple[AttributeKey, AttributeKey], ...] = ()

    def moves(self, instance: bytes) -> Iterator[tuple[AttributeKey, AttributeKey]]:
        """(source, target) of each value that becomes active."""
        for source, target in self.inside:
            yield (self.class_id, instance, source), (self.class_id, instance, target)
        yield from self.across


def instant(value: Data) -> int | None:
    """When a written activation time comes: 0 for now, ``None`` for never.

    Raises AccessRefused (type-unmatched) where the value is no date-time.
    """
    data = octets(value, 12)
    if data[:9] == _NOW:
        return 0
    if data[:9] == _NEVER:
        return None
    try:
        return from_cosem(data)
    except DecodeError:
        raise AccessRefused(ResultCode.TYPE_UNMATCHED) from None


def activation_of(key: AttributeKey) -> Activation | None:
    """The activation behind an attribute; ``None`` where it is an ordinary one."""
    class_id, instance, attribute = key
    return _table().get((class_id, instance, attribute)) or _table().get((class_id, b"", attribute))


def attribute_key(text: str) -> AttributeKey:
    """``20 0-0:13.0.0.255 10`` as class, logical name and attribute."""
    class_id, obis, attribute = text.split()
    return int(class_id), logical_name(obis), int(attribute)


@cache
def _table() -> Mapping[AttributeKey, Activation]:
    rows = tomllib.loads(files(__package__).joinpath("activation.toml").read_text("utf-8"))["activation"]
    table: dict[AttributeKey, Activation] = {}
    for row in rows:
        obis = row.get("obis")
        key = (row["class_id"], logical_name(obis) if obis else b"", row["attribute"])
        moves = [(move["from"], move["to"]) for move in row["moves"]]
        if obis:
            across = tuple((attribute_key(source), attribute_key(target)) for source, target in moves)
            general = table.get((row["class_id"], b"", row["attribute"]))
            table[key] = Activation(row["class_id"], row["basis"], general.inside if general else (), across)
        else:
            table[key] = Activation(row["class_id"], row["basis"], inside=tuple(moves))
    return table
