"""Any bytes at all: EDMI answers with frames of its own or not at all, tells strangers nothing, and lives on."""

from __future__ import annotations

import pytest
from edmi_captures import ACK, LOGIN, READ_14
from line_fuzz import Fuzzed, fuzz
from line_meters import FIRST, NOW, PASSWORDS, SERIAL, edmi, line_meter

from emulator.smets1.edmi import commands as c
from emulator.smets1.edmi.framing import ETX, STX, Frame, crc, decode, encode, stuff, unstuff
from emulator.smets1.edmi.values import date_time_bytes
from gbcs.errors import DecodeError
from gbcs.times import HALF_HOUR_S

LS01, START = 0x0305F008, FIRST // HALF_HOUR_S
_COMMANDS = (
    c.Command(c.ATTENTION),
    c.Command(c.LOGOUT),
    c.Command(c.LOGIN, c.Login(b"READER", b"readonly")),
    c.Command(c.LOGIN, c.Login(b"READER", b"guess")),
    c.Command(c.READ, c.Registers((0x69,))),
    c.Command(c.READ_EXTENDED, c.Registers((0xF03D,))),
    c.Command(c.READ_EXTENDED, c.Registers((0x69, 0xFFF0, 0x70), many=True)),
    c.Command(c.WRITE_EXTENDED, c.Value(0xF03D, date_time_bytes(NOW))),
    c.Command(c.FILE, c.FilePart(c.FILE_INFO, c.Info(LS01))),
    c.Command(c.FILE, c.FilePart(c.FILE_SEARCH, c.Search(LS01, 0, date_time_bytes(FIRST), 0))),
    c.Command(c.FILE, c.FilePart(c.FILE_READ, c.Records(LS01, START, 48, 0, 10))),
)
SAMPLES = (LOGIN, READ_14, ACK, *(encode(Frame(c.encode_command(one), SERIAL, 1)) for one in _COMMANDS), b"/?!\r\n")


def repaired(data: bytes) -> bytes:
    """The frame with the check that its body ought to have."""
    try:
        body = unstuff(data.strip(STX + ETX))[:-2]
    except DecodeError:
        return data
    return STX + stuff(body + crc(body)) + ETX


def check(answers: bytes) -> None:
    """Every answer is a frame that a head-end can read, and no password is in it."""
    *frames, rest = answers.split(ETX)
    assert rest == b""
    for frame in frames:
        answer = c.decode_answer(decode(frame + ETX).content)
        assert answer.letter != c.CAN or answer.value in set(c.EdmiError)
    assert not any(password in answers for password in PASSWORDS.values())


def hostile(count: int, seed: int = 5) -> Fuzzed:
    server = edmi(line_meter())
    outcome = fuzz(server, SAMPLES, repaired, check, count, seed)
    later = NOW + 1e9
    server.tick(later)
    assert server.next_deadline() is None
    assert server.receive_data(LOGIN, later) == ACK
    return outcome


def test_hostile_bytes() -> None:
    outcome = hostile(4_000)
    assert outcome.sent // 4 < outcome.answered < outcome.sent


def test_a_stranger_learns_nothing() -> None:
    def check_stranger(answers: bytes) -> None:
        check(answers)
        for frame in answers.split(ETX)[:-1]:
            content = decode(frame + ETX).content
            assert content in {b"\x06", b"\x18\x04", b"\x18\x09"}

    nobody = tuple(sample for sample in SAMPLES if sample != LOGIN and b"readonly" not in sample)
    assert fuzz(edmi(line_meter()), nobody, repaired, check_stranger, 3_000, 6).answered > 500


@pytest.mark.long
def test_a_million_hostile_frames() -> None:
    outcome = hostile(1_000_000)
    print(outcome)  # noqa: T201 - the figures are the point
    assert outcome.grown_kib < 20_000
