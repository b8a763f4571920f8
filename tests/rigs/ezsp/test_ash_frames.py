"""ASH on the line: the vectors that Silicon Labs publishes, round trips, and bytes that are none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import DecodeError, LocalError
from rigs.ezsp.ash_frames import (
    Ack,
    Data,
    Deframer,
    Error,
    Frame,
    Line,
    Nak,
    Rst,
    RstAck,
    on_line,
    parse,
    randomised,
    reset_name,
)

PUBLISHED: list[tuple[Frame, str]] = [
    (Rst(), "c038bc7e"),
    (RstAck(0x02), "c102029b7b7e"),
    (RstAck(0x0B), "c1020b0a527e"),
    (Data(2, 5, bytes.fromhex("00000002")), "254221a856a6097e"),
    (Ack(1), "8160597e"),
    (Nak(6), "a634dc7e"),
]
NUMBER = st.integers(0, 7)
FRAMES = st.one_of(
    st.builds(Data, NUMBER, NUMBER, st.binary(min_size=1, max_size=256), st.booleans()),
    st.builds(Ack, NUMBER, st.booleans()),
    st.builds(Nak, NUMBER, st.booleans()),
    st.just(Rst()),
    st.builds(RstAck, st.integers(0, 255)),
    st.builds(Error, st.integers(0, 255)),
)


@pytest.mark.parametrize(("frame", "line"), PUBLISHED, ids=lambda one: type(one).__name__)
def test_published_vectors(frame: Frame, line: str) -> None:
    assert on_line(frame).hex() == line
    assert parse(bytes.fromhex(line)[:-1]) == frame


def test_data_are_randomised_by_the_published_sequence() -> None:
    assert randomised(bytes(10)).hex(" ") == "42 21 a8 54 2a 15 b2 59 94 4a"


@given(FRAMES)
def test_round_trip(frame: Frame) -> None:
    line = on_line(frame)
    assert line.count(Line.FLAG) == 1 and line[-1] == Line.FLAG
    assert not set(line[:-1]) & {one for one in Line if one is not Line.ESCAPE}
    assert parse(line[:-1]) == frame


@given(st.lists(FRAMES, max_size=8), st.integers(1, 40))
def test_frames_are_found_however_the_line_is_cut(frames: list[Frame], size: int) -> None:
    line = b"".join(on_line(frame) for frame in frames)
    deframer, found = Deframer(), list[object]()
    for start in range(0, len(line), size):
        found += deframer.feed(line[start : start + size])
    assert found == frames


@given(FRAMES, st.binary(max_size=60))
def test_noise_costs_the_frame_after_it_at_most(frame: Frame, noise: bytes) -> None:
    *_, last = Deframer().feed(noise + on_line(Ack(0)) + on_line(frame))
    assert last == frame


@given(FRAMES, st.data())
def test_a_spoilt_bit_is_noticed(frame: Frame, data: st.DataObject) -> None:
    line = bytearray(on_line(frame))
    at = data.draw(st.integers(0, len(line) - 2))
    line[at] ^= 1 << data.draw(st.integers(0, 7))
    found = Deframer().feed(bytes(line))
    assert frame not in found


def test_cancel_drops_what_came_before_and_substitute_the_frame_itself() -> None:
    frame = on_line(RstAck(0x0B))
    assert Deframer().feed(b"\x7d\x7d\x01" + bytes((Line.CANCEL,)) + frame) == [RstAck(0x0B)]
    (error, good) = Deframer().feed(frame[:2] + bytes((Line.SUBSTITUTE,)) + frame[2:] + frame)
    assert isinstance(error, DecodeError) and good == RstAck(0x0B)


def test_flow_control_bytes_between_are_no_part_of_a_frame() -> None:
    line = on_line(Ack(3))
    assert Deframer().feed(line[:1] + bytes((Line.XON, Line.XOFF)) + line[1:]) == [Ack(3)]


def test_a_line_that_never_ends_a_frame_fills_no_memory() -> None:
    deframer = Deframer()
    for _ in range(1000):
        assert deframer.feed(b"\x00" * 1000) == []
    assert len(deframer._content) < 1000
    (error, good) = deframer.feed(bytes((Line.FLAG,)) + on_line(Ack(1)))
    assert isinstance(error, DecodeError) and good == Ack(1)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_frame_or_a_decode_error(content: bytes) -> None:
    with suppress(DecodeError):
        assert parse(content)


def test_too_much_data_is_the_callers_mistake() -> None:
    with pytest.raises(LocalError, match="257 bytes"):
        on_line(Data(0, 0, bytes(257)))


def test_resets_have_names() -> None:
    assert reset_name(0x51) == "ack timeouts" and reset_name(0x77) == "code 0x77"
