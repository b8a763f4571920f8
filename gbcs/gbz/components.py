"""GBZ framing: profile, components with their controls, and one ZCL command in each (spec sheet 8).

Declared in Construct's vocabulary and fused; the ZCL payload inside a component is read by the layout that the tables
have for it (:mod:`gbcs.gbz.catalogue`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from construct import Const, GreedyBytes, Int8ub, Int16ub, Int32ub

from gbcs.declare import Counted, Fields, Record, Sized16, Tagged, Typed
from gbcs.errors import DecodeError, LocalError
from gbcs.fuse import fuse
from gbcs.gbz.catalogue import layout_of
from gbcs.gbz.layouts import Zcl, generic

LAST, ENCRYPTED, FROM_DATE_TIME = 0x01, 0x02, 0x10
"""Bits of a component's control byte."""


@dataclass(frozen=True, slots=True)
class Encrypted:
    """An encrypted ZCL payload: the blob of spec sheet 2.4."""

    blob: bytes


@dataclass(frozen=True, slots=True)
class Component:
    """One component: control bits, cluster, ZCL header and typed payload.

    ``from_date_time`` (seconds since 2000; 0xFFFFFFFF cancels) is there where the control bit 0x10 says so;
    ``additional_control`` and ``frame_counter`` where the payload is encrypted. The frame counter counts the encrypted
    components of the message; it is in neither key nor initialisation vector.
    """

    control: int
    cluster: int
    frame_control: int
    sequence: int
    command: int
    payload: Zcl | Encrypted
    from_date_time: int | None = None
    additional_control: int | None = None
    frame_counter: int | None = None


@dataclass(frozen=True, slots=True)
class GbzPayload:
    """The components of a GBZ command or response, in order."""

    components: tuple[Component, ...]


@lru_cache(maxsize=1024)
def decode_zcl(cluster: int, frame_control: int, command: int, payload: bytes) -> Zcl:
    """The typed payload of a ZCL command; under the generic layout where no row of the tables fits it.

    Cached: payloads are small, immutable, and the same reads and status answers come again and again.
    """
    layout = layout_of(cluster, frame_control, command)
    if layout is None:
        return generic(payload)
    try:
        return layout.parse(payload)
    except DecodeError:
        return generic(payload)


def _encode_zcl(value: Zcl | Encrypted) -> bytes:
    if not isinstance(value, Zcl):
        raise LocalError("an encrypted payload needs the control bit 02")
    return value.encode()


def _blob(value: Zcl | Encrypted) -> bytes:
    if not isinstance(value, Encrypted):
        raise LocalError("the control bit 02 needs an encrypted payload")
    return value.blob


_ZCL_HEADER = ("frame_control" / Int8ub, "sequence" / Int8ub, "command" / Int8ub)
_ENCRYPTION = ("additional_control" / Int8ub, "frame_counter" / Int8ub)
_FROM = ("from_date_time" / Int32ub,)
_CLEAR = Typed(GreedyBytes, ("cluster", "frame_control", "command"), decode_zcl, _encode_zcl)
_BLOB = Typed(Sized16(GreedyBytes), (), Encrypted, _blob)


def _choice(control: int) -> Fields:
    extra = (*(_ENCRYPTION if control & ENCRYPTED else ()), *(_FROM if control & FROM_DATE_TIME else ()))
    payload = "payload" / (_BLOB if control & ENCRYPTED else _CLEAR)
    return Fields("cluster" / Int16ub, Sized16(Fields(*extra, *_ZCL_HEADER, payload)))


COMPONENT = Tagged(
    Component,
    "component control",
    {bits: _choice(bits) for bits in range(0x14) if not bits & ~(LAST | ENCRYPTED | FROM_DATE_TIME)},
)
GBZ_PAYLOAD = Record(GbzPayload, Const(b"\x01\x09"), "components" / Counted(COMPONENT))

_PAYLOAD = fuse(GBZ_PAYLOAD, "GBZ payload")
_COMPONENT = fuse(COMPONENT, "GBZ component")


def decode_gbz(content: bytes) -> GbzPayload:
    """The typed components of a GBZ command or response. Raises DecodeError."""
    payload: GbzPayload = _PAYLOAD.parse(content)
    return payload


def encode_gbz(payload: GbzPayload) -> bytes:
    """The bytes of a GBZ payload. Raises LocalError where a value does not fit."""
    return _PAYLOAD.build(payload)


def decode_component(data: bytes) -> Component:
    """One component that fills the bytes. Raises DecodeError."""
    component: Component = _COMPONENT.parse(data)
    return component


def encode_component(component: Component) -> bytes:
    """The bytes of one component. Raises LocalError."""
    return _COMPONENT.build(component)


def with_plaintexts(payload: GbzPayload, plaintexts: Sequence[Zcl | None]) -> GbzPayload:
    """The payload with what was decrypted in place of the encrypted parts; it no longer encodes as it was."""
    return GbzPayload(
        tuple(
            replace(one, payload=plain) if plain is not None else one
            for one, plain in zip(payload.components, plaintexts, strict=True)
        )
    )
