"""What both ends of a link know: identifiers and certificates in slots, the last counters, the pending commands.

A sender uses only what the other end is sure to have: what a response has confirmed, or (where nothing answers) what it
has sent several times. A receiver takes over what a message brings once the context check of that message held.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from emulator.compression.codec import ContextLost

CounterKey = tuple[bytes, ...]
"""Whose counter, at which device: its fields' values."""

_REMEMBERED = 8
"""Counters that a sender remembers of those not confirmed."""

LOW_BYTES = 2
"""Of its command's counter a response names so many bytes."""

PENDING = 32
"""Commands of a hub that wait for an answer, or have had one: the newest ones are kept."""


@dataclass(frozen=True, slots=True)
class Defined:
    """A slot of a mapping is given a value."""

    mapping: str
    slot: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter was used. ``absolute``: it was sent as a whole, so it holds whatever was known before."""

    key: CounterKey
    value: int
    absolute: bool


Update = Defined | Counted


@dataclass(slots=True)
class Pending:
    """A command that went down: what its answer repeats, and the context that its arrival confirms."""

    values: Mapping[str, bytes]
    used: tuple[Update, ...] = ()


class PendingCommands:
    """The newest commands of a hub, found by counter."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[bytes, bytes], Pending] = OrderedDict()
        self._by_low: dict[bytes, list[Pending]] = {}

    def add(self, command: Pending) -> None:
        """Remember a command; the same one again (a retry) replaces it."""
        key = (command.values["device"], command.values["counter"])
        if (before := self._kept.pop(key, None)) is not None:
            self._drop(before)
        self._kept[key] = command
        self._by_low.setdefault(key[1][-LOW_BYTES:], []).append(command)
        if len(self._kept) > PENDING:
            self._drop(self._kept.popitem(last=False)[1])

    def _drop(self, command: Pending) -> None:
        low = command.values["counter"][-LOW_BYTES:]
        left = [one for one in self._by_low[low] if one is not command]
        if left:
            self._by_low[low] = left
        else:
            del self._by_low[low]

    def find(self, device: bytes, counter: bytes) -> Pending | None:
        """The command with this counter to this device."""
        return self._kept.get((device, counter))

    def ending_in(self, low: bytes) -> Iterable[Pending]:
        """Commands whose counter ends so, the newest first."""
        return reversed(self._by_low.get(low, []))

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._by_low.clear()

    def size_bytes(self) -> int:
        """Bytes of the values that are kept."""
        return sum(len(value) for command in self._kept.values() for value in command.values.values())

    def distrust(self) -> None:
        """Let no answer confirm anything that was sent until now."""
        for command in self._kept.values():
            command.used = ()


class ReceivedContext:
    """What a receiver has taken over."""

    def __init__(self) -> None:
        self._slots: dict[tuple[str, int], bytes] = {}
        self._counters: dict[CounterKey, int] = {}

    def value(self, mapping: str, slot: int) -> bytes:
        """What a slot holds. Raises ContextLost for an empty one."""
        found = self._slots.get((mapping, slot))
        if found is None:
            raise ContextLost(f"slot {slot} of {mapping} is empty", field="residue")
        return found

    def last(self, key: CounterKey) -> int:
        """The highest counter received. Raises ContextLost where there was none."""
        found = self._counters.get(key)
        if found is None:
            raise ContextLost("no counter is known of this party and device", field="residue")
        return found

    def take(self, updates: Iterable[Update]) -> None:
        """Take over what a message brought."""
        for update in updates:
            if isinstance(update, Defined):
                self._slots[update.mapping, update.slot] = update.value
            else:
                before = 0 if update.absolute else self._counters.get(update.key, 0)
                self._counters[update.key] = max(before, update.value)

    def size_bytes(self) -> int:
        """Bytes of the values that are held."""
        slots = sum(len(value) for value in self._slots.values())
        return slots + sum(8 + sum(map(len, key)) for key in self._counters)


@dataclass(slots=True)
class _Slot:
    """A value at its place, how often it was defined there, and whether the other end has confirmed it."""

    number: int
    sent: int = 0
    is_confirmed: bool = False


@dataclass(slots=True)
class _Sent:
    """The counters that were sent: the newest, the highest, and the highest that was confirmed."""

    recent: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    highest: int = 0
    count: int = 0
    confirmed: int | None = None


class SentContext:
    """What a sender knows of the other end's context. ``assumed_after``: sent so often, it counts as received."""

    def __init__(self, capacities: Mapping[str, int], assumed_after: int | None) -> None:
        self._capacities, self._assumed_after = capacities, assumed_after
        self._slots: dict[str, OrderedDict[bytes, _Slot]] = {name: OrderedDict() for name in capacities}
        self._counters: dict[CounterKey, _Sent] = {}

    def slot(self, mapping: str, value: bytes) -> tuple[int, bool]:
        """The slot for a value, and whether the other end has it there. A new value takes that of the oldest one."""
        slots = self._slots[mapping]
        found = slots.get(value)
        if found is not None:
            slots.move_to_end(value)
            return found.number, found.is_confirmed or self._is_assumed(found.sent)
        is_full = len(slots) >= self._capacities[mapping]
        number = slots.popitem(last=False)[1].number if is_full else len(slots)
        slots[value] = _Slot(number)
        return number, False

    def held(self, mapping: str, slot: int) -> bytes:
        """What the other end has in a slot. Raises ContextLost where that is not sure."""
        for value, found in self._slots[mapping].items():
            if found.number == slot and (found.is_confirmed or self._is_assumed(found.sent)):
                return value
        raise ContextLost(f"slot {slot} of {mapping} is not known to be filled", field="residue")

    def references(self, key: CounterKey) -> tuple[int, int] | None:
        """The lowest and the highest counter that the other end may know as its last one; None: perhaps none at all."""
        sent = self._counters.get(key)
        if sent is None:
            return None
        lowest = sent.confirmed
        if lowest is None:
            if not self._is_assumed(sent.count):
                return None
            lowest = min(sent.recent)
        return lowest, max(lowest, sent.highest)

    def note(self, updates: Iterable[Update]) -> None:
        """Remember what a message takes with it."""
        for update in updates:
            if isinstance(update, Defined):
                self._define(update)
            else:
                self._count(update)

    def confirm(self, updates: Iterable[Update]) -> None:
        """The other end has the message that took these with it."""
        for update in updates:
            if isinstance(update, Defined):
                slot = self._slots[update.mapping].get(update.value)
                if slot is not None and slot.number == update.slot:
                    slot.is_confirmed = True
            elif (sent := self._counters.get(update.key)) is not None:
                sent.confirmed = max(update.value, sent.confirmed or 0)

    def forget(self) -> None:
        """Take nothing for known at the other end."""
        for slots in self._slots.values():
            slots.clear()
        self._counters.clear()

    def _define(self, update: Defined) -> None:
        slot = self._slots[update.mapping].get(update.value)
        if slot is not None and slot.number == update.slot:
            slot.sent += 1

    def _count(self, update: Counted) -> None:
        sent = self._counters.get(update.key)
        if sent is None or (update.absolute and update.value < sent.highest):
            # A counter below the last one sets the other end back, so that all that was known of it is void.
            sent = self._counters[update.key] = _Sent()
        sent.recent.append(update.value)
        sent.highest = max(sent.highest, update.value)
        sent.count += 1

    def _is_assumed(self, times: int) -> bool:
        return self._assumed_after is not None and times >= self._assumed_after
