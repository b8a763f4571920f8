"""Meters on real links: TCP, a serial port or a pseudo-terminal, any number of them in one process.

The servers are those of :mod:`emulator.smets1.server` and know nothing of it. This is the one file of the package that
does input and output.
"""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from emulator.clock import Stopwatch
from emulator.smets1.server import DialectServer, ServerFactory
from gbcs.errors import LocalError

Now = Callable[[], float]
_READ_SIZE = 65_536
_BITS_A_BYTE = 10
"""Start bit, eight or seven data bits with parity, stop bit."""
_PACE_S = 0.01
_LOOPBACK = "127.0.0.1"
_SPEEDS = {
    int(name[1:]): getattr(termios, name) for name in dir(termios) if name.startswith("B") and name[1:].isdigit()
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen: ``tcp`` with host and port (0: any that is free), ``pty``, or ``serial`` with a path."""

    kind: Literal["tcp", "pty", "serial"]
    host: str = _LOOPBACK
    port: int = 0
    path: str = ""


def parse_endpoint(text: str) -> Endpoint:
    """``tcp://127.0.0.1:4059``, ``pty:`` or ``serial:/dev/ttyUSB0``. Raises LocalError for anything else."""
    if text == "pty:":
        return Endpoint("pty")
    if text.startswith("serial:") and len(text) > len("serial:"):
        return Endpoint("serial", path=text.removeprefix("serial:"))
    host, _, port = text.removeprefix("tcp://").rpartition(":")
    if text.startswith("tcp://") and host and port.isdigit() and int(port) <= 0xFFFF:
        return Endpoint("tcp", host.strip("[]"), int(port))
    raise LocalError(f"{text!r} is no endpoint (allowed: tcp://HOST:PORT, pty:, serial:PATH)")


def running_from(instant: float) -> Now:
    """A clock that starts now and shows ``instant`` at first, in seconds since 2000-01-01 UTC."""
    watch = Stopwatch()
    return lambda: instant + watch.seconds


class _Timer:
    """Calls ``tick`` at a server's deadlines.

    A deadline that moves on does not move the timer: it looks again. One that comes nearer does.
    """

    def __init__(self, now: Now, server: DialectServer, ticked: Callable[[bytes], None]) -> None:
        self._now, self._server, self._ticked = now, server, ticked
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0

    def arm(self) -> None:
        """Wait for the server's deadline, unless an earlier one is waited for already."""
        deadline = self._server.next_deadline()
        if deadline is not None and self._handle is not None and deadline < self._due:
            self.cancel()
        if self._handle is None and deadline is not None:
            self._due = deadline
            delay_s = max(deadline - self._now(), 0.0)
            self._handle = asyncio.get_running_loop().call_later(delay_s, self._fire)

    def cancel(self) -> None:
        """Wait no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        deadline = self._server.next_deadline()
        if deadline is not None and deadline <= self._now():
            self._ticked(self._server.tick(self._now()))
        self.arm()


class _Connection(asyncio.Protocol):
    """One TCP connection to a meter."""

    def __init__(self, server: DialectServer, now: Now) -> None:
        self._server, self._now = server, now
        self._timer = _Timer(now, server, self._send)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server makes no others
        self._transport = transport
        self._timer.arm()

    def data_received(self, data: bytes) -> None:
        self._send(self._server.receive_data(data, self._now()))
        self._timer.arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._transport = None

    def _send(self, data: bytes) -> None:
        if self._transport is None:
            return
        if data:
            self._transport.write(data)
        if self._server.closed:
            self._timer.cancel()
            self._transport.close()


class _Line:
    """A serial line: one server after the other on a file descriptor.

    ``paced`` sends no faster than the dialect's speed, which a pseudo-terminal would not do by itself.

    Does not model: parity and framing errors, the time that bytes take towards the meter.
    """

    def __init__(self, servers: ServerFactory, now: Now, fd: int, *, paced: bool) -> None:
        self._servers, self._now, self._fd, self._paced = servers, now, fd, paced
        self._outgoing = bytearray()
        self._baud, self._next_baud = 0, 0
        self._sender: asyncio.TimerHandle | None = None
        os.set_blocking(fd, False)
        asyncio.get_running_loop().add_reader(fd, self._read)
        self._begin()

    def close(self) -> None:
        """Give the line up."""
        self._timer.cancel()
        if self._sender is not None:
            self._sender.cancel()
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _begin(self) -> None:
        self._server = self._servers()
        self._timer = _Timer(self._now, self._server, self._send)
        self._timer.arm()
        self._follow_baud()

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:  # The far end went away; a pseudo-terminal may be opened again.
            asyncio.get_running_loop().remove_reader(self._fd)
            return
        self._send(self._server.receive_data(data, self._now()))
        self._timer.arm()

    def _send(self, data: bytes) -> None:
        self._outgoing += data
        self._next_baud = self._server.take_baud() or self._next_baud
        if self._sender is None:
            self._write()
        if self._server.closed:
            self._timer.cancel()
            self._begin()

    def _write(self) -> None:
        """Send what the speed allows in a moment, and come back for the rest."""
        self._sender = None
        if not self._outgoing:
            self._follow_baud()
            return
        size = max(int(self._baud / _BITS_A_BYTE * _PACE_S), 1) if self._paced and self._baud else _READ_SIZE
        written = 0
        with suppress(BlockingIOError, OSError):
            written = os.write(self._fd, self._outgoing[:size])
        del self._outgoing[:written]
        delay_s = max(written, 1) * _BITS_A_BYTE / self._baud if self._paced and self._baud else _PACE_S
        if self._outgoing or self._paced:
            self._sender = asyncio.get_running_loop().call_later(delay_s, self._write)
        else:
            self._follow_baud()

    def _follow_baud(self) -> None:
        """Change speed once everything is out."""
        baud = self._server.take_baud() or self._next_baud
        self._next_baud = 0
        if baud and baud != self._baud:
            self._baud = baud
            _set_speed(self._fd, baud)


def _set_speed(fd: int, baud: int) -> None:
    """Set the speed of a terminal; what has no such speed keeps the one it has."""
    with suppress(termios.error):
        settings = termios.tcgetattr(fd)
        settings[4] = settings[5] = _SPEEDS.get(baud, settings[4])
        termios.tcsetattr(fd, termios.TCSADRAIN, settings)


@dataclass(frozen=True, slots=True)
class Served:
    """A meter that can be reached at ``address``, until ``close`` is called."""

    address: str
    close: Callable[[], None]


async def serve(servers: ServerFactory, endpoint: Endpoint, now: Now, *, paced: bool = True) -> Served:
    """Let a meter listen. Raises OSError where the endpoint cannot be had."""
    if endpoint.kind == "tcp":
        return await _serve_tcp(servers, endpoint, now)
    if endpoint.kind == "serial":
        fd = os.open(endpoint.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        _make_raw(fd)
        line = _Line(servers, now, fd, paced=False)
        return Served(f"serial:{endpoint.path}", line.close)
    return _serve_pty(servers, now, paced=paced)


async def _serve_tcp(servers: ServerFactory, endpoint: Endpoint, now: Now) -> Served:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: _Connection(servers(), now), endpoint.host, endpoint.port)
    host, port = listener.sockets[0].getsockname()[:2]
    return Served(f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}", listener.close)


def _serve_pty(servers: ServerFactory, now: Now, *, paced: bool) -> Served:
    """The other end is kept open here too, so that clients may come and go."""
    ours, theirs = pty.openpty()
    _make_raw(theirs)
    line = _Line(servers, now, ours, paced=paced)

    def close() -> None:
        line.close()
        os.close(theirs)

    return Served(f"pty:{os.ttyname(theirs)}", close)


def _make_raw(fd: int) -> None:
    """Bytes as they are, and hold the line when told nothing. A descriptor that is no terminal stays as it is."""
    with suppress(termios.error):
        tty.setraw(fd)
