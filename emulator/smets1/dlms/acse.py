"""Opening and closing an association: AARQ / AARE, RLRQ / RLRE and the initiate services inside them.

The outer messages are BER: elements that each start with a tag of their own, most of them optional. They come once a
session, so the declarations run as they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from io import BytesIO
from typing import Any

from construct import Bytes, Const, ConstructError, GreedyBytes, Int8sb, Int8ub, Int16ub, Pass, ValidationError
from construct.core import stream_read, stream_write

from gbcs.declare import AnyConstruct, Record, Sized, Tagged
from gbcs.errors import DecodeError
from gbcs.fuse import fuse

CONTEXT_LN, CONTEXT_LN_CIPHERED = bytes.fromhex("60857405080101"), bytes.fromhex("60857405080103")
MECHANISM_NONE, MECHANISM_LLS, MECHANISM_GMAC = (bytes.fromhex(f"608574050802{number:02x}") for number in (0, 1, 5))
AUTHENTICATION_FUNCTIONAL_UNIT = bytes.fromhex("0780")
DLMS_VERSION = 6
MIN_PDU = 12


class Conformance(IntEnum):
    """Bits of the conformance block; the first one of the bit string is the highest here."""

    GENERAL_PROTECTION = 1 << 22
    ATTRIBUTE0_GET = 1 << 13
    BLOCK_GET = 1 << 12
    MULTIPLE_REFERENCES = 1 << 9
    GET = 1 << 4
    SET = 1 << 3
    SELECTIVE_ACCESS = 1 << 2
    ACTION = 1


SUPPORTED = (
    Conformance.GENERAL_PROTECTION
    | Conformance.BLOCK_GET
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.ACTION
)


class Diagnostic(IntEnum):
    """Why an association is as it is, as the ACSE service user says it."""

    NONE = 0
    NO_REASON = 1
    CONTEXT_NOT_SUPPORTED = 2
    TITLE_NOT_RECOGNISED = 3
    MECHANISM_NOT_RECOGNISED = 11
    MECHANISM_REQUIRED = 12
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


class InitiateError(IntEnum):
    """Why the xDLMS half of an association was refused."""

    VERSION_TOO_LOW = 1
    INCOMPATIBLE_CONFORMANCE = 2
    PDU_TOO_SHORT = 3
    REFUSED = 4


class Elements(AnyConstruct):
    """BER elements in the order of their table, each ``tag len content`` and optional: the attributes of ``cls``.

    ``skipped`` are tags that may stand anywhere and say nothing to us. Another tag is an error that names it.
    """

    def __init__(self, cls: type[Any], elements: dict[int, AnyConstruct], skipped: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.cls, self.skipped = cls, skipped
        names = [field.name for field in fields(cls)]
        self.elements = {tag: (name, Sized(part)) for name, (tag, part) in zip(names, elements.items(), strict=True)}

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        values: dict[str, Any] = {}
        order = list(self.elements)
        while head := stream.read(1):
            tag = head[0]
            if tag in self.skipped:
                Sized(GreedyBytes)._parsereport(stream, context, path)
            elif tag not in order:
                raise ValidationError(f"element {tag:#04x} is not known here, out of order or comes twice", path=path)
            else:
                name, part = self.elements[tag]
                order = order[order.index(tag) + 1 :]
                values[name] = part._parsereport(stream, context, f"{path}.{name}")
        return self.cls(**values)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for tag, (name, part) in self.elements.items():
            value = getattr(obj, name)
            if value is not None:
                stream_write(stream, bytes((tag,)), 1, path)
                part._build(value, stream, context, path)
        return obj


class Inner(AnyConstruct):
    """One more BER element inside an element: a constant tag and its content."""

    def __init__(self, tag: int, content: AnyConstruct) -> None:
        super().__init__()
        self.tag, self.content = bytes((tag,)), Sized(content)

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        found = stream_read(stream, 1, path)
        if found != self.tag:
            raise ValidationError(f"expected {self.tag.hex()}, got {found.hex()}", path=path)
        return self.content._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        stream_write(stream, self.tag, 1, path)
        return self.content._build(obj, stream, context, path)


@dataclass(frozen=True, slots=True)
class Aarq:
    """A client asks for an association."""

    context: bytes = b""
    calling_title: bytes | None = None
    requirements: bytes | None = None
    mechanism: bytes | None = None
    authentication: bytes | None = None
    user_information: bytes | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Who speaks the diagnostic (0xa1 the service user, 0xa2 the provider), and its value."""

    tag: int
    value: int


