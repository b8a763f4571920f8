"""The outer frames of a GBCS message (spec sheet 1): MAC header, grouping header, signature, GBT block header.

Everything is declared once in Construct; :func:`gbcs.fuse.fuse` makes the functions that run. A :class:`Message` holds
the framing values and the payload as bytes (``content``); :mod:`gbcs.dlms` reads the payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from construct import Bytes, Const, GreedyBytes, Int8ub, Int16ub, Int32ub, Int64ub

from gbcs.declare import Fields, IfMore, Record, Shapes, Sized
from gbcs.errors import DecodeError, LocalError
from gbcs.eui64 import Eui64
from gbcs.fuse import fuse

MAC_SIZE = 12
SIGNATURE_SIZE = 64


class Cra(IntEnum):
    """The first byte of the transaction identifier: command, response or alert (spec sheet 1.3)."""

    COMMAND = 1
    RESPONSE = 2
    ALERT = 3


@dataclass(frozen=True, slots=True)
class OtherInformation:
    """Message code and, where the access control broker acts for another party, that party (spec sheet 1.4).

    ``supplementary_id`` / ``supplementary_counter`` are the unknown remote party's; the
    ``supplementary_originator_counter`` is the device's own, in responses only; ``certificate`` is the DER X.509
    key-agreement certificate of the supplementary party, in commands only.
    """

    message_code: int
    supplementary_id: Eui64 | None = None
    supplementary_counter: int | None = None
    supplementary_originator_counter: int | None = None
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One whole GBCS message.

    ``date_time`` is empty or a 12-byte COSEM date-time. ``signature`` is ``b""`` where the message has the field but
    no signature, 64 bytes r || s where it has one, ``None`` in a pre-command, which lacks the field. ``mac`` is
    ``None`` where the message has no MAC header, else 12 bytes.
    """

    cra: int
    originator_counter: int
    originator: Eui64
    recipient: Eui64
    date_time: bytes
    other: OtherInformation
    content: bytes
    signature: bytes | None = b""
    mac: bytes | None = None

    @property
    def message_code(self) -> int:
        """The message code that names the use case."""
        return self.other.message_code

    @property
    def is_precommand(self) -> bool:
        """Whether this is a pre-command: the part of a critical command that its originator still has to sign."""
        return self.signature is None

    def encode(self) -> bytes:
        """The bytes of the message. Raises LocalError when a value does not fit its field."""
        return encode(self)


@dataclass(frozen=True, slots=True)
class GbtBlock:
    """One block of a segmented message (general block transfer; spec sheet 10, from a dissector's source only).

    ``control`` holds the last-block bit 0x80, the streaming bit 0x40 and the window in 0x3F.
    """

    cra: int
    originator_counter: int
    originator: Eui64
    recipient: Eui64
    message_code: int
    control: int
    block_number: int
    block_number_acknowledged: int
    data: bytes
    security_control: int = 0
    invocation_counter: int = 0

    @property
    def is_last(self) -> bool:
        """Whether no block follows."""
        return bool(self.control & 0x80)

    def encode(self) -> bytes:
        """The bytes of the block."""
        return bytes(_GBT.build(self))


_OTHER = Shapes(
    "other information",
    (
        "certificate",
        None,
        Record(
            OtherInformation,
            "message_code" / Int16ub,
            "supplementary_id" / Bytes(8),
            "supplementary_counter" / Int64ub,
            "certificate" / GreedyBytes,
        ),
    ),
    (
        "supplementary_originator_counter",
        26,
        Record(
            OtherInformation,
            "message_code" / Int16ub,
            "supplementary_id" / Bytes(8),
            "supplementary_counter" / Int64ub,
            "supplementary_originator_counter" / Int64ub,
        ),
    ),
    (
        "supplementary_counter",
        18,
        Record(
            OtherInformation,
            "message_code" / Int16ub,
            "supplementary_id" / Bytes(8),
            "supplementary_counter" / Int64ub,
        ),
    ),
    ("supplementary_id", 10, Record(OtherInformation, "message_code" / Int16ub, "supplementary_id" / Bytes(8))),
    ("", 2, Record(OtherInformation, "message_code" / Int16ub)),
)

_TITLES = Fields(
    "cra" / Int8ub,
    "originator_counter" / Int64ub,
    Const(b"\x08"),
    "originator" / Bytes(8),
    Const(b"\x08"),
    "recipient" / Bytes(8),
)

_SIGNED_PART = Fields(
    Const(b"\x09"),
    *_TITLES.parts,
    "date_time" / Sized(GreedyBytes, (0, 12)),
    "other" / Sized(_OTHER),
    "content" / Sized(GreedyBytes),
)
"""What a signature covers: from behind the DF tag up to and including the content (spec sheet 2.3)."""

_SIGNATURE = "signature" / Sized(GreedyBytes, (0, SIGNATURE_SIZE))

BARE_MESSAGE = Record(Message, Const(b"\xdf"), *_SIGNED_PART.parts, "signature" / IfMore(_SIGNATURE.subcon))
"""Grouping header without a MAC: critical responses and alerts, pre-commands, a few special commands."""

