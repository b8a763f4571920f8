"""Rows of compact arrays of any type, also of types without a fixed size."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.dlms import BitString, CompactArray, Tag, TypeDescription, row_type
from gbcs.dlms.rows import read_rows, write_rows
from gbcs.errors import DecodeError, LocalError

EVENT = TypeDescription(Tag.STRUCTURE, elements=tuple(map(TypeDescription, (Tag.UINT32, Tag.UINT16, Tag.OCTET_STRING))))

BIG = TypeDescription(
    Tag.ARRAY, count=0xFFFF, element=TypeDescription(Tag.ARRAY, count=2, element=TypeDescription(Tag.NULL))
)

SIMPLE: dict[int, st.SearchStrategy[Any]] = {
    Tag.NULL: st.none(),
    Tag.BOOLEAN: st.integers(0, 255),
    Tag.INT32: st.integers(-(2**31), 2**31 - 1),
    Tag.UINT32: st.integers(0, 2**32 - 1),
    Tag.OCTET_STRING: st.binary(max_size=200),
    Tag.VISIBLE_STRING: st.text(st.characters(max_codepoint=0x7F), max_size=20),
    Tag.UTF8_STRING: st.text(max_size=20),
    Tag.INT16: st.integers(-(2**15), 2**15 - 1),
    Tag.UINT64: st.integers(0, 2**64 - 1),
    Tag.BIT_STRING: st.binary(max_size=4).map(lambda data: BitString(8 * len(data), data)),
}


@st.composite
def types(draw: st.DrawFn, depth: int = 0) -> TypeDescription:
    tag = draw(st.sampled_from([*SIMPLE, *([Tag.ARRAY, Tag.STRUCTURE] if depth < 2 else [])]))
    if tag == Tag.ARRAY:
        return TypeDescription(tag, count=draw(st.integers(0, 3)), element=draw(types(depth + 1)))
    if tag == Tag.STRUCTURE:
        return TypeDescription(tag, elements=tuple(draw(st.lists(types(depth + 1), max_size=3))))
    return TypeDescription(tag)


def rows_of(kind: TypeDescription) -> st.SearchStrategy[Any]:
    if kind.elements is not None:
        return st.tuples(*map(rows_of, kind.elements))
    if kind.element is not None:
        return st.tuples(*[rows_of(kind.element)] * (kind.count or 0))
    return SIMPLE[kind.tag]


def test_an_event_log_reads_as_events() -> None:
    contents = bytes.fromhex("1c3602fd 8145 00 1c361064 8154 02 009b".replace(" ", ""))
    assert read_rows(CompactArray(EVENT, contents)) == ((473301757, 0x8145, b""), (473305188, 0x8154, b"\x00\x9b"))


@given(st.data(), types())
def test_rows_of_any_type_come_back(data: st.DataObject, kind: TypeDescription) -> None:
    rows = tuple(data.draw(st.lists(rows_of(kind), max_size=3)))
    written = write_rows(kind, rows)
    if rows and len(written.contents) == 0:  # rows without bytes leave no trace of their number
        return
    assert read_rows(written) == rows


@given(types(), st.binary(max_size=60))
def test_any_contents_are_read_exactly_or_refused(kind: TypeDescription, contents: bytes) -> None:
    try:
        rows = read_rows(CompactArray(kind, contents))
    except DecodeError:
        return
    assert write_rows(kind, rows).contents == contents


def test_profile_rows_agree_with_the_quick_reading() -> None:
    array = CompactArray.of(row_type(1, 1), [(1, 2), (3, 4)])
    assert read_rows(array) == tuple(map(tuple, array.rows().tolist()))


@pytest.mark.parametrize(
    ("kind", "contents", "what"),
    [
        (row_type(1, 1), bytes(9), "no whole number of rows"),
        (TypeDescription(Tag.STRUCTURE, elements=()), b"\x00", "a row without bytes"),
        (TypeDescription(0x0D), b"\x00", "0x0d is not read"),
        (TypeDescription(Tag.OCTET_STRING), b"\x81\x05hello", "not minimal"),
        (TypeDescription(Tag.UTF8_STRING), b"\x01\xff", "not utf-8"),
        (BIG, b"\x00", "more values"),
    ],
)
def test_what_cannot_be_read_is_named(kind: TypeDescription, contents: bytes, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        read_rows(CompactArray(kind, contents))


@pytest.mark.parametrize("rows", [((1,),), ((1, 2, b"", 4),), ((-1, 2, b""),), (("x", 2, b""),), (5,)])
def test_rows_that_do_not_fit_are_refused(rows: tuple[Any, ...]) -> None:
    with pytest.raises(LocalError):
        write_rows(EVENT, rows)
