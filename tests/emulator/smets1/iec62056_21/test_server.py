"""A meter that speaks mode C: sign-on, readout, programming mode, errors, repetition, speeds and time-outs."""

from __future__ import annotations

import pytest
from line_meters import FIRST, LAST, NOW, SERIAL, line_meter, mode_c, truth

from emulator.smets1.iec62056_21.datasets import parse_lines
from emulator.smets1.iec62056_21.framing import Block, Command, Message, decode, encode
from emulator.smets1.iec62056_21.loadprofile import read_profile
from emulator.smets1.iec62056_21.states import TABLE, Does, Heard, State
from emulator.smets1.server import DialectServer

IDENTIFICATION = b"/MFM5MTR1\r\n"
BREAK = b"\x01B0\x03q"
CHALLENGE = encode(Command(b"P", b"0", b"(%d)" % SERIAL))
DENIED, UNKNOWN, NO_VALUE, WRONG = (encode(Block(b"(ERROR0%d)" % n)) for n in range(1, 5))


def server(**choices: object) -> DialectServer:
    made = mode_c(line_meter(), **choices)
    assert made.take_baud() == 300
    return made


def select(meter: DialectServer, option: bytes, now: float = NOW) -> bytes:
    """Sign on and choose; what the meter sends once the line has its new speed."""
    assert meter.receive_data(b"/?!\r\n", now) == IDENTIFICATION
    assert meter.receive_data(option, now) == b""
    return meter.tick(now + 0.2)


def programming(password: bytes | None = None, digit: bytes = b"1", **choices: object) -> DialectServer:
    meter = server(**choices)
    assert select(meter, b"\x06051\r\n") == CHALLENGE
    if password is not None:
        assert say(meter, b"P" + digit, b"(" + password + b")") == b"\x06"
    return meter


def say(meter: DialectServer, name: bytes, data: bytes | None = None, now: float = NOW + 1) -> bytes:
    return meter.receive_data(encode(Command(name[:1], name[1:], data)), now)


def block(data: bytes) -> Block:
    message: Message = decode(data)
    assert isinstance(message, Block)
    return message


# ---------------------------------------------------------------------- sign-on


@pytest.mark.parametrize("address", [b"", b"251308613", b"000251308613"])
def test_a_meter_answers_to_its_number_and_to_none(address: bytes) -> None:
    assert server().receive_data(b"/?" + address + b"!\r\n", NOW) == IDENTIFICATION


def test_a_sign_on_for_another_meter_is_not_answered_and_ends_a_session() -> None:
    meter = programming(b"12345678")
    assert meter.receive_data(b"/?99!\r\n", NOW + 1) == b""
    assert say(meter, b"R1", b"1.8.0()") == b""


@pytest.mark.parametrize(
    "option", [b"\x06052\r\n", b"\x06056\r\n", b"\x06060\r\n", b"\x060x0\r\n", b"\x06150\r\n", b"\x06zzzzz"]
)
def test_an_option_that_the_meter_has_not_ends_the_session(option: bytes) -> None:
    meter = server()
    assert select(meter, option) == b""
    assert meter.next_deadline() is None and meter.take_baud() is None


def test_speeds_follow_the_session() -> None:
    meter = server()
    meter.receive_data(b"/?!\r\n", NOW)
    assert meter.take_baud() is None
    assert meter.receive_data(b"\x06041\r\n", NOW) == b""
    assert (meter.take_baud(), meter.take_baud()) == (4800, None)
    assert meter.next_deadline() == NOW + 0.2
    assert meter.tick(NOW + 0.1) == b"" and meter.tick(NOW + 0.2) == CHALLENGE
    assert meter.receive_data(BREAK, NOW + 1) == b""
    assert meter.take_baud() == 300


# ---------------------------------------------------------------------- readout


def test_a_readout_holds_registers_clock_and_a_day_of_half_hours() -> None:
    meter, truly = server(), line_meter()
    data = block(select(meter, b"\x06050\r\n")).data
    assert data.endswith(b"!\r\n")
    lines = parse_lines(data)
    shown = {line.address: line.values[0].text for line in lines if line.address}
    assert shown["0.0.0"] == str(SERIAL) and shown["0.9.2"] == "261124" and shown["0.9.1"] == "010000"
    for address, channel in (("1.8.0", "active_import"), ("2.8.0", "active_export"), ("3.8.0", "reactive_import")):
        assert round(float(shown[address]) * 1000) == truly.register_wh(channel, NOW)  # type: ignore[arg-type]
    rows = [(row.stamp, *(round(float(text) * 1000) for text in row.values)) for row in read_profile("P.01", lines)]
    assert rows == truth(truly)


