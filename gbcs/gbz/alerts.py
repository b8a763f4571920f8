"""GBZ alerts: code, time, and what the alert adds (spec sheet 7.2).

The first byte of an alert's code is 0x80 or more, that of a component's control never is: so the two are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from construct import Bytes, Const, GreedyBytes, Int8ub, Int16ub, Int32ub, Int64ub

from gbcs.declare import Record
from gbcs.errors import DecodeError, LocalError
from gbcs.fuse import fuse
from gbcs.gbz.components import Component, decode_component, encode_component


@dataclass(frozen=True, slots=True)
class GbzExecuted:
    """The future-dated instruction that was executed: code and counter of its command, and its ZCL header."""

    message_code: int
    originator_counter: int
    cluster: int
    frame_control: int
    command: int


@dataclass(frozen=True, slots=True)
class GbzFirmware:
    """The hash of a firmware image that the device has received."""

    image_hash: bytes


GbzDetails: TypeAlias = "GbzExecuted | GbzFirmware | Component | bytes | None"


@dataclass(frozen=True, slots=True)
class GbzAlert:
    """An alert: code, time of the event (seconds since 2000), details.

    ``details`` is None, a :class:`GbzExecuted`, a :class:`GbzFirmware`, one :class:`Component` (the billing data log),
    or the bytes of any other alert. ``count`` is the number of parts that the alert states: 0 without details, else 1.
    """

    alert_code: int
    at: int
    details: GbzDetails = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Outer:
    count: int
    alert_code: int
    at: int
    rest: bytes


ALERT = Record(
    _Outer, Const(b"\x01\x09"), "count" / Int8ub, "alert_code" / Int16ub, "at" / Int32ub, "rest" / GreedyBytes
)
EXECUTED = Record(
    GbzExecuted,
    Const(b"\x0e"),
    "message_code" / Int16ub,
    "originator_counter" / Int64ub,
    "cluster" / Int16ub,
    "frame_control" / Int8ub,
    "command" / Int8ub,
)
FIRMWARE = Record(GbzFirmware, Const(b"\x09\x20"), "image_hash" / Bytes(32))

_ALERT = fuse(ALERT, "GBZ alert")
_SHAPES = {GbzExecuted: fuse(EXECUTED, "executed"), GbzFirmware: fuse(FIRMWARE, "firmware receipt")}


def is_gbz_alert(content: bytes) -> bool:
    """Whether a GBZ payload is an alert, and not a list of components."""
    return len(content) > 3 and content[3] >= 0x80


def decode_gbz_alert(content: bytes) -> GbzAlert:
    """The typed alert. Raises DecodeError where the bytes are none."""
    outer: _Outer = _ALERT.parse(content)
    return GbzAlert(outer.alert_code, outer.at, _details(outer.rest), outer.count)


def encode_gbz_alert(alert: GbzAlert) -> bytes:
    """The bytes of an alert. Raises LocalError."""
    return _ALERT.build(_Outer(alert.count, alert.alert_code, alert.at, _rest(alert.details)))


def _details(rest: bytes) -> GbzDetails:
    if not rest:
        return None
    readers = (*(shape.parse for shape in _SHAPES.values()), decode_component)
    for read in readers:
        try:
            found: GbzDetails = read(rest)
        except DecodeError:
            continue
        return found
    return rest


def _rest(details: GbzDetails) -> bytes:
    if details is None:
        return b""
    if isinstance(details, bytes):
        return details
    if isinstance(details, Component):
        return encode_component(details)
    shape = _SHAPES.get(type(details))
    if shape is None:
        raise LocalError(f"{type(details).__name__} is no part of a GBZ alert")
    return shape.build(details)
