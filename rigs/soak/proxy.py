"""A line that misbehaves on demand: bytes pass between its front, which we open, and the port behind it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal

from emulator.rng import generator
from rigs.errors import PortLost
from rigs.ports.listening import Listener, listen
from rigs.ports.port import Port
from rigs.soak.faults import Fault

Way = Literal["down", "up"]

_LONGEST_GARBAGE = 300


class FaultProxy:
    """Stands between a rig and its port and injects faults into the bytes of both directions.

    The port behind stays while the front comes and goes; one that opens itself again after a loss (a
    :class:`~rigs.ports.reopening.ReopeningPort`) does so for the next front.

    Does not model: what a cut does to the electronics (a USB adapter that resets the device).
    """

    def __init__(self, behind: Port) -> None:
        self._behind = behind
        self._front: Port | None = None
        self._listener: Listener | None = None
        self._open, self._running = asyncio.Event(), asyncio.Event()
        self._spoiling: dict[Way, list[tuple[Fault, asyncio.Event]]] = {"down": [], "up": []}

    @property
    def url(self) -> str:
        """What to open in place of the port behind."""
        assert self._listener is not None  # noqa: S101 - start() comes first
        return self._listener.address.replace("tcp:", "socket:", 1)

    async def start(self) -> None:
        """Listen. Raises PortLost."""
        self._listener = await listen("tcp://127.0.0.1:0", self._serve)
        self._open.set()
        self._running.set()

    async def close(self) -> None:
        """Listen no more; the port behind is its owner's. A second call does nothing."""
        self._open.clear()
        if self._listener is not None:
            await self._listener.close()

    async def inject(self, fault: Fault) -> None:
        """Do one fault, to its end. Two at a time may overlap."""
        if fault.kind == "port_closed":
            await self._close_for(fault.lasts_s)
        elif fault.kind == "peer_stopped":
            self._running.clear()
            await asyncio.sleep(fault.lasts_s)
            self._running.set()
        elif fault.kind == "garbage":
            await self._put_garbage(fault)
        else:
            await self._spoil("up" if fault.kind == "mangled" or fault.seed % 2 else "down", fault)

    # ------------------------------------------------------------------ bytes

    async def _serve(self, front: Port) -> None:
        """Carry bytes both ways until the front is lost."""
        if not self._open.is_set():
            return
        self._front = front
        pumps = [asyncio.ensure_future(self._down(front)), asyncio.ensure_future(self._up(front))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._front = None
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _down(self, front: Port) -> None:
        while True:
            data = self._spoilt("down", await front.read())
            await self._running.wait()
            if data:
                await self._behind.write(data)

    async def _up(self, front: Port) -> None:
        while True:
            data = self._spoilt("up", await self._behind.read())
            await self._running.wait()
            if data:
                await front.write(data)

    # ------------------------------------------------------------------ faults

    def _spoilt(self, way: Way, data: bytes) -> bytes:
        """The bytes as the next waiting fault leaves them."""
        if not self._spoiling[way]:
            return data
        fault, done = self._spoiling[way].pop(0)
        done.set()
        if fault.kind == "dropped":
            return b""
        position = fault.seed % len(data)
        return data[:position] + bytes((data[position] ^ (1 + fault.seed % 255),)) + data[position + 1 :]

    async def _spoil(self, way: Way, fault: Fault) -> None:
        """Wait until the next bytes have come and are spoilt."""
        done = asyncio.Event()
        self._spoiling[way].append((fault, done))
        await done.wait()

    async def _close_for(self, lasts_s: float) -> None:
        self._open.clear()
        if self._front is not None:
            await self._front.close()
        await asyncio.sleep(lasts_s)
        self._open.set()

    async def _put_garbage(self, fault: Fault) -> None:
        noise = generator(fault.seed, "garbage")
        if self._front is not None:
            with suppress(PortLost):
                await self._front.write(noise.bytes(1 + int(noise.integers(_LONGEST_GARBAGE))))
