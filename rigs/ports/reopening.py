"""A port that comes back: unplugged and plugged in again, a terminal server that was started anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from rigs.errors import LeaseLost, PortLost
from rigs.ports.opening import open_port
from rigs.ports.port import LineSettings, Port
from rigs.ports.trace import Trace

DELAYS_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""What is waited before each attempt to open a lost port again; after the last one it is lost for good."""

Pause = Callable[[float], Awaitable[object]]


class ReopeningPort:
    """See :class:`~rigs.ports.port.Port`. The operation that meets the loss raises PortLost, the next one opens anew.

    So a session never goes on over a gap that it does not know of. Delays grow through ``delays_s`` and start over
    once a byte has been read, so that a device that opens and dies at once does not spin. An error that no waiting
    mends (LocalError) is raised at once; so is LeaseLost, once ``leased`` says that the rig is no longer ours.
    """

    def __init__(
        self,
        url: str,
        *,
        line: LineSettings | None = None,
        trace: Trace | None = None,
        delays_s: Sequence[float] = DELAYS_S,
        leased: Callable[[], bool] = lambda: True,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.url = url
        self.losses = 0
        self._line, self._trace = line or LineSettings(), trace
        self._delays_s, self._leased, self._pause = tuple(delays_s), leased, pause
        self._port: Port | None = None
        self._first = True
        self._waited = 0
        self._closed = False
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Open the port now; the first time there is no second attempt. Raises PortLost."""
        await self._ready()

    async def read(self, size: int = 65_536) -> bytes:
        """See :class:`~rigs.ports.port.Port`."""
        port = await self._ready()
        try:
            data = await port.read(size)
        except PortLost:
            await self._drop(port)
            raise
        self._waited = 0
        return data

    async def write(self, data: bytes) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        port = await self._ready()
        try:
            await port.write(data)
        except PortLost:
            await self._drop(port)
            raise

    async def configure(self, line: LineSettings) -> None:
        """See :class:`~rigs.ports.port.Port`; a port that is opened again has these settings."""
        self._line = line
        port = await self._ready()
        try:
            await port.configure(line)
        except PortLost:
            await self._drop(port)
            raise

    async def close(self) -> None:
        """See :class:`~rigs.ports.port.Port`; no attempt follows."""
        self._closed = True
        if self._port is not None:
            await self._port.close()

    async def _drop(self, port: Port) -> None:
        if self._port is port and not self._closed:
            self._port = None
            self.losses += 1
            await port.close()

    async def _ready(self) -> Port:
        """The open port, opened again where it was lost. Raises PortLost, LeaseLost or LocalError."""
        async with self._opening:
            if self._closed:
                raise PortLost(f"{self.url} is closed")
            if self._port is None:
                self._port = await self._open_once() if self._first else await self._open_again()
                self._first = False
            return self._port

    async def _open_again(self) -> Port:
        cause: PortLost | None = None
        while self._waited < len(self._delays_s):
            delay_s = self._delays_s[self._waited]
            self._waited += 1
            await self._pause(delay_s)
            try:
                return await self._open_once()
            except PortLost as error:
                cause = error
        raise PortLost(f"{self.url} stays lost after {len(self._delays_s)} attempts to open it again") from cause

    async def _open_once(self) -> Port:
        if not self._leased():
            raise LeaseLost(f"{self.url} stays closed: the lease of its rig has ended")
        return await open_port(self.url, line=self._line, trace=self._trace)
