"""DLMS over TCP (IEC 62056-47): ``0001 | source u16 | destination u16 | length u16 | APDU``."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from construct import Const, GreedyBytes, Int16ub

from emulator.smets1.dlms.connection import Associations
from emulator.smets1.dlms.device import DlmsDevice
from gbcs.declare import Record, Sized16

PORT = 4059
VERSION = 1


@dataclass(frozen=True, slots=True)
class WrapperFrame:
    """One APDU on its way from a port to another; ports are SAPs."""

    source: int
    destination: int
    apdu: bytes


WRAPPER_FRAME = Record(
    WrapperFrame,
    Const(VERSION.to_bytes(2, "big")),
    "source" / Int16ub,
    "destination" / Int16ub,
    "apdu" / Sized16(GreedyBytes),
)

_HEADER = Struct(">HHHH")


class WrapperServer:
    """One TCP connection to a meter.

    An APDU for no logical device of the meter gets no answer. Another version than 1 ends the connection: where the
    next frame would start cannot be known.

    Does not model: several connections at once that share an association; UDP.
    """

    __slots__ = ("_associations", "_buffer", "closed")

    def __init__(self, device: DlmsDevice) -> None:
        self._associations = Associations(device)
        self._buffer = bytearray()
        self.closed = False

    def receive_data(self, data: bytes, now: float) -> bytes:
        """The answers to every whole frame that has arrived."""
        if self.closed:
            return b""
        self._associations.heard(now)
        buffer = self._buffer
        buffer += data
        answers: list[bytes] = []
        at = 0
        while len(buffer) - at >= _HEADER.size:
            version, source, destination, length = _HEADER.unpack_from(buffer, at)
            if version != VERSION:
                self._end()
                break
            end = at + _HEADER.size + length
            if end > len(buffer):
                break
            apdu = bytes(buffer[at + _HEADER.size : end])
            at = end
            answer = self._associations.receive(source, destination, apdu, now)
            if answer is not None:
                answers += _HEADER.pack(VERSION, destination, source, len(answer)), answer
        del buffer[:at]
        return b"".join(answers)

    def next_deadline(self) -> float | None:
        """When the connection will have been idle too long."""
        return None if self.closed else self._associations.deadline()

    def tick(self, now: float) -> bytes:
        """End a connection that has been idle too long; nothing is sent."""
        if self._associations.expired(now):
            self._end()
        return b""

    def take_baud(self) -> int | None:
        """TCP has no speed."""
        return None

    def _end(self) -> None:
        self.closed = True
        self._buffer.clear()
        self._associations.close()
