"""Payload families: told by their first bytes, DLMS decoded to the field, the others kept as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.dlms import AccessRequest, AccessResponse, DataNotification
from gbcs.errors import DecodeError, LocalError
from gbcs.payload import decode_payload, encode_payload

REQUEST = bytes.fromhex("d92000000700 01 01 0003 0100020800ff 02 01 00".replace(" ", ""))
RESPONSE = bytes.fromhex("da200000070000 01 06 0000000a 01 0100".replace(" ", ""))
NOTIFICATION = bytes.fromhex("0f2000000700 0202 128f30 090c 07df0101ff000000008000ff".replace(" ", ""))


@pytest.mark.parametrize(
    ("content", "kind"),
    [(REQUEST, AccessRequest), (RESPONSE, AccessResponse), (NOTIFICATION, DataNotification)],
)
def test_the_first_byte_tells_the_dlms_payloads(content: bytes, kind: type) -> None:
    payload = decode_payload(content)
    assert type(payload) is kind
    assert encode_payload(payload) == content


@given(st.sampled_from([b"\x01\x09", b"\x30", b"\x02", b"\x05", b""]), st.binary(min_size=1, max_size=60))
def test_every_other_content_encodes_to_its_own_bytes_or_is_refused(head: bytes, tail: bytes) -> None:
    try:
        payload = decode_payload(head + tail)
    except DecodeError:
        return
    assert encode_payload(payload) == head + tail


def test_asn1_content_keeps_its_bytes_even_where_lengths_are_not_minimal() -> None:
    content = bytes.fromhex("3082000302010a")
    payload = decode_payload(content)
    assert not isinstance(payload, AccessRequest | AccessResponse | DataNotification)
    assert encode_payload(payload) == content


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no payload"),
        (REQUEST[:-1], "needed"),
        (REQUEST + b"\x00", "left over"),
        (REQUEST[:-2] + b"\x00", "1 specifications, 0 data"),
        (REQUEST[:7] + b"\x05" + REQUEST[8:], "unknown access request 0x05"),
        (RESPONSE[:-3] + b"\x00", "1 data, 0 results"),
        (NOTIFICATION[:7] + b"\x01" + NOTIFICATION[8:11], "starts with alert code"),
        (NOTIFICATION.replace(b"\x12\x8f", b"\x10\x8f"), "starts with alert code"),
        (NOTIFICATION[:12] + b"\x0b" + NOTIFICATION[13:-1], "starts with alert code"),
        (b"\xd9\x20\x00\x00\x07\x01\x00\x00", "expected 00, got 01"),
    ],
)
def test_what_is_wrong_is_named(content: bytes, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        decode_payload(content)


def test_only_payloads_are_encoded() -> None:
    with pytest.raises(LocalError, match="bytes is no payload"):
        encode_payload(b"\xd9")  # type: ignore[arg-type]
