"""The seam between a dialect and whatever carries its bytes: TCP, a serial port, a pty, a test.

A server is one end of one connection: bytes in, bytes out, no I/O and no clock of its own. Instants are seconds since
2000-01-01 UTC. A link calls ``receive_data`` with whatever arrived (any cut of the stream, a byte at a time too), sends
what comes back, and closes when ``closed`` says so. Bad bytes never raise: the answer is the protocol's own error, or
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias


class DialectServer(Protocol):
    """One connection to one meter."""

    @property
    def closed(self) -> bool:
        """Whether the meter has ended the connection; the link sends the last answer, then closes."""

    def receive_data(self, data: bytes, now: float) -> bytes:
        """Take what arrived and hand back what the meter sends, which may be nothing."""

    def next_deadline(self) -> float | None:
        """When ``tick`` wants to be called next: time-outs of the protocol."""

    def tick(self, now: float) -> bytes:
        """Let time pass; hands back what the meter sends on its own."""

    def take_baud(self) -> int | None:
        """The speed to change to once the last answer is out, handed over once; None where it stays.

        A serial line follows it; TCP ignores it.
        """


ServerFactory: TypeAlias = Callable[[], DialectServer]
"""Makes the server of a new connection to one meter. What outlives a connection (counters) is the factory's own."""
