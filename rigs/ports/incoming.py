"""Bytes that have arrived and wait to be read, and why no more will come."""

from __future__ import annotations

import asyncio

from rigs.errors import PortLost


class Incoming:
    """The reading half of a port: whoever carries the bytes feeds it, one reader at a time takes from it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._buffer = bytearray()
        self._changed = asyncio.Event()
        self._lost: BaseException | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add what arrived."""
        self._buffer += data
        self._changed.set()

    def lose(self, cause: BaseException) -> None:
        """No more will come; the first cause counts."""
        self._lost = self._lost or cause
        self._changed.set()

    def close(self) -> None:
        """No more is wanted: what waits is dropped."""
        self._buffer.clear()
        self._closed = True
        self._changed.set()

    async def take(self, size: int) -> bytes:
        """The next bytes, one at least. Raises PortLost once all that arrived has been taken."""
        while not self._buffer:
            self.check()
            self._changed.clear()
            await self._changed.wait()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def check(self) -> None:
        """Raises PortLost where the port is lost or closed."""
        if self._closed:
            raise PortLost(f"{self._url} is closed")
        if self._lost is not None:
            raise PortLost(f"{self._url} is lost: {reason(self._lost)}") from self._lost


def reason(error: BaseException) -> str:
    """What an error says, without the number that a person does not need."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
