"""Which use case may reach which attribute or method of a device: one table (``access.csv``), one loader.

Columns: ``read_by``, ``written_by`` and ``called_by`` name use cases, with a ``?`` where no vector shows it.
``protected_by`` is the x of the Data Protection object 0-0:43.2.x.255 through which alone an attribute is read.
``type`` is that of the value: a name of :class:`gbcs.dlms.Tag`, or ``log:`` and the columns of its rows (tags in hex,
``48*06`` an array), alternatives separated by ``|``. ``basis`` says how the meaning is known: "use case" (it has no
other object of that kind), "alert" (the alert of a future-dated command names it), "inferred" (position only).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from emulator.device.values import AccessRefused
from gbcs.dlms import BitString, CompactArray, Data, ResultCode, Tag, TypeDescription
from gbcs.dlms.data import Value
from gbcs.dlms.protection import data_protection_instance
from gbcs.errors import LocalError
from gbcs.objects import logical_name


class Reach(StrEnum):
    """How a command touches an object."""

    READ = "read"
    WRITE = "write"
    CALL = "call"


AccessKey: TypeAlias = "tuple[Reach, int, bytes, int]"
"""How, class id, logical name, attribute or method."""


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One way to reach one attribute or method; ``tags`` are the outer types of a value that may be written."""

    title: str
    use_cases: frozenset[str]
    tags: frozenset[int]
    row: TypeDescription | None
    protection: bytes | None
    basis: str


AccessTable: TypeAlias = "Mapping[AccessKey, AccessRow]"

_NAMES = {"octets": Tag.OCTET_STRING, "visible": Tag.VISIBLE_STRING, "utf8": Tag.UTF8_STRING, "bits": Tag.BIT_STRING}
_NAMES |= {tag.name.lower(): tag for tag in Tag}
_LOG = "log:"
_COLUMNS = {Reach.READ: "read_by", Reach.WRITE: "written_by", Reach.CALL: "called_by"}


@cache
def access_table(device: str) -> AccessTable:
    """The rows of a kind of device ("ESME", "CHF"). Raises LocalError for a type that no value has."""
    text = files(__package__).joinpath("access.csv").read_text("utf-8")
    table: dict[AccessKey, AccessRow] = {}
    for line in csv.DictReader(text.splitlines()):
        if line["device"] != device:
            continue
        target = int(line["class_id"]), logical_name(line["obis"]), int(line["index"])
        for reach, row in _rows(line).items():
            table[reach, *target] = row
    return table


def initial_value(row: AccessRow) -> Data:
    """What an attribute shows that was never set: nothing of its type. Raises AccessRefused where no type is known."""
    if row.row is not None:
        return Data(Tag.COMPACT_ARRAY, CompactArray(row.row, b""))
    tag = min(row.tags, default=None)
    if tag is None:
        raise AccessRefused(ResultCode.OBJECT_UNAVAILABLE)
    return Data(tag, _EMPTY.get(tag, 0))


_EMPTY: Mapping[int, Value] = {
    Tag.ARRAY: (),
    Tag.STRUCTURE: (),
    Tag.OCTET_STRING: b"",
    Tag.VISIBLE_STRING: "",
    Tag.UTF8_STRING: "",
    Tag.BIT_STRING: BitString(0, b""),
}


def _rows(line: Mapping[str, str]) -> dict[Reach, AccessRow]:
    kinds = line["type"].split("|") if line["type"] else []
    logs = [kind.removeprefix(_LOG) for kind in kinds if kind.startswith(_LOG)]
    tags = frozenset(Tag.COMPACT_ARRAY if kind.startswith(_LOG) else _tag(kind) for kind in kinds)
    protection = data_protection_instance(int(line["protected_by"])) if line["protected_by"] else None
    shared = (tags, row_description(logs[0]) if logs else None, protection, line["basis"])
    reaches = (Reach.CALL,) if line["member"] == "method" else (Reach.READ, Reach.WRITE)
    named = {reach: line[_COLUMNS[reach]].replace("?", "").split() for reach in reaches}
    return {reach: AccessRow(line["title"], frozenset(names), *shared) for reach, names in named.items()}


def _tag(name: str) -> Tag:
    tag = _NAMES.get(name)
    if tag is None:
        raise LocalError(f"access.csv: {name!r} is no type: {', '.join(sorted(_NAMES))}")
    return tag


def row_description(text: str) -> TypeDescription:
    """The row type of ``{06,06,48*06}``."""
    columns = [column.rpartition("*") for column in text.strip("{}").split(",")]
    simple = [(count, TypeDescription(int(tag, 16))) for count, _, tag in columns]
    elements = (TypeDescription(Tag.ARRAY, int(count), element) if count else element for count, element in simple)
    return TypeDescription(Tag.STRUCTURE, elements=tuple(elements))