_MAC_HEADER = b"\xdd\x00\x00\x00\x00\x00\x00"
_MAC_SECURITY = b"\x11\x00\x00\x00\x00"
_MACD_BODY = Fields(Const(_MAC_SECURITY + b"\xdf"), *_SIGNED_PART.parts, _SIGNATURE, "mac" / Bytes(MAC_SIZE))
MACD_MESSAGE = Record(Message, Const(_MAC_HEADER), Sized(_MACD_BODY))
"""MAC header around a grouping header: every non-critical message and every critical command to a device."""

SIGNED_PART = Record(Message, *_SIGNED_PART.parts)
AUTHENTICATED_PART = Record(Message, Const(b"\xdf"), *_SIGNED_PART.parts, _SIGNATURE)

GBT_BLOCK = Record(
    GbtBlock,
    Const(b"\xdd\x09"),
    *_TITLES.parts,
    Const(b"\x00\x02"),
    "message_code" / Int16ub,
    Const(b"\x00"),
    Sized(
        Fields(
            "security_control" / Int8ub,
            "invocation_counter" / Int32ub,
            Const(b"\xe0"),
            "control" / Int8ub,
            "block_number" / Int16ub,
            "block_number_acknowledged" / Int16ub,
            "data" / Sized(GreedyBytes),
        )
    ),
)

_BARE = fuse(BARE_MESSAGE, "message")
_MACD = fuse(MACD_MESSAGE, "message")
_SIGNED = fuse(SIGNED_PART, "message")
_AUTHENTICATED = fuse(AUTHENTICATED_PART, "message")
_GBT = fuse(GBT_BLOCK, "GBT block")

_MAX_SIZE = 0xFFFF
"""A message's length field has at most three bytes (spec sheet 10), so it stays below 65,536 bytes."""

MAX_CONTENT_SIZE = _MAX_SIZE - 90
"""Content that fits any MAC'd response: the longest other fields of one, unsigned, take 90 bytes."""


def decode(data: bytes) -> Message:
    """Read one whole message, a MAC'd one, a bare one or a pre-command.

    Raises DecodeError with offset, field and hint for anything else; a GBT block is refused by name.
    """
    if data[:1] == b"\xdf":
        message: Message = _BARE.parse(data)
    elif data[:2] == b"\xdd\x00":
        message = _MACD.parse(data)
    else:
        raise _no_message(data)
    _check(message)
    return message


def decode_gbt_block(data: bytes) -> GbtBlock:
    """Read one GBT block. Raises DecodeError where the bytes are none."""
    block: GbtBlock = _GBT.parse(data)
    return block


def encode(message: Message) -> bytes:
    """The bytes of a message; the inverse of :func:`decode`."""
    if message.mac is None:
        return _BARE.build(message)
    if message.signature is None:
        raise LocalError("a message with a MAC has a signature field: give signature=b'' or 64 bytes")
    return _MACD.build(message)


def signed_part(message: Message) -> bytes:
    """The bytes that the signature covers (spec sheet 2.3)."""
    return _SIGNED.build(message)


def authenticated_part(message: Message) -> bytes:
    """The bytes from DF to the signature inclusive, which the MAC covers (spec sheet 2.2)."""
    return _AUTHENTICATED.build(message)


def authenticated_slice(data: bytes) -> bytes:
    """:func:`authenticated_part` cut from the bytes of a MAC'd message that :func:`decode` has accepted."""
    first = data[7]
    return data[13:-MAC_SIZE] if first < 0x80 else data[13 + first - 0x80 : -MAC_SIZE]


def with_mac(authenticated: bytes, mac: bytes) -> bytes:
    """Put the MAC header around an authenticated part."""
    length = len(authenticated) + len(_MAC_SECURITY) + MAC_SIZE
    if length < 0x80:
        return b"".join((_MAC_HEADER, bytes((length,)), _MAC_SECURITY, authenticated, mac))
    if length > _MAX_SIZE:
        raise LocalError(f"the message would be {length} bytes long: GBCS allows {_MAX_SIZE} (ask for fewer rows)")
    octets = 1 if length < 0x100 else 2
    return b"".join(
        (_MAC_HEADER, bytes((0x80 + octets,)), length.to_bytes(octets, "big"), _MAC_SECURITY, authenticated, mac)
    )


def _check(message: Message) -> None:
    """The rules that a length alone does not hold."""
    if not 1 <= message.cra <= 3:
        raise DecodeError(
            f"transaction starts with {message.cra:#04x}", field="cra", hint="1 command, 2 response, 3 alert"
        )
    certificate = message.other.certificate
    if certificate is not None and certificate[0] != 0x30:
        raise DecodeError(
            f"{len(certificate) + 18} bytes of other information hold no certificate",
            field="other information",
            hint="a DER certificate starts with 30",
        )


def _no_message(data: bytes) -> DecodeError:
    start = data[:2].hex() or "nothing"
    hint = "a message starts with dd00 (MAC'd) or df09 (bare)"
    if data[:2] == b"\xdd\x09":
        hint = "this is a GBT block: read it with decode_gbt_block"
    return DecodeError(f"no GBCS message starts with {start}", offset=0, field="message", hint=hint)
