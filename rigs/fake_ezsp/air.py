"""The virtual air: every frame that one module sends reaches all others, in one process or across several by TCP.

On TCP a frame is its length (two bytes, big-endian), its channel (one byte) and its bytes with their FCS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from gbcs.errors import LocalError
from rigs.errors import PortLost
from rigs.fake_ezsp.faults import Faults
from rigs.ports.incoming import reason

Hear = Callable[[int, bytes], object]
"""Takes a channel and a frame."""

MAX_FRAME_BYTES = 127
_LENGTH_BYTES = 2


class Air(Protocol):
    """What a module sends to and hears from."""

    def send(self, channel: int, frame: bytes) -> None:
        """Put a frame on the air: everybody else hears it."""

    def on_frame(self, hear: Hear) -> None:
        """Have what others send brought to ``hear``."""

    async def close(self) -> None:
        """Leave the air; a second call does nothing."""


class SharedAir:
    """The air itself. :meth:`station` is a module in this process; :meth:`serve` lets others in over TCP.

    Does not model: distance, collisions, noise; two frames at once both arrive.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults
        self._stations: list[Hear] = []
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def station(self) -> Station:
        """A place on this air."""
        return Station(self)

    def carry(self, sender: object, channel: int, frame: bytes) -> None:
        """Bring a frame to everybody but its sender, unless the air loses it."""
        if self.faults is not None and self.faults.loses():
            return
        loop = asyncio.get_running_loop()
        for hear in self._stations:
            if hear is not sender:
                # Never within the call that sends: a module would hear the answer before it has finished asking.
                loop.call_soon(hear, channel, frame)

    def add(self, hear: Hear) -> None:
        """Let somebody hear."""
        self._stations.append(hear)

    def remove(self, hear: Hear) -> None:
        """Let somebody hear no more."""
        with suppress(ValueError):
            self._stations.remove(hear)

    async def serve(self, url: str) -> str:
        """Let other processes on this air at ``tcp://HOST:PORT``; the address. Raises PortLost."""
        host, port = air_address(url)
        try:
            self._server = await asyncio.start_server(self._visitor, host, port)
        except OSError as error:
            raise PortLost(f"{url} cannot be listened on: {reason(error)}") from error
        at = self._server.sockets[0].getsockname()
        return f"tcp://{at[0]}:{at[1]}"

    async def close(self) -> None:
        """Let nobody in any more, and everybody go."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.close()

    async def _visitor(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def hear(channel: int, frame: bytes) -> None:
            if not writer.is_closing():
                writer.write(_record(channel, frame))

        self._writers.add(writer)
        self.add(hear)
        try:
            while True:
                self.carry(hear, *await _read(reader))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError, LocalError):
            # The streams of Python 3.11 print a traceback for a cancelled visitor: going is all that it has to do.
            pass
        finally:
            self.remove(hear)
            self._writers.discard(writer)
            writer.close()


class Station:
    """A module's place on an air in the same process."""

    def __init__(self, air: SharedAir) -> None:
        self._air = air
        self._hear: Hear = lambda *_: None

    def send(self, channel: int, frame: bytes) -> None:
        """See :class:`Air`."""
        self._air.carry(self._hear, channel, frame)

    def on_frame(self, hear: Hear) -> None:
        """See :class:`Air`."""
        self._air.remove(self._hear)
        self._hear = hear
        self._air.add(hear)

    async def close(self) -> None:
        """See :class:`Air`."""
        self._air.remove(self._hear)


class RemoteStation:
    """A module's place on the air of another process; :attr:`lost` ends when that air is gone."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._url, self._reader, self._writer = url, reader, writer
        self._hear: Hear = lambda *_: None
        self.lost = asyncio.ensure_future(self._listen())

    def send(self, channel: int, frame: bytes) -> None:
        """See :class:`Air`."""
        if not self._writer.is_closing():
            self._writer.write(_record(channel, frame))

    def on_frame(self, hear: Hear) -> None:
        """See :class:`Air`."""
        self._hear = hear

    async def close(self) -> None:
        """See :class:`Air`."""
        self.lost.cancel()
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _listen(self) -> None:
        """Raises PortLost when the air is gone."""
        try:
            while True:
                self._hear(*await _read(self._reader))
        except (asyncio.IncompleteReadError, OSError) as error:
            raise PortLost(f"the air at {self._url} is gone: start rig fake-ezsp --serve-air first") from error


async def join_air(url: str) -> RemoteStation:
    """A place on the air that another process serves. Raises PortLost where nobody does."""
    host, port = air_address(url)
    try:
        return RemoteStation(url, *await asyncio.open_connection(host, port))
    except OSError as error:
        raise PortLost(f"{url} serves no air: {reason(error)}: start rig fake-ezsp --serve-air first") from error


def air_address(url: str) -> tuple[str, int]:
    """Host and port of ``tcp://HOST:PORT``. Raises LocalError for anything else."""
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    if not url.startswith("tcp://") or not host or not port.isdecimal() or int(port) > 0xFFFF:
        raise LocalError(f"{url!r} is no address of an air: write tcp://HOST:PORT")
    return host.strip("[]"), int(port)


def _record(channel: int, frame: bytes) -> bytes:
    return (len(frame) + 1).to_bytes(_LENGTH_BYTES, "big") + bytes((channel,)) + frame


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    size = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
    if not 1 < size <= MAX_FRAME_BYTES + 1:
        raise LocalError(f"a frame of {size - 1} bytes")
    content = await reader.readexactly(size)
    return content[0], content[1:]
