"""Mode C messages: known bytes, check characters done by hand, streams in any cut, what is no message."""

from __future__ import annotations

import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st
from interpreted import interpret

from emulator.smets1.iec62056_21 import framing as f
from emulator.smets1.iec62056_21.reader import MessageReader
from gbcs.errors import DecodeError

KNOWN = {
    b"/?!\r\n": f.SignOn(),
    b"/?00012345!\r\n": f.SignOn(b"00012345"),
    b"/MFM5MTR1\r\n": f.Identification(b"MFM", b"5", b"MTR1"),
    b"\x06050\r\n": f.OptionSelect(b"5", b"0"),
    b"\x06051\r\n": f.OptionSelect(b"5", b"1"),
    b"\x06": f.Byte(b"\x06"),
    b"\x15": f.Byte(b"\x15"),
    # 42 ^ 30 ^ 03 = 71: the break that every manual prints
    b"\x01B0\x03q": f.Command(b"B", b"0"),
    # 50 ^ 30 ^ 02 ^ 28 ^ 29 ^ 03 = 60
    b"\x01P0\x02()\x03\x60": f.Command(b"P", b"0", b"()"),
    # as a public client sends it; 6B by hand
    b"\x01R1\x021.8.0(1)\x03k": f.Command(b"R", b"1", b"1.8.0(1)"),
    b"\x02(1)\x033": f.Block(b"(1)"),
    b"\x02(1)\x044": f.Block(b"(1)", last=False),
}

_TEXT = st.text("0123456789.()*;kWhP", max_size=40).map(str.encode)
_MESSAGES = st.one_of(
    st.builds(f.SignOn, st.text("0123456789ABC", max_size=32).map(str.encode)),
    st.builds(f.Command, *[st.sampled_from([b"R", b"W", b"5", b"1"])] * 2, st.none() | _TEXT),
    st.builds(f.Block, _TEXT, st.booleans()),
    st.sampled_from([f.Byte(b"\x06"), f.Byte(b"\x15")]),
)


@pytest.mark.parametrize("data", KNOWN)
def test_known_messages_both_ways(data: bytes) -> None:
    assert f.decode(data) == KNOWN[data]
    assert f.encode(KNOWN[data]) == data


@given(_MESSAGES)
def test_any_message_goes_there_and_back(message: f.Message) -> None:
    assert f.decode(f.encode(message)) == message


@given(st.binary(max_size=60))
def test_the_check_character_is_the_xor_of_all(data: bytes) -> None:
    register = 0
    for byte in data:
        register ^= byte
    assert f.check_character(data) == bytes((register,))


@given(_MESSAGES.filter(lambda message: isinstance(message, f.Block | f.Command)), st.integers(1, 255))
def test_a_wrong_check_character_has_an_error_of_its_own(message: f.Message, change: int) -> None:
    data = f.encode(message)
    with pytest.raises(f.BadCheck, match="in check character"):
        f.decode(data[:-1] + bytes((data[-1] ^ change,)))


@given(st.sampled_from([b"\x01R1\x02x(1)", b"\x01B0", b"\x01"]), st.binary(max_size=5))
def test_compiled_and_interpreted_declarations_agree(start: bytes, more: bytes) -> None:
    body = start + more
    try:
        message = f.decode(body + f.ETX + f.check_character(body[1:] + f.ETX))
    except DecodeError:
        with pytest.raises((ConstructError, DecodeError)):
            interpret(f.COMMAND, body)
    else:
        assert interpret(f.COMMAND, body) == message


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"x", b"/?!", b"/?12\r\n", b"/?" + b"1" * 33 + b"!\r\n", b"/MF\r\n"),
        *(b"\x0605\r\n", b"\x06050xx", b"\x01\x03\x03", b"\x01R1x\x03\x18", b"\x02\x03", b"\x01R1"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        f.decode(data)


@given(st.lists(_MESSAGES, max_size=8), st.integers(1, 20), st.sampled_from([b"", b"\x00\x00", b"~~"]))
def test_messages_are_found_in_any_cut_and_between_noise(stream: list[f.Message], size: int, noise: bytes) -> None:
    data = b"".join(noise + f.encode(message) for message in stream) + noise
    reader, found = MessageReader(512), []
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
        found.extend(iter(reader.next, None))
    assert [f.decode(each) for each in found] == stream
    assert not reader.waiting


def test_an_ack_is_an_option_where_one_is_expected() -> None:
    reader = MessageReader(512)
    reader.feed(b"\x06050")
    reader.expects_option = True
    assert reader.next() is None
    reader.feed(b"\r\n")
    assert reader.next() == b"\x06050\r\n"
    reader.expects_option = False
    reader.feed(b"\x06050\r\n")
    assert (reader.next(), reader.next()) == (b"\x06", None)


def test_a_message_cut_short_does_not_spoil_the_next() -> None:
    reader = MessageReader(512)
    reader.feed(b"\x01R1\x021.8" + b"\x01B0\x03q" + b"/?1" + b"/?!\r\n")
    assert list(iter(reader.next, None)) == [b"\x01B0\x03q", b"/?!\r\n"]


def test_a_message_without_end_is_given_up_and_memory_stays_bounded() -> None:
    reader = MessageReader(100)
    for start in (b"/", b"\x01", b"\x02"):
        for _ in range(40):
            reader.feed(start + b"x" * 60)
            while reader.next() is not None:
                pass
        assert len(reader._buffer) <= 200
        reader.reset()
        reader.feed(b"\x01B0\x03q")
        assert reader.next() == b"\x01B0\x03q"
