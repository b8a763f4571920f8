"""Alerts: what a device says of its own accord, under a counter of its own (spec sheet 7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from gbcs.dlms import Data, DataNotification, Tag
from gbcs.dlms.access import invoke_id
from gbcs.eui64 import Eui64
from gbcs.payload import encode_payload
from gbcs.times import cosem


class AlertCode(IntEnum):
    """The alert codes that this device core raises by itself."""

    FUTURE_DATED_EXECUTED = 0x8F66
    FUTURE_DATED_FAILED = 0x8F67


class CounterStore(Protocol):
    """The device's own originator counter. It only rises, also across restarts: written down before it is used."""

    def next(self) -> int:
        """A counter that was never handed out before."""


class MemoryCounter:
    """A counter that lives as long as the process.

    Does not model: the device's flash. Where a counter outlives a run, hand in a store that writes it down.
    """

    __slots__ = ("_last",)

    def __init__(self, last: int = 0) -> None:
        self._last = last

    def next(self) -> int:
        """One more than the last."""
        self._last += 1
        return self._last


class AlertBody(Protocol):
    """What an alert says, once its counter is known."""

    def content(self, counter: int) -> bytes:
        """The payload bytes under a counter."""


@dataclass(frozen=True, slots=True)
class DlmsAlert:
    """A Data-Notification: alert code, time of the event and what the use case adds."""

    alert_code: int
    at: int
    items: tuple[Data, ...] = ()

    def content(self, counter: int) -> bytes:
        """The payload bytes; the invoke id is made of the counter."""
        head = Data(Tag.UINT16, self.alert_code), Data(Tag.OCTET_STRING, cosem(self.at))
        return encode_payload(DataNotification(invoke_id(counter), (*head, *self.items)))


@dataclass(frozen=True, slots=True)
class RawAlert:
    """Payload bytes that do not depend on the counter (ASN.1, GBZ)."""

    data: bytes

    def content(self, counter: int) -> bytes:
        """The bytes."""
        return self.data


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert before it is framed: its message code, who gets it, and what it says."""

    message_code: int
    recipient: Eui64
    body: AlertBody


def reference(message_code: int, counter: int, tail: bytes) -> Data:
    """What the alert of a future-dated command names: message code, originator counter and the thing executed."""
    return Data(Tag.OCTET_STRING, message_code.to_bytes(2, "big") + counter.to_bytes(8, "big") + tail)
