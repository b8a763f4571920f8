"""DLMS alerts with names: what an alert adds to code and time, as typed values (spec sheet 7.1, ``alerts.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from construct import Bytes, Int8ub, Int16ub, Int64ub

from gbcs.declare import Record
from gbcs.dlms.data import Data, Tag
from gbcs.dlms.notification import DataNotification
from gbcs.errors import DecodeError, LocalError
from gbcs.fuse import fuse
from gbcs.names import Shape, parse_shape


@dataclass(frozen=True, slots=True)
class Executed:
    """The future-dated instruction that was executed: one attribute or method, set by the command with this counter."""

    message_code: int
    originator_counter: int
    class_id: int
    instance: bytes
    index: int


@dataclass(frozen=True, slots=True)
class CommandReference:
    """A command, by message code and originator counter."""

    message_code: int
    originator_counter: int


Packed: TypeAlias = "Executed | CommandReference"


@dataclass(frozen=True, slots=True)
class ItemName:
    """The name of one item; ``packed`` says how its octet string is read, ``shape`` names the parts of a structure."""

    name: str
    packed: str = ""
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One row of the table: title, the items in order, and what the row stands on ("vector" or "sheet")."""

    title: str
    items: tuple[ItemName, ...]
    source: str


@dataclass(frozen=True, slots=True)
class AlertItem:
    """One named item of an alert: plain data, or what its octet string holds."""

    name: str
    value: Data | Packed


EXECUTED = Record(
    Executed,
    "message_code" / Int16ub,
    "originator_counter" / Int64ub,
    "class_id" / Int16ub,
    "instance" / Bytes(6),
    "index" / Int8ub,
)
COMMAND = Record(CommandReference, "message_code" / Int16ub, "originator_counter" / Int64ub)

_PACKED = {"executed": fuse(EXECUTED, "executed instruction"), "command": fuse(COMMAND, "command reference")}
_PACKED_TYPES = {Executed: _PACKED["executed"], CommandReference: _PACKED["command"]}


def find_alert(message_code: int) -> AlertRow | None:
    """The row of a message code; None where no DLMS alert has that code."""
    return _rows().get(message_code)


def alert_items(message_code: int, notification: DataNotification) -> tuple[AlertItem, ...]:
    """The items of an alert by name; ``item_n`` where the table names none, plain data where nothing else fits."""
    row = find_alert(message_code)
    names = row.items if row is not None and len(row.items) == len(notification.items) else ()
    return tuple(
        AlertItem(name.name, _unpack(name, item))
        for name, item in zip(names or _numbered(len(notification.items)), notification.items, strict=True)
    )


def pack_item(item: AlertItem) -> Data:
    """The data of an item; the inverse of what :func:`alert_items` does to each."""
    if isinstance(item.value, Data):
        return item.value
    return Data(Tag.OCTET_STRING, pack(item.value))


def pack(value: Packed) -> bytes:
    """The octets of a packed value. Raises LocalError."""
    shape = _PACKED_TYPES.get(type(value))
    if shape is None:
        raise LocalError(f"{type(value).__name__} is no part of an alert")
    return shape.build(value)


def _unpack(name: ItemName, item: Data) -> Data | Packed:
    if not name.packed or not isinstance(item.value, bytes) or item.tag != Tag.OCTET_STRING:
        return item
    try:
        unpacked: Packed = _PACKED[name.packed].parse(item.value)
    except DecodeError:
        return item
    return unpacked


def _numbered(count: int) -> tuple[ItemName, ...]:
    return tuple(ItemName(f"item_{number}") for number in range(1, count + 1))


@cache
def _rows() -> Mapping[int, AlertRow]:
    table = tomllib.loads(files(__package__).joinpath("alerts.toml").read_text("utf-8"))["alert"]
    return {
        int(code, 16): AlertRow(row["title"], tuple(map(_item, row["items"])), row["source"])
        for row in table
        for code in row["codes"]
    }


def _item(row: Mapping[str, str]) -> ItemName:
    return ItemName(row["name"], row.get("packed", ""), parse_shape(row["fields"]) if "fields" in row else None)
