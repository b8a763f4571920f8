"""Any bytes at all: DLMS answers with messages of its own or not at all, keeps what is closed, and lives on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dlms_meters import (
    CHALLENGE,
    CLOCK,
    IMPORT,
    MANAGER,
    NOW,
    PASSWORD,
    PROFILE,
    PUBLIC,
    READER,
    TITLE,
    Client,
    aarq,
    action,
    dlms_device,
    get,
    initiate,
    wrapped,
)
from line_fuzz import Fuzzed, fuzz

from emulator.smets1.dlms import acse
from emulator.smets1.dlms.answers import FUSED_RESPONSE
from emulator.smets1.dlms.apdu import FUSED_EXCEPTION
from emulator.smets1.dlms.ciphering import FUSED_ENVELOPE
from emulator.smets1.dlms.device import DlmsDevice
from emulator.smets1.dlms.hdlc import HdlcServer
from emulator.smets1.dlms.hdlc_frames import FrameReader, HdlcFrame, crc_x25, write_frame
from emulator.smets1.dlms.wrapper import WrapperServer
from emulator.smets1.server import DialectServer

SNRM = bytes.fromhex("7ea0070321930f017e")


class Reconnecting:
    """A client that connects anew whenever the meter hangs up or is silent for long: it may wait for a long frame."""

    def __init__(self, connect: Callable[[], DialectServer]) -> None:
        self.connect, self.server, self.silent = connect, connect(), 0

    @property
    def closed(self) -> bool:
        return False

    def receive_data(self, data: bytes, now: float) -> bytes:
        answer = self.server.receive_data(data, now)
        self.silent = 0 if answer else self.silent + 1
        if self.server.closed or self.silent > 4:
            self.server, self.silent = self.connect(), 0
        return answer

    def next_deadline(self) -> float | None:
        return self.server.next_deadline()

    def tick(self, now: float) -> bytes:
        answer = self.server.tick(now)
        if self.server.closed:
            self.server = self.connect()
        return answer

    def take_baud(self) -> int | None:
        return self.server.take_baud()


def services(device: DlmsDevice) -> list[tuple[int, bytes]]:
    """Client SAPs and good services, the ciphered ones under counters that all come once."""
    manager = Client(device, MANAGER)
    opening = aarq(manager.seal(0x21, initiate()), context=3, mechanism=5, secret=CHALLENGE, title=TITLE)
    with_range = b"\x01\x02\x02\x04\x06\x00\x00\x00\x01\x06\x00\x00\x00\x05\x12\x00\x01\x12\x00\x00"
    plain = [
        get(PROFILE, 7, 2),
        get(PROFILE, 7, 2, with_range),
        get(CLOCK, 8, 2),
        get(bytes.fromhex("0000280000ff"), 15, 2),
        bytes.fromhex("c002c100000001"),
        b"\xc0\x03\xc1\x02\x00\x08" + CLOCK + b"\x02\x00\x00\x03" + IMPORT + b"\x02\x00",
        b"\xc1\x01\xc1\x00\x08" + CLOCK + b"\x02\x00\x09\x0c" + bytes(12),
        action(CLOCK, 8, 3, None),
        b"\x62\x00",
    ]
    return [
        *((sap, aarq(initiate(max_pdu=300))) for sap in (PUBLIC, PUBLIC, READER)),
        (READER, aarq(initiate(), mechanism=1, secret=PASSWORD)),
        (READER, aarq(initiate(), mechanism=1, secret=b"guess")),
        (MANAGER, opening),
        *((PUBLIC, one) for one in plain),
        *((MANAGER, manager.seal(one[0] + 8, one)) for one in plain[:4]),
    ]


def check_apdu(apdu: bytes) -> None:
    """It is one of the protocol's own answers."""
    match apdu[0]:
        case 0x61:
            acse.parse(acse.AARE, apdu, "AARE")
        case 0x63:
            acse.parse(acse.RLRE, apdu, "RLRE")
        case 0xD8:
            FUSED_EXCEPTION.parse(apdu)
        case 0xC4 | 0xC5 | 0xC7:
            FUSED_RESPONSE.parse(apdu)
        case _:
            FUSED_ENVELOPE.parse(apdu)
    assert PASSWORD not in apdu


def check_wrapped(answers: bytes) -> None:
    while answers:
        assert answers[:4] == b"\x00\x01\x00\x01"
        size = 8 + int.from_bytes(answers[6:8], "big")
        check_apdu(answers[8:size])
        answers = answers[size:]


