"""The table of ZCL commands: every row can be written and read back, for values that hypothesis makes up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import DecodeError, LocalError
from gbcs.gbz import AttributeRecord, Layout, Zcl
from gbcs.gbz.catalogue import _COMMANDS, _GENERAL, layout_named, layout_of
from gbcs.gbz.layouts import Field
from gbcs.gbz.scalars import ATTRIBUTE_TYPES, KINDS

LAYOUTS = (*_GENERAL.values(), *_COMMANDS.values())
SIZES = {name: kind.size or 0 for name, kind in KINDS.items()}


def scalar(name: str) -> st.SearchStrategy[Any]:
    size = SIZES[name]
    if name == "text":
        return st.text(st.characters(max_codepoint=0xFF), max_size=20)
    if name == "octets":
        return st.binary(max_size=20)
    if name in ("date", "eui64"):
        return st.binary(min_size=size, max_size=size)
    low = -(1 << 8 * size - 1) if name.startswith("i") else 0
    return st.integers(low, low + (1 << 8 * size) - 1)


@st.composite
def fields(draw: st.DrawFn, wanted: tuple[Field, ...]) -> list[Any]:
    values: list[Any] = []
    for one in wanted:
        if one.kind is None:
            count = draw(st.integers(0, 3))
            values[-1] = values[-1] & ~one.count_bits & 0xFF | count
            values.append(tuple(draw(scalar("u48")) for _ in range(count)))
        else:
            values.append(draw(scalar(one.kind.name)))
    return values


@st.composite
def records(draw: st.DrawFn) -> AttributeRecord:
    attribute, status = draw(st.integers(0, 0xFFFF)), draw(st.sampled_from([0, 0, 0x86, 0xC0]))
    if status:
        return AttributeRecord(attribute, status)
    kind = draw(st.sampled_from(sorted(ATTRIBUTE_TYPES)))
    return AttributeRecord(attribute, 0, kind, draw(scalar(ATTRIBUTE_TYPES[kind][1].name)))


@st.composite
def payloads(draw: st.DrawFn, layout: Layout) -> Zcl:
    values = draw(fields(layout.fields))
    if layout.group:
        values.append(tuple(tuple(draw(fields(layout.group))) for _ in range(draw(st.integers(0, 3)))))
    if layout.records:
        values.append(tuple(draw(st.lists(records(), max_size=3))))
    if not layout.variant_on:
        return Zcl(layout, tuple(values))
    chosen = draw(st.sampled_from(sorted(layout.variants)))
    values[layout.names.index(layout.variant_on)] = chosen
    return Zcl(layout, tuple(values), draw(payloads(layout.variants[chosen])))


@given(st.data(), st.sampled_from(LAYOUTS))
def test_every_row_writes_and_reads_its_values(data: st.DataObject, layout: Layout) -> None:
    payload = data.draw(payloads(layout))
    assert layout.parse(payload.encode()) == payload


def test_rows_have_a_source_a_name_of_their_own_and_fields_without_doubles() -> None:
    assert len(_COMMANDS) > 50 and {layout.source for layout in LAYOUTS} == {"vector", "public"}
    names = [(key[0], layout.name) for key, layout in _COMMANDS.items()]
    assert len(set(names)) == len(names)
    for layout in LAYOUTS:
        tails = [layout.names, *((*layout.names, *tail.names) for tail in layout.variants.values())]
        assert all(len(set(tail)) == len(tail) for tail in tails)


def test_direction_and_frame_type_choose_the_row() -> None:
    to_server, to_client = layout_of(0x0705, 0x01, 0x05), layout_of(0x0705, 0x19, 0x05)
    assert to_server is not None and to_server.name == "adjust credit"
    assert to_client is not None and to_client.name == "publish top-up log"
    assert layout_of(0x0705, 0x08, 0x0B) is layout_of(0x0000, 0x00, 0x0B) is layout_named("default response")
    assert layout_of(0x0705, 0x05, 0x05) is None  # manufacturer specific
    with pytest.raises(LocalError, match="'no such' is no ZCL command"):
        layout_named("no such")


@given(st.sampled_from(LAYOUTS), st.binary(max_size=60))
def test_bytes_are_read_exactly_or_refused(layout: Layout, data: bytes) -> None:
    try:
        value = layout.parse(data)
    except DecodeError:
        return
    assert value.encode() == data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("u8", 256),
        ("u8", -1),
        ("u24", 1 << 24),
        ("i32", 1 << 31),
        ("utc", "now"),
        ("date", b"abc"),
        ("octets", bytes(256)),
        ("octets", "text"),
        ("text", "\u20ac"),
        ("u16", 1.5),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(LocalError):
        KINDS[name].write(value)
