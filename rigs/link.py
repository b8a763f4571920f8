"""The seam between GBCS messages and what carries them to a device: a tunnel over a dongle, a GFI line, a queue."""

from __future__ import annotations

import asyncio
from typing import Protocol

from gbcs.eui64 import Eui64
from rigs.errors import PortLost


class MessageLink(Protocol):
    """Whole GBCS messages (or blocks of segmented ones) to and from one device, of either side's choosing."""

    peer: Eui64

    async def send(self, message: bytes) -> None:
        """Hand a message over to the link. Raises PortLost."""

    async def receive(self) -> bytes:
        """The next message of the other side. Raises PortLost."""

    async def close(self) -> None:
        """Let the link go; a second call does nothing."""


class MemoryLink:
    """One end of a link inside the process; :func:`memory_links` makes both.

    Does not model: delay, loss, a limit of the message size.
    """

    def __init__(self, peer: Eui64, incoming: asyncio.Queue[bytes], outgoing: asyncio.Queue[bytes]) -> None:
        self.peer = peer
        self._incoming, self._outgoing = incoming, outgoing

    async def send(self, message: bytes) -> None:
        """See :class:`MessageLink`."""
        if not message:
            raise PortLost("a message of no bytes is none")
        await self._outgoing.put(message)

    async def receive(self) -> bytes:
        """See :class:`MessageLink`."""
        message = await self._incoming.get()
        if not message:
            raise PortLost("the other end of the link is closed")
        return message

    async def close(self) -> None:
        """See :class:`MessageLink`."""
        await self._outgoing.put(b"")


def memory_links(one: Eui64, other: Eui64) -> tuple[MemoryLink, MemoryLink]:
    """The end of ``one`` and the end of ``other``."""
    down: asyncio.Queue[bytes] = asyncio.Queue()
    up: asyncio.Queue[bytes] = asyncio.Queue()
    return MemoryLink(other, up, down), MemoryLink(one, down, up)
