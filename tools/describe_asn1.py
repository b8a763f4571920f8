"""ASN.1 payloads in plain values, and back: by the names of their classes, or as a tree of tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from gbcs.asn1 import Asn1Payload, LengthForm, Node, values
from gbcs.asn1.payloads import find_row
from gbcs.dlms import BitString
from gbcs.errors import LocalError
from tools.plain import Plain, bits_of, bits_text, number, octets, take

_ROLES = {0: "root", 1: "recovery", 2: "supplier", 3: "network operator", 4: "access control broker",
          5: "transitional CoS", 6: "WAN provider", 7: "issuing authority", 8: "load controller"}  # fmt: skip
_DEVICE_TYPES = {0: "GSME", 1: "ESME", 2: "CHF", 3: "GPF", 4: "HCALCS", 5: "PPMID", 6: "type 2"}
_MEANINGS = {"role": _ROLES, "device_type": _DEVICE_TYPES}
_TAG_NAMES = {0x02: "integer", 0x03: "bit string", 0x04: "octet string", 0x05: "null", 0x06: "object identifier",
              0x0A: "enumerated", 0x0C: "utf8 string", 0x13: "printable string", 0x17: "utc time",
              0x18: "generalized time", 0x30: "sequence", 0x31: "set"}  # fmt: skip
_NUMBER_TAGS, _TIME_TAGS = (0x02, 0x0A), (0x17, 0x18)


def asn1(value: Asn1Payload, message_code: int, cra: int) -> dict[str, Plain]:
    """The plain form of an ASN.1 payload."""
    row = find_row(message_code, cra)
    found: dict[str, Plain] = {"family": "ASN.1"}
    if isinstance(value.value, Node):
        return found | {"tree": _node(value.value)}
    if row is not None:
        found["title"] = row.title
    found |= {"type": value.type_name, "value": _plain(value.value)}
    if value.length_forms:
        found["length_forms"] = [[form.node, form.octets] for form in value.length_forms]
    return found


def read_asn1(plain: Plain) -> Asn1Payload:
    """The payload of :func:`asn1`. Raises LocalError."""
    if "tree" in plain:
        return Asn1Payload("", _read_node(plain["tree"]))
    name = take(plain, "type", str)
    forms = [form for form in plain.get("length_forms", ()) if isinstance(form, list) and len(form) == 2]
    return Asn1Payload(
        name, _read(plain.get("value"), _hint(name)), tuple([LengthForm(*map(_whole, form)) for form in forms])
    )


def _whole(value: Plain) -> int:
    if type(value) is not int:
        raise LocalError(f"length_forms: a number expected, got {value!r}")
    return value


# --- typed values -----------------------------------------------------------------------------------------------------


def _plain(value: Any) -> Plain:
    if isinstance(value, BitString):
        return bits_text(value)
    if isinstance(value, Node):
        return _node(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if not is_dataclass(value):
        return value
    found: dict[str, Plain] = {}
    for field in fields(value):
        inner = getattr(value, field.name)
        if inner is None and field.default is None:
            continue
        found[field.name] = _plain(inner)
        if field.name in _MEANINGS:
            found[f"{field.name}_name"] = _MEANINGS[field.name].get(inner, "?")
    return found


_HINTS: Mapping[str, Any] = {
    "Code": int,
    "Nothing": type(None),
    "DeviceId": bytes,
    "Certificate": bytes,
    "CredentialsReport": tuple[values.RoleCredentials, ...],
}


def _hint(name: str) -> Any:
    found = _HINTS.get(name) or getattr(values, name, None)
    if found is None:
        raise LocalError(f"type: {name!r} is no ASN.1 type that is known here")
    return found


@cache
def _field_hints(cls: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _read(plain: Plain, hint: Any) -> Any:
    """The value of a plain form, read as the annotation of its field says."""
    if get_origin(hint) in (UnionType, Union):
        if plain is None:
            return None
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is tuple:
        if not isinstance(plain, list):
            raise LocalError(f"value: a list expected, got {plain!r}")
        return tuple([_read(one, get_args(hint)[0]) for one in plain])
    if hint is BitString:
        return bits_of(plain)
    if hint is Node:
        return _read_node(plain)
    if hint is bytes:
        return octets(plain)
    if is_dataclass(hint):
        return _read_class(plain, hint)
    wanted = hint if isinstance(hint, type) else object
    if not isinstance(plain, wanted) or isinstance(plain, bool):
        raise LocalError(f"value: {wanted.__name__} expected, got {plain!r}")
    return plain


def _read_class(plain: Plain, cls: Any) -> Any:
    if not isinstance(plain, Mapping):
        raise LocalError(f"value: the fields of {cls.__name__} expected, got {plain!r}")
    hints = _field_hints(cls)
    missing = [
        field.name
        for field in fields(cls)
        if field.name not in plain
        and type(None) not in get_args(hints[field.name])
        and hints[field.name] is not type(None)
    ]
    if missing:
        raise LocalError(f"value: {cls.__name__} needs {', '.join(missing)}")
    return cls(**{field.name: _read(plain.get(field.name), hints[field.name]) for field in fields(cls)})


# --- trees ------------------------------------------------------------------------------------------------------------


def _node(node: Node) -> dict[str, Plain]:
    found: dict[str, Plain] = {"tag": f"{node.tag:02X}", "name": _TAG_NAMES.get(node.tag, f"[{node.tag & 0x1F}]")}
    if node.length_octets:
        found["length_octets"] = node.length_octets
    if isinstance(node.content, tuple):
        return found | {"nodes": [_node(inner) for inner in node.content]}
    found["content"] = node.content.hex()
    if node.tag in _NUMBER_TAGS:
        found["number"] = int.from_bytes(node.content, "big", signed=True)
    elif node.tag in _TIME_TAGS and node.content.isascii():
        found["time"] = node.content.decode("ascii")
    return found


def _read_node(plain: Plain) -> Node:
    tag = number(take(plain, "tag", str), "tag")
    length_octets = plain.get("length_octets", 0)
    if not 0 <= tag <= 0xFF or type(length_octets) is not int:
        raise LocalError(f"tree: {plain!r} is no node")
    if "nodes" in plain:
        return Node(tag, tuple([_read_node(inner) for inner in take(plain, "nodes", list)]), length_octets)
    return Node(tag, octets(take(plain, "content", str), "content"), length_octets)
