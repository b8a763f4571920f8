"""A GFI line as a link for messages, over whatever carries its bytes."""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

from gbcs.errors import LocalError, RemoteError
from gbcs.eui64 import Eui64
from gbcs.gbt import MAX_MESSAGE_BYTES
from rigs.errors import RigError
from rigs.gfi.assumptions import LARGEST_MESSAGE_BYTES
from rigs.gfi.codec import GfiDecoder, GfiFault, encode_line
from rigs.ports.port import Port

FAULTS_IN_A_ROW: Final = 100
"""So many lines without one message between them: whatever speaks there is no GFI bridge."""


class GfiLink:
    """Messages to and from one device over a line; a :class:`~rigs.link.MessageLink`.

    Longer messages than ``largest_message_bytes`` are refused when they are sent and taken when they come: see
    :class:`rigs.blocks.BlockLink` for sending them in blocks.

    Does not model: several devices on one line.
    """

    def __init__(self, port: Port, peer: Eui64, largest_message_bytes: int = LARGEST_MESSAGE_BYTES) -> None:
        if not 0 < largest_message_bytes <= MAX_MESSAGE_BYTES:
            raise LocalError(f"a message has 1 to {MAX_MESSAGE_BYTES:,} bytes, not {largest_message_bytes:,}")
        self.peer = peer
        self.largest_message_bytes = largest_message_bytes
        self._port = port
        self._decoder = GfiDecoder()
        self._messages: deque[bytes] = deque()
        self._counted_at_message = 0

    @property
    def faults(self) -> Counter[GfiFault]:
        """Lines that brought no message, by what was wrong with them."""
        return self._decoder.faults

    @property
    def last_fault(self) -> RemoteError | None:
        """What was wrong with the last of them."""
        return self._decoder.last_fault

    async def send(self, message: bytes) -> None:
        """Write a message's line. Raises PortLost; LocalError for a message that is too long for the peer."""
        if len(message) > self.largest_message_bytes:
            raise LocalError(
                f"this GFI line takes {self.largest_message_bytes:,} bytes a message, not {len(message):,}:"
                " send it in blocks"
            )
        await self._port.write(encode_line(message))

    async def receive(self) -> bytes:
        """The next message. Raises PortLost; RigError where line after line is none of a GFI bridge."""
        while not self._messages:
            self._messages += self._decoder.feed(await self._port.read())
            self._check_faults()
        return self._messages.popleft()

    async def close(self) -> None:
        """Close the port."""
        await self._port.close()

    def _check_faults(self) -> None:
        counted = self.faults.total()
        if self._messages:
            self._counted_at_message = counted
        elif counted - self._counted_at_message >= FAULTS_IN_A_ROW and self.last_fault is not None:
            raise RigError(
                f"{counted - self._counted_at_message} lines in a row from {self._port.url} brought no message:"
                f" {self.last_fault}",
                hint="is a GFI bridge at the other end?",
            )
