"""Meters that say anything at all: a session ends in values or in an error of the peer, never in anything else."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from line_meters import NOW
from mutations import mutated
from read_meters import EVERYTHING, access, smets1_meter

from emulator.smets1.conversation import Conversation, Patience
from emulator.smets1.dlms.hdlc_client import AnswerReader, HdlcAddresses, Link, over_hdlc
from emulator.smets1.dlms.hdlc_frames import HdlcFrame, read_frame, write_frame
from emulator.smets1.dlms.wrapper_client import WrapperReader, over_wrapper
from emulator.smets1.edmi import client as edmi_client
from emulator.smets1.edmi import framing as edmi_framing
from emulator.smets1.iec62056_21 import client as mode_c_client
from emulator.smets1.iec62056_21.framing import check_character
from emulator.smets1.profile import load_profile
from emulator.smets1.server import DialectServer
from gbcs.errors import DecodeError, RemoteError
from rigs.meters import edmi, mode_c
from rigs.meters.drivers import _script
from rigs.meters.values import Found

PATIENCE = Patience(1.0, 2)
MODE_C, HDLC, WRAPPER, EDMI = "smets1-iec62056-21", "smets1-dlms-hdlc", "smets1-dlms", "smets1-edmi"


def within_hdlc(harm: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def harmed(data: bytes) -> bytes:
        try:
            frame = read_frame(data[1:-1])
        except DecodeError:
            return data
        if frame.information is None:
            return data
        inner = harm(frame.information)[:1000]
        return write_frame(HdlcFrame(frame.segmented, frame.destination, frame.source, frame.control, inner))

    return harmed


def within_wrapper(harm: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def harmed(data: bytes) -> bytes:
        apdu = harm(data[8:])
        return data[:6] + len(apdu).to_bytes(2, "big") + apdu

    return harmed


def within_mode_c(harm: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def harmed(data: bytes) -> bytes:
        if data[:1] not in {b"\x01", b"\x02"} or len(data) < 4:
            return data
        inner = harm(data[1:-2]).translate(None, b"\x01\x02\x03\x04")
        body = inner + data[-2:-1]
        return data[:1] + body + check_character(body)

    return harmed


def within_edmi(harm: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def harmed(data: bytes) -> bytes:
        try:
            frame = edmi_framing.decode(data)
        except DecodeError:
            return data
        content = harm(frame.content)
        return edmi_framing.encode(edmi_framing.Frame(content, frame.destination, frame.source, frame.sequence))

    return harmed


def conversation(dialect: str) -> Conversation[Any, Found]:
    if dialect == "dlms-wrapper":
        script = _script(access(WRAPPER, "pty:", client="public"), EVERYTHING)
        return Conversation(over_wrapper(16, 1, script), WrapperReader(), PATIENCE)
    if dialect == "dlms-wrapper-gmac":
        script = _script(access(WRAPPER, "pty:", client="management"), EVERYTHING)
        return Conversation(over_wrapper(1, 1, script), WrapperReader(), PATIENCE)
    if dialect == "dlms-hdlc":
        script = _script(access(HDLC, "pty:", client="public"), EVERYTHING)
        return Conversation(over_hdlc(Link(HdlcAddresses(16, 1)), script), AnswerReader(), PATIENCE)
    if dialect == "iec62056-21":
        return mode_c_client.converse(mode_c.session("", b"12345678", EVERYTHING), PATIENCE)
    if dialect == "readout":
        return mode_c_client.converse(mode_c.readout_session("", EVERYTHING), PATIENCE)
    return edmi_client.converse(edmi.session(edmi_client.Line(251308613), "READER", b"readonly", EVERYTHING), PATIENCE)


Within = Callable[[Callable[[bytes], bytes]], Callable[[bytes], bytes]]

DIALECTS: dict[str, tuple[str, str, Within, int]] = {
    "dlms-wrapper": (WRAPPER, "dlms-wrapper", within_wrapper, 13),
    "dlms-wrapper-gmac": (WRAPPER, "dlms-wrapper", within_wrapper, 14),
    "dlms-hdlc": (HDLC, "dlms-hdlc", within_hdlc, 24),
    "iec62056-21": (MODE_C, "iec62056-21", within_mode_c, 12),
    "readout": (MODE_C, "iec62056-21", within_mode_c, 2),
    "edmi": (EDMI, "edmi", within_edmi, 27),
}
"""Profile, dialect, how harm is done inside of a message, and how many answers a session has."""


def held(server: DialectServer, talk: Conversation[Any, Found], harm: Callable[[bytes], bytes]) -> int:
    """Carry a conversation to its end; how many turns it took."""
    now, turns = NOW, 0
    up = talk.start(now)
    while not talk.done:
        turns += 1
        assert turns < 5000, "it does not end"
        down = server.receive_data(up, now) if up else b""
        if not down:
            deadlines = [at for at in (server.next_deadline(), talk.next_deadline()) if at is not None]
            now = max(now, min(deadlines))
            down = server.tick(now)
        up = talk.receive_data(harm(down), now) if down else talk.tick(now)
    return turns


def outcomes(dialect: str, rounds: int, seed: int) -> dict[str, int]:
    """How many sessions ended in values and how many in an error; the harm is done to one answer of each."""
    profile, name, within, answers = DIALECTS[dialect]
    meter = smets1_meter(profile)
    chance, found = random.Random(f"{dialect} {seed}"), {"values": 0, "error": 0}
    samples = [b"\x00", b"\xff" * 9, b"(9999999999)", bytes(range(40))]
    for _ in range(rounds):
        harm_at, count = chance.randrange(answers) + 1, 0

        def harm(data: bytes, harm_at: int = harm_at) -> bytes:
            nonlocal count
            count += 1
            return within(lambda inner: mutated(chance, inner, samples))(data) if count == harm_at else data

        talk = conversation(dialect)
        held(load_profile(profile).servers(meter, name)(), talk, harm)
        try:
            talk.result()
            found["values"] += 1
        except RemoteError:
            found["error"] += 1
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_session_ends_in_values_or_in_an_error_of_the_peer(dialect: str) -> None:
    found = outcomes(dialect, 40, 1)
    assert found["error"] > 1, found


@pytest.mark.long
@pytest.mark.parametrize("dialect", DIALECTS)
def test_so_it_is_in_many_sessions(dialect: str) -> None:
    found = outcomes(dialect, 2000, 2)
    assert found["error"] > 50, found
