"""Characters of seven bits over a line that carries eight: parity is made and taken off here.

Terminal servers that hold a line at 8N1, and probes whose adapter knows no parity, need it for IEC 62056-21.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rigs.ports.port import LineSettings, Port

_LOW: Final = bytes(byte & 0x7F for byte in range(256))
_EVEN: Final = bytes((byte & 0x7F) | (0x80 * ((byte & 0x7F).bit_count() & 1)) for byte in range(256))
_ODD: Final = bytes(byte ^ 0x80 for byte in _EVEN)
_MADE: Final = {"none": _LOW, "even": _EVEN, "odd": _ODD}


class SevenBitPort:
    """A port whose line has eight bits and no parity, whatever is asked of it.

    Does not model: telling a character whose parity is wrong; check characters of the messages find it.
    """

    def __init__(self, port: Port, line: LineSettings) -> None:
        self.url = port.url
        self._port, self._line = port, line

    async def read(self, size: int = 65_536) -> bytes:
        """See :class:`~rigs.ports.port.Port`."""
        data = await self._port.read(size)
        return data.translate(_LOW) if self._line.data_bits == 7 else data

    async def write(self, data: bytes) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        await self._port.write(data.translate(_MADE[self._line.parity]) if self._line.data_bits == 7 else data)

    async def configure(self, line: LineSettings) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        await self._port.configure(eight_bits(line))
        self._line = line

    async def close(self) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        await self._port.close()


def eight_bits(line: LineSettings) -> LineSettings:
    """What the line itself is set to."""
    return replace(line, data_bits=8, parity="none")
