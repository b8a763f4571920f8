"""EZSP frames: the commands and handlers of ``frames.toml`` as Construct structs, and the header around them.

A value is a dictionary by parameter name. A struct is used up to its last byte, except that a module may say more than
its protocol version knows: what follows a response is left alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from construct import (
    Adapter,
    Array,
    Bytes,
    Construct,
    ConstructError,
    Container,
    GreedyRange,
    Int8sl,
    Int8ul,
    Int16ul,
    Int32ul,
    Prefixed,
    Struct,
    this,
)
from construct import GreedyBytes as Rest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gbcs.errors import DecodeError, LocalError

VERSIONS: Final = range(8, 14)
"""EZSP protocol versions whose frames stand in the table: EmberZNet 6.7 to 7.4."""

AnyConstruct = Any


class _Backwards(Adapter):  # type: ignore[type-arg]
    """An EUI-64 as we write it: most significant byte first."""

    def _decode(self, obj: bytes, context: Any, path: str) -> bytes:
        return obj[::-1]

    def _encode(self, obj: bytes, context: Any, path: str) -> bytes:
        return bytes(obj)[::-1]


class _Plain(Adapter):  # type: ignore[type-arg]
    """A container as the dictionary that it is."""

    def _decode(self, obj: Container[Any], context: Any, path: str) -> dict[str, Any]:
        return {key: value for key, value in obj.items() if not key.startswith("_")}

    def _encode(self, obj: Mapping[str, Any], context: Any, path: str) -> Mapping[str, Any]:
        return obj


class _Clusters(Adapter):  # type: ignore[type-arg]
    """Server (in) and client (out) clusters of an endpoint."""

    def _decode(self, obj: Container[Any], context: Any, path: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return tuple(obj.servers), tuple(obj.clients)

    def _encode(self, obj: tuple[tuple[int, ...], tuple[int, ...]], context: Any, path: str) -> Mapping[str, Any]:
        servers, clients = obj
        return {"n": len(servers), "m": len(clients), "servers": servers, "clients": clients}


_EUI64 = _Backwards(Bytes(8))
_APS = Struct(
    "profile" / Int16ul, "cluster" / Int16ul, "source_endpoint" / Int8ul, "destination_endpoint" / Int8ul,
    "options" / Int16ul, "group" / Int16ul, "sequence" / Int8ul,
)  # fmt: skip
_NETWORK = Struct(
    "extended_pan" / Bytes(8), "pan" / Int16ul, "power" / Int8ul, "channel" / Int8ul, "join_method" / Int8ul,
    "manager" / Int16ul, "update" / Int8ul, "channels" / Int32ul,
)  # fmt: skip
_CLUSTERS = Struct(
    "n" / Int8ul, "m" / Int8ul, "servers" / Array(this.n, Int16ul), "clients" / Array(this.m, Int16ul)
)  # fmt: skip
CERTIFICATE_BYTES, EPHEMERAL_BYTES = 74, 37

TYPES: Final[Mapping[str, AnyConstruct]] = {
    "u8": Int8ul,
    "i8": Int8sl,
    "u16": Int16ul,
    "u32": Int32ul,
    "eui64": _EUI64,
    "eight": Bytes(8),
    "key": Bytes(16),
    "certificate": Bytes(CERTIFICATE_BYTES),
    "ephemeral": Bytes(EPHEMERAL_BYTES),
    "bytes": Prefixed(Int8ul, Rest),
    "long_bytes": Prefixed(Int32ul, Rest),
    "counters": GreedyRange(Int16ul),
    "aps": _Plain(_APS),
    "network": _Plain(_NETWORK),
    "clusters": _Clusters(_CLUSTERS),
}


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[int, Field(ge=0, le=0xFFFF)]
    name: str = ""
    handler: bool = False
    command: str = ""
    response: str = ""
    since: int = VERSIONS.start
    until: int = VERSIONS.stop - 1


@dataclass(frozen=True, slots=True)
class FrameType:
    """A command with its response, or a handler, which has a response alone."""

    name: str
    id: int
    is_handler: bool
    command: Construct[Any, Any]
    response: Construct[Any, Any]


class FrameTable:
    """The frames of one protocol version, by name and by number."""

    def __init__(self, version: int, types: tuple[FrameType, ...]) -> None:
        self.version = version
        self.by_name = {one.name: one for one in types}
        self.by_id = {one.id: one for one in types}

    def named(self, name: str) -> FrameType:
        """A frame. Raises LocalError for a name that this version does not have."""
        found = self.by_name.get(name)
        if found is None:
            raise LocalError(f"EZSP {self.version} has no {name!r} (frames are listed in rigs/ezsp/frames.toml)")
        return found


@cache
def frame_table(version: int) -> FrameTable:
    """The frames of a protocol version. Raises LocalError for one that is not in the table."""
    if version not in VERSIONS:
        raise LocalError(f"EZSP {version} is not spoken here (allowed: {VERSIONS.start} to {VERSIONS.stop - 1})")
    rows = _rows()
    kept = (item for item in rows.items() if item[1].since <= version <= item[1].until)
    return FrameTable(version, tuple(_frame_type(row.name or key, row) for key, row in kept))


@cache
def _rows() -> dict[str, _Row]:
    text = files("rigs.ezsp").joinpath("frames.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, _Row]).validate_python(tomllib.loads(text))


def _frame_type(name: str, row: _Row) -> FrameType:
    return FrameType(name, row.id, row.handler, _struct(name, row.command), _struct(name, row.response))


def _struct(name: str, text: str) -> Construct[Any, Any]:
    fields = []
    for part in text.split():
        field, _, kind = part.partition(":")
        if kind not in TYPES:
            raise LocalError(f"frames.toml, {name}: {kind!r} is no type (allowed: {', '.join(TYPES)})")
        fields.append(field / TYPES[kind])
    return _Plain(Struct(*fields))


def build(struct: Construct[Any, Any], name: str, values: Mapping[str, Any]) -> bytes:
    """The parameters of a frame. Raises LocalError for a value that is missing or does not fit."""
    try:
        return bytes(struct.build(values))
    except (ConstructError, KeyError, TypeError, ValueError) as error:
        raise LocalError(f"{name}: {_first_line(error)}") from None


def read(struct: Construct[Any, Any], name: str, data: bytes) -> dict[str, Any]:
    """The inverse of :func:`build`. Raises DecodeError where bytes are missing."""
    try:
        found: dict[str, Any] = struct.parse(data)
    except ConstructError as error:
        raise DecodeError(_first_line(error), field=name) from None
    return found


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


# ---------------------------------------------------------------------- header

_RESPONSE, _CALLBACK = 0x80, 0x10
_FORMAT_1 = 0x01
_LEGACY_BYTES, HEADER_BYTES = 3, 5


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the parameters; a legacy header carries the first ``version`` alone."""

    sequence: int
    frame_id: int
    is_response: bool = False
    is_callback: bool = False
    is_legacy: bool = False

    def encode(self) -> bytes:
        """The header's bytes."""
        low = self.is_response * _RESPONSE | self.is_callback * _CALLBACK
        if self.is_legacy:
            return bytes((self.sequence, low, self.frame_id))
        return bytes((self.sequence, low, _FORMAT_1)) + self.frame_id.to_bytes(2, "little")


def split(frame: bytes) -> tuple[Header, bytes]:
    """Header and parameters of a frame. Raises DecodeError where it is too short or of another format."""
    if len(frame) > _LEGACY_BYTES and frame[2] == 0 and not frame[1] & 0x7F:
        return Header(frame[0], 0, bool(frame[1] & _RESPONSE), is_legacy=True), frame[_LEGACY_BYTES:]
    if len(frame) < HEADER_BYTES:
        raise DecodeError(f"{len(frame)} bytes are no EZSP frame", field="EZSP header")
    if frame[2] & 0x03 != _FORMAT_1:
        raise DecodeError(f"frame format {frame[2] & 3} is unknown", offset=2, field="EZSP header")
    number = int.from_bytes(frame[3:5], "little")
    return Header(frame[0], number, bool(frame[1] & _RESPONSE), bool(frame[1] & 0x18)), frame[HEADER_BYTES:]
