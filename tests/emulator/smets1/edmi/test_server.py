"""A meter that speaks EDMI: a captured session, every error code, access levels, silence and time-outs."""

from __future__ import annotations

import struct

import pytest
from edmi_captures import ACK, LOGIN, READ_14
from line_meters import FIRST, NOW, SERIAL, edmi, line_meter, settings_of

from emulator.smets1.edmi import commands as c
from emulator.smets1.edmi.framing import Frame, decode, encode
from emulator.smets1.edmi.registers import registers
from emulator.smets1.edmi.server import edmi_servers
from emulator.smets1.edmi.states import TABLE, Does, Heard, State
from emulator.smets1.edmi.values import KINDS, date_time_bytes
from emulator.smets1.meter import emulated_meter
from emulator.smets1.server import DialectServer
from gbcs.errors import LocalError

HEAD = 0x012B1668


def server(**choices: object) -> DialectServer:
    return edmi(line_meter(), **choices)


def say(meter: DialectServer, content: bytes, now: float = NOW, to: int | None = SERIAL) -> bytes:
    """The content of the meter's answer; empty for none."""
    answer = meter.receive_data(encode(Frame(content, to, None if to is None else HEAD)), now)
    return decode(answer).content if answer else b""


def logged_in(user: bytes = b"EDMI", password: bytes = b"IMDEIMDE", **choices: object) -> DialectServer:
    meter = server(**choices)
    assert say(meter, b"L" + user + b"," + password + b"\x00") == b"\x06"
    return meter


def test_the_captured_login_gets_the_captured_answer() -> None:
    assert server().receive_data(b"/?!\r\n" + LOGIN, NOW) == ACK


def test_the_captured_list_is_answered_register_by_register() -> None:
    meter = server()
    meter.receive_data(LOGIN, NOW)
    data = decode(meter.receive_data(READ_14, NOW)).content
    assert data[:5] == bytes.fromhex("4d0000fff1")
    numbers, at, found = c.decode_command(decode(READ_14).content).value.numbers, 5, {}
    for number in numbers:
        error, at = data[at], at + 1
        if error:
            assert error == c.EdmiError.REGISTER_NOT_FOUND and number not in registers()
            continue
        size = KINDS[registers()[number].type].size
        assert size is not None
        found[number], at = data[at : at + size], at + size
    assert at == len(data)
    assert struct.unpack(">f", found[0xE000]) == (240.0,)
    truth = line_meter()
    assert struct.unpack(">d", found[0x0169]) == (truth.register_wh("active_export", NOW),)
    assert struct.unpack(">d", found[0x0369]) == (truth.register_wh("reactive_export", NOW),)


def test_one_register_by_either_number() -> None:
    meter, truth = logged_in(), line_meter()
    total = struct.pack(">d", truth.register_wh("active_import", NOW))
    assert say(meter, bytes.fromhex("4d00000069")) == bytes.fromhex("4d00000069") + total
    assert say(meter, bytes.fromhex("520069")) == bytes.fromhex("520069") + total
    assert say(meter, bytes.fromhex("4d0000f002"))[5:] == str(SERIAL).encode() + b"\x00"


def test_a_frame_without_addresses_is_answered_without() -> None:
    meter = server()
    assert meter.receive_data(encode(Frame(b"LEDMI,IMDEIMDE\x00")), NOW) == encode(Frame(b"\x06"))
    assert say(meter, b"X", to=None) == b"\x06"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("4d 00000070", 3),  # no such register
        ("4d 0000fff0", 4),  # the password register
        ("4d 000069", 5),
        ("4e 00000069 0102030405060708", 1),
        ("4e 0000f03d 01", 5),
        ("4e 0000f03d 000000000000", 8),
        ("4e 00000070 00", 3),
        ("46 49 0325f008", 3),
        ("46 49", 5),
        ("46 57 0305f008 00", 1),
        ("46 53 0305f008 00000000 000000000000 00", 8),
        ("46 52 0305f008 00000000 0001 0000 000a", 8),
        ("49 0069", 2),
        ("4f 00000069", 2),
        ("41", 2),
        ("42", 2),
        ("7a", 2),
        ("", 2),
    ],
)
def test_every_refusal_has_its_code(content: str, code: int) -> None:
    assert say(logged_in(), bytes.fromhex(content)) == bytes((0x18, code))


@pytest.mark.parametrize(
    "content", ["4d 00000069", "4d 0000fff1 00000069", "46 49 0305f008", "4e 0000f03d 01", "7a", "4d"]
)
def test_nothing_is_told_to_who_is_not_logged_in(content: str) -> None:
    assert say(server(), bytes.fromhex(content)) == b"\x18\x09"


