"""An optical probe that hands back what we send: the port without its echo."""

from __future__ import annotations

from rigs.ports.port import LineSettings, Port


class EchoFreePort:
    """Takes our own bytes out of what is read, as far as they come back as they were.

    An echo that is damaged or cut short counts as ended there; what is left of it is noise, as protocols bear it.

    Does not model: a probe that echoes only some messages in the middle of an answer.
    """

    def __init__(self, port: Port) -> None:
        self.url = port.url
        self._port = port
        self._echo = bytearray()

    async def read(self, size: int = 65_536) -> bytes:
        """See :class:`~rigs.ports.port.Port`."""
        while True:
            rest = self._without_echo(await self._port.read(size))
            if rest:
                return rest

    async def write(self, data: bytes) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        self._echo += data
        await self._port.write(data)

    async def configure(self, line: LineSettings) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        await self._port.configure(line)

    async def close(self) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        await self._port.close()

    def _without_echo(self, data: bytes) -> bytes:
        same = 0
        for ours, came in zip(self._echo, data, strict=False):
            if ours != came:
                self._echo.clear()
                return data[same:]
            same += 1
        del self._echo[:same]
        return data[same:]
