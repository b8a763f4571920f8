"""The seam between a protocol and what carries its bytes: a serial line, a socket, a pseudo-terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Speed and form of a character on a serial line; links without a line take no notice of them."""

    baud: int = 115_200
    data_bits: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    flow_control: Literal["none", "hardware", "software"] = "none"


class Port(Protocol):
    """A stream of bytes, both ways. Every failure is one :class:`~rigs.errors.PortLost` with its cause."""

    url: str

    async def read(self, size: int = 65_536) -> bytes:
        """The next bytes, one at least and ``size`` at most. Raises PortLost."""

    async def write(self, data: bytes) -> None:
        """Send all of it. Raises PortLost."""

    async def configure(self, line: LineSettings) -> None:
        """Change speed and form once all that was written has left. Raises PortLost."""

    async def close(self) -> None:
        """Give the port back; a second call does nothing."""
