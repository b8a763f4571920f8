"""EDMI frames: captures byte for byte, stuffing both ways, frames found in any cut of a stream."""

from __future__ import annotations

import pytest
from edmi_captures import ACK, LOGIN, READ_14
from hypothesis import given
from hypothesis import strategies as st
from interpreted import interpret

from emulator.smets1.edmi.framing import (
    EXTENDED,
    Frame,
    FrameReader,
    crc,
    decode,
    encode,
    stuff,
    unstuff,
)
from gbcs.errors import DecodeError, LocalError

GOLDEN = {"login": LOGIN, "ack": ACK, "read": READ_14}

_FRAMES = st.one_of(
    st.builds(Frame, st.binary(min_size=1, max_size=60).filter(lambda data: data[:1] != b"E")),
    st.builds(Frame, st.binary(max_size=60), *[st.integers(0, 2**32 - 1)] * 2, st.integers(0, 0xFFFF)),
)
_NOISE = st.binary(max_size=9).map(lambda data: data.replace(b"\x02", b""))


@pytest.mark.parametrize("name", GOLDEN)
def test_captures_are_read_and_made_again_byte_for_byte(name: str) -> None:
    assert encode(decode(GOLDEN[name])) == GOLDEN[name]


def test_the_captured_login_is_answered_by_the_captured_ack() -> None:
    assert encode(decode(LOGIN).answer(b"\x06")) == ACK


def test_the_check_is_crc_16_xmodem_with_stx_in_front() -> None:
    # XMODEM of "123456789" is 31C3 by every catalogue; 02 in front makes another value, done here bit by bit
    register = 0
    for byte in b"\x02123456789":
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    assert crc(b"123456789") == register.to_bytes(2, "big")


@given(st.binary(max_size=200))
def test_stuffing_leaves_no_special_byte_alone_and_goes_back(data: bytes) -> None:
    stuffed = stuff(data)
    assert unstuff(stuffed) == data
    assert not set(stuffed) & {0x02, 0x03, 0x11, 0x13}
    assert len(stuffed) == len(data) + sum(data.count(byte) for byte in (2, 3, 0x10, 0x11, 0x13))


@pytest.mark.parametrize("data", [b"\x10", b"a\x10\x41", b"\x10\x10", b"\x10\x02"])
def test_pairs_that_stand_for_nothing_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="stands for no byte in stuffing"):
        unstuff(data)


@given(_FRAMES)
def test_any_frame_goes_there_and_back(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


@given(_FRAMES, st.integers(0, 10_000))
def test_one_flipped_bit_is_noticed(frame: Frame, place: int) -> None:
    data = bytearray(encode(frame))
    at, bit = divmod(place % (len(data) * 8), 8)
    data[at] ^= 1 << bit
    with pytest.raises(DecodeError):
        decode(bytes(data))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=40))
def test_compiled_and_interpreted_declarations_agree(destination: int, source: int, content: bytes) -> None:
    body = b"E" + destination.to_bytes(4, "big") + source.to_bytes(4, "big") + b"\xff\xff" + content
    assert interpret(EXTENDED, body) == decode(b"\x02" + stuff(body + crc(body)) + b"\x03")


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x02\x03", b"\x02ab\x03", b"abc", LOGIN[:-1], LOGIN[1:]])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(data)


def test_an_address_beyond_32_bits_is_the_callers_mistake() -> None:
    with pytest.raises(LocalError, match="cannot be encoded as extended frame"):
        encode(Frame(b"L", 2**32, 1))


@given(st.lists(st.tuples(_NOISE, _FRAMES), max_size=6), st.integers(1, 20))
def test_frames_are_found_in_any_cut_and_between_noise(stream: list[tuple[bytes, Frame]], size: int) -> None:
    data = b"".join(noise + encode(frame) for noise, frame in stream)
    reader = FrameReader()
    found = [each for at in range(0, len(data), size) for each in reader.feed(data[at : at + size])]
    assert [decode(each) for each in found] == [frame for _, frame in stream]
    assert not reader.waiting


def test_a_frame_cut_short_does_not_swallow_the_next() -> None:
    reader = FrameReader()
    assert reader.feed(READ_14[:40]) == () and reader.waiting
    assert reader.feed(LOGIN) == (LOGIN,)


def test_a_frame_without_end_is_given_up_and_memory_stays_bounded() -> None:
    reader = FrameReader(max_bytes=100)
    for _ in range(50):
        assert reader.feed(b"\x02" + b"x" * 60) == ()
        assert reader.feed(b"x" * 60) == ()
    assert reader.feed(LOGIN) == (LOGIN,)
    assert reader.feed(b"\x02" + b"x" * 200 + b"\x03") == ()
