"""Where an external head-end connects: GFI lines over TCP or a pseudo-terminal, on an event loop of its own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gbcs.gbt import MAX_MESSAGE_BYTES
from gbcs.security import DCC_ACB
from rigs.errors import RigError
from rigs.gfi import GfiLink
from rigs.loop_thread import LoopThread
from rigs.ports.listening import Listener, listen
from rigs.ports.port import Port

_WITHIN_S = 15.0


class ExternalLine:
    """Messages of whoever is connected go to ``heard``, in the line's thread; :meth:`say` may be called in any.

    Does not model: more than one head-end at a time. What is said while none is connected is counted and gone.
    """

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self.unheard = self.connections = 0
        self.faults: list[str] = []
        self.address = ""
        self._heard = heard
        self._link: GfiLink | None = None
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self, url: str) -> None:
        """Listen. Raises LocalError, PortLost."""
        self._loop = asyncio.get_running_loop()
        self._listener = await listen(url, self._serve)
        self.address = self._listener.address

    async def close(self) -> None:
        """Listen no more."""
        if self._listener is not None:
            await self._listener.close()

    def say(self, message: bytes) -> None:
        """Send a message to the head-end."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: so has the run
                self._loop.call_soon_threadsafe(self._put, message)

    def _put(self, message: bytes) -> None:
        if self._link is None:
            self.unheard += 1
        else:
            self._outgoing.put_nowait(message)

    async def _serve(self, port: Port) -> None:
        self.connections += 1
        self._link = link = GfiLink(port, DCC_ACB, MAX_MESSAGE_BYTES)
        self._outgoing = asyncio.Queue()
        saying = asyncio.create_task(self._say_all(link))
        try:
            while True:
                self._heard(await link.receive())
        except RigError as error:
            self.faults.append(str(error))
        finally:
            self._link = None
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)
            await link.close()

    async def _say_all(self, link: GfiLink) -> None:
        while True:
            await link.send(await self._outgoing.get())


@contextmanager
def external_line(url: str, heard: Callable[[bytes], None]) -> Iterator[ExternalLine]:
    """A line that an external head-end can open at its ``address``, for as long as the context lasts.

    Raises LocalError for a URL that is nothing to listen on, PortLost where it cannot be had.
    """
    thread, line = LoopThread("external head-end"), ExternalLine(heard)
    try:
        thread.call(line.open(url), _WITHIN_S)
        yield line
        thread.call(line.close(), _WITHIN_S)
    finally:
        thread.stop()
