"""The header that only sleepy devices put before a message in their tunnel: GET, GET-RESPONSE and PUT.

A gas meter wakes now and then, fetches what waits for it in the hub (GET), and brings what it has to say (PUT). Unlike
with an electricity meter the device is the tunnel's client and the hub its server. Source: published GBCS drafts and
hub software, which agree; no vector shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from gbcs.errors import DecodeError, LocalError

MAX_REMAINING = 0xFF


class TunnelCommand(IntEnum):
    """The first byte of what a sleepy device's tunnel carries; a message begins with DD or DF instead."""

    GET = 1
    GET_RESPONSE = 2
    PUT = 3


@dataclass(frozen=True, slots=True)
class Sleepy:
    """What a sleepy device and its hub say to each other; ``remaining`` messages wait besides (GET-RESPONSE only)."""

    command: TunnelCommand
    message: bytes = b""
    remaining: int = 0

    def encode(self) -> bytes:
        """The bytes in the tunnel. Raises LocalError where a value does not fit."""
        if not 0 <= self.remaining <= MAX_REMAINING:
            raise LocalError(f"{self.remaining} waiting messages do not fit a byte")
        if self.command is TunnelCommand.GET:
            return bytes((self.command,))
        if self.command is TunnelCommand.GET_RESPONSE:
            return bytes((self.command, self.remaining)) + self.message
        return bytes((self.command,)) + self.message


def is_sleepy(data: bytes) -> bool:
    """Whether what a tunnel carries has the header of a sleepy device."""
    return data[:1] in (b"\x01", b"\x02", b"\x03")


def decode(data: bytes) -> Sleepy:
    """The inverse of :meth:`Sleepy.encode`. Raises DecodeError for anything else."""
    if not is_sleepy(data):
        raise DecodeError("neither GET, GET-RESPONSE nor PUT", offset=0, field="tunnel header")
    command = TunnelCommand(data[0])
    if command is TunnelCommand.GET:
        if len(data) > 1:
            raise DecodeError(f"{len(data) - 1} bytes follow a GET, which has none", offset=1, field="tunnel header")
        return Sleepy(command)
    if command is TunnelCommand.PUT:
        return Sleepy(command, data[1:])
    if len(data) < 2:
        raise DecodeError("a GET-RESPONSE says how many messages remain", offset=1, field="tunnel header")
    return Sleepy(command, data[2:], data[1])
