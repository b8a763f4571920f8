"""The frames of IEEE 802.15.4 that a Zigbee network needs: data, beacons, and joining."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import TypeAlias

from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64

BROADCAST = 0xFFFF
NOBODY = 0xFFFE
"""A short address that is none."""
FCS_BYTES = 2

_DATA = Struct("<HBHHH")
_DATA_CONTROL, _ACK_WANTED = 0x8841, 0x0020
_BEACON_CONTROL, _REQUEST_CONTROL = 0x8000, 0x0803
_JOIN_CONTROL, _JOINED_CONTROL = 0xC823, 0xCC63
_COMMAND_JOIN, _COMMAND_JOINED, _COMMAND_BEACON = 0x01, 0x02, 0x07
_BEACON = Struct("<HBHHHBB")
_BEACON_PAYLOAD = Struct("<BH8s3sB")
_SUPERFRAME, _COORDINATOR, _PERMITS = 0x0FFF, 0x4000, 0x8000
_STACK, _ROUTERS, _END_DEVICES = 0x22, 0x0400, 0x8000
"""Stack profile 2 (Zigbee PRO), protocol version 2; capacity for more devices."""
_NO_OFFSET = b"\xff\xff\xff"
_JOIN = Struct("<HBHHH8sBB")
_JOINED = Struct("<HBH8s8sBHB")
_REQUEST = Struct("<HBHHB")


def fcs(data: bytes) -> bytes:
    """The frame check sequence: ITU-T CRC-16, low byte first."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(FCS_BYTES, "little")


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x8408 if byte & 1 else 0)
    return byte


_CRC_TABLE = tuple(_crc_of(byte) for byte in range(256))


@dataclass(frozen=True, slots=True)
class DataFrame:
    """A frame of the network layer between two short addresses."""

    sequence: int
    pan: int
    destination: int
    source: int
    payload: bytes

    def encode(self) -> bytes:
        """The frame without FCS."""
        control = _DATA_CONTROL | (_ACK_WANTED if self.destination != BROADCAST else 0)
        return _DATA.pack(control, self.sequence, self.pan, self.destination, self.source) + self.payload


@dataclass(frozen=True, slots=True)
class BeaconRequest:
    """Who is there is asked."""

    sequence: int

    def encode(self) -> bytes:
        """The frame without FCS."""
        return _REQUEST.pack(_REQUEST_CONTROL, self.sequence, BROADCAST, BROADCAST, _COMMAND_BEACON)


@dataclass(frozen=True, slots=True)
class Beacon:
    """A network that is there, and whether it lets devices join."""

    sequence: int
    pan: int
    source: int
    extended_pan: bytes
    permits_join: bool
    update: int = 0

    def encode(self) -> bytes:
        """The frame without FCS."""
        superframe = _SUPERFRAME | (0 if self.source else _COORDINATOR) | self.permits_join * _PERMITS
        head = _BEACON.pack(_BEACON_CONTROL, self.sequence, self.pan, self.source, superframe, 0, 0)
        stack = _STACK | _ROUTERS | _END_DEVICES
        return head + _BEACON_PAYLOAD.pack(0, stack, self.extended_pan, _NO_OFFSET, self.update)


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """A device asks to join. ``capability`` says what kind of device asks."""

    sequence: int
    pan: int
    coordinator: int
    device: Eui64
    capability: int

    def encode(self) -> bytes:
        """The frame without FCS."""
        return _JOIN.pack(
            _JOIN_CONTROL, self.sequence, self.pan, self.coordinator, BROADCAST, self.device[::-1], _COMMAND_JOIN,
            self.capability,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssociationResponse:
    """It may, under this short address; or not (``status``)."""

    sequence: int
    pan: int
    device: Eui64
    coordinator: Eui64
    short: int
    status: int = 0

    def encode(self) -> bytes:
        """The frame without FCS."""
        return _JOINED.pack(
            _JOINED_CONTROL, self.sequence, self.pan, self.device[::-1], self.coordinator[::-1], _COMMAND_JOINED,
            self.short, self.status,
        )  # fmt: skip


MacFrame: TypeAlias = DataFrame | BeaconRequest | Beacon | AssociationRequest | AssociationResponse


def on_air(frame: MacFrame) -> bytes:
    """A frame with its FCS."""
    data = frame.encode()
    return data + fcs(data)


def parse(data: bytes) -> MacFrame:
    """The frame of bytes with their FCS. Raises DecodeError for frames of other kinds, or spoilt ones."""
    body = data[:-FCS_BYTES]
    if len(body) < 3 or fcs(body) != data[-FCS_BYTES:]:
        raise DecodeError("the frame check sequence is not that of the frame", field="802.15.4")
    control = int.from_bytes(body[:2], "little")
    if control & ~_ACK_WANTED == _DATA_CONTROL and len(body) > _DATA.size:
        _, sequence, pan, destination, source = _DATA.unpack_from(body)
        return DataFrame(sequence, pan, destination, source, body[_DATA.size :])
    if control == _BEACON_CONTROL and len(body) == _BEACON.size + _BEACON_PAYLOAD.size:
        return _beacon(body)
    if control == _REQUEST_CONTROL and len(body) == _REQUEST.size and body[-1] == _COMMAND_BEACON:
        return BeaconRequest(body[2])
    if control == _JOIN_CONTROL and len(body) == _JOIN.size:
        _, sequence, pan, coordinator, _, device, _, capability = _JOIN.unpack(body)
        return AssociationRequest(sequence, pan, coordinator, device[::-1], capability)
    if control == _JOINED_CONTROL and len(body) == _JOINED.size:
        _, sequence, pan, device, coordinator, _, short, status = _JOINED.unpack(body)
        return AssociationResponse(sequence, pan, device[::-1], coordinator[::-1], short, status)
    raise DecodeError(f"frame control {control:04X} is of no kind that is known here", offset=0, field="802.15.4")


def _beacon(body: bytes) -> Beacon:
    _, sequence, pan, source, superframe, _, _ = _BEACON.unpack_from(body)
    _, _, extended_pan, _, update = _BEACON_PAYLOAD.unpack_from(body, _BEACON.size)
    return Beacon(sequence, pan, source, extended_pan, bool(superframe & _PERMITS), update)
