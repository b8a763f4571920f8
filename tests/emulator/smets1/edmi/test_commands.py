"""EDMI commands and answers: layouts of the spec sheet byte for byte, compiled against interpreted, bad lengths."""

from __future__ import annotations

import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st
from interpreted import interpret

from emulator.smets1.edmi import commands as c
from gbcs.errors import DecodeError

COMMANDS = {
    "1b": c.Command(c.ATTENTION),
    "58": c.Command(c.LOGOUT),
    "4c 612c62 00": c.Command(c.LOGIN, c.Login(b"a", b"b")),
    "52 0069": c.Command(c.READ, c.Registers((0x69,))),
    "57 0069 0102": c.Command(c.WRITE, c.Value(0x69, b"\x01\x02")),
    "4d 00000069": c.Command(c.READ_EXTENDED, c.Registers((0x69,))),
    "4d 0000fff1 00000069 0000e000": c.Command(c.READ_EXTENDED, c.Registers((0x69, 0xE000), many=True)),
    "4e 0000f03d 010203040506": c.Command(c.WRITE_EXTENDED, c.Value(0xF03D, bytes(range(1, 7)))),
    "46 49 0305f008": c.Command(c.FILE, c.FilePart(c.FILE_INFO, c.Info(0x0305F008))),
    "46 53 0305f008 00000001 170b1a000000 00": c.Command(
        c.FILE, c.FilePart(c.FILE_SEARCH, c.Search(0x0305F008, 1, bytes.fromhex("170b1a000000"), 0))
    ),
    "46 52 0305f008 00000001 0030 0000 000a": c.Command(
        c.FILE, c.FilePart(c.FILE_READ, c.Records(0x0305F008, 1, 48, 0, 10))
    ),
}
ANSWERS = {
    "06": c.Answer(c.ACK),
    "18 03": c.Answer(c.CAN, 3),
    "4d 00000069 40590000": c.Answer(c.READ_EXTENDED, c.Value(0x69, bytes.fromhex("40590000"))),
    "46 49 0305f008 00000001 00000030 000a 00 4c533031 00": c.Answer(
        c.FILE, c.FilePart(c.FILE_INFO, c.InfoAnswer(0x0305F008, 1, 48, 10, 0, b"LS01\x00"))
    ),
    "46 53 0305f008 00000001 170b1a000000 02": c.Answer(
        c.FILE, c.FilePart(c.FILE_SEARCH, c.SearchAnswer(0x0305F008, 1, bytes.fromhex("170b1a000000"), 2))
    ),
    "46 52 0305f008 00000001 0001 0000 0002 abcd": c.Answer(
        c.FILE, c.FilePart(c.FILE_READ, c.RecordsAnswer(0x0305F008, 1, 1, 0, 2, b"\xab\xcd"))
    ),
}


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_have_the_layout_of_the_spec(text: str) -> None:
    data = bytes.fromhex(text)
    assert c.decode_command(data) == COMMANDS[text]
    assert c.encode_command(COMMANDS[text]) == data


@pytest.mark.parametrize("text", ANSWERS)
def test_answers_have_the_layout_of_the_spec(text: str) -> None:
    data = bytes.fromhex(text)
    assert c.decode_answer(data) == ANSWERS[text]
    assert c.encode_answer(ANSWERS[text]) == data


@given(
    st.sampled_from([bytes.fromhex(text) for text in (*COMMANDS, *ANSWERS)]), st.binary(max_size=4), st.integers(0, 40)
)
def test_compiled_and_interpreted_declarations_agree(start: bytes, more: bytes, kept: int) -> None:
    data = start[:kept] + more
    for declaration, decode in ((c.COMMAND, c.decode_command), (c.ANSWER, c.decode_answer)):
        try:
            value = decode(data)
        except DecodeError:
            with pytest.raises((ConstructError, DecodeError)):
                interpret(declaration, data)
        else:
            assert interpret(declaration, data) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cut short"),
        ("5a", "unknown command 0x5a"),
        ("46 58", "unknown file command 0x58"),
        ("58 00", "left over"),
        ("4c 61 00", "a login is"),
        ("4c 612c62", "a login is"),
        ("4c 612c6200 00", "a login is"),
        ("4d", "no register numbers"),
        ("4d 000069", "no register numbers"),
        ("4d 00000069 00000060", "begins with 0x0000fff1"),
        ("52 00", "no short register number"),
        ("46 49 0305f0", "left"),
        ("46 53 0305f008 00000001 170b1a000000 00 00", "left over"),
    ],
)
def test_what_is_no_command_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(DecodeError, match=says):
        c.decode_command(bytes.fromhex(text))


def test_every_error_of_the_wire_has_its_code() -> None:
    assert [error.value for error in c.EdmiError] == list(range(1, 10))
