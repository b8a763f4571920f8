"""A-XDR data: the fused reader and builder equal Construct's interpretation of the declaration, on any tree."""

from __future__ import annotations

import numpy as np
import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st
from interpreted import interpret

from gbcs.dlms import BitString, CompactArray, Data, Tag, TypeDescription, row_type
from gbcs.dlms.data import DATA
from gbcs.errors import DecodeError, LocalError
from gbcs.payload import decode_data, encode_data

_NUMBERS = {
    Tag.INT8: (-(2**7), 2**7 - 1), Tag.INT16: (-(2**15), 2**15 - 1), Tag.INT32: (-(2**31), 2**31 - 1),
    Tag.INT64: (-(2**63), 2**63 - 1), Tag.UINT8: (0, 2**8 - 1), Tag.UINT16: (0, 2**16 - 1),
    Tag.UINT32: (0, 2**32 - 1), Tag.UINT64: (0, 2**64 - 1), Tag.ENUM: (0, 255), Tag.BOOLEAN: (0, 255),
}  # fmt: skip

TYPES = st.recursive(
    st.sampled_from([0x03, 0x06, 0x09, 0x12, 0x16]).map(TypeDescription),
    lambda inner: (
        st.builds(lambda n, e: TypeDescription(1, count=n, element=e), st.integers(0, 60), inner)
        | st.lists(inner, max_size=5).map(lambda parts: TypeDescription(2, elements=tuple(parts)))
    ),
    max_leaves=6,
)
SIMPLE = (
    st.just(Data(Tag.NULL))
    | st.sampled_from(list(_NUMBERS)).flatmap(lambda tag: st.integers(*_NUMBERS[tag]).map(lambda v: Data(tag, v)))
    | st.binary(max_size=200).map(lambda v: Data(Tag.OCTET_STRING, v))
    | st.text(st.characters(max_codepoint=127), max_size=20).map(lambda v: Data(Tag.VISIBLE_STRING, v))
    | st.text(max_size=20).map(lambda v: Data(Tag.UTF8_STRING, v))
    | st.binary(max_size=9).map(lambda v: Data(Tag.BIT_STRING, BitString(8 * len(v), v)))
    | st.builds(lambda k, c: Data(Tag.COMPACT_ARRAY, CompactArray(k, c)), TYPES, st.binary(max_size=300))
)
TREES = st.recursive(
    SIMPLE,
    lambda inner: st.builds(
        lambda tag, parts: Data(tag, tuple(parts)),
        st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@given(TREES)
def test_fused_code_equals_the_declaration(tree: Data) -> None:
    encoded = encode_data(tree)
    assert decode_data(encoded) == tree
    assert DATA.build(tree) == encoded
    assert DATA.parse(encoded) == tree


@given(st.binary(max_size=60))
def test_on_any_bytes_fused_code_and_declaration_agree(noise: bytes) -> None:
    try:
        fused = decode_data(noise)
    except DecodeError:
        with pytest.raises(ConstructError):
            interpret(DATA, noise)
        return
    assert DATA.parse(noise) == fused


@given(st.binary(min_size=1, max_size=40), TREES, st.data())
def test_changed_bytes_give_data_or_a_decode_error(patch: bytes, tree: Data, data: st.DataObject) -> None:
    encoded = bytearray(encode_data(tree))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at : at + len(patch)] = patch
    try:
        decoded = decode_data(bytes(encoded))
    except DecodeError:
        return
    assert encode_data(decoded) == bytes(encoded)


def test_a_deep_nest_and_a_false_count_are_refused_at_once() -> None:
    with pytest.raises(DecodeError, match="deep"):
        decode_data(b"\x02\x01" * 5000 + b"\x00")
    with pytest.raises(DecodeError, match="needed"):
        decode_data(b"\x01\x84\xff\xff\xff\xff\x00")


def test_rows_of_a_log_are_a_view_in_wire_order() -> None:
    rows = np.array([[100, 1], [1900, 2]])
    array = CompactArray.of(row_type(1, 1), rows)
    assert array.contents == bytes.fromhex("00000064000000010000076c00000002")
    assert array.rows().tolist() == rows.tolist()
    assert array.rows().base is not None


def test_the_row_types_of_the_daily_read_log() -> None:
    single = encode_data(Data(Tag.COMPACT_ARRAY, CompactArray(row_type(1, 1, 48, 8, 8, 8, 8), b"")))
    assert single == bytes.fromhex("13 0207 06 06 01003006 01000806 01000806 01000806 01000806 00")
    assert len(row_type(1, 1, 1, 48, 4, 8, 8, 8, 8).columns()) * 4 == 348


def test_contents_that_are_no_whole_rows_are_refused() -> None:
    with pytest.raises(DecodeError, match="whole number"):
        CompactArray(row_type(1, 1), bytes(12)).rows()
    with pytest.raises(LocalError):
        CompactArray.of(row_type(1, 1), np.zeros((2, 3)))
    bomb = TypeDescription(1, count=65535, element=TypeDescription(1, count=65535, element=TypeDescription(6)))
    with pytest.raises(DecodeError):
        CompactArray(bomb, b"").rows()
