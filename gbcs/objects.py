"""The COSEM objects of an ESME that half-hourly settlement reads, declared once (``objects.toml``).

Meter and head-end share this table: the head-end makes its requests from it, the meter checks access by it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from gbcs.dlms import TypeDescription, row_type
from gbcs.dlms.protection import data_protection_instance
from gbcs.errors import LocalError

ObjectKey: TypeAlias = "tuple[int, bytes]"
"""Class id and logical name."""


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One declared object.

    ``quantity`` names what it holds. ``protection`` is the logical name of the Data Protection object through which
    alone it is read, or ``None`` where it is read in clear. ``row`` / ``row_twin`` are the types of a log's rows on a
    single and on a twin element meter.
    """

    class_id: int
    instance: bytes
    title: str
    quantity: str
    use_cases: tuple[str, ...]
    protection: bytes | None
    row: TypeDescription | None
    row_twin: TypeDescription | None


def logical_name(text: str) -> bytes:
    """The six bytes of ``1-0:2.8.0.255``. Raises LocalError for anything else."""
    try:
        name = bytes(int(part) for part in text.replace("-", ".").replace(":", ".").split("."))
    except ValueError:
        name = b""
    if len(name) != 6:
        raise LocalError(f"{text!r} is no logical name: write one like 1-0:2.8.0.255")
    return name


def show_logical_name(instance: bytes) -> str:
    """``1-0:2.8.0.255`` of six bytes."""
    a, b, *rest = instance
    return f"{a}-{b}:" + ".".join(map(str, rest))


@cache
def declared_objects() -> Mapping[ObjectKey, ObjectRow]:
    """All declared objects by class and logical name."""
    rows = tomllib.loads(files(__package__).joinpath("objects.toml").read_text("utf-8"))["object"]
    table: dict[ObjectKey, ObjectRow] = {}
    for row in rows:
        key = (int(row["class_id"]), logical_name(row["obis"]))
        columns = row.get("columns")
        table[key] = ObjectRow(
            *key,
            title=row["title"],
            quantity=row["quantity"],
            use_cases=tuple(row["use_cases"]),
            protection=data_protection_instance(row["protected_by"]) if "protected_by" in row else None,
            row=row_type(*columns) if columns else None,
            row_twin=row_type(*row.get("columns_twin", columns)) if columns else None,
        )
    return table


@cache
def objects_of(use_case: str) -> tuple[ObjectRow, ...]:
    """The objects that a use case reads, in the order of its request. Raises LocalError where none is declared."""
    found = tuple(row for row in declared_objects().values() if use_case in row.use_cases)
    if not found:
        raise LocalError(f"no object is declared for use case {use_case}")
    return found
