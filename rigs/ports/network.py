"""Ports at the other end of a network: raw TCP, and terminal servers that speak RFC 2217."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import serial
from serial import rfc2217

from rigs.errors import PortLost
from rigs.files import FileLock
from rigs.ports.address import Address
from rigs.ports.descriptor import DescriptorPort
from rigs.ports.incoming import Incoming, reason
from rigs.ports.locks import lock_port
from rigs.ports.off_loop import off_loop
from rigs.ports.port import LineSettings
from rigs.ports.serial_line import settings, unusable
from rigs.ports.trace import Direction, Trace

_CONNECT_WITHIN_S = 5.0


def _lock(address: Address) -> FileLock:
    return lock_port(address.url, f"tcp {address.host.lower()} {address.tcp_port}")


async def open_socket(address: Address, _line: LineSettings, trace: Trace | None) -> DescriptorPort:
    """Connect to bytes over TCP; line settings are the far side's affair. Raises OSError or PortLost."""
    connection, lock = await off_loop(lambda: _connect(address), _hang_up)
    return DescriptorPort(address.url, connection.fileno(), lambda: _hang_up((connection, lock)), None, trace)


def _connect(address: Address) -> tuple[socket.socket, FileLock]:
    lock = _lock(address)
    try:
        connection = socket.create_connection((address.host, address.tcp_port), timeout=_CONNECT_WITHIN_S)
    except BaseException:
        lock.release()
        raise
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection, lock


def _hang_up(held: tuple[socket.socket, FileLock]) -> None:
    connection, lock = held
    try:
        connection.close()
    finally:
        lock.release()


async def open_rfc2217(address: Address, line: LineSettings, trace: Trace | None) -> Rfc2217Port:
    """Connect to a terminal server and set its line. Raises OSError, PortLost or LocalError."""
    lock = _lock(address)
    try:
        opened = await off_loop(lambda: _negotiate(address, line), rfc2217.Serial.close)
    except BaseException:
        lock.release()
        raise
    return Rfc2217Port(address.url, opened, lock, trace)


def _negotiate(address: Address, line: LineSettings) -> rfc2217.Serial:
    with unusable(address.url):
        return rfc2217.Serial(address.url, **settings(line))


class Rfc2217Port:
    """See :class:`~rigs.ports.port.Port`. pyserial reads the socket; one thread of ours waits for what it read.

    Does not model: the state of modem lines, break.
    """

    def __init__(self, url: str, opened: rfc2217.Serial, lock: FileLock, trace: Trace | None) -> None:
        self.url = url
        self._serial, self._lock, self._trace = opened, lock, trace
        self._incoming = Incoming(url)
        self._turn = asyncio.Lock()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._note("opened")
        threading.Thread(target=self._listen, daemon=True, name=f"reader of {url}").start()

    async def read(self, size: int = 65_536) -> bytes:
        """See :class:`~rigs.ports.port.Port`."""
        return await self._incoming.take(size)

    async def write(self, data: bytes) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        async with self._turn:
            self._incoming.check()
            await self._do(lambda: self._serial.write(data))
            self._record("tx", data)

    async def configure(self, line: LineSettings) -> None:
        """See :class:`~rigs.ports.port.Port`; the far side orders settings after the bytes before them."""
        async with self._turn:
            self._incoming.check()
            await self._do(lambda: self._set(line))

    async def close(self) -> None:
        """See :class:`~rigs.ports.port.Port`."""
        if self._closed:
            return
        self._closed = True
        self._incoming.close()
        self._note("closed")
        await off_loop(self._give_back)

    async def _do(self, call: Callable[[], object]) -> None:
        try:
            await off_loop(call)
        except OSError as error:
            self._lose(error)
            raise PortLost(f"{self.url} is lost: {reason(error)}") from error

    def _set(self, line: LineSettings) -> None:
        with unusable(self.url):
            for name, value in settings(line).items():
                setattr(self._serial, name, value)

    def _give_back(self) -> None:
        try:
            self._serial.close()
        finally:
            self._lock.release()

    def _listen(self) -> None:
        """Wait for bytes, on the thread, until the connection ends; an empty read says that it did."""
        with suppress(RuntimeError):  # the loop has ended
            try:
                while data := self._serial.read(1) + self._serial.read(self._serial.in_waiting):
                    self._loop.call_soon_threadsafe(self._heard, data)
                cause: Exception = EOFError("its other end is gone")
            except (OSError, serial.SerialException) as error:
                cause = error
            self._loop.call_soon_threadsafe(self._lose, cause)

    def _heard(self, data: bytes) -> None:
        self._record("rx", data)
        self._incoming.feed(data)

    def _lose(self, cause: BaseException) -> None:
        if not self._closed:
            self._incoming.lose(cause)
            self._note(f"lost: {reason(cause)}")

    def _record(self, direction: Direction, data: bytes) -> None:
        if self._trace is not None:
            self._trace.record(self.url, direction, data)

    def _note(self, text: str) -> None:
        if self._trace is not None:
            self._trace.note(self.url, text)