def test_without_a_reaction_time_the_readout_comes_at_once() -> None:
    meter = server(reaction_s=0.0)
    assert meter.receive_data(b"/?!\r\n", NOW) == IDENTIFICATION
    assert block(meter.receive_data(b"\x06050\r\n", NOW)).data.endswith(b"!\r\n")


def test_a_readout_is_repeated_on_nak_and_ended_by_ack() -> None:
    meter = server()
    data = select(meter, b"\x06050\r\n")
    assert meter.receive_data(b"\x15", NOW + 1) == data
    assert meter.receive_data(b"\x06", NOW + 1) == b""
    assert meter.take_baud() is None  # it never took the speed that was offered
    assert meter.receive_data(b"\x15", NOW + 1) == b""


def test_repetition_has_an_end() -> None:
    meter = server(tries=2)
    data = select(meter, b"\x06050\r\n")
    assert [meter.receive_data(b"\x15", NOW + 1) for _ in range(4)] == [data, data, BREAK, b""]


# ---------------------------------------------------------------------- passwords


def test_a_wrong_password_is_an_error_and_then_a_break() -> None:
    meter = programming(tries=2)
    answers = [say(meter, b"P1", b"(guess)") for _ in range(4)]
    assert answers == [WRONG, WRONG, BREAK, b""]


def test_reading_between_guesses_buys_no_more_of_them() -> None:
    meter = programming(tries=2)
    for answer in (WRONG, WRONG, BREAK):
        say(meter, b"R1", b"1.8.0()")
        assert say(meter, b"P1", b"(guess)") == answer


def test_a_wrong_password_may_break_at_once() -> None:
    meter = programming(wrong_password="break")
    assert say(meter, b"P1", b"(guess)") == BREAK
    assert say(meter, b"P1", b"(12345678)") == b""


def test_a_wrong_password_takes_away_what_the_right_one_gave() -> None:
    meter = programming(b"12345678")
    assert say(meter, b"P2", b"(guess)") == WRONG
    assert say(meter, b"R5", b"P.01(;)") == DENIED


def test_a_password_counts_in_programming_mode_only() -> None:
    meter = server()
    assert say(meter, b"P1", b"(12345678)") == b""
    meter.receive_data(b"/?!\r\n", NOW)
    assert say(meter, b"P1", b"(12345678)", NOW) == b""
    meter.receive_data(b"\x06051\r\n", NOW)
    assert meter.tick(NOW + 0.2) == CHALLENGE
    assert say(meter, b"R5", b"P.01(;)") == DENIED


@pytest.mark.parametrize("password", [b"", b"EDMI", b"87654321", b"\xff"])
def test_only_the_password_of_the_level_opens_it(password: bytes) -> None:
    assert say(programming(), b"P1", b"(" + password + b")") == WRONG


# ---------------------------------------------------------------------- programming mode


def test_registers_are_read_with_and_without_a_password() -> None:
    total = line_meter().register_wh("active_import", NOW)
    expected = b"1.8.0(%06d.%03d*kWh)" % divmod(total, 1000)
    for meter in (programming(), programming(b"12345678")):
        for name in (b"R1", b"R5"):
            assert block(say(meter, name, b"1.8.0(1)")).data == expected


def test_a_range_of_the_profile_is_read() -> None:
    meter = programming(b"12345678")
    data = block(say(meter, b"R5", b"P.01(261123010000;261123020000)")).data
    assert [row.stamp for row in read_profile("P.01", parse_lines(data))] == [FIRST + 1800, FIRST + 3600, FIRST + 5400]
    assert block(say(meter, b"R5", b"P.01(200101000000;200102000000)")).data == b""


def test_partial_blocks_go_on_by_ack_and_back_by_nak() -> None:
    meter = programming(b"12345678", rows_per_block=20)
    first = say(meter, b"R6", b"P.01(;)")
    assert not block(first).last
    assert meter.receive_data(b"\x15", NOW + 1) == first
    second = meter.receive_data(b"\x06", NOW + 1)
    third = meter.receive_data(b"\x06", NOW + 1)
    assert (block(second).last, block(third).last) == (False, True)
    assert meter.receive_data(b"\x15", NOW + 1) == third
    assert meter.receive_data(b"\x06", NOW + 1) == b""
    lines = parse_lines(b"".join(block(part).data for part in (first, second, third)))
    assert [row.stamp for row in read_profile("P.01", lines)] == list(range(FIRST, LAST + 1, 1800))


def test_partial_blocks_of_nothing_are_one_that_is_empty() -> None:
    assert say(programming(b"12345678"), b"R6", b"P.01(200101000000;200102000000)") == encode(Block(b""))


