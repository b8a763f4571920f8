"""Serial lines without hardware: a pseudo-terminal whose far end a test opens as a device, whole or byte by byte."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rigs.ports import LineSettings, Port, open_port
from rigs.ports.pseudo_terminal import open_pty


@dataclass
class PtyPair:
    """``path`` is the device; ``near`` the descriptor of who plays the device. Both ends are raw."""

    path: str
    near: int
    far: int

    def unplug(self) -> None:
        """Let the device vanish, as a dongle pulled out does."""
        for descriptor in (self.near, self.far):
            with suppress(OSError):
                os.close(descriptor)
        self.near = self.far = -1


@contextmanager
def pty_pair() -> Iterator[PtyPair]:
    """A line whose near end is a bare descriptor, for tests without a loop. The far end is held open too."""
    near, far = os.openpty()
    tty.setraw(near)
    tty.setraw(far)
    pair = PtyPair(os.ttyname(far), near, far)
    try:
        yield pair
    finally:
        if pair.near >= 0:
            pair.unplug()


@asynccontextmanager
async def joined_ports(link: Path | None = None) -> AsyncIterator[tuple[Port, Port]]:
    """The two ends of a line as ports: the device's side first, then the side that opened its path."""
    device = open_pty(str(link) if link else "")
    try:
        ours = await open_port(device.url.removeprefix("pty:"))
        try:
            yield device, ours
        finally:
            await ours.close()
    finally:
        await device.close()


class OneByte:
    """A port that hands over one byte at a time, both ways: framing that counts on whole writes breaks on it."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.url = port.url

    async def read(self, size: int = 65_536) -> bytes:
        return await self._port.read(1)

    async def write(self, data: bytes) -> None:
        for at in range(len(data)):
            await self._port.write(data[at : at + 1])
            await asyncio.sleep(0)

    async def configure(self, line: LineSettings) -> None:
        await self._port.configure(line)

    async def close(self) -> None:
        await self._port.close()


async def read_exactly(port: Port, size: int) -> bytes:
    """``size`` bytes of a port."""
    data = b""
    while len(data) < size:
        data += await port.read(size - len(data))
    return data
