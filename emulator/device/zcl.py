"""What a ZigBee (gas) device holds: attributes, whatever was published to it, logs, and how parts of it fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from emulator.device.zcl_rules import effects
from gbcs.gbz import AttributeRecord, Zcl
from gbcs.gbz.layouts import Value

AttributeKey: TypeAlias = "tuple[int, int]"
"""Cluster and attribute."""
TypedValue: TypeAlias = "tuple[int, int | str | bytes]"
"""Attribute type on the wire, and value."""

Row: TypeAlias = "tuple[Any, ...]"
"""The fields of one row of a log."""

EVENT_LOG = "publish event log"

_OCTET_STRING = 0x41
_IDENTITY = ("calendar_id", "day_id", "week_id", "issuer_tariff_id", "command_index", "debt_type", "debt_label")
"""Fields by which one thing that is published is told from another of its kind."""


class ZclStatus:
    """Status codes of the ZigBee Cluster Library that GBCS devices answer."""

    SUCCESS: Final = 0x00
    FAILURE: Final = 0x01
    UNSUPPORTED_COMMAND: Final = 0x81
    UNSUPPORTED_ATTRIBUTE: Final = 0x86
    NOT_FOUND: Final = 0x8B
    HARDWARE_FAILURE: Final = 0xC0


class Refused(Exception):
    """A command that is answered with a status other than success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status:#04x}")
        self.status = status


def number(value: Value) -> int:
    """A field that is a number. Raises Refused for any other."""
    if not isinstance(value, int):
        raise Refused(ZclStatus.FAILURE)
    return value


def rows(value: Value) -> tuple[Row, ...]:
    """A field that is a group of rows. Raises Refused for any other."""
    if not isinstance(value, tuple):
        raise Refused(ZclStatus.FAILURE)
    return value


@dataclass(slots=True)
class ZclState:
    """The state of one device.

    ``published`` has, by the name of the publishing command, what was published last for each thing; reads select from
    it. ``logs`` has the rows of event, top-up and debt logs by the name of the command that shows them. ``faults`` are
    statuses by command name and payload: the very thing that a command addresses fails. ``inert`` names commands
    without a layout that succeed all the same.

    Does not model: tariffs at work, billing and debt recovery (values stand until they are set); the value inside a
    top-up code (``token_values`` says what a code is worth).
    """

    attributes: dict[AttributeKey, TypedValue] = field(default_factory=dict)
    attribute_faults: dict[AttributeKey, int] = field(default_factory=dict)
    published: dict[str, list[Zcl]] = field(default_factory=dict)
    logs: dict[str, list[Row]] = field(default_factory=dict)
    faults: dict[tuple[str, bytes], int] = field(default_factory=dict)
    inert: set[tuple[int, int]] = field(default_factory=set)
    token_values: dict[str, int] = field(default_factory=dict)
    last_sample_id: int = 0
    friendly_credit: int = 0
    friendly_credit_calendar_id: int = 0

    def record(self, cluster: int, attribute: int) -> AttributeRecord:
        """What a read of one attribute shows: its value, its fault, or that there is none."""
        key = (cluster, attribute)
        if key in self.attribute_faults:
            return AttributeRecord(attribute, self.attribute_faults[key])
        if key not in self.attributes:
            return AttributeRecord(attribute, ZclStatus.UNSUPPORTED_ATTRIBUTE)
        return AttributeRecord(attribute, ZclStatus.SUCCESS, *self.attributes[key])

    def number(self, cluster: int, attribute: int) -> int:
        """An attribute as a number; 0 where it has none."""
        _, value = self.attributes.get((cluster, attribute), (0, 0))
        return value if isinstance(value, int) else 0

    def check(self, command: str, payload: bytes) -> None:
        """Raise Refused where the thing that a command addresses fails."""
        status = self.faults.get((command, payload), ZclStatus.SUCCESS)
        if status != ZclStatus.SUCCESS:
            raise Refused(status)

    def apply(self, zcl: Zcl) -> None:
        """Store what a command brings, in place of what it replaces, and set the attributes that show it."""
        kept = self.published.setdefault(zcl.layout.name, [])
        own = identity(zcl)
        for number, one in enumerate(kept):
            if identity(one) == own:
                kept[number] = zcl
                break
        else:
            kept.append(zcl)
        for name, target in effects(zcl.layout.name).items():
            value = zcl[name]
            if isinstance(value, str) and target.kind == _OCTET_STRING:
                value = value.encode("latin-1")
            if not isinstance(value, tuple):
                self.attributes[target.cluster, target.attribute] = (target.kind, value)


def identity(zcl: Zcl) -> tuple[object, ...]:
    """What tells one thing that is published from another of its kind."""
    return tuple(zcl[name] for name in _IDENTITY if name in zcl.layout.names)
