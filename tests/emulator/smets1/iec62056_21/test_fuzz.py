"""Any bytes at all: mode C answers with messages of its own or not at all, keeps what is closed, and lives on."""

from __future__ import annotations

import pytest
from line_fuzz import Fuzzed, fuzz
from line_meters import NOW, PASSWORDS, SERIAL, line_meter, mode_c

from emulator.smets1.iec62056_21 import framing as f
from emulator.smets1.iec62056_21.reader import MessageReader

_COMMANDS = (
    f.Command(b"P", b"1", b"(12345678)"),
    f.Command(b"P", b"2", b"(guess)"),
    f.Command(b"R", b"1", b"1.8.0()"),
    f.Command(b"R", b"5", b"P.01(261123003000;261123120000)"),
    f.Command(b"R", b"6", b"P.01(;)"),
    f.Command(b"W", b"1", b"0.9.1(120000)"),
    f.Command(b"B", b"0"),
)
_SIGN_ON = (b"/?!\r\n", f"/?{SERIAL}!\r\n".encode())
_OPTIONS = (b"\x06050\r\n", b"\x06051\r\n")
SAMPLES = (
    *_SIGN_ON,
    *_OPTIONS,
    *(_SIGN_ON[0] + _OPTIONS[1] + f.encode(one) for one in _COMMANDS),
    *(f.encode(one) for one in _COMMANDS),
    f.ACK,
    f.NAK,
    b"/?99!\r\n",
)


def repaired(data: bytes) -> bytes:
    """The last block with the check character that it ought to have."""
    start = data.rfind(f.SOH)
    if start < 0:
        return data
    body = data[start + 1 :].rstrip(b"\x03\x04")[:60].replace(b"\x03", b"").replace(b"\x04", b"") + f.ETX
    return data[: start + 1] + body + f.check_character(body)


def messages(answers: bytes) -> list[f.Message]:
    reader = MessageReader(1 << 20)
    reader.feed(answers)
    found = [f.decode(each) for each in iter(reader.next, None)]
    assert not reader.waiting
    return found


def check(answers: bytes) -> None:
    """Every answer is a message that a head-end can read, and no password is in it."""
    assert b"".join(f.encode(message) for message in messages(answers)) == answers
    assert not any(password in answers for password in PASSWORDS.values())


def hostile(count: int, seed: int = 5) -> Fuzzed:
    server = mode_c(line_meter(), reaction_s=0.0)
    outcome = fuzz(server, SAMPLES, repaired, check, count, seed)
    later = NOW + 1e9
    server.tick(later)
    assert server.next_deadline() is None
    assert server.receive_data(b"/?!\r\n", later) == b"/MFM5MTR1\r\n"
    return outcome


def test_hostile_bytes() -> None:
    outcome = hostile(4_000)
    assert outcome.sent // 4 < outcome.answered < outcome.sent


def test_who_has_no_password_reads_no_half_hour_and_sets_no_clock() -> None:
    nobody = tuple(sample for sample in SAMPLES if b"(12345678)" not in sample and b"\x06050" not in sample)
    meter = line_meter()

    def check_stranger(answers: bytes) -> None:
        check(answers)
        # the readout, which anybody may have, ends with an exclamation mark
        assert b"P.01" not in answers or b"!\r\n\x03" in answers

    server = mode_c(meter, reaction_s=0.0)
    assert fuzz(server, nobody, repaired, check_stranger, 3_000, 6).answered > 500
    assert meter.clock_error_s == 0


@pytest.mark.long
def test_a_million_hostile_messages() -> None:
    outcome = hostile(1_000_000)
    print(outcome)  # noqa: T201 - the figures are the point
    assert outcome.grown_kib < 20_000
