"""Lengths that are longer than need be: found, kept beside the value, and put back to the byte."""

from __future__ import annotations

import payload_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.asn1 import LengthForm, Node
from gbcs.asn1.nodes import build_node, length_forms, parse_node, widen
from gbcs.asn1.payloads import decode_asn1, encode_asn1, find_row
from gbcs.errors import DecodeError, LocalError

TAGS = st.sampled_from([0x02, 0x04, 0x05, 0x80, 0x18])
TREES = st.recursive(
    st.tuples(TAGS, st.binary(max_size=5), st.sampled_from([0, 0, 1, 2, 4])),
    lambda inner: st.tuples(st.just(0x30), st.lists(inner, max_size=4).map(tuple), st.sampled_from([0, 0, 1, 3])),
    max_leaves=12,
)


def node(tree: tuple[int, bytes | tuple[object, ...], int]) -> Node:
    tag, content, octets = tree
    inner = content if isinstance(content, bytes) else tuple(map(node, content))  # type: ignore[arg-type]
    return Node(tag, inner, octets)


def minimal(of: Node) -> Node:
    return Node(of.tag, of.content if isinstance(of.content, bytes) else tuple(map(minimal, of.content)))


@given(TREES)
def test_forms_turn_minimal_lengths_back_into_what_stood_there(tree: tuple[int, bytes, int]) -> None:
    root = node(tree)
    # A length octet that is needed anyway is minimal, and no form of its own.
    data = build_node(parse_node(build_node(root)))
    assert data == build_node(root)
    assert widen(build_node(minimal(parse_node(data))), length_forms(data)) == data


def test_a_device_answer_keeps_its_lengths_as_a_value() -> None:
    payload = decode_asn1(samples.ASN1[0x0102, 2], 0x0102, 2)
    assert payload.type_name == "CredentialsUpdated"
    assert payload.length_forms == (LengthForm(0, 3), LengthForm(2, 2), LengthForm(5, 1), LengthForm(6, 2))
    assert encode_asn1(payload) == samples.ASN1[0x0102, 2]
    shorter = encode_asn1(type(payload)(payload.type_name, payload.value))
    assert shorter == samples.tlv(0x30, shorter[2:]) and len(shorter) == len(samples.ASN1[0x0102, 2]) - 8


def test_an_alert_of_no_type_of_ours_reads_as_code_time_and_nodes() -> None:
    payload = decode_asn1(samples.ASN1[0x00B2, 3], 0x00B2, 3)
    assert payload.type_name == "Alert" and payload.value.alert_code == 0x8F66
    assert encode_asn1(payload) == samples.ASN1[0x00B2, 3]
    assert decode_asn1(bytes.fromhex("30060201050201 05"), 0x00B2, 3).type_name == ""


def test_without_message_code_a_payload_is_a_tree() -> None:
    payload = decode_asn1(samples.ASN1[0x0008, 1])
    assert isinstance(payload.value, Node) and payload.type_name == ""
    assert find_row(None, None) is None and find_row(0x0008, 1) is not None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("", "no ASN.1 value"),
        ("1f810000", "tag of several bytes"),
        ("30", "1 byte needed"),
        ("3080", "length of 0 bytes"),
        ("30850000000000", "length of 5 bytes"),
        ("3003020100 00", "left over"),
        ("3002020100", "needed|left over"),
    ],
)
def test_what_is_no_tree_is_named(data: str, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        parse_node(bytes.fromhex(data))


@pytest.mark.parametrize("forms", [(LengthForm(7, 2),), (LengthForm(0, 9),), (LengthForm(1, -1),)])
def test_forms_that_fit_no_node_are_refused(forms: tuple[LengthForm, ...]) -> None:
    data = samples.tlv(0x30, samples.tlv(0x04, bytes(3)))
    if forms[0].octets == 9:
        assert len(widen(data, forms)) == len(data) + 9
        return
    with pytest.raises(LocalError):
        widen(data, forms)
