"""The table of ZCL commands (``zcl.toml``) and attributes (``attributes.toml``), and its one loader."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from gbcs.errors import LocalError
from gbcs.gbz.layouts import COUNTED, Field, Layout
from gbcs.gbz.scalars import KINDS

_TO_CLIENT = 0x08
_CLUSTER_SPECIFIC = 0x01
_KEY_BITS = 0x0F
"""Frame type, manufacturer bit and direction; bit 0x10 only says that no default response is wanted."""


def layout_of(cluster: int, frame_control: int, command: int) -> Layout | None:
    """The layout of a command by cluster, frame type, direction and id; None where no table has it."""
    kind = frame_control & _KEY_BITS
    if not kind & 0x07:
        return _GENERAL.get(command)
    return _COMMANDS.get((cluster, kind, command))


@cache
def layout_named(name: str) -> Layout:
    """The layout with a name. Raises LocalError that names an unknown one."""
    for layout in (*_GENERAL.values(), *_COMMANDS.values()):
        if layout.name == name:
            return layout
    raise LocalError(f"{name!r} is no ZCL command of the tables")


def cluster_name(cluster: int) -> str | None:
    """``metering`` for 0x0702; None where no table has it."""
    return _CLUSTERS.get(cluster)


def attribute_name(cluster: int, attribute: int) -> str | None:
    """The name of an attribute of the server side of a cluster; None where no table has it."""
    return _ATTRIBUTES.get(cluster, {}).get(attribute)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


def _fields(text: str) -> tuple[Field, ...]:
    return tuple(_field(*re.fullmatch(r"(\w+) (\w+)(\??)", part).groups()) for part in _parts(text))  # type: ignore[union-attr]


def _parts(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(",") if part.strip()]


def _field(name: str, kind: str, optional: str) -> Field:
    if kind in COUNTED:
        return Field(name, None, count_bits=COUNTED[kind])
    return Field(name, KINDS[kind], bool(optional))


def _layout(row: Mapping[str, Any], name: str, source: str) -> Layout:
    group = row.get("group", {})
    variants = {int(key, 16): _layout(inner, name, source) for key, inner in row.get("variants", {}).items()}
    return Layout(
        name=name,
        source=source,
        fields=_fields(row.get("fields", "")),
        group_name=group.get("name", ""),
        group=_fields(group.get("fields", "")),
        records=row.get("records", False),
        variant_on=row.get("on", ""),
        variants=variants,
    )


def _load_attributes() -> dict[int, dict[int, str]]:
    tables = {
        int(cluster, 16): {int(number, 16): name for number, name in names.items()}
        for cluster, names in _table("attributes.toml").items()
    }
    metering = tables[0x0702]
    metering.update({0x0100 + 2 * tier: f"tier {tier + 1} summation delivered" for tier in range(48)})
    metering.update({
        0x0700 + 16 * tier + block: f"{f'tier {tier} ' if tier else ''}block {block + 1} summation delivered"
        for tier in range(16)
        for block in range(16)
    })  # fmt: skip
    return tables


_ZCL = _table("zcl.toml")
_CLUSTERS: dict[int, str] = {int(number, 16): name for number, name in _ZCL["clusters"].items()}
_GENERAL = {row["id"]: _layout(row, row["name"], row["source"]) for row in _ZCL["general"]}
_COMMANDS = {
    (row["cluster"], _CLUSTER_SPECIFIC | (_TO_CLIENT if row["to"] == "client" else 0), row["id"]): _layout(
        row, row["name"], row["source"]
    )
    for row in _ZCL["command"]
}
_ATTRIBUTES = _load_attributes()
