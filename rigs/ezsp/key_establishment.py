"""Commands of the Key Establishment cluster (suite 2, 283k1) as values and bytes. Source: Smart Energy, annex C."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from gbcs.errors import DecodeError
from rigs.ezsp.frames import CERTIFICATE_BYTES, EPHEMERAL_BYTES

SUITE_2 = 0x0002
SMAC_BYTES = 16
_REQUEST, _RESPONSE = 0x01, 0x09
_DIRECTION = 0x08
_HEADER_BYTES = 3
_PLAIN = 0x10
"""The bit that asks for no default response; partners set it or not."""


class TerminateStatus(IntEnum):
    """Why an establishment ends without a key."""

    UNKNOWN_ISSUER = 1
    BAD_KEY_CONFIRM = 2
    BAD_MESSAGE = 3
    NO_RESOURCES = 4
    UNSUPPORTED_SUITE = 5
    INVALID_CERTIFICATE = 6


@dataclass(frozen=True, slots=True)
class Initiate:
    """Let us establish a key; this is my certificate, and so many seconds I need for each step."""

    certificate: bytes
    suite: int = SUITE_2
    ephemeral_s: int = 10
    confirm_s: int = 10


@dataclass(frozen=True, slots=True)
class EphemeralData:
    """My ephemeral public key."""

    key: bytes


@dataclass(frozen=True, slots=True)
class ConfirmKey:
    """My authentication code: I have the same key."""

    smac: bytes


@dataclass(frozen=True, slots=True)
class Terminate:
    """No key comes of this."""

    status: int
    wait_s: int = 10
    suite: int = SUITE_2


KeyCommand: TypeAlias = Initiate | EphemeralData | ConfirmKey | Terminate


def encode(command: KeyCommand, sequence: int, *, response: bool) -> bytes:
    """The APS payload of a command."""
    number, content = _content(command)
    return bytes((_RESPONSE if response else _REQUEST, sequence & 0xFF, number)) + content


def _content(command: KeyCommand) -> tuple[int, bytes]:
    if isinstance(command, Initiate):
        head = command.suite.to_bytes(2, "little") + bytes((command.ephemeral_s, command.confirm_s))
        return 0, head + command.certificate
    if isinstance(command, EphemeralData):
        return 1, command.key
    if isinstance(command, ConfirmKey):
        return 2, command.smac
    return 3, bytes((command.status, command.wait_s)) + command.suite.to_bytes(2, "little")


def decode(payload: bytes) -> tuple[KeyCommand, int, bool]:
    """The command, its sequence number, and whether it is a response. Raises DecodeError."""
    if len(payload) < _HEADER_BYTES or payload[0] & ~_PLAIN not in (_REQUEST, _RESPONSE):
        raise DecodeError("no command of key establishment", offset=0, field="zcl_header")
    return _command(payload[2], payload[_HEADER_BYTES:]), payload[1], bool(payload[0] & _DIRECTION)


def _command(number: int, content: bytes) -> KeyCommand:
    if number == 0 and len(content) == 4 + CERTIFICATE_BYTES:
        return Initiate(content[4:], int.from_bytes(content[:2], "little"), content[2], content[3])
    if number == 1 and len(content) == EPHEMERAL_BYTES:
        return EphemeralData(content)
    if number == 2 and len(content) == SMAC_BYTES:
        return ConfirmKey(content)
    if number == 3 and len(content) == 4:
        return Terminate(content[0], content[1], int.from_bytes(content[2:], "little"))
    raise DecodeError(f"command {number} with {len(content)} bytes", offset=_HEADER_BYTES, field="key establishment")


def terminated(command: Terminate) -> str:
    """Why an establishment ended, as a person reads it."""
    known = {one.value: one.name.lower().replace("_", " ") for one in TerminateStatus}
    return known.get(command.status, f"status {command.status}")
