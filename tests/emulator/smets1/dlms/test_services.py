"""The declarations of services: vectors of independent libraries, compiled code against the interpreter."""

from __future__ import annotations

from typing import Any

import pytest
from dlms_meters import associated, get
from interpreted import interpret

from emulator.smets1.dlms import acse
from emulator.smets1.dlms.answers import FUSED_RESPONSE, RESPONSE
from emulator.smets1.dlms.apdu import (
    EXCEPTION,
    FUSED_EXCEPTION,
    FUSED_REQUEST,
    REQUEST,
    ServiceError,
    StateError,
    refusal,
)
from emulator.smets1.dlms.ciphering import ENVELOPE, FUSED_ENVELOPE
from emulator.smets1.dlms.data import COSEM_DATA, FUSED_DATA
from gbcs.errors import DecodeError

RANGE = (
    "c001c1 0007 0100630100ff 02 0101 0204 0204 120008 0906 0000010000ff 0f02 120000 "
    "090c 07ea0b17ff001e00ff800000 090c 07ea0b18ff000000ff800000 0100"
)
REQUESTS = [
    "c0 01 c1 0007 0100630100ff 02 00",
    "c0 01 c1 0007 0100630100ff 02 01 02 0204 06 00000001 06 00000030 12 0001 12 0000",
    RANGE,
    "c0 02 c1 00000001",
    "c0 03 c1 02 0008 0000010000ff 02 00 0003 0100010800ff 03 00",
    "c1 01 c1 0008 0000010000ff 02 00 09 0c 07ea0b17ff001e00ff800000",
    "c1 01 c1 0008 0000010000ff 02 00 19 07ea0b17ff001e00ff800000",
    "c3 01 c1 000f 0000280000ff 01 01 09 11 10 00000001 000102030405060708090a0b",
    "c3 01 c1 0008 0000010000ff 03 00",
]
RESPONSES = [
    "c4 01 c1 00 06 00000005",
    "c4 01 c1 01 04",
    "c4 02 c1 00 00000001 00 03 010203",
    "c4 02 c1 01 00000002 01 13",
    "c4 03 c1 02 00 11 05 01 0b",
    "c5 01 c1 00",
    "c7 01 c1 00 00",
    "c7 01 c1 00 01 00 09 02 0102",
    "c7 01 c1 03 00",
]
ENVELOPES = [
    "c8 1e 30 01234567 411312ff935a47566827c467bc 7d825c3be4a77c3fcc056b6b",
    "21 08 30 00000001 010203",
    "db 08 4d4d4d0000bc614e 08 30 00000001 010203",
    "db 00 08 30 00000001 010203",
]
INITIATES = [
    "01 00 00 00 06 5f1f 04 00 401e5d 0400",
    "01 01 10 000102030405060708090a0b0c0d0e0f 01 00 01 05 06 5f1f 04 00 401e5d ffff",
]
TABLE = [
    *((REQUEST, FUSED_REQUEST, text) for text in REQUESTS),
    *((RESPONSE, FUSED_RESPONSE, text) for text in RESPONSES),
    *((ENVELOPE, FUSED_ENVELOPE, text) for text in ENVELOPES),
    *((acse.INITIATE_REQUEST, acse.FUSED_INITIATE_REQUEST, text) for text in INITIATES),
    (acse.INITIATE_RESPONSE, acse.FUSED_INITIATE_RESPONSE, "08 00 06 5f1f 04 00 401e5d ffff 0007"),
    (EXCEPTION, FUSED_EXCEPTION, "d8 01 01"),
    (EXCEPTION, FUSED_EXCEPTION, "d8 01 06 00000007"),
    (COSEM_DATA, FUSED_DATA, "02 03 19 07ea0b17ff001e00ff800000 1a 07ea0b17ff 1b 001e00ff"),
]


