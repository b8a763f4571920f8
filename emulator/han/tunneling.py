"""Commands of the Smart Energy Tunneling cluster as values and bytes, numbered anew in each direction.

Source: Zigbee Smart Energy, annex D.6; the table is that of Wireshark's dissector, which tests hold it against.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from struct import Struct, error
from typing import ClassVar, TypeAlias

from emulator.han.zigbee import (
    MAX_TRANSFER_BYTES,
    TUNNEL_MANUFACTURER,
    TUNNEL_PROTOCOL_GB_HRGP,
    ZCL_CLUSTER_SPECIFIC,
    ZCL_NO_DEFAULT_RESPONSE,
    ZCL_SERVER_TO_CLIENT,
)
from gbcs.errors import DecodeError

_HEADER = Struct("<BBB")
_FROM_CLIENT = ZCL_CLUSTER_SPECIFIC | ZCL_NO_DEFAULT_RESPONSE
_KIND = 0x03


class TunnelStatus(IntEnum):
    """What a server answers to a request."""

    OPENED = 0
    BUSY = 1
    NO_MORE_IDS = 2
    PROTOCOL_NOT_SUPPORTED = 3
    FLOW_CONTROL_NOT_SUPPORTED = 4


class TransferStatus(IntEnum):
    """Why data were not taken."""

    NO_SUCH_TUNNEL = 0
    WRONG_DEVICE = 1
    OVERFLOW = 2


def status_name(kind: type[TunnelStatus | TransferStatus], status: int) -> str:
    """A status as a person reads it."""
    known = {one.value: one.name.lower().replace("_", " ") for one in kind}
    return known.get(status, f"status {status}")


@dataclass(frozen=True, slots=True)
class RequestTunnel:
    """A client asks for a tunnel."""

    layout: ClassVar[Struct] = Struct("<BHBH")
    protocol: int = TUNNEL_PROTOCOL_GB_HRGP
    manufacturer: int = TUNNEL_MANUFACTURER
    flow_control: int = 0
    max_incoming: int = MAX_TRANSFER_BYTES


@dataclass(frozen=True, slots=True)
class RequestTunnelResponse:
    """The server opens it, or says why not."""

    layout: ClassVar[Struct] = Struct("<HBH")
    tunnel_id: int
    status: int = TunnelStatus.OPENED
    max_incoming: int = MAX_TRANSFER_BYTES


@dataclass(frozen=True, slots=True)
class CloseTunnel:
    """The client wants it closed."""

    layout: ClassVar[Struct] = Struct("<H")
    tunnel_id: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Data, to the end of the frame."""

    layout: ClassVar[Struct] = Struct("<H")
    tunnel_id: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class TransferError:
    """Data were not taken."""

    layout: ClassVar[Struct] = Struct("<HB")
    tunnel_id: int
    status: int


@dataclass(frozen=True, slots=True)
class AckTransfer:
    """Data were taken; only with flow control, which GBCS does without."""

    layout: ClassVar[Struct] = Struct("<HH")
    tunnel_id: int
    room: int


@dataclass(frozen=True, slots=True)
class ReadyData:
    """There is room again; only with flow control."""

    layout: ClassVar[Struct] = Struct("<HH")
    tunnel_id: int
    room: int


@dataclass(frozen=True, slots=True)
class GetProtocols:
    """Which protocols are supported is asked."""

    layout: ClassVar[Struct] = Struct("<B")
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Protocols:
    """The protocols: GB-HRGP alone."""

    layout: ClassVar[Struct] = Struct("<BBHB")
    complete: int = 1
    count: int = 1
    manufacturer: int = TUNNEL_MANUFACTURER
    protocol: int = TUNNEL_PROTOCOL_GB_HRGP


@dataclass(frozen=True, slots=True)
class ClosureNotification:
    """The server has closed it."""

    layout: ClassVar[Struct] = Struct("<H")
    tunnel_id: int


Command: TypeAlias = (
    RequestTunnel
    | RequestTunnelResponse
    | CloseTunnel
    | Transfer
    | TransferError
    | AckTransfer
    | ReadyData
    | GetProtocols
    | Protocols
    | ClosureNotification
)

TO_SERVER: dict[int, type[Command]] = {
    0x00: RequestTunnel,
    0x01: CloseTunnel,
    0x02: Transfer,
    0x03: TransferError,
    0x04: AckTransfer,
    0x05: ReadyData,
    0x06: GetProtocols,
}
TO_CLIENT: dict[int, type[Command]] = {
    0x00: RequestTunnelResponse,
    0x01: Transfer,
    0x02: TransferError,
    0x03: AckTransfer,
    0x04: ReadyData,
    0x05: Protocols,
    0x06: ClosureNotification,
}
_NUMBERS = {
    True: {kind: number for number, kind in TO_SERVER.items()},
    False: {kind: number for number, kind in TO_CLIENT.items()},
}


@dataclass(frozen=True, slots=True)
class TunnelFrame:
    """A command on its way to the server or to the client."""

    command: Command
    to_server: bool
    sequence: int = 0

    def encode(self) -> bytes:
        """The APS payload."""
        command = self.command
        control = _FROM_CLIENT | (0 if self.to_server else ZCL_SERVER_TO_CLIENT)
        head = _HEADER.pack(control, self.sequence & 0xFF, _NUMBERS[self.to_server][type(command)])
        if isinstance(command, Transfer):
            return head + command.layout.pack(command.tunnel_id) + command.data
        return head + command.layout.pack(*(getattr(command, one.name) for one in fields(command)))


def decode(payload: bytes) -> TunnelFrame:
    """The command in an APS payload. Raises DecodeError where it is none of this cluster."""
    if len(payload) < _HEADER.size:
        raise DecodeError(f"{len(payload)} bytes are too few for a command", offset=0, field="zcl_header")
    control, sequence, number = _HEADER.unpack_from(payload)
    to_server = not control & ZCL_SERVER_TO_CLIENT
    kind = (TO_SERVER if to_server else TO_CLIENT).get(number)
    if control & _KIND != ZCL_CLUSTER_SPECIFIC or kind is None:
        raise DecodeError(f"frame control {control:02X} command {number:02X}", offset=0, field="zcl_header")
    content = payload[_HEADER.size :]
    try:
        if kind is Transfer:
            (tunnel_id,) = Transfer.layout.unpack_from(content)
            return TunnelFrame(Transfer(tunnel_id, content[Transfer.layout.size :]), to_server, sequence)
        return TunnelFrame(kind(*kind.layout.unpack_from(content)), to_server, sequence)
    except error:
        raise DecodeError(f"{len(content)} bytes are too few", offset=_HEADER.size, field=kind.__name__) from None
