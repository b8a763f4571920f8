"""EZSP frames: the table as it is, values there and back, headers old and new."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import DecodeError, LocalError
from rigs.ezsp import frames
from rigs.ezsp.frames import VERSIONS, Header, build, frame_table, read, split

U8, U16, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
CLUSTERS = st.lists(U16, max_size=10).map(tuple)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "u8": U8,
    "i8": st.integers(-128, 127),
    "u16": U16,
    "u32": U32,
    "eui64": st.binary(min_size=8, max_size=8),
    "eight": st.binary(min_size=8, max_size=8),
    "key": st.binary(min_size=16, max_size=16),
    "certificate": st.binary(min_size=74, max_size=74),
    "ephemeral": st.binary(min_size=37, max_size=37),
    "bytes": st.binary(max_size=82),
    "long_bytes": st.binary(max_size=82),
    "counters": st.lists(U16, max_size=41),
    "clusters": st.tuples(CLUSTERS, CLUSTERS),
    "aps": st.fixed_dictionaries(
        {
            "profile": U16,
            "cluster": U16,
            "source_endpoint": U8,
            "destination_endpoint": U8,
            "options": U16,
            "group": U16,
            "sequence": U8,
        }
    ),
    "network": st.fixed_dictionaries(
        {
            "extended_pan": st.binary(min_size=8, max_size=8),
            "pan": U16,
            "power": U8,
            "channel": U8,
            "join_method": U8,
            "manager": U16,
            "update": U8,
            "channels": U32,
        }
    ),
}


@given(st.data())
def test_every_frame_there_and_back(data: st.DataObject) -> None:
    name, row = data.draw(st.sampled_from(sorted(frames._rows().items())))
    for text in (row.command, row.response):
        fields = dict(part.split(":") for part in text.split())
        values = {field: data.draw(VALUES[kind]) for field, kind in fields.items()}
        struct = frames._struct(name, text)
        assert read(struct, name, build(struct, name, values)) == values


def test_a_published_command_byte_for_byte() -> None:
    """UG100's own example of a parameter list: an endpoint with two server clusters and one client cluster."""
    kind = frame_table(13).named("addEndpoint")
    values = {"endpoint": 1, "profile": 0x0109, "device": 0x0501, "version": 0, "clusters": ((0x0704, 0x0702), (0x0A,))}
    assert build(kind.command, kind.name, values).hex(" ") == "01 09 01 01 05 00 02 01 04 07 02 07 0a 00"
    assert Header(5, kind.id).encode().hex(" ") == "05 00 01 02 00"


def test_an_eui64_stands_backwards_on_the_line() -> None:
    kind = frame_table(8).named("getEui64")
    eui = bytes.fromhex("0001020304050607")
    assert build(kind.response, kind.name, {"eui": eui}) == eui[::-1]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_has_what_a_han_needs(version: int) -> None:
    table = frame_table(version)
    for name in ("version", "formNetwork", "sendUnicast", "incomingMessageHandler", "calculateSmacs283k1"):
        assert table.named(name)
    assert ("importTransientKey" in table.by_name) == (version >= 13)
    assert ("addTransientLinkKey" in table.by_name) == (version < 13)
    assert len(table.by_id) == len(table.by_name)


def test_the_first_version_command_has_the_old_header() -> None:
    header = Header(0, 0, is_legacy=True)
    assert header.encode() + b"\x04" == bytes.fromhex("00000004")
    answer = Header(0, 0, is_response=True, is_legacy=True), bytes.fromhex("0d024074")
    assert split(bytes.fromhex("0080000d024074")) == answer


@given(U8, U16, st.booleans(), st.booleans(), st.binary(max_size=10))
def test_headers_there_and_back(sequence: int, frame_id: int, response: bool, callback: bool, rest: bytes) -> None:
    header = Header(sequence, frame_id, response, callback)
    assert split(header.encode() + rest) == (header, rest)


@given(st.binary(max_size=30))
def test_any_bytes_have_a_header_or_are_refused(data: bytes) -> None:
    try:
        header, _ = split(data)
    except DecodeError:
        return
    assert 0 <= header.frame_id <= 0xFFFF


def test_mistakes_are_named() -> None:
    with pytest.raises(LocalError, match=r"EZSP 14 is not spoken here .allowed: 8 to 13"):
        frame_table(14)
    with pytest.raises(LocalError, match="has no 'sendPigeon'"):
        frame_table(13).named("sendPigeon")
    kind = frame_table(13).named("permitJoining")
    with pytest.raises(LocalError, match="permitJoining"):
        build(kind.command, kind.name, {"duration": 256})
    with pytest.raises(LocalError, match="permitJoining"):
        build(kind.command, kind.name, {})
    with pytest.raises(DecodeError, match="getNodeId"):
        read(frame_table(13).named("getNodeId").response, "getNodeId", b"\x01")
    with pytest.raises(LocalError, match="'u7' is no type"):
        frames._struct("x", "a:u7")
