"""A-XDR data in plain values: notes for people beside them, and the way back for every value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.dlms import BitString, CompactArray, Data, Tag, row_type
from gbcs.names import parse_shape
from tools.describe_data import data, read_data
from tools.plain import bits_of, bits_text, cosem_octets, cosem_text

LEAVES = st.one_of(
    st.just(Data(Tag.NULL)),
    st.builds(Data, st.just(Tag.INT16), st.integers(-(2**15), 2**15 - 1)),
    st.builds(Data, st.just(Tag.INT8), st.integers(-128, 127)),
    st.builds(Data, st.just(Tag.ENUM), st.integers(0, 255)),
    st.builds(Data, st.just(Tag.UINT32), st.integers(0, 2**32 - 1)),
    st.builds(Data, st.just(Tag.OCTET_STRING), st.binary(max_size=14)),
    st.builds(Data, st.just(Tag.OCTET_STRING), st.binary(min_size=12, max_size=12)),
    st.builds(Data, st.just(Tag.UTF8_STRING), st.text(max_size=10)),
    st.builds(Data, st.just(Tag.BIT_STRING), st.binary(max_size=3).map(lambda b: BitString(max(8 * len(b) - 3, 0), b))),
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=3).map(
        lambda rows: Data(Tag.COMPACT_ARRAY, CompactArray.of(row_type(1, 1), rows))
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.builds(Data, st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]), st.lists(inner, max_size=4).map(tuple)),
    max_leaves=10,
)
SHAPES = st.sampled_from([None, *map(parse_shape, ("a, b", "[a, b]", "start_time, date", "a(b, c), d", "script"))])


@given(VALUES, SHAPES)
def test_every_value_comes_back_through_json_whatever_names_it_got(value: Data, shape: object) -> None:
    assert read_data(json.loads(json.dumps(data(value, shape)))) == value  # type: ignore[arg-type]


def test_parts_have_names_and_notes() -> None:
    octets = [bytes.fromhex(text) for text in ("07000000", "00000a0064ff")]
    action = Data(Tag.STRUCTURE, tuple(Data(Tag.OCTET_STRING, one) for one in octets))
    assert data(action, parse_shape("start_time, script")) == {
        "structure": {
            "start_time": {"octet-string": "07000000", "shown": "07:00:00"},
            "script": {"octet-string": "00000a0064ff", "shown": "0-0:10.0.100.255"},
        }
    }
    days = Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, bytes.fromhex("ffff0c19ff")), Data(Tag.UINT8, 3)))
    assert data(days, parse_shape("date, day_id"))["structure"]["date"]["shown"] == "*-12-25"


def test_registers_show_their_unit() -> None:
    unit = Data(Tag.STRUCTURE, (Data(Tag.INT8, -3), Data(Tag.ENUM, 30)))
    assert data(unit) == {"scaler-unit": [-3, 30, "Wh"]} and read_data({"scaler-unit": [-3, 30]}) == unit


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("07df0101ff000000008000ff", "2015-01-01T00:00:00Z"),
        ("07df0101ff00000000800004", "2015-01-01T00:00:00Z status 04"),
        ("07de0c1f03173200008000ff", "2014-12-31T23:50:00Z dow 03"),
        ("0000000000000000008000ff", "now"),
        ("ffffffffffffffffff8000ff", "never"),
        ("07df0d01ff000000008000ff", "07df0d01ff000000008000ff"),
        ("07df0101ff000000010000ff", "07df0101ff000000010000ff"),
    ],
)
def test_times_have_one_text(octets: str, text: str) -> None:
    assert cosem_text(bytes.fromhex(octets)) == text
    assert cosem_octets(text) == bytes.fromhex(octets)


@given(st.binary(min_size=12, max_size=12))
def test_any_twelve_bytes_come_back_as_a_time(octets: bytes) -> None:
    assert cosem_octets(cosem_text(octets)) == octets


@given(st.integers(0, 40), st.binary(max_size=6))
def test_any_bit_string_comes_back(length: int, octets: bytes) -> None:
    value = BitString(length, octets)
    assert bits_of(json.loads(json.dumps(bits_text(value)))) == value
