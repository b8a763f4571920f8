"""The other end of a port: TCP connections and pseudo-terminals that somebody else opens."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Protocol

from gbcs.errors import LocalError
from rigs.errors import PortLost
from rigs.ports.descriptor import DescriptorPort
from rigs.ports.incoming import reason
from rigs.ports.port import Port
from rigs.ports.pseudo_terminal import open_pty

Serve = Callable[[Port], Awaitable[None]]
"""Talks on a port until it is lost; a listener serves one user after the other."""

_GRACE_S: Final = 0.5
"""Whoever hangs up and comes back at once must not be taken for a second user."""


class Listener(Protocol):
    """Something that can be opened at ``address``."""

    address: str

    async def close(self) -> None:
        """Listen no more, and end what is served; a second call does nothing."""


async def listen(url: str, serve: Serve) -> Listener:
    """Let others open ``url``, and ``serve`` whoever does.

    ``tcp://HOST:PORT`` (port 0: any that is free) takes one connection at a time: a second one is closed at once.
    ``pty:`` makes a pseudo-terminal, ``pty:LINK`` one with a link that leads to it. Raises LocalError for another url,
    PortLost where it cannot be had.
    """
    if url.startswith("pty:"):
        port = open_pty(url.removeprefix("pty:"))
        return _TerminalListener(port.url, asyncio.ensure_future(_served(serve, port)))
    host, _, number = url.removeprefix("tcp://").rpartition(":")
    if url.startswith("tcp://") and host and number.isascii() and number.isdecimal() and int(number) <= 0xFFFF:
        return _TcpListener(_listening(host.strip("[]"), int(number)), serve)
    raise LocalError(f"{url!r} is nothing to listen on (allowed: tcp://HOST:PORT, pty:, pty:LINK)")


class _TerminalListener:
    """A terminal whose far end stays open: users come and go, and the stream goes on."""

    def __init__(self, address: str, talking: asyncio.Task[None]) -> None:
        self.address, self._talking = address, talking

    async def close(self) -> None:
        await _end(self._talking)


class _TcpListener:
    """Connections, one at a time."""

    def __init__(self, listening: socket.socket, serve: Serve) -> None:
        self.address = _name("tcp", listening.getsockname())
        self._listening, self._serve = listening, serve
        self._talking: asyncio.Task[None] | None = None
        self._accepting = asyncio.ensure_future(self._accept())

    async def close(self) -> None:
        await _end(self._accepting)
        await _end(self._talking)
        self._listening.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, peer = await loop.sock_accept(self._listening)
            if self._talking is not None:
                await asyncio.wait((self._talking,), timeout=_GRACE_S)
            if self._talking is not None and not self._talking.done():
                connection.close()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Whoever vanished without a word must not keep the next one out for ever.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            port = DescriptorPort(_name("socket", peer), connection.fileno(), connection.close)
            self._talking = asyncio.ensure_future(_served(self._serve, port))


def _listening(host: str, number: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, number), family=family)
    except OSError as error:
        raise PortLost(f"tcp://{host}:{number} cannot be listened on: {reason(error)}") from error
    listening.setblocking(False)
    return listening


def _name(scheme: str, address: tuple[object, ...]) -> str:
    host, number = address[:2]
    return f"{scheme}://[{host}]:{number}" if ":" in str(host) else f"{scheme}://{host}:{number}"


async def _served(serve: Serve, port: Port) -> None:
    """One talk, to its end; that a port is lost is how most of them end."""
    try:
        with suppress(PortLost):
            await serve(port)
    finally:
        await port.close()


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait((task,))