@pytest.mark.parametrize(("declaration", "fused", "text"), TABLE, ids=[text for _, _, text in TABLE])
def test_compiled_and_interpreted_agree_and_give_the_bytes_back(declaration: Any, fused: Any, text: str) -> None:
    data = bytes.fromhex(text)
    value = interpret(declaration, data)
    assert fused.parse(data) == value
    assert fused.build(value) == declaration.build(value) == data


@pytest.mark.parametrize(("declaration", "fused", "text"), TABLE, ids=[text for _, _, text in TABLE])
def test_every_cut_is_refused(declaration: Any, fused: Any, text: str) -> None:
    data = bytes.fromhex(text)
    for size in range(len(data)):
        try:
            fused.parse(data[:size])
        except DecodeError:
            continue
        # what is cut may be a service of its own; then the interpreter takes it as well
        interpret(declaration, data[:size])
    with pytest.raises(DecodeError):
        fused.parse(data + b"\x00")


@pytest.mark.parametrize("text", ["c2 01 c1", "c0 04 c1 00", "c0 09 c1", "d0 01", ""])
def test_an_unknown_service_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(DecodeError, match=r"service|form|1 byte"):
        FUSED_REQUEST.parse(bytes.fromhex(text))


def test_the_opening_as_the_independent_libraries_write_it() -> None:
    plain = bytes.fromhex("601da109060760857405080101be10040e01000000065f1f0400401e5d0400")
    parsed = acse.parse(acse.AARQ, plain, "AARQ")
    assert parsed == acse.Aarq(acse.CONTEXT_LN, user_information=bytes.fromhex("01000000065f1f0400401e5d0400"))
    assert acse.AARQ.build(parsed) == plain
    password = bytes.fromhex(
        "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400401e5dffff"
    )
    parsed = acse.parse(acse.AARQ, password, "AARQ")
    assert (parsed.mechanism, parsed.authentication) == (acse.MECHANISM_LLS, b"12345678")
    assert acse.AARQ.build(parsed) == password


def test_the_release_has_the_length_that_it_says() -> None:
    assert acse.RLRE.build(acse.Release(0)) == bytes.fromhex("6303800100")
    with_information = acse.RLRE.build(acse.Release(0, bytes(14)))
    assert with_information[1] == len(with_information) - 2 == 21


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("60", "stream"),
        ("6000ff", "left over"),
        ("6003a103", "stream|bytes"),
        ("6002ff00", "0xff"),
        ("6012" + "a109060760857405080101" + "a1050603608574", "0xa1"),
        ("6084ffffffff", "stream"),
        ("608100", "minimal"),
    ],
)
def test_a_malformed_opening_is_an_error_with_its_place(text: str, says: str) -> None:
    with pytest.raises(DecodeError, match=says):
        acse.parse(acse.AARQ, bytes.fromhex(text), "AARQ")


def test_packed_answers_are_the_declared_ones() -> None:
    client = associated(max_pdu=200)
    requests = [
        get(bytes.fromhex("0000010000ff"), 8, 2),
        get(bytes.fromhex("0000010000ff"), 8, 77),
        get(bytes.fromhex("0100630100ff"), 7, 2),
        bytes.fromhex("c002c100000001"),
        bytes.fromhex("c002c100000099"),
        bytes.fromhex("c003c10200080000010000ff0200 00030100010800ff0300"),
        bytes.fromhex("c101c100080000010000ff0200 0600000000"),
        bytes.fromhex("c301c100080000010000ff0300"),
    ]
    seen = set()
    for request in requests:
        answer = client.send(request)
        assert FUSED_RESPONSE.build(FUSED_RESPONSE.parse(answer)) == answer
        seen.add(answer[:2])
    assert seen >= {b"\xc4\x01", b"\xc4\x02", b"\xc4\x03", b"\xc5\x01", b"\xc7\x01"}


def test_a_refusal_names_the_counter_that_would_do() -> None:
    assert refusal(StateError.SERVICE_NOT_ALLOWED, ServiceError.INVOCATION_COUNTER_ERROR, 5).hex() == "d8010600000005"
