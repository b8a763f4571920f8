"""What the URL of a port says, and which device file it means today."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from gbcs.errors import LocalError
from rigs.errors import PortLost

Kind = Literal["device", "socket", "rfc2217", "pty"]

FORMS: Final = (
    "/dev/serial/by-id/NAME",
    "/dev/serial/by-path/NAME#INTERFACE",
    "any other device path",
    "socket://HOST:PORT",
    "rfc2217://HOST:PORT",
    "pty:",
    "pty:LINK",
)
"""What a URL of a port may look like."""


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL: ``path`` of a device or of the link to a pseudo-terminal, or ``host`` and ``tcp_port``.

    ``interface`` is the number behind ``#``: which of the lines of one USB adapter.
    """

    kind: Kind
    url: str
    path: str = ""
    interface: int | None = None
    host: str = ""
    tcp_port: int = 0


def parse_address(url: str) -> Address:
    """Read a URL. Raises LocalError, which lists the forms, for anything that is none."""
    scheme, colon, rest = url.partition(":")
    if url.startswith("/"):
        return _device(url)
    if colon and scheme == "pty" and not rest.startswith("//"):
        return Address("pty", url, path=rest)
    if colon and scheme in ("socket", "rfc2217") and rest.startswith("//"):
        return _tcp(url)
    raise _malformed(url)


def _device(url: str) -> Address:
    path, hash_sign, interface = url.partition("#")
    if hash_sign and not interface.isdecimal():
        raise _malformed(url)
    return Address("device", url, path=path, interface=int(interface) if hash_sign else None)


def _tcp(url: str) -> Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _malformed(url) from None
    if not host or not port or parts.path or parts.query or parts.fragment or parts.username:
        raise _malformed(url)
    kind: Kind = "socket" if parts.scheme == "socket" else "rfc2217"
    return Address(kind, url, host=host, tcp_port=port)


def _malformed(url: str) -> LocalError:
    return LocalError(f"{url!r} is no port (allowed: {', '.join(FORMS)})")


def device_file(address: Address) -> Path:
    """The device file of a ``device`` address; names by udev move to another file at every plugging in.

    Raises PortLost where nothing is plugged in there, LocalError where the interface fits two names.
    """
    path = Path(address.path)
    if address.interface is None:
        return path
    found = _at_interface(path, address.interface)
    if not found:
        raise PortLost(f"{address.url} is not there: nothing with interface {address.interface} is plugged in")
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise LocalError(f"{address.url} fits more than one port: write one of them without #: {names}")
    return found[0]


def _at_interface(prefix: Path, interface: int) -> list[Path]:
    """Names as udev makes them: ``...-usb-0:2:1.INTERFACE-port0`` by path, ``...-ifINTERFACE-port0`` by identity."""
    tail = re.compile(rf"(:\d+\.0*{interface}|-if0*{interface})(-port\d+)?")
    try:
        names = sorted(prefix.parent.iterdir())
    except OSError:
        return []
    return [
        path for path in names if path.name.startswith(prefix.name) and tail.fullmatch(path.name[len(prefix.name) :])
    ]
