"""The frames of the Zigbee network layer: data under the network key, or in the clear to a device that joins."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from rigs.radio import ccm_star

ALL_AWAKE = 0xFFFD
"""The broadcast to all devices whose receiver is on."""
FIRST_BROADCAST = 0xFFF8
RADIUS = 30

_HEADER = Struct("<HHHBB")
_DATA, _SECURED = 0x0008, 0x0200
_KNOWN = _DATA | _SECURED | 0x00C0
"""Data, protocol version 2; secured; the bits of route discovery may be anything."""
_AUXILIARY = Struct("<BI8sB")
_CONTROL = ccm_star.control(ccm_star.NETWORK_KEY)


@dataclass(frozen=True, slots=True)
class NwkFrame:
    """A payload of the application layer from one short address to another."""

    destination: int
    source: int
    sequence: int
    payload: bytes
    radius: int = RADIUS


@dataclass(frozen=True, slots=True)
class Secured:
    """Who secured a frame, with which of its counters."""

    sender: Eui64
    counter: int


def encode(frame: NwkFrame, secured: Secured | None, network_key: bytes = b"", key_sequence: int = 0) -> bytes:
    """The bytes of a frame; in the clear without ``secured``."""
    control = _DATA | (_SECURED if secured is not None else 0)
    header = _HEADER.pack(control, frame.destination, frame.source, frame.radius, frame.sequence)
    if secured is None:
        return header + frame.payload
    aux = _AUXILIARY.pack(_CONTROL, secured.counter, secured.sender[::-1], key_sequence)
    sealed = ccm_star.seal(network_key, secured.sender, secured.counter, header + aux, len(header), frame.payload)
    return header + aux + sealed


def decode(data: bytes, network_key: bytes) -> tuple[NwkFrame, Secured | None]:
    """The frame in ``data``. Raises DecodeError for other frames, AuthenticationError under another key."""
    if len(data) < _HEADER.size:
        raise DecodeError(f"{len(data)} bytes are no frame", field="NWK")
    control, destination, source, radius, sequence = _HEADER.unpack_from(data)
    if control & ~_KNOWN or not control & _DATA:
        raise DecodeError(f"frame control {control:04X} is of no kind that is known here", offset=0, field="NWK")
    if not control & _SECURED:
        return NwkFrame(destination, source, sequence, data[_HEADER.size :], radius), None
    start = _HEADER.size + _AUXILIARY.size
    if len(data) < start + ccm_star.MIC_BYTES:
        raise DecodeError(f"{len(data)} bytes are too few for a secured frame", field="NWK")
    found, counter, sender, _ = _AUXILIARY.unpack_from(data, _HEADER.size)
    if found != _CONTROL:
        raise DecodeError(f"security control {found:02X}", offset=_HEADER.size, field="NWK")
    secured = Secured(sender[::-1], counter)
    payload = ccm_star.open_sealed(network_key, secured.sender, counter, data[:start], _HEADER.size, data[start:])
    return NwkFrame(destination, source, sequence, payload, radius), secured
