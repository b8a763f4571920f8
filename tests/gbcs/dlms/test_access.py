"""Access-Request and Access-Response: the layouts of spec sheet 4, the errors of it, property over made-up ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.dlms import (
    AccessRequest,
    AccessResponse,
    Choice,
    Data,
    ProtectedObject,
    ProtectedRead,
    ProtectedResult,
    RangeSelection,
    Restriction,
    Result,
    ResultCode,
    Specification,
    Tag,
)
from gbcs.dlms.access import ACCESS_REQUEST, ACCESS_RESPONSE, invoke_id
from gbcs.dlms.data import NULL, structure, uint32
from gbcs.dlms.protection import data_protection_instance
from gbcs.errors import DecodeError, LocalError
from gbcs.payload import decode_payload, encode_payload

BYTE, WORD, LONG, DOUBLE = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
EUIS, NAMES, TIMES = (st.binary(min_size=n, max_size=n) for n in (8, 6, 12))
SIMPLE = st.just(NULL) | LONG.map(uint32) | st.binary(max_size=9).map(lambda v: Data(Tag.OCTET_STRING, v))
RESTRICTIONS = st.just(Restriction(0)) | st.builds(Restriction, st.just(1), TIMES, TIMES)
OBJECTS = st.builds(ProtectedObject, WORD, NAMES, BYTE, WORD, RESTRICTIONS)
PROTECTED = st.builds(ProtectedRead, st.lists(OBJECTS, max_size=3).map(tuple), DOUBLE, EUIS, EUIS)
PLAIN = st.builds(Specification, st.sampled_from([1, 2, 3]), WORD, NAMES, BYTE)
SELECTED = st.builds(Specification, st.just(4), WORD, NAMES, BYTE, BYTE, st.builds(RangeSelection, LONG, LONG) | SIMPLE)
ITEMS = st.lists(st.tuples(PLAIN | SELECTED, SIMPLE | PROTECTED), max_size=5)
ANSWERS = SIMPLE | st.builds(ProtectedResult, DOUBLE, EUIS, EUIS, st.binary(max_size=200))


@given(LONG, ITEMS)
def test_requests_round_trip_and_equal_the_declaration(
    number: int, items: list[tuple[Specification, Data | ProtectedRead]]
) -> None:
    request = AccessRequest(number, tuple(one for one, _ in items), tuple(argument for _, argument in items))
    encoded = encode_payload(request)
    assert decode_payload(encoded) == request
    assert ACCESS_REQUEST.parse(encoded) == request and ACCESS_REQUEST.build(request) == encoded


@given(LONG, st.lists(st.tuples(ANSWERS, st.builds(Result, BYTE, BYTE)), max_size=5))
def test_responses_round_trip_and_equal_the_declaration(
    number: int, items: list[tuple[Data | ProtectedResult, Result]]
) -> None:
    response = AccessResponse(number, tuple(one for one, _ in items), tuple(result for _, result in items))
    encoded = encode_payload(response)
    assert decode_payload(encoded) == response
    assert ACCESS_RESPONSE.parse(encoded) == response and ACCESS_RESPONSE.build(response) == encoded


@given(DOUBLE)
def test_the_invoke_id_is_break_on_error_and_24_bits_of_the_counter(counter: int) -> None:
    assert invoke_id(counter) == 0x20 << 24 | counter % 2**24


def test_the_error_answer_of_the_spec_sheet() -> None:
    response = AccessResponse(invoke_id(7), (NULL,), (Result(3, ResultCode.HARDWARE_FAULT),))
    assert encode_payload(response) == bytes.fromhex("da20000007 0000 0100 010301".replace(" ", ""))


def test_the_selection_of_the_spec_sheet_has_32_bytes_and_other_ones_stay_data() -> None:
    one = Specification(Choice.GET_WITH_SELECTION, 7, bytes.fromhex("0000620100ff"), 2, 1, RangeSelection(1, 2))
    encoded = encode_payload(AccessRequest(invoke_id(1), (one,), (NULL,)))
    expected = "0204 0204 120001 0906 00005e2c64ff 0f02 120000 06 00000001 06 00000002 0100".replace(" ", "")
    assert bytes.fromhex(expected) in encoded
    assert len(bytes.fromhex(expected)) == 32
    other = encoded.replace(bytes.fromhex("00005e2c64ff"), bytes.fromhex("00005e2c64fe"))
    request = decode_payload(other)
    assert isinstance(request, AccessRequest)
    assert isinstance(request.specifications[0].selection, Data)
    assert encode_payload(request) == other


def test_the_argument_of_a_protected_read_is_that_of_the_spec_sheet() -> None:
    restriction = Restriction(1, bytes(12), b"\xff" * 12)
    item = ProtectedObject(7, bytes.fromhex("0000630100ff"), 2, 0, restriction)
    argument = ProtectedRead((item,), 7, b"\x01" * 8, b"\x02" * 8)
    one = Specification(Choice.ACTION, 30, data_protection_instance(7), 1)
    encoded = encode_payload(AccessRequest(invoke_id(7), (one,), (argument,)))
    expected = (
        "0202 0101 0205 120007 0906 0000630100ff 0f02 120000 0202 1601 0202 090c" + "00" * 12 + "090c" + "ff" * 12
        + "0101 0202 1602 0205 0909 04 0000000000000007 0908 0101010101010101 0908 0202020202020202 0900"
        "0202 1602 0202 0901 02 0900"
    )  # fmt: skip
    assert encoded.endswith(bytes.fromhex(expected.replace(" ", "")))


def test_an_argument_a_byte_beside_the_known_shape_stays_data_and_keeps_its_bytes() -> None:
    argument = ProtectedRead((), 7, bytes(8), bytes(8))
    one = Specification(Choice.ACTION, 30, data_protection_instance(7), 1)
    encoded = encode_payload(AccessRequest(1, (one,), (argument,)))
    other = encoded[:-3] + b"\x03\x09\x00"  # other key parameters
    request = decode_payload(other)
    assert isinstance(request, AccessRequest)
    assert isinstance(request.arguments[0], Data)
    assert encode_payload(request) == other


@pytest.mark.parametrize(
    "request_",
    [
        AccessRequest(1, (Specification(9, 7, bytes(6), 2),), (NULL,)),
        AccessRequest(1, (Specification(1, 7, bytes(5), 2),), (NULL,)),
        AccessRequest(1, (Specification(4, 7, bytes(6), 2),), (NULL,)),
        AccessRequest(2**32, (), ()),
        AccessRequest(1, (Specification(1, 70_000, bytes(6), 2),), (NULL,)),
        AccessRequest(1, (), (structure(Data(99, 1)),)),
    ],
)
def test_what_has_no_form_on_the_wire_is_a_local_error(request_: AccessRequest) -> None:
    with pytest.raises(LocalError):
        encode_payload(request_)


def test_an_unknown_restriction_falls_back_to_data() -> None:
    item = ProtectedObject(7, bytes(6), 2, 0, Restriction(0))
    one = Specification(Choice.ACTION, 30, data_protection_instance(7), 1)
    encoded = encode_payload(AccessRequest(1, (one,), (ProtectedRead((item,), 7, bytes(8), bytes(8)),)))
    other = encoded.replace(b"\x02\x02\x16\x00\x00", b"\x02\x02\x16\x02\x00")
    assert other != encoded
    request = decode_payload(other)
    assert isinstance(request, AccessRequest) and isinstance(request.arguments[0], Data)
    with pytest.raises(DecodeError):
        decode_payload(other[:-1])
