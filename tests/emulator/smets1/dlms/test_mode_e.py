"""HDLC behind a sign-on: the change of speed, who is let in, and the way back to the sign-on."""

from __future__ import annotations

from dlms_meters import dlms_device
from line_meters import NOW

from emulator.smets1.dlms.hdlc_frames import HdlcFrame, write_frame
from emulator.smets1.dlms.mode_e import ModeEServer

SNRM = bytes.fromhex("7ea0070321930f017e")
DISC = write_frame(HdlcFrame(False, b"\x03", b"\x21", 0x53))


def test_sign_on_switch_link_and_back() -> None:
    server = ModeEServer(dlms_device())
    assert server.take_baud() == 300
    assert server.receive_data(b"\x00\x00/?21E0000001!\r\n", NOW) == b"/MFM5\\2MTR1\r\n"
    assert server.receive_data(b"\x06252\r\n", NOW) == b""
    assert server.take_baud() == 9600
    assert server.next_deadline() == NOW + 0.2
    assert server.tick(NOW + 0.2) == b"\x06252\r\n"
    answer = server.receive_data(SNRM, NOW + 1)
    assert answer[:1] == b"\x7e" and answer[5] == 0x73
    assert server.take_baud() is None
    gone = server.receive_data(DISC, NOW + 2)
    assert gone[5] == 0x73 and server.take_baud() == 300
    assert server.receive_data(b"/?!\r\n", NOW + 3).startswith(b"/MFM5")


def test_others_and_other_modes_get_no_hdlc() -> None:
    server = ModeEServer(dlms_device())
    assert server.receive_data(b"/?12345678!\r\n", NOW) == b""
    assert server.receive_data(b"/?!\r\n\x06050\r\n", NOW).startswith(b"/MFM5")
    assert server.receive_data(b"\x06262\r\n" + SNRM, NOW) == b""
    assert server.next_deadline() is None and server.tick(NOW) == b""


def test_a_line_that_nobody_uses_goes_back() -> None:
    server = ModeEServer(dlms_device())
    server.receive_data(b"/?!\r\n", NOW)
    server.receive_data(b"\x06252\r\n", NOW)
    server.take_baud()
    server.tick(NOW + 1)
    server.receive_data(SNRM, NOW + 1)
    deadline = server.next_deadline()
    assert deadline is not None and server.tick(deadline) == b""
    assert server.take_baud() == 300 and not server.closed
