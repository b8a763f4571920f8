"""The same messages through microschc (MIT), an implementation of RFC 8724 by others: what plain SCHC makes of them.

RFC 8724 knows static context only, so its rules are provisioned: for each hub a rule for each shape of message, with
the identifiers, the certificate and the high bytes of counters and times in it. The first message of a shape travels as
it is, and its rule counts as provisioned at both ends; what that costs is not counted, and there is no context check.
What our rules say with one field (a counter that stands in three places) is a field for each place here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emulator.compression.codec import RAW, Link
from emulator.compression.header_context.facts import code_of
from emulator.compression.header_context.rules import Rule, load_rules
from emulator.compression.layouts import Values
from emulator.compression.layouts.items import Field, Item, Literal, Low
from gbcs.declare import build_length
from gbcs.errors import DecodeError, LocalError

try:
    from microschc.binary.buffer import Buffer
    from microschc.compressor.compressor import compress as schc_compress
    from microschc.decompressor.decompressor import decompress as schc_decompress
    from microschc.rfc8724 import (
        CompressionDecompressionAction,
        DirectionIndicator,
        FieldDescriptor,
        MatchingOperator,
        PacketDescriptor,
        RuleDescriptor,
        RuleFieldDescriptor,
    )
except ModuleNotFoundError as error:
    if error.name is None or not error.name.startswith("microschc"):
        raise
    raise LocalError("codec microschc needs its library: install meterfarm with the extra `schc`") from None

_LOW_BYTES = {"counter": 4, "user_counter": 4, "own_counter": 4, "first_stamp": 3, "last_stamp": 3}
"""Low bytes that are sent of a field, behind high ones that a rule holds: four of milliseconds last 49 days."""

_STATIC = frozenset(("device", "party", "user", "code", "certificate"))
_CALENDAR = frozenset(("first_day", "last_day", "at"))
"""Date-times: year and constant bytes stand in the rule, month and day, hour and minute (and second) are sent."""

_CALENDAR_CUTS = (2, 4, 5, 8)
_CALENDAR_SENT = (False, True, False, True, False)
_MOST_RULES = 254


@dataclass(frozen=True, slots=True)
class _Part:
    """A field as SCHC sees it: its bytes, and how many of the last ones are sent."""

    name: str
    octets: bytes
    sent: int

    @property
    def kept(self) -> bytes:
        """What a rule holds of it."""
        return self.octets[: len(self.octets) - self.sent]


def parts_of(rule: Rule, values: Values) -> list[_Part]:
    """A message as a row of fields."""
    return list(_parts(rule.layout.items, values))


def _parts(items: tuple[Item, ...], values: Values) -> Iterator[_Part]:
    for item in items:
        if isinstance(item, Literal):
            yield _Part("constant", item.octets, 0)
        elif isinstance(item, Low):
            yield _Part(f"low {item.name}", values[item.name][-item.size :], item.size)
        elif isinstance(item, Field):
            yield from _field(item.name, values[item.name])
        else:
            inner = list(_parts(item.items, values))
            yield _Part("length", build_length(sum(len(part.octets) for part in inner)), 0)
            yield from inner


def _field(name: str, octets: bytes) -> Iterator[_Part]:
    if name in _CALENDAR:
        ends = (*_CALENDAR_CUTS, len(octets))
        for start, end, is_sent in zip((0, *_CALENDAR_CUTS), ends, _CALENDAR_SENT, strict=True):
            yield _Part(f"{name} {start}", octets[start:end], (end - start) if is_sent else 0)
    elif octets:
        yield _Part(name, octets, 0 if name in _STATIC else _LOW_BYTES.get(name, len(octets)))


class MicroschcCodec:
    """Rules of RFC 8724 for the shapes that a hub's messages have had, applied by microschc.

    Both ends share one instance of :class:`Provisioning`, which stands for whoever provisions rules.

    Does not model: the way by which rules are provisioned, and its cost; a check of the context.
    """

    name = "microschc"

    def __init__(self, provisioning: Provisioning) -> None:
        self.provisioning = provisioning

    def compress(self, message: bytes, link: Link) -> bytes:
        """The SCHC packet, or the message as it is where no rule is provisioned yet."""
        parts = self._parts_of(message, link)
        if parts is None:
            return RAW + message
        number = self.provisioning.number_of(parts, link)
        if number is None:
            return RAW + message
        fields = [FieldDescriptor(id=part.name, value=_buffer(part.octets), position=0) for part in parts]
        packet = PacketDescriptor(DirectionIndicator.UP, fields, Buffer(b"", 0))
        data: bytes = schc_compress(packet, self.provisioning.rules[number]).content
        return data

    def expand(self, data: bytes, link: Link) -> bytes:
        """The message. Raises DecodeError for a rule that is not provisioned."""
        if data[:1] == RAW:
            return data[1:]
        if not data or data[0] not in self.provisioning.rules:
            raise DecodeError("no such rule", field="rule")
        message: bytes = schc_decompress(_buffer(data), self.provisioning.rules[data[0]]).content
        return message

    def refresh(self, link: Link) -> None:
        """Nothing: context is static."""

    def restart(self) -> None:
        """Nothing: rules are kept."""

    @staticmethod
    def _parts_of(message: bytes, link: Link) -> list[_Part] | None:
        code = code_of(message)
        for rule in load_rules().candidates(link.direction, code) if code is not None else ():
            values = rule.layout.read(message)
            if values is not None:
                return parts_of(rule, values)
        return None


class Provisioning:
    """The rules of one hub, made from the first message of each shape."""

    def __init__(self) -> None:
        self.rules: dict[int, Any] = {}
        self._numbers: dict[tuple[object, ...], int] = {}

    def number_of(self, parts: list[_Part], link: Link) -> int | None:
        """The rule of a shape; None for the first message of it, for which one is provisioned now."""
        kept = tuple((part.name, len(part.octets), part.kept) for part in parts)
        number = self._numbers.get((link.direction, *kept))
        if number is None and len(self.rules) < _MOST_RULES:
            new = self._numbers[link.direction, *kept] = len(self.rules)
            fields = [_rule_of(part) for part in parts]
            self.rules[new] = RuleDescriptor(id=_buffer(bytes((new,))), field_descriptors=fields)
        return number


def _rule_of(part: _Part) -> Any:
    kept = part.kept
    if not part.sent:
        operator, action = MatchingOperator.EQUAL, CompressionDecompressionAction.NOT_SENT
    elif kept:
        operator, action = MatchingOperator.MSB, CompressionDecompressionAction.LSB
    else:
        operator, action = MatchingOperator.IGNORE, CompressionDecompressionAction.VALUE_SENT
    return RuleFieldDescriptor(
        id=part.name,
        length=8 * len(part.octets),
        position=0,
        direction=DirectionIndicator.BIDIRECTIONAL,
        target_value=_buffer(kept) if kept else None,
        matching_operator=operator,
        compression_decompression_action=action,
    )


def _buffer(octets: bytes) -> Any:
    return Buffer(content=octets, length=8 * len(octets))
