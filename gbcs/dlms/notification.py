"""Data-Notification: the payload of a DLMS alert (spec sheet 7.1)."""

from __future__ import annotations

from dataclasses import dataclass

from construct import Bytes, Const, GreedyBytes, Int16ub, Int32ub

from gbcs.declare import Counted, Either, Record, Sized
from gbcs.dlms.data import DATA, Data
from gbcs.dlms.protection import PROTECTION
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64


@dataclass(frozen=True, slots=True)
class DataNotification:
    """An alert: its code, the COSEM date-time of the event (12 bytes) and what the use case adds.

    ``body`` is the whole structure: alert code, time, items.
    """

    invoke_id: int
    body: tuple[Data, ...]

    @property
    def alert_code(self) -> int:
        """The alert code, like 0x8F30."""
        return int(self.body[0].value)  # type: ignore[arg-type]

    @property
    def at(self) -> bytes:
        """The time of the event, a 12-byte COSEM date-time."""
        return bytes(self.body[1].value)  # type: ignore[arg-type]

    @property
    def items(self) -> tuple[Data, ...]:
        """What the use case adds to code and time."""
        return self.body[2:]


@dataclass(frozen=True, slots=True)
class ProtectedNotification:
    """An alert whose data are encrypted (the billing data log): code, time, protection parameters and blob.

    The transaction counter is the alert's own (spec sheet 7.1, ECS68).
    """

    invoke_id: int
    alert_code: int
    at: bytes
    transaction_counter: int
    originator: Eui64
    recipient: Eui64
    blob: bytes


DATA_NOTIFICATION = Record(
    DataNotification, Const(b"\x0f"), "invoke_id" / Int32ub, Const(b"\x00\x02"), "body" / Counted(DATA)
)
PROTECTED_NOTIFICATION = Record(
    ProtectedNotification,
    Const(b"\x0f"),
    "invoke_id" / Int32ub,
    Const(b"\x00\x02\x04\x12"),
    "alert_code" / Int16ub,
    Const(b"\x09\x0c"),
    "at" / Bytes(12),
    Const(b"\x01\x01"),
    *PROTECTION.parts,
    Const(b"\x09"),
    "blob" / Sized(GreedyBytes),
)
NOTIFICATION = Either(PROTECTED_NOTIFICATION, general=DATA_NOTIFICATION)


def check_notification(notification: DataNotification | ProtectedNotification) -> None:
    """The structure starts with a uint16 code and a 12-byte time, or DecodeError."""
    if isinstance(notification, ProtectedNotification):
        return
    body = notification.body
    if len(body) < 2 or body[0].tag != 0x12 or body[1].tag != 0x09 or len(notification.at) != 12:
        raise DecodeError("a notification starts with alert code and date-time", field="data notification")
