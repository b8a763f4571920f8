"""The TCP wrapper: any cut of the stream, foreign ports, foreign versions, idle connections."""

from __future__ import annotations

from itertools import pairwise

import pytest
from dlms_meters import CLOCK, NOW, PROFILE, PUBLIC, READER, Client, aarq, dlms_device, get, initiate, wrapped
from hypothesis import given, settings
from hypothesis import strategies as st
from interpreted import interpret

from emulator.smets1.dlms.wrapper import WRAPPER_FRAME, WrapperFrame, WrapperServer

SESSION = b"".join(
    wrapped(PUBLIC, 1, apdu) for apdu in (aarq(initiate()), get(CLOCK, 8, 2), get(PROFILE, 7, 2), b"\x62\x00")
)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.binary(max_size=300))
def test_the_declared_frame_is_the_one_on_the_wire(source: int, destination: int, apdu: bytes) -> None:
    data = wrapped(source, destination, apdu)
    assert interpret(WRAPPER_FRAME, data) == WrapperFrame(source, destination, apdu)
    assert WRAPPER_FRAME.build(WrapperFrame(source, destination, apdu)) == data


@given(st.lists(st.integers(1, len(SESSION) - 1), max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_cut_of_the_stream_gives_the_same_bytes(cuts: list[int]) -> None:
    whole = WrapperServer(dlms_device()).receive_data(SESSION, NOW)
    server, bounds = WrapperServer(dlms_device()), [0, *sorted(cuts), len(SESSION)]
    pieces = [SESSION[start:end] for start, end in pairwise(bounds)]
    assert b"".join(server.receive_data(piece, NOW) for piece in pieces) == whole
    assert len(whole) > 1250


def test_a_byte_at_a_time() -> None:
    whole = WrapperServer(dlms_device()).receive_data(SESSION, NOW)
    server = WrapperServer(dlms_device())
    assert b"".join(server.receive_data(bytes((byte,)), NOW) for byte in SESSION) == whole


def test_every_answer_goes_back_the_way_it_came() -> None:
    answers = WrapperServer(dlms_device()).receive_data(SESSION, NOW)
    found = []
    while answers:
        size = 8 + int.from_bytes(answers[6:8], "big")
        found.append(interpret(WRAPPER_FRAME, answers[:size]))
        answers = answers[size:]
    assert {(one.source, one.destination) for one in found} == {(1, PUBLIC)}
    assert [one.apdu[0] for one in found] == [0x61, 0xC4, 0xC4, 0x63]


def test_another_logical_device_gets_no_answer() -> None:
    server = WrapperServer(dlms_device())
    assert server.receive_data(wrapped(PUBLIC, 2, aarq(initiate())), NOW) == b""
    assert server.receive_data(wrapped(PUBLIC, 1, aarq(initiate())), NOW)[8] == 0x61


def test_another_version_ends_the_connection() -> None:
    server = WrapperServer(dlms_device())
    good = wrapped(PUBLIC, 1, aarq(initiate()))
    assert server.receive_data(good + b"\x00\x02" + good[2:] + good, NOW)[8] == 0x61
    assert server.closed and server.receive_data(good, NOW) == b""


def test_an_empty_service_is_answered() -> None:
    assert WrapperServer(dlms_device()).receive_data(wrapped(PUBLIC, 1, b""), NOW)[8:] == b"\xd8\x01\x01"


def test_two_clients_on_one_connection_do_not_share_an_association() -> None:
    client = Client(dlms_device())
    client.open()
    client.sap = READER
    assert client.send(get(CLOCK, 8, 2))[:2] == b"\xd8\x01"
    client.sap = PUBLIC
    assert client.send(get(CLOCK, 8, 2))[:2] == b"\xc4\x01"


def test_two_connections_do_not_share_an_association() -> None:
    client = Client(dlms_device())
    client.open()
    assert Client(client.device).send(get(CLOCK, 8, 2))[:2] == b"\xd8\x01"


@pytest.mark.parametrize("idle_s", [180.0, 5.0])
def test_an_idle_connection_ends_without_a_word(idle_s: float) -> None:
    server = WrapperServer(dlms_device(inactivity_s=idle_s))
    assert server.next_deadline() is None
    server.receive_data(SESSION[:20], NOW)
    assert server.next_deadline() == NOW + idle_s
    assert server.tick(NOW + idle_s - 0.1) == b"" and not server.closed
    assert server.tick(NOW + idle_s) == b"" and server.closed


def test_without_a_time_out_it_stays() -> None:
    server = WrapperServer(dlms_device(inactivity_s=0.0))
    server.receive_data(SESSION, NOW)
    assert server.next_deadline() is None
    server.tick(NOW + 1e9)
    assert not server.closed
