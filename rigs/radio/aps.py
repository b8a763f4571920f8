"""The frames of the Zigbee application layer: data and their acknowledgements, in fragments or whole, and new keys."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from rigs.radio import ccm_star
from rigs.radio.nwk import Secured

WHOLE, FIRST, FURTHER = 0, 1, 2
"""Which fragment of a payload a frame carries."""

_KIND, _DELIVERY, _ACK_FORMAT = 0x03, 0x0C, 0x10
_DATA, _COMMAND, _ACK = 0x00, 0x01, 0x02
_BROADCAST, _SECURED, _ACK_WANTED, _EXTENDED = 0x08, 0x20, 0x40, 0x80
_HEADER = Struct("<BBHHBB")
_AUXILIARY = Struct("<BI8s")
_KEY_TRANSPORT = 2
_TRANSPORT_KEY, _STANDARD_NETWORK_KEY = 0x05, 0x01
_TRANSPORTED = Struct("<BB16sB8s8s")


@dataclass(frozen=True, slots=True)
class ApsFrame:
    """Data, or their acknowledgement (``is_ack``).

    ``block`` is the number of blocks in the first fragment, the fragment's own number in a further one; in an
    acknowledgement it is the first block that ``ack_bits`` speak of.
    """

    profile: int
    cluster: int
    source_endpoint: int
    destination_endpoint: int
    counter: int
    payload: bytes = b""
    fragment: int = WHOLE
    block: int = 0
    ack_bits: int = 1
    is_ack: bool = False
    ack_wanted: bool = False
    is_broadcast: bool = False


@dataclass(frozen=True, slots=True)
class TransportKey:
    """The network key, on its way to a device that joins."""

    counter: int
    key: bytes
    sequence: int
    destination: Eui64
    source: Eui64


def encode(frame: ApsFrame, secured: Secured | None = None, link_key: bytes = b"") -> bytes:
    """The bytes of a frame, under a link key where ``secured`` says by whom."""
    header = _header(frame, secured is not None)
    if secured is None:
        return header + frame.payload
    return _sealed(header, ccm_star.LINK_KEY, secured, link_key, frame.payload)


def _header(frame: ApsFrame, is_secured: bool) -> bytes:
    control = (_ACK if frame.is_ack else _DATA) | (_BROADCAST if frame.is_broadcast else 0)
    control |= (_SECURED if is_secured else 0) | (_ACK_WANTED if frame.ack_wanted else 0)
    control |= _EXTENDED if frame.fragment != WHOLE else 0
    header = _HEADER.pack(
        control, frame.destination_endpoint, frame.cluster, frame.profile, frame.source_endpoint, frame.counter
    )
    if frame.fragment == WHOLE:
        return header
    extended = bytes((frame.fragment, frame.block))
    return header + extended + (bytes((frame.ack_bits,)) if frame.is_ack else b"")


def encode_key(command: TransportKey, secured: Secured, key_transport_key: bytes) -> bytes:
    """The bytes of the command that brings the network key."""
    payload = _TRANSPORTED.pack(
        _TRANSPORT_KEY, _STANDARD_NETWORK_KEY, command.key, command.sequence, command.destination[::-1],
        command.source[::-1],
    )  # fmt: skip
    header = bytes((_COMMAND | _SECURED, command.counter))
    return _sealed(header, _KEY_TRANSPORT, secured, key_transport_key, payload)


def _sealed(header: bytes, key_identifier: int, secured: Secured, key: bytes, payload: bytes) -> bytes:
    aux = _AUXILIARY.pack(ccm_star.control(key_identifier), secured.counter, secured.sender[::-1])
    covered = header + aux
    return covered + ccm_star.seal(key, secured.sender, secured.counter, covered, len(header), payload)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A frame whose payload is still under a key: :meth:`open` it."""

    covered: bytes
    control_at: int
    secured: Secured
    sealed: bytes

    def open(self, key: bytes) -> bytes:
        """The payload. Raises AuthenticationError under another key."""
        sender, counter = self.secured.sender, self.secured.counter
        return ccm_star.open_sealed(key, sender, counter, self.covered, self.control_at, self.sealed)


def decode(data: bytes) -> tuple[ApsFrame, Sealed | None]:
    """The frame in ``data``; where it is secured its payload is empty as yet. Raises DecodeError for other frames."""
    if len(data) < _HEADER.size or data[0] & _KIND not in (_DATA, _ACK) or data[0] & _ACK_FORMAT:
        raise DecodeError(f"{len(data)} bytes are neither data nor their acknowledgement", field="APS")
    control, destination, cluster, profile, source, counter = _HEADER.unpack_from(data)
    at, is_ack = _HEADER.size, control & _KIND == _ACK
    fragment = block = 0
    ack_bits = 1
    if control & _EXTENDED:
        if len(data) < at + 2 + is_ack or not data[at] & 0x03:
            raise DecodeError("a fragment without its number", offset=at, field="APS")
        fragment, block = data[at] & 0x03, data[at + 1]
        ack_bits = data[at + 2] if is_ack else 1
        at += 2 + is_ack
    sealed = _split(data, at) if control & _SECURED else None
    payload = b"" if sealed is not None else data[at:]
    frame = ApsFrame(
        profile, cluster, source, destination, counter, payload, fragment, block, ack_bits, is_ack,
        bool(control & _ACK_WANTED), control & _DELIVERY == _BROADCAST,
    )  # fmt: skip
    return frame, sealed


def is_command(data: bytes) -> bool:
    """Whether a frame is a command of the application layer, such as one that brings a key."""
    return bool(data) and data[0] & _KIND == _COMMAND


def decode_key(data: bytes, key_transport_key: bytes) -> TransportKey:
    """The key that a command brings. Raises DecodeError for other commands, AuthenticationError under another key."""
    if len(data) < 2 or data[0] != _COMMAND | _SECURED:
        raise DecodeError("no command that brings a key", offset=0, field="APS")
    content = _split(data, 2).open(key_transport_key)
    if len(content) != _TRANSPORTED.size or content[:2] != bytes((_TRANSPORT_KEY, _STANDARD_NETWORK_KEY)):
        raise DecodeError("no command that brings a network key", offset=2, field="APS")
    _, _, key, sequence, destination, source = _TRANSPORTED.unpack(content)
    return TransportKey(data[1], key, sequence, destination[::-1], source[::-1])


def _split(data: bytes, at: int) -> Sealed:
    start = at + _AUXILIARY.size
    if len(data) < start + ccm_star.MIC_BYTES:
        raise DecodeError(f"{len(data)} bytes are too few for a secured frame", field="APS")
    _, counter, sender = _AUXILIARY.unpack_from(data, at)
    return Sealed(data[:start], at, Secured(sender[::-1], counter), data[start:])
