"""The one way to a port: ``open_port(url)``, whatever carries the bytes."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import Final

from rigs.errors import PortLost
from rigs.ports.address import Address, Kind, parse_address
from rigs.ports.incoming import reason
from rigs.ports.network import open_rfc2217, open_socket
from rigs.ports.port import LineSettings, Port
from rigs.ports.pseudo_terminal import open_pty
from rigs.ports.serial_line import open_serial
from rigs.ports.trace import Trace

OPEN_WITHIN_S: Final = 15.0
"""A device that opens no faster is stuck."""

_HINTS: Final = {
    errno.ENOENT: "nothing of that name is plugged in (meterfarm rig suggest lists what is)",
    errno.ENODEV: "the device is gone",
    errno.ENXIO: "the device is gone",
    errno.EIO: "the device is gone",
    errno.EACCES: "not allowed: join the group that owns the device, usually dialout or uucp",
    errno.EAGAIN: "in use by another program",
    errno.EBUSY: "in use by another program",
    errno.ECONNREFUSED: "nobody listens there",
}


async def open_port(url: str, *, line: LineSettings | None = None, trace: Trace | None = None) -> Port:
    """Open a port for us alone; every byte goes to ``trace`` as well.

    ``url`` is a device path, best one of /dev/serial/by-id or /dev/serial/by-path (there with ``#N`` for interface N
    of an adapter that has several), ``socket://HOST:PORT``, ``rfc2217://HOST:PORT``, or ``pty:LINK``, which makes a
    pseudo-terminal for another program to open. Raises LocalError for a URL or setting that can never work; every
    other failure is PortLost with its cause.
    """
    address = parse_address(url)
    try:
        async with asyncio.timeout(OPEN_WITHIN_S):
            return await _OPENERS[address.kind](address, line or LineSettings(), trace)
    except TimeoutError as error:
        raise PortLost(f"{url} cannot be opened: it does not answer") from error
    except OSError as error:
        hint = _HINTS.get(error.errno or 0) or reason(error)
        raise PortLost(f"{url} cannot be opened: {hint}") from error


async def _open_pty(address: Address, _line: LineSettings, trace: Trace | None) -> Port:
    return open_pty(address.path, trace)


_OPENERS: Final[dict[Kind, Callable[[Address, LineSettings, Trace | None], Awaitable[Port]]]] = {
    "device": open_serial,
    "socket": open_socket,
    "rfc2217": open_rfc2217,
    "pty": _open_pty,
}