def test_the_clock_is_set_by_the_second_password_only() -> None:
    assert say(programming(b"12345678"), b"W1", b"0.9.1(120000)") == DENIED
    meter = programming(b"87654321", b"2")
    assert say(meter, b"W1", b"0.9.1(120000)") == b"\x06"
    assert say(meter, b"R1", b"0.9.1()", NOW + 31) == encode(Block(b"0.9.1(120030)"))


@pytest.mark.parametrize(
    ("name", "data", "answer"),
    [
        (b"R1", b"9.9.9()", UNKNOWN),
        (b"R1", b"1.8.0", NO_VALUE),
        (b"R1", None, NO_VALUE),
        (b"R5", b"P.01(x;y)", NO_VALUE),
        (b"R6", b"P.01(x;y)", NO_VALUE),
        (b"R6", b"9.9.9()", UNKNOWN),
        (b"W1", b"1.8.0(0)", DENIED),
        (b"W1", b"P.01(0)", UNKNOWN),
        (b"W1", b"0.9.1(999999)", NO_VALUE),
        (b"R2", b"1.8.0()", UNKNOWN),
        (b"E2", b"()", UNKNOWN),
        (b"P3", b"(x)", UNKNOWN),
    ],
)
def test_every_refusal_has_its_text(name: bytes, data: bytes | None, answer: bytes) -> None:
    meter = programming(b"87654321", b"2")
    assert say(meter, name, data) == answer
    assert block(say(meter, b"R1", b"F.F()")).data == b"F.F(00)"


def test_the_profile_is_closed_before_a_password() -> None:
    meter = programming()
    assert say(meter, b"R5", b"P.01(;)") == say(meter, b"R1", b"P.01()") == say(meter, b"R6", b"P.01(;)") == DENIED


def test_a_bad_check_character_is_asked_for_again() -> None:
    meter = programming(b"12345678")
    good = encode(Command(b"R", b"1", b"F.F()"))
    assert meter.receive_data(good[:-1] + bytes((good[-1] ^ 1,)), NOW + 1) == b"\x15"
    assert block(meter.receive_data(good, NOW + 1)).data == b"F.F(00)"


def test_a_bad_check_character_outside_a_session_is_nothing() -> None:
    assert server().receive_data(b"\x01B0\x03x", NOW) == b""


def test_a_sign_on_begins_anew_whatever_went_before() -> None:
    meter = programming(b"12345678")
    assert select(meter, b"\x06051\r\n", NOW + 2) == CHALLENGE
    assert say(meter, b"R5", b"P.01(;)", NOW + 3) == DENIED


# ---------------------------------------------------------------------- time


def test_a_session_ends_with_its_time() -> None:
    meter = programming(b"12345678", inactivity_s=60.0)
    assert meter.take_baud() == 9600
    assert say(meter, b"R1", b"F.F()", NOW + 60) != b""
    assert meter.next_deadline() == NOW + 120
    assert meter.tick(NOW + 120) == b""
    assert meter.take_baud() == 300 and meter.next_deadline() is None
    assert say(meter, b"R1", b"F.F()", NOW + 121) == b""


def test_a_message_that_stops_half_way_is_given_up() -> None:
    meter = programming(character_timeout_s=1.5)
    assert meter.receive_data(b"\x01R1\x02F.", NOW + 1) == b"" and meter.next_deadline() == NOW + 2.5
    meter.tick(NOW + 2.5)
    assert meter.receive_data(b"F()\x03\x00", NOW + 2.6) == b""
    assert block(say(meter, b"R1", b"F.F()", NOW + 3)).data == b"F.F(00)"


def test_a_byte_at_a_time_is_the_same() -> None:
    meter = programming(b"12345678")
    asked = encode(Command(b"R", b"5", b"P.01(;)"))
    slow = b"".join(meter.receive_data(bytes((byte,)), NOW + 1) for byte in asked)
    assert slow == meter.receive_data(asked, NOW + 1) and len(block(slow).data) > 500


def test_the_table_has_a_row_for_everything() -> None:
    assert set(TABLE) == {(state, heard) for state in State for heard in Heard}
    assert {does for _, does in TABLE.values()} == set(Does)


def test_nothing_but_programming_mode_reads_or_writes() -> None:
    told = {Does.ANSWER, Does.FIRST_BLOCK, Does.NEXT_BLOCK}
    assert {state for (state, _), (_, does) in TABLE.items() if does in told} == {
        State.LOCKED,
        State.OPEN,
        State.BLOCKS,
    }
    assert {TABLE[State.IDLE, heard] for heard in Heard if heard is not Heard.SIGN_ON} == {
        (State.IDLE, Does.NOTHING),
        (State.IDLE, Does.HANG_UP),
    }