@dataclass(frozen=True, slots=True)
class Aare:
    """The server's answer: result 0 accepted, 1 rejected."""

    context: bytes
    result: int
    diagnostic: Source
    responding_title: bytes | None = None
    requirements: bytes | None = None
    mechanism: bytes | None = None
    authentication: bytes | None = None
    user_information: bytes | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """RLRQ and RLRE alike."""

    reason: int | None = None
    user_information: bytes | None = None


_INTEGER = Inner(0x02, Int8ub)
_OCTETS = Inner(0x04, GreedyBytes)

AARQ = Inner(
    0x60,
    Elements(
        Aarq,
        {
            0xA1: Inner(0x06, GreedyBytes),
            0xA6: _OCTETS,
            0x8A: Bytes(2),
            0x8B: GreedyBytes,
            0xAC: Inner(0x80, GreedyBytes),
            0xBE: _OCTETS,
        },
        # Protocol version, titles of the called side, qualifiers, implementation information.
        skipped=(0x80, 0xA2, 0xA3, 0xA4, 0xA5, 0xA7, 0xA8, 0xA9, 0xBD),
    ),
)
AARE = Inner(
    0x61,
    Elements(
        Aare,
        {
            0xA1: Inner(0x06, GreedyBytes),
            0xA2: _INTEGER,
            0xA3: Tagged(Source, "diagnostic", dict.fromkeys((0xA1, 0xA2), Sized(_INTEGER))),
            0xA4: _OCTETS,
            0x88: Bytes(2),
            0x89: GreedyBytes,
            0xAA: Inner(0x80, GreedyBytes),
            0xBE: _OCTETS,
        },
    ),
)
RLRQ, RLRE = (Inner(tag, Elements(Release, {0x80: Int8ub, 0xBE: _OCTETS})) for tag in (0x62, 0x63))


@dataclass(frozen=True, slots=True)
class Given:
    """An optional part of an initiate request: ``present`` is 0 or 1."""

    present: int
    value: Any = None


@dataclass(frozen=True, slots=True)
class InitiateRequest:
    """What the client proposes."""

    dedicated_key: Given
    response_allowed: Given
    quality: Given
    version: int
    conformance: bytes
    max_pdu: int


@dataclass(frozen=True, slots=True)
class InitiateResponse:
    """What was negotiated; ``max_pdu`` is the longest service that the server takes."""

    conformance: bytes
    max_pdu: int


def _given(content: AnyConstruct) -> Tagged:
    return Tagged(Given, "option", {0: Pass, 1: content})


_CONFORMANCE = (Const(bytes.fromhex("5f1f0400")), "conformance" / Bytes(3))
INITIATE_REQUEST = Record(
    InitiateRequest,
    Const(b"\x01"),
    "dedicated_key" / _given(Sized(GreedyBytes)),
    "response_allowed" / _given(Int8ub),
    "quality" / _given(Int8sb),
    "version" / Int8ub,
    *_CONFORMANCE,
    "max_pdu" / Int16ub,
)
INITIATE_RESPONSE = Record(
    InitiateResponse,
    Const(bytes((0x08, 0x00, DLMS_VERSION))),
    *_CONFORMANCE,
    "max_pdu" / Int16ub,
    Const(b"\x00\x07"),
)
FUSED_INITIATE_REQUEST = fuse(INITIATE_REQUEST, "initiate request")
FUSED_INITIATE_RESPONSE = fuse(INITIATE_RESPONSE, "initiate response")


def initiate_error(error: InitiateError) -> bytes:
    """The confirmed service error that stands where the initiate response would."""
    return bytes((0x0E, 0x01, 0x06, error))


def parse(declaration: AnyConstruct, data: bytes, what: str) -> Any:
    """Read one whole message. Raises DecodeError, also for bytes left over."""
    stream = BytesIO(data)
    try:
        value = declaration.parse_stream(stream)
    except ConstructError as error:
        raise DecodeError(" ".join(str(error).split()), offset=stream.tell(), field=what) from None
    if stream.tell() != len(data):
        raise DecodeError(f"{len(data) - stream.tell()} bytes left over", offset=stream.tell(), field=what)
    return value
