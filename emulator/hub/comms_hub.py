"""The comms hub as a relay: what to send where, within the limits of its buffer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from emulator.hub.addresses import COUNTER_AT, CRA_AT, END_AT, NOT_GBCS, ORIGINATOR_AT, RECIPIENT_AT, header_start
from emulator.hub.buffer import WAITS, Buffer
from emulator.hub.limits import HubLimits
from gbcs import eui64
from gbcs.eui64 import Eui64
from gbcs.frozen import maker


@dataclass(frozen=True, slots=True)
class ToHan:
    """Send a message to a device on the HAN."""

    device: Eui64
    message: bytes


@dataclass(frozen=True, slots=True)
class ToWan:
    """Send a message over the SM WAN."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that goes nowhere, and why."""

    reason: str
    message: bytes


Action: TypeAlias = ToHan | ToWan | Refused

COMMAND = 1
"""The transaction of a command; from a device it is that of a block's acknowledgement."""

_to_han, _to_wan, _refused = maker(ToHan), maker(ToWan), maker(Refused)


class CommsHub:
    """A relay without clock, radio or modem of its own; every method says what to send where.

    A command keeps its place in the buffer until its answer has come back or ``answer_wait_s`` is over; beyond
    ``outstanding_per_device`` commands wait their turn, ``queue_wait_s`` at most. Answers and alerts pass at once.
    Blocks are relayed as they are: those of a command share one place, which the first block of the answer frees, and
    acknowledgements pass at once.

    Does not model: messages for the hub's own CHF and GPF, the device log and its commands, time for the
    HAN, alerts of its own, gas meters that sleep.
    """

    __slots__ = ("_devices", "_limits", "buffer", "eui")

    def __init__(self, eui: Eui64, devices: Iterable[Eui64], limits: HubLimits) -> None:
        """``devices`` are those on its HAN; ``limits`` may be shared by all hubs."""
        self.eui, self._limits = eui, limits
        self._devices = tuple(devices)
        self.buffer = Buffer(limits)

    def from_wan(self, message: bytes, now: float) -> tuple[Action, ...]:
        """What to do with a message that came over the SM WAN; nothing yet where it has to wait its turn."""
        start = header_start(message)
        if start == NOT_GBCS:
            return (_not_gbcs(message),)
        if len(message) > self._limits.message_bytes:
            return (self._too_long(message),)
        device = message[start + RECIPIENT_AT : start + END_AT]
        if device not in self._devices:
            return (_unknown(device, message),)
        if message[start + CRA_AT] != COMMAND:
            return (_to_han(device, message),)
        key = device + message[start + COUNTER_AT : start + COUNTER_AT + 8]
        refusal = self.buffer.add(device, key, message, now)
        if not refusal:
            return (_to_han(device, message),)
        return () if refusal is WAITS else (_refused(refusal, message),)

    def from_han(self, message: bytes, now: float) -> tuple[Action, ...]:
        """What to do with a message that came over the HAN: pass it on, and give devices what waited for it."""
        start = header_start(message)
        if start == NOT_GBCS:
            return (_not_gbcs(message),)
        device = message[start + ORIGINATOR_AT : start + ORIGINATOR_AT + 8]
        if device not in self._devices:
            return (_unknown(device, message),)
        key = device + message[start + COUNTER_AT : start + COUNTER_AT + 8]
        freed = message[start + CRA_AT] != COMMAND and self.buffer.answered(key)
        passed = _to_wan(message) if len(message) <= self._limits.message_bytes else self._too_long(message)
        return (passed, *self._ready(now)) if freed and self._limits.outstanding else (passed,)

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do."""
        return self.buffer.next_deadline()

    def tick(self, now: float) -> tuple[Action, ...]:
        """What to do as time goes by: refuse what has waited too long, give devices what waited for an answer."""
        self.buffer.clear_overdue(now)
        reason = f"waited {self._limits.queue_wait_s:g} s in the hub for its turn"
        expired = [_refused(reason, message) for message in self.buffer.expired(now)]
        return (*expired, *self._ready(now))

    def _ready(self, now: float) -> list[Action]:
        return [_to_han(device, message) for device, message in self.buffer.ready(now)]

    def _too_long(self, message: bytes) -> Refused:
        limit = self._limits.message_bytes
        return _refused(
            f"message of {len(message):,} bytes is over the {limit:,} that fit without segmentation", message
        )


def _not_gbcs(message: bytes) -> Refused:
    start = message[:4].hex(" ").upper() or "nothing"
    return _refused(f"not a GBCS message: {len(message):,} bytes, beginning with {start}", message)


def _unknown(device: Eui64, message: bytes) -> Refused:
    return _refused(f"{eui64.show(device)} is not a device on the HAN of this hub", message)
