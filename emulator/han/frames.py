"""The tunnel's framing on the HAN, and what a payload costs once APS has cut it into fragments.

TransferData is a ZCL header of 3 bytes (frame control, sequence number, command) and a tunnel id of 2; a whole GBCS
message follows, without a length.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from emulator.han.zigbee import (
    TRANSFER_DATA_TO_CLIENT,
    TRANSFER_DATA_TO_SERVER,
    ZCL_CLUSTER_SPECIFIC,
    ZCL_NO_DEFAULT_RESPONSE,
    ZCL_SERVER_TO_CLIENT,
)
from emulator.links.airtime import bytes_on_air, frame_count
from gbcs.errors import DecodeError
from gbcs.frozen import maker

_HEADER = Struct("<BBBH")
HEADER_BYTES = _HEADER.size

FRAGMENT_PAYLOAD_BYTES = 63
FRAGMENT_OVERHEAD_BYTES = 64
"""Room and cost of one secured frame of 127 bytes: MAC 11, NWK 26, APS 27 with the EUI-64 in its auxiliary header."""

WHOLE_OVERHEAD_BYTES = FRAGMENT_OVERHEAD_BYTES - 2
"""A payload that needs no second frame needs no fragment header of 2 bytes either."""

_FROM_CLIENT = ZCL_CLUSTER_SPECIFIC | ZCL_NO_DEFAULT_RESPONSE
_FROM_SERVER = _FROM_CLIENT | ZCL_SERVER_TO_CLIENT
_COMMANDS = {_FROM_CLIENT: TRANSFER_DATA_TO_SERVER, _FROM_SERVER: TRANSFER_DATA_TO_CLIENT}


@dataclass(frozen=True, slots=True)
class TransferData:
    """A message in a tunnel; ``to_server`` is the way from the hub to the meter."""

    tunnel_id: int
    message: bytes
    to_server: bool
    sequence: int = 0


_make = maker(TransferData)


def wrap(message: bytes, tunnel_id: int, *, to_server: bool, sequence: int = 0) -> bytes:
    """The APS payload that carries a message; ``sequence`` counts modulo 256."""
    control = _FROM_CLIENT if to_server else _FROM_SERVER
    return _HEADER.pack(control, sequence & 0xFF, _COMMANDS[control], tunnel_id) + message


def unwrap(payload: bytes) -> TransferData:
    """The message in an APS payload. Raises DecodeError where it is no TransferData."""
    if len(payload) < HEADER_BYTES:
        raise DecodeError(f"{len(payload)} bytes are too few for TransferData", offset=0, field="zcl_header")
    control, sequence, command, tunnel_id = _HEADER.unpack_from(payload)
    if _COMMANDS.get(control) != command:
        raise DecodeError(
            f"expected TransferData, got frame control {control:02X} command {command:02X}",
            offset=0,
            field="zcl_header",
        )
    return _make(tunnel_id, payload[HEADER_BYTES:], control == _FROM_CLIENT, sequence)


def fragment_count(payload_size: int) -> int:
    """APS fragments of a payload."""
    return frame_count(payload_size, FRAGMENT_PAYLOAD_BYTES)


def bytes_on_han(payload_size: int) -> int:
    """Bytes on the air for a payload, acknowledgements not counted."""
    saved = FRAGMENT_OVERHEAD_BYTES - WHOLE_OVERHEAD_BYTES
    is_whole = fragment_count(payload_size) == 1
    return bytes_on_air(payload_size, FRAGMENT_PAYLOAD_BYTES, FRAGMENT_OVERHEAD_BYTES) - saved * is_whole
