"""Data-Notification: the payload of a DLMS alert (spec sheet 7.1)."""

from __future__ import annotations

from dataclasses import dataclass

from construct import Const, Int32ub

from gbcs.declare import Counted, Record
from gbcs.dlms.data import DATA, Data
from gbcs.errors import DecodeError


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


DATA_NOTIFICATION = Record(
    DataNotification, Const(b"\x0f"), "invoke_id" / Int32ub, Const(b"\x00\x02"), "body" / Counted(DATA)
)


def check_notification(notification: DataNotification) -> None:
    """The structure starts with a uint16 code and a 12-byte time, or DecodeError."""
    body = notification.body
    if len(body) < 2 or body[0].tag != 0x12 or body[1].tag != 0x09 or len(notification.at) != 12:
        raise DecodeError("a notification starts with alert code and date-time", field="data notification")
