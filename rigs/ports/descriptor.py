"""A port on a file descriptor: a serial line, a socket, the near end of a pseudo-terminal. The loop watches it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from rigs.errors import PortLost
from rigs.ports.incoming import Incoming, reason
from rigs.ports.off_loop import off_loop
from rigs.ports.port import LineSettings
from rigs.ports.trace import Direction, Trace

_READ_SIZE = 65_536
_READ_AHEAD = 1 << 20
"""Bytes held for a reader that does not come; more stay with the kernel, which slows a socket's sender down."""


class DescriptorPort:
    """See :class:`~rigs.ports.port.Port`. Reads ahead, so that a serial line does not overrun the kernel's buffer.

    ``release`` gives everything back and may block; ``settle`` waits for what was written and changes the line.
    """

    def __init__(
        self,
        url: str,
        descriptor: int,
        release: Callable[[], None],
        settle: Callable[[LineSettings], None] | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.url = url
        self._descriptor, self._release, self._settle, self._trace = descriptor, release, settle, trace
        self._incoming = Incoming(url)
        self._turn = asyncio.Lock()
        self._writable: asyncio.Future[None] | None = None
        self._listening = False
        self._closed = False
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._note("opened")
        self._listen()

    async def read(self, size: int = 65_536) -> bytes:
        """See :class:`~rigs.ports.port.Port`."""
        data = await self._incoming.take(size)
        if not self._listening and not self._closed and len(self._incoming) < _READ_AHEAD:
            self._listen()
        return data

    async def write(self, data: bytes) -> None:
        """See :class:`~rigs.ports.port.Port`. Messages of several writers do not mix."""
        async with self._turn:
            rest = memoryview(data)
            while rest:
                self._incoming.check()
                written = await self._write_some(rest)
                self._record("tx", bytes(rest[:written]))
                rest = rest[written:]

    async def configure(self, line: LineSettings) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        async with self._turn:
            self._incoming.check()
            if self._settle is None:
                return
            settle = self._settle
            try:
                await off_loop(lambda: settle(line))
            except OSError as error:
                raise self._lose(error) from error

    async def close(self) -> None:
        """See :class:`~rigs.ports.port.Port`. Closing a slow line may take seconds; the loop goes on meanwhile."""
        if self._closed:
            return
        self._closed = True
        self._deafen()
        if self._writable is not None:
            self._loop.remove_writer(self._descriptor)
            self._wake()
        self._incoming.close()
        self._note("closed")
        await off_loop(self._release)

    # ------------------------------------------------------------------ the loop's side

    def _listen(self) -> None:
        self._listening = True
        self._loop.add_reader(self._descriptor, self._readable)

    def _deafen(self) -> None:
        self._listening = False
        self._loop.remove_reader(self._descriptor)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if not data:
            self._lose(EOFError("its other end is gone"))
            return
        self._record("rx", data)
        self._incoming.feed(data)
        if len(self._incoming) >= _READ_AHEAD:
            self._deafen()

    async def _write_some(self, data: memoryview) -> int:
        """How many bytes the kernel took, one at least unless it must be asked again. Raises PortLost."""
        try:
            return os.write(self._descriptor, data)
        except (BlockingIOError, InterruptedError):
            await self._room()
            return 0
        except OSError as error:
            raise self._lose(error) from error

    async def _room(self) -> None:
        self._writable = self._loop.create_future()
        self._loop.add_writer(self._descriptor, self._wake)
        try:
            await self._writable
        finally:
            self._writable = None
            if not self._closed:
                self._loop.remove_writer(self._descriptor)

    def _wake(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _lose(self, cause: BaseException) -> PortLost:
        if self._listening and not self._closed:
            self._deafen()
        self._incoming.lose(cause)
        self._wake()
        self._note(f"lost: {reason(cause)}")
        return PortLost(f"{self.url} is lost: {reason(cause)}")

    def _record(self, direction: Direction, data: bytes) -> None:
        if self._trace is not None and data:
            self._trace.record(self.url, direction, data)

    def _note(self, text: str) -> None:
        if self._trace is not None:
            self._trace.note(self.url, text)