def check_framed(answers: bytes) -> None:
    frames = list(FrameReader().feed(answers))
    assert b"".join(map(write_frame, frames)) == answers
    assert all(frame.control & 0x10 and PASSWORD not in (frame.information or b"") for frame in frames)


def repaired_wrapper(data: bytes) -> bytes:
    """With version, ports and length as they ought to be."""
    apdu = data[8:]
    return b"\x00\x01" + data[2:4].rjust(2, b"\x00") + b"\x00\x01" + len(apdu).to_bytes(2, "big") + apdu


def repaired_frame(data: bytes) -> bytes:
    """The last frame with length, check sequences and flags as they ought to be."""
    start = data.rfind(b"\x7e\xa0")
    body = data[start + 3 : -3][:300]
    if len(body) < 4:
        return SNRM
    head, information = body[:3], body[5:]
    length = 2 + len(head) + 2 + (2 + len(information) if information else 0)
    frame = (0xA000 | length).to_bytes(2, "big") + head
    if information:
        frame += crc_x25(frame) + information
    return data[: max(start, 0)] + b"\x7e" + frame + crc_x25(frame) + b"\x7e"


def hostile_wrapper(count: int, seed: int = 5) -> Fuzzed:
    device = dlms_device()
    samples = tuple(wrapped(sap, 1, apdu) for sap, apdu in services(device))
    server = Reconnecting(lambda: WrapperServer(device))
    outcome = fuzz(server, (*samples, samples[0] + samples[6]), repaired_wrapper, check_wrapped, count, seed)
    alive = Client(device, counter=1)
    assert alive.open()[0] == 0x61 and len(alive.value(PROFILE, 7, 2)) > 1000
    assert device.meter.clock_error_s == 0
    return outcome


def hostile_hdlc(count: int, seed: int = 6) -> Fuzzed:
    device = dlms_device()
    samples = [SNRM, SNRM, bytes.fromhex("7ea0070321535dcd7e")]
    for number, (sap, apdu) in enumerate(services(device)):
        source = bytes((sap << 1 | 1,))
        control = 0x10 | (number % 3) << 1
        samples.append(write_frame(HdlcFrame(False, b"\x03", source, 0x93)))
        samples.append(write_frame(HdlcFrame(False, b"\x03", source, control, b"\xe6\xe6\x00" + apdu)))
        samples.append(write_frame(HdlcFrame(False, b"\x03", source, 0x11 | (number % 8) << 5)))
    opened = SNRM + write_frame(HdlcFrame(False, b"\x03", b"\x21", 0x10, b"\xe6\xe6\x00" + aarq(initiate())))
    samples += [
        opened,
        opened + write_frame(HdlcFrame(False, b"\x03", b"\x21", 0x32, b"\xe6\xe6\x00" + get(PROFILE, 7, 2))),
    ]
    server = Reconnecting(lambda: HdlcServer(device))
    outcome = fuzz(server, samples, repaired_frame, check_framed, count, seed)
    assert next(FrameReader().feed(HdlcServer(device).receive_data(SNRM, NOW))).control == 0x73
    assert device.meter.clock_error_s == 0
    return outcome


@pytest.mark.parametrize("hostile", [hostile_wrapper, hostile_hdlc])
def test_hostile_bytes(hostile: Callable[[int], Fuzzed]) -> None:
    outcome = hostile(4_000)
    assert outcome.sent // 4 < outcome.answered <= outcome.sent


def test_who_has_no_password_sees_no_half_hour() -> None:
    device = dlms_device(profile="smets1-elster-as302p")
    rows = device.meter.profile(NOW)["active_import"].astype(">u4").tobytes()
    samples = tuple(wrapped(sap, 1, apdu) for sap, apdu in services(device) if PASSWORD not in apdu)

    def check(answers: bytes) -> None:
        check_wrapped(answers)
        assert rows[:4] + b"\x06" not in answers

    assert fuzz(Reconnecting(lambda: WrapperServer(device)), samples, repaired_wrapper, check, 3_000, 7).answered > 500


@pytest.mark.long
@pytest.mark.parametrize("hostile", [hostile_wrapper, hostile_hdlc])
def test_a_million_hostile_messages(hostile: Callable[[int], Fuzzed]) -> None:
    outcome = hostile(1_000_000)
    print(outcome)  # noqa: T201 - the figures are the point
    assert outcome.grown_kib < 20_000