@pytest.mark.parametrize("login", [b"EDMI,imdeimde", b"EDMI,", b"NOBODY,IMDEIMDE", b"P1,12345678", b",", b"\xff,\xff"])
def test_a_wrong_login_is_denied_and_ends_the_one_before(login: bytes) -> None:
    meter = logged_in()
    assert say(meter, b"L" + login + b"\x00") == b"\x18\x04"
    assert say(meter, bytes.fromhex("4d00000069")) == b"\x18\x09"


def test_logging_out_ends_a_login() -> None:
    meter = logged_in()
    assert say(meter, b"X") == b"\x06"
    assert say(meter, bytes.fromhex("4d00000069")) == b"\x18\x09"


def test_only_an_engineer_sets_the_clock() -> None:
    write = bytes.fromhex("4e0000f03d") + date_time_bytes(FIRST)
    assert say(logged_in(b"READER", b"readonly"), write) == b"\x18\x04"
    meter = logged_in()
    assert say(meter, write) == b"\x06"
    assert say(meter, bytes.fromhex("4d0000f03d"), NOW + 60)[5:] == date_time_bytes(FIRST + 60)


def test_a_refused_register_in_a_list_is_padded_as_the_profile_says() -> None:
    listed = bytes.fromhex("4d 0000fff1 0000fff0 00000070 0000f701")
    one = bytes.fromhex("00 3f800000")
    assert say(logged_in(), listed)[5:] == b"\x04\x00" + b"\x03" + one
    assert say(logged_in(pads_refused=False, pad_unknown_bytes=4), listed)[5:] == b"\x04" + b"\x03" + bytes(4) + one


@pytest.mark.parametrize(
    "damage", [lambda data: data[:20] + b"?" + data[21:], lambda data: data[:20] + b"\x10" + data[20:]]
)
def test_a_frame_that_came_damaged_is_not_answered(damage: object) -> None:
    meter = server()
    assert meter.receive_data(damage(LOGIN), NOW) == b""  # type: ignore[operator]
    assert meter.receive_data(LOGIN, NOW) == ACK


def test_a_frame_for_another_meter_is_not_answered_and_costs_no_login() -> None:
    meter = logged_in()
    assert say(meter, b"X", to=SERIAL + 1) == b""
    assert say(meter, bytes.fromhex("4d0000f701"))[:1] == b"M"


def test_a_login_ends_with_its_time() -> None:
    meter = logged_in(idle_logout_s=60.0)
    assert meter.next_deadline() == NOW + 60
    assert say(meter, bytes.fromhex("4d0000f701"), NOW + 59)[:1] == b"M"
    assert meter.tick(NOW + 119) == b""
    assert meter.next_deadline() is None
    assert say(meter, bytes.fromhex("4d0000f701"), NOW + 119) == b"\x18\x09"


def test_noise_does_not_keep_a_login_alive() -> None:
    meter = logged_in(idle_logout_s=60.0)
    meter.receive_data(b"\x02noise\x03", NOW + 50)
    assert say(meter, bytes.fromhex("4d0000f701"), NOW + 60) == b"\x18\x09"


def test_a_frame_that_stops_half_way_is_given_up() -> None:
    meter = server(frame_timeout_s=5.0)
    assert meter.receive_data(LOGIN[:20], NOW) == b"" and meter.next_deadline() == NOW + 5
    meter.tick(NOW + 5)
    assert meter.next_deadline() is None
    assert meter.receive_data(LOGIN[20:], NOW + 5) == b""
    assert meter.receive_data(LOGIN, NOW + 5) == ACK


def test_a_byte_at_a_time_is_the_same() -> None:
    meter = server()
    assert b"".join(meter.receive_data(bytes((byte,)), NOW) for byte in LOGIN) == ACK


def test_several_frames_at_once_are_answered_in_order() -> None:
    answers = server().receive_data(LOGIN + encode(Frame(b"X", SERIAL, HEAD)) + LOGIN, NOW)
    assert answers == ACK * 3


@pytest.mark.parametrize("serial_number", ["21E0000001", "0", "4294967296"])
def test_a_serial_number_that_is_no_address_is_refused(serial_number: str) -> None:
    meter = emulated_meter(1, serial_number=serial_number, manufacturer="MFM", passwords={}, commissioned_at=0.0)
    with pytest.raises(LocalError, match="an EDMI serial number is a number"):
        edmi_servers(settings_of("smets1-edmi", "edmi"), meter)


def test_the_table_has_a_row_for_everything() -> None:
    assert set(TABLE) == {(state, heard) for state in State for heard in Heard}
    assert {does for _, does in TABLE.values()} == set(Does)
    answered = {key for key, (_, does) in TABLE.items() if does is Does.ANSWER}
    assert answered == {(State.LOGGED_IN, Heard.REQUEST)}
