"""What is sent of a field: one class for each action of the rules, with both directions.

``send`` gives the residue of a value, or None where the action does not fit it (the rule is then not used);
``receive`` gives the value back. Both note what the message changes in the context.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from emulator.compression.header_context.context import Counted, CounterKey, Defined, Update
from emulator.compression.layouts import Reader, Values, varint
from gbcs.errors import DecodeError, GbcsError
from gbcs.times import HALF_HOUR_S, cosem, from_cosem

_DEFINITION = 0xFF
"""Stands where a slot would: slot and value follow."""


class Sending(Protocol):
    """What an action asks of the sender's context."""

    def slot(self, mapping: str, value: bytes) -> tuple[int, bool]:
        """The slot for a value, and whether the other end has it there."""

    def references(self, key: CounterKey) -> tuple[int, int] | None:
        """The lowest and the highest counter that the other end may know as its last one."""


class Receiving(Protocol):
    """What an action asks of the receiver's context. Both raise ContextLost."""

    def value(self, mapping: str, slot: int) -> bytes:
        """What a slot holds."""

    def last(self, key: CounterKey) -> int:
        """The last counter."""


@dataclass(slots=True)
class Message:
    """A message on its way through the actions: its values, as far as they are known, and what it changes."""

    values: Values
    updates: list[Update] = field(default_factory=list)


class Action(Protocol):
    """What is sent of one field."""

    def send(self, name: str, message: Message, context: Sending) -> bytes | None:
        """The residue of the field's value; None where the action does not fit it."""

    def receive(self, name: str, reader: Reader, message: Message, context: Receiving) -> None:
        """Add the field's value. Raises DecodeError, ContextLost."""


@dataclass(frozen=True, slots=True)
class ValueSent:
    """All of it: ``size`` bytes; without a size, a length and that many, or all that is left (``is_last``)."""

    size: int | None
    is_last: bool = False

    def send(self, name: str, message: Message, context: Sending) -> bytes | None:
        """The value."""
        value = message.values[name]
        return value if self.size is not None or self.is_last else varint(len(value)) + value

    def receive(self, name: str, reader: Reader, message: Message, context: Receiving) -> None:
        """The value."""
        if self.is_last:
            message.values[name] = reader.rest()
        else:
            message.values[name] = reader.take(reader.varint() if self.size is None else self.size)


@dataclass(frozen=True, slots=True)
class MappingSent:
    """The slot that holds it, or slot and value; of a value without a size two bytes say its length."""

    mapping: str
    size: int | None

    def send(self, name: str, message: Message, context: Sending) -> bytes | None:
        """A byte once the other end has the value."""
        value = message.values[name]
        slot, is_known = context.slot(self.mapping, value)
        if is_known:
            return bytes((slot,))
        message.updates.append(Defined(self.mapping, slot, value))
        length = b"" if self.size is not None else len(value).to_bytes(2, "big")
        return bytes((_DEFINITION, slot)) + length + value

    def receive(self, name: str, reader: Reader, message: Message, context: Receiving) -> None:
        """The value of the slot, or the one that was sent for it."""
        slot = reader.byte()
        if slot != _DEFINITION:
            message.values[name] = context.value(self.mapping, slot)
            return
        slot = reader.byte()
        value = reader.take(int.from_bytes(reader.take(2), "big") if self.size is None else self.size)
        message.values[name] = value
        message.updates.append(Defined(self.mapping, slot, value))


@dataclass(frozen=True, slots=True)
class LowBits:
    """The low bits of a counter, as many as its reference leaves open.

    The first byte holds a bit for the reference (1: the field ``beside``), three bits for the number n of bytes that
    follow, and four bits of the value; n = 7 means the whole counter in the next eight bytes. The value is the one
    number with these low bits in a window around the reference, a quarter of it below: messages come late, but not by
    much.
    """

    of: tuple[str, ...]
    beside: str | None = None

    def send(self, name: str, message: Message, context: Sending) -> bytes | None:
        """One byte for a counter that rises by little, four for milliseconds of a day, nine for the whole of it."""
        value = int.from_bytes(message.values[name], "big")
        key = self._key(message)
        residue = self._lowest(value, context.references(key), 0)
        if self.beside is not None:
            other = int.from_bytes(message.values[self.beside], "big")
            residue = min(residue, self._lowest(value, (other, other), 0x80), key=len)
        message.updates.append(Counted(key, value, absolute=len(residue) == 9))
        return residue

    def receive(self, name: str, reader: Reader, message: Message, context: Receiving) -> None:
        """The counter."""
        first = reader.byte()
        more, key = first >> 4 & 7, self._key(message)
        if more == 7:
            value = int.from_bytes(reader.take(8), "big")
        else:
            low = (first & 0x0F) << 8 * more | int.from_bytes(reader.take(more), "big")
            value = _in_window(low, 4 + 8 * more, self._reference(first, key, message, context))
        message.updates.append(Counted(key, value, absolute=more == 7))
        message.values[name] = value.to_bytes(8, "big")

    def _key(self, message: Message) -> CounterKey:
        return tuple(message.values[name] for name in self.of)

    def _reference(self, first: int, key: CounterKey, message: Message, context: Receiving) -> int:
        if first < 0x80:
            return context.last(key)
        if self.beside is None:
            raise DecodeError("a reference that this counter does not have", field="residue")
        return int.from_bytes(message.values[self.beside], "big")

    @staticmethod
    def _lowest(value: int, references: tuple[int, int] | None, mark: int) -> bytes:
        """The shortest residue that every possible reference completes to the value."""
        if references is not None:
            lowest, highest = references
            for more in range(7):
                bits = 4 + 8 * more
                # In the window around the lowest and around the highest reference is in that around each between.
                if value >= _window(highest, bits) and value < _window(lowest, bits) + (1 << bits):
                    low = value & (1 << bits) - 1
                    return bytes((mark | more << 4 | low >> 8 * more,)) + (low & (1 << 8 * more) - 1).to_bytes(more)
        return b"\x70" + value.to_bytes(8, "big")


