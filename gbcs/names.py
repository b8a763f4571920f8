"""What DLMS objects and their parts are called (``names.toml``), and which ones the answers of a use case hold.

A response carries no names: what it holds follows from the request. ``requests.csv`` lists, for each message code whose
requests in the reference messages all ask for the same, what that is.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeAlias

from gbcs.dlms.access import Choice
from gbcs.errors import LocalError
from gbcs.objects import logical_name

Target: TypeAlias = "tuple[int, int, bytes, int]"
"""Choice, class, logical name, attribute or method."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The names inside a value: of a structure's parts, or, ``repeated``, of each structure of an array.

    ``parts`` are (name, shape of the part or None).
    """

    parts: tuple[tuple[str, Shape | None], ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class PartName:
    """The names of one attribute or method of one object; empty texts where no table has them."""

    title: str
    part: str
    shape: Shape | None


def part_name(choice: int, class_id: int, instance: bytes, index: int) -> PartName:
    """What a specification names: title of the object, name of the attribute or method, names inside its value."""
    tables = _tables()
    is_method = choice == Choice.ACTION
    return PartName(
        title=tables.titles.get((class_id, instance), ""),
        part=tables.parts.get((class_id, is_method, index), ""),
        shape=tables.shapes.get((class_id, is_method, index)),
    )


@cache
def expected_targets(message_code: int) -> tuple[Target, ...]:
    """What the requests of a message code ask for, in order; empty where they differ or no vector shows one."""
    return _requests().get(message_code, ())


def parse_shape(text: str) -> Shape:
    """The shape that a ``fields`` text describes. Raises LocalError for one that cannot be read."""
    tokens = re.findall(r"\w+|[()\[\],]", text)
    repeated = tokens[:1] == ["["]
    if repeated:
        tokens = [*tokens[1:], ","]
    parts, rest = _parse_parts(tokens)
    if rest not in ([], ["]", ","]):
        raise LocalError(f"{text!r} names no fields: {rest} is left over")
    return Shape(parts, repeated)


def _parse_parts(tokens: list[str]) -> tuple[tuple[tuple[str, Shape | None], ...], list[str]]:
    parts: list[tuple[str, Shape | None]] = []
    while tokens and tokens[0] not in ")]":
        name, tokens = tokens[0], tokens[1:]
        inner = None
        if tokens and tokens[0] in "([":
            repeated = tokens[0] == "["
            found, tokens = _parse_parts(tokens[1:])
            inner, tokens = Shape(found, repeated), tokens[1:]
        parts.append((name, inner))
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
    return tuple(parts), tokens


@dataclass(frozen=True, slots=True)
class _Tables:
    titles: Mapping[tuple[int, bytes], str]
    parts: Mapping[tuple[int, bool, int], str]
    shapes: Mapping[tuple[int, bool, int], Shape]


@cache
def _tables() -> _Tables:
    table = tomllib.loads(files(__package__).joinpath("names.toml").read_text("utf-8"))
    titles = {
        (row["class"], logical_name(name)): title for row in table["object"] for name, title in row["titles"].items()
    }
    parts = {
        (row["id"], is_method, int(index)): name
        for row in table["class"]
        for is_method, key in ((False, "attributes"), (True, "methods"))
        for index, name in row.get(key, {}).items()
    }
    shapes = {
        (row["id"], *_part_key(key)): parse_shape(text)
        for row in table["class"]
        for key, text in row.get("fields", {}).items()
    }
    return _Tables(titles, parts, shapes)


def _part_key(key: str) -> tuple[bool, int]:
    is_method = key.startswith("method ")
    return is_method, int(key.removeprefix("method "))


@cache
def _requests() -> Mapping[int, tuple[Target, ...]]:
    rows: list[dict[str, Any]] = list(
        csv.DictReader(files(__package__).joinpath("requests.csv").read_text("utf-8").splitlines())
    )
    found: dict[int, list[Target]] = {}
    for row in rows:
        target = (int(row["choice"]), int(row["class"]), logical_name(row["object"]), int(row["index"]))
        found.setdefault(int(row["code"], 16), []).append(target)
    return MappingProxyType({code: tuple(targets) for code, targets in found.items()})
