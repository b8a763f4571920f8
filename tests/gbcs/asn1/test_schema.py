"""The compiled ASN.1 types against the library that read their declaration: same values, same bytes, both ways."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, get_type_hints

import asn1tools
import payload_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_set import reference_messages

import gbcs
from gbcs.asn1 import values
from gbcs.asn1.payloads import decode_asn1
from gbcs.asn1.schema import declaration, type_named
from gbcs.declare import BitString
from gbcs.errors import DecodeError, LocalError

LIBRARY = asn1tools.compile_string(declaration(), "der")
CLASSES = [
    cls
    for name, cls in vars(values).items()
    if is_dataclass(cls) and cls.__module__ == values.__name__ and name != "Alert"
]


STATUS = {0: "success", 10: "notReplaced", 25: "noCredentials", 127: "notPermitted"}
TIME_FIELDS = ("at", "now", "earliest", "latest", "execute_at")


def to_library(value: Any) -> Any:
    """A value as the library has it: dicts with the names of the declaration, lists, (bytes, bits), dates, names."""
    if isinstance(value, BitString):
        return value.octets, value.length
    if isinstance(value, tuple):
        return [to_library(one) for one in value]
    if not is_dataclass(value):
        return value
    names = {field.name: re.sub("_(.)", lambda m: m[1].upper(), field.name) for field in fields(value)}
    hints = get_type_hints(type(value))
    given = {names[name]: getattr(value, name) for name in names}
    return {
        names[name]: field_to_library(type(value), name, given[names[name]])
        for name in names
        if given[names[name]] is not None or hints[name] is type(None)
    }


def field_to_library(cls: type, name: str, value: Any) -> Any:
    if name in TIME_FIELDS and value is not None:
        return datetime.strptime(value, "%Y%m%d%H%M%S%z").replace(tzinfo=None)
    if name == "status" and cls is not values.ClockReport:
        return STATUS[value]
    return to_library(value)


def bit_strings() -> st.SearchStrategy[BitString]:
    """Bit strings whose unused bits are zero, as the library has them."""
    return st.text("01", max_size=20).map(
        lambda text: BitString(
            len(text), bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))
        )
    )


TIMES = (
    st.datetimes().map(lambda moment: f"{max(moment.year, 1000)}{moment:%m%d%H%M%SZ}").filter(lambda t: "0229" not in t)
)


def made(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a class; its bytes that are certificates are any DER."""
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: of(field.name, hints[field.name]) for field in fields(cls)})


def of(name: str, hint: Any) -> st.SearchStrategy[Any]:
    der = st.binary(max_size=200).map(lambda content: samples.tlv(0x30, content, octets=1 if len(content) > 127 else 0))
    if hint is BitString:
        return bit_strings()
    if name == "status":
        return st.sampled_from(sorted(STATUS))
    if name == "certificates":
        return st.lists(der, max_size=2).map(tuple)
    if name == "certificate":
        return st.one_of(der, st.none()) if hint is not bytes else der
    if isinstance(hint, type) and is_dataclass(hint):
        return made(hint)
    inner = [one for one in getattr(hint, "__args__", ()) if isinstance(one, type) and is_dataclass(one)]
    if inner and getattr(hint, "__origin__", None) is tuple:
        return st.lists(made(inner[0]), max_size=3).map(tuple)
    if inner:
        return st.one_of(st.none(), made(inner[0]))
    nested = [one for one in getattr(hint, "__args__", ()) if getattr(one, "__origin__", None) is tuple]
    if nested:
        return st.one_of(st.none(), of(name, nested[0]))
    if name in TIME_FIELDS:
        return st.one_of(st.none(), TIMES) if name == "execute_at" else TIMES
    return st.from_type(hint)


@given(st.data(), st.sampled_from(CLASSES))
def test_the_library_writes_and_reads_the_same(data: st.DataObject, cls: type[Any]) -> None:
    value = data.draw(made(cls))
    kind = type_named(cls.__name__)
    encoded = kind.build(value)
    assert encoded == LIBRARY.encode(cls.__name__, to_library(value))
    assert LIBRARY.decode(cls.__name__, encoded) == to_library(value)
    assert kind.parse(encoded) == (value, False)


@pytest.mark.parametrize("key", samples.ASN1)
def test_samples_with_minimal_lengths_read_the_same(key: tuple[int, int]) -> None:
    payload = decode_asn1(samples.ASN1[key], *key)
    if payload.type_name and payload.type_name != "Alert" and not payload.length_forms:
        assert LIBRARY.decode(payload.type_name, samples.ASN1[key]) == to_library(payload.value)


def test_reference_payloads_with_minimal_lengths_read_and_write_the_same() -> None:
    compared = 0
    for data in reference_messages():
        message = gbcs.decode(data)
        payload = gbcs.message_payload(message)
        if not isinstance(payload, gbcs.Asn1Payload) or payload.length_forms:
            continue
        assert LIBRARY.decode(payload.type_name, message.content) == to_library(payload.value)
        assert LIBRARY.encode(payload.type_name, to_library(payload.value)) == message.content
        compared += 1
    assert compared >= 100


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("Code", "", "cut short"),
        ("Code", "02", "cut short"),
        ("Code", "0200", "not minimal"),
        ("Code", "02020001", "not minimal"),
        ("Code", "0202ff80", "not minimal"),
        ("Code", "020100ff", "left over"),
        ("Code", "0302", "expected"),
        ("Nothing", "050100", "holds nothing"),
        ("KeyRequest", "3003030108", "unused bits"),
        ("KeyRequest", "3002030009", "left over|unused bits"),
        ("FirmwareVersion", "3003020100", "expected"),
        ("FirmwareVersion", "300704000201000500", "left over"),
        ("ClockReport", "3006180180020100", "not ASCII"),
        ("Code", "02850000000001", "length of 5"),
    ],
)
def test_what_does_not_fit_the_type_is_named(name: str, data: str, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        type_named(name).parse(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Code", "5"),
        ("Code", True),
        ("DeviceId", "text"),
        ("KeyRequest", values.KeyRequest(BitString(20, b"\x00"))),
        ("KeyRequest", values.FirmwareVersion(b"", 0)),
        ("FirmwareVersion", values.FirmwareVersion(None, 0)),  # type: ignore[arg-type]
        ("ClockReport", values.ClockReport("\u20ac", 0)),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, value: Any) -> None:
    with pytest.raises(LocalError):
        type_named(name).build(value)


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(LocalError, match="'Unheard' is no type"):
        type_named("Unheard")
