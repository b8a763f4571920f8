"""What of a payload has no field of its own: the parts that are kept as bytes or as a plain tree."""

from __future__ import annotations

from collections.abc import Iterator

from gbcs.asn1.nodes import Node
from gbcs.asn1.payloads import Asn1Payload
from gbcs.dlms.access import AccessRequest, AccessResponse
from gbcs.dlms.compact import CompactArray
from gbcs.dlms.data import Data
from gbcs.dlms.notification import DataNotification
from gbcs.dlms.rows import read_rows
from gbcs.errors import DecodeError
from gbcs.gbz.alerts import GbzAlert
from gbcs.gbz.components import Encrypted
from gbcs.gbz.layouts import RAW
from gbcs.security import Opened, gbz_components


def without_fields(opened: Opened) -> tuple[str, ...]:
    """The parts of a payload that are not decoded to fields; empty where every byte has its field."""
    return (*_asn1(opened), *_gbz(opened), *_dlms(opened))


def _asn1(opened: Opened) -> Iterator[str]:
    if isinstance(opened.payload, Asn1Payload) and isinstance(opened.payload.value, Node):
        yield "an ASN.1 payload without a type"


def _gbz(opened: Opened) -> Iterator[str]:
    components = gbz_components(opened.payload)
    for number, component in enumerate(components):
        plain = opened.zcl[number] if opened.zcl else None
        inner = plain if isinstance(component.payload, Encrypted) else component.payload
        if inner is None:
            yield f"component {number + 1} is encrypted"
        elif inner.layout is RAW:
            yield f"component {number + 1} is a command without a layout"
    details = opened.payload.details if isinstance(opened.payload, GbzAlert) else None
    # Two bytes are the whole detail of an integrity warning (spec sheet 7.2); more would be a shape of their own.
    if isinstance(details, bytes) and len(details) > 2:
        yield "an alert with details of an unknown shape"


def _dlms(opened: Opened) -> Iterator[str]:
    for number, plain in enumerate(opened.plaintexts):
        if plain is not None:
            yield from _data(plain, f"plaintext {number + 1}")
    payload = opened.payload
    if isinstance(payload, AccessRequest):
        yield from _data(payload.arguments, "request")
    elif isinstance(payload, AccessResponse):
        yield from _data(payload.data, "response")
    elif isinstance(payload, DataNotification):
        yield from _data(payload.body, "notification")


def _data(values: tuple[object, ...], where: str) -> Iterator[str]:
    for value in values:
        if not isinstance(value, Data):
            continue
        if isinstance(value.value, tuple):
            yield from _data(value.value, where)
        elif isinstance(value.value, CompactArray):
            try:
                read_rows(value.value)
            except DecodeError as error:
                yield f"{where}: {error}"
