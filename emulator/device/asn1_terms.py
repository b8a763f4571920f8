"""What the ASN.1 use cases share: a command as handlers take it, times, and the lengths that devices write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from emulator.device.administration import Administration
from emulator.device.device import Device
from gbcs.asn1.nodes import Node, build_node, parse_node
from gbcs.errors import DecodeError
from gbcs.framing import Message
from gbcs.times import from_datetime, to_datetime

_LAST_YEAR = 9999
"""Of a time that never comes."""

Answer: TypeAlias = "tuple[str, Any]"
"""Type of gbcs.asn and its value."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One command: the device it came to, the message, the typed value of its payload, and the device time."""

    device: Device
    command: Message
    value: Any
    now: int

    @property
    def state(self) -> Administration:
        """What the device keeps."""
        return self.device.administration


Handler: TypeAlias = "Callable[[Asked], Answer]"


def instant(text: str) -> int | None:
    """Seconds since 2000 of ``20300115000000Z``; ``None`` for a time that never comes. Raises DecodeError."""
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise DecodeError(f"{text!r} is no time like 20300115000000Z", field="GeneralizedTime") from None
    return None if moment.year == _LAST_YEAR else int(from_datetime(moment))


def generalized_time(now: float) -> str:
    """``20300115000000Z``."""
    return to_datetime(int(now)).strftime("%Y%m%d%H%M%SZ")


def device_form(content: bytes) -> bytes:
    """The same value with every long length in two octets, as devices write them (spec sheet 9: 82 00 83)."""

    def widened(node: Node) -> Node:
        inner = node.content
        if not isinstance(inner, bytes):
            inner = tuple(widened(one) for one in inner)
        size = len(inner if isinstance(inner, bytes) else b"".join(map(build_node, inner)))
        return Node(node.tag, inner, 2 if 0x80 <= size < 0x100 else 0)

    return build_node(widened(parse_node(content)))
