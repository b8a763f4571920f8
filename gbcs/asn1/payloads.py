"""ASN.1 payloads by message code and direction: typed where ``payloads.toml`` has a type that fits, else a tree."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from gbcs.asn1.nodes import Forms, Node, build_node, length_forms, parse_node, widen
from gbcs.asn1.schema import Asn1Type, type_named
from gbcs.asn1.values import Alert
from gbcs.errors import DecodeError

_SEQUENCE = 0x30
_CRAS = {"command": 1, "response": 2, "alert": 3}


@dataclass(frozen=True, slots=True)
class Asn1Payload:
    """One ASN.1 payload.

    ``type_name`` is a type of ``gbcs.asn`` and ``value`` its value (a class of :mod:`gbcs.asn1.values`, or a tuple, a
    number, bytes, None); without a type ``value`` is a :class:`~gbcs.asn1.nodes.Node`. ``length_forms`` lists the nodes
    whose lengths are longer than need be, as devices write them (:mod:`gbcs.asn1.nodes`); a tree keeps them itself.
    """

    type_name: str
    value: Any
    length_forms: Forms = ()


@dataclass(frozen=True, slots=True)
class PayloadRow:
    """One row of the table: a title, and the names of the types that may stand there."""

    title: str
    types: tuple[str, ...]
    source: str


def find_row(message_code: int | None, cra: int | None) -> PayloadRow | None:
    """The row of a message, or None."""
    return _ROWS.get((message_code, cra))


def decode_asn1(content: bytes, message_code: int | None = None, cra: int | None = None) -> Asn1Payload:
    """The typed payload; a tree where the message is unknown or its type does not fit.

    Raises DecodeError where the bytes are no ASN.1 at all.
    """
    row = _ROWS.get((message_code, cra))
    kind = _kinds(row.types).get(content[0]) if row is not None and content else None
    typed = _typed(kind, content) if kind is not None else None
    if typed is None and cra == _CRAS["alert"]:
        typed = _alert(content)
    return typed if typed is not None else Asn1Payload("", parse_node(content))


def encode_asn1(payload: Asn1Payload) -> bytes:
    """The bytes of a payload, with the lengths in their original form. Raises LocalError."""
    if isinstance(payload.value, Node):
        return build_node(payload.value)
    if isinstance(payload.value, Alert):
        return widen(_build_alert(payload.value), payload.length_forms)
    return widen(type_named(payload.type_name).build(payload.value), payload.length_forms)


def _typed(kind: Asn1Type, content: bytes) -> Asn1Payload | None:
    try:
        value, wide = kind.parse(content)
        return Asn1Payload(kind.name, value, length_forms(content) if wide else ())
    except DecodeError:
        return None


def _alert(content: bytes) -> Asn1Payload | None:
    """An alert of no type of ours: code and time read, the rest as nodes; None where it does not begin so."""
    root = parse_node(content)
    if root.tag != _SEQUENCE or isinstance(root.content, bytes) or len(root.content) < 2:
        return None
    code, at, *details = root.content
    try:
        head = type_named("Code").parse(build_node(code))[0], type_named("Time").parse(build_node(at))[0]
    except DecodeError:
        return None
    return Asn1Payload("Alert", Alert(*head, tuple(details)), length_forms(content))


def _build_alert(alert: Alert) -> bytes:
    head = parse_node(type_named("Code").build(alert.alert_code)), parse_node(type_named("Time").build(alert.at))
    return build_node(Node(_SEQUENCE, (*head, *alert.details)))


@cache
def _kinds(names: tuple[str, ...]) -> Mapping[int, Asn1Type]:
    """The types by their identifier bytes; a value of any type stands for a sequence (certificates)."""
    kinds = map(type_named, names)
    return {0x30 if kind.tag is None else kind.tag: kind for kind in kinds}


def _load() -> dict[tuple[int | None, int | None], PayloadRow]:
    rows = tomllib.loads(files(__package__).joinpath("payloads.toml").read_text("utf-8"))["payload"]
    return {
        (int(code, 16), _CRAS[row["cra"]]): PayloadRow(row["title"], tuple(row["types"]), row["source"])
        for row in rows
        for code in row["codes"]
    }


_ROWS = _load()