def _window(reference: int, bits: int) -> int:
    """Where the window around a reference begins."""
    start = reference - (1 << bits - 2)
    return max(0, start)


def _in_window(low: int, bits: int, reference: int) -> int:
    """The number with these low bits from a quarter of the window below the reference on."""
    start = _window(reference, bits)
    return (start + ((low - start) & (1 << bits) - 1)) & 0xFFFF_FFFF_FFFF_FFFF


# ---------------------------------------------------------------------- times


@lru_cache(maxsize=4096)
def _seconds(octets: bytes) -> int | None:
    """Seconds since 2000 of a stamp (4 bytes) or COSEM date-time (12 bytes); None where nothing would give it back."""
    if len(octets) == 4:
        return int.from_bytes(octets, "big")
    try:
        seconds = int(from_cosem(octets))
        return seconds if _octets(seconds, 12) == octets else None
    except GbcsError:
        return None


@lru_cache(maxsize=4096)
def _octets(seconds: int, size: int) -> bytes:
    try:
        return seconds.to_bytes(4, "big") if size == 4 else cosem(seconds)
    except (GbcsError, OverflowError):
        raise DecodeError(f"{seconds} seconds are no time of {size} bytes", field="residue") from None


@dataclass(frozen=True, slots=True)
class Seconds:
    """A time in four bytes."""

    size: int

    def send(self, name: str, message: Message, context: Sending) -> bytes | None:
        """Seconds since 2000."""
        seconds = _seconds(message.values[name])
        return None if seconds is None or not 0 <= seconds < 1 << 32 else seconds.to_bytes(4, "big")

    def receive(self, name: str, reader: Reader, message: Message, context: Receiving) -> None:
        """The time."""
        message.values[name] = _octets(int.from_bytes(reader.take(4), "big"), self.size)


_OFF_GRID = 0x80_0000


@dataclass(frozen=True, slots=True)
class Grid:
    """A time on the half-hour grid in three bytes; any other in seven."""

    size: int

    def send(self, name: str, message: Message, context: Sending) -> bytes | None:
        """Half-hours since 2000."""
        seconds = _seconds(message.values[name])
        if seconds is None or not 0 <= seconds < 1 << 32:
            return None
        if seconds % HALF_HOUR_S:
            return _OFF_GRID.to_bytes(3, "big") + seconds.to_bytes(4, "big")
        return (seconds // HALF_HOUR_S).to_bytes(3, "big")

    def receive(self, name: str, reader: Reader, message: Message, context: Receiving) -> None:
        """The time."""
        half_hours = int.from_bytes(reader.take(3), "big")
        seconds = int.from_bytes(reader.take(4), "big") if half_hours >= _OFF_GRID else half_hours * HALF_HOUR_S
        message.values[name] = _octets(seconds, self.size)


@dataclass(frozen=True, slots=True)
class After:
    """A time behind another one: in half-hours, or in seconds, which the last bit of the number says."""

    size: int
    beside: str

    def send(self, name: str, message: Message, context: Sending) -> bytes | None:
        """Two bytes at most for a day of half-hours."""
        first, last = _seconds(message.values[self.beside]), _seconds(message.values[name])
        if first is None or last is None or last < first:
            return None
        half_hours, left = divmod(last - first, HALF_HOUR_S)
        return varint((last - first) << 1 | 1) if left else varint(half_hours << 1)

    def receive(self, name: str, reader: Reader, message: Message, context: Receiving) -> None:
        """The time."""
        first, number = _seconds(message.values[self.beside]), reader.varint()
        if first is None:
            raise DecodeError("no time to count from", field="residue")
        seconds = number >> 1 if number & 1 else (number >> 1) * HALF_HOUR_S
        message.values[name] = _octets(first + seconds, self.size)
