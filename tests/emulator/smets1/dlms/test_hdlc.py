"""HDLC: check sequences, frames against their declaration, and the secondary station."""

from __future__ import annotations

import pytest
from construct import ConstructError
from dlms_meters import NOW, PROFILE, PUBLIC, aarq, dlms_device, get, initiate
from hypothesis import given
from hypothesis import strategies as st
from interpreted import interpret
from mutations import flipped

from emulator.smets1.dlms.hdlc import HdlcServer
from emulator.smets1.dlms.hdlc_frames import (
    HDLC_FRAME,
    Flagged,
    FrameReader,
    HdlcFrame,
    crc_x25,
    read_frame,
    write_frame,
)
from emulator.smets1.dlms.rows import layout
from gbcs.errors import DecodeError

SNRM = bytes.fromhex("7ea0070321930f017e")
METER, CLIENT = b"\x03", b"\x21"
COLUMNS = ("clock", "active_import", "active_export")
UA, DM, FRMR = 0x73, 0x1F, 0x97

addresses = st.sampled_from([b"\x03", b"\x21", b"\xff", b"\x02\x23", b"\x02\x04\x06\x23", b"\xfe\xff"])
frames = st.builds(
    HdlcFrame, st.booleans(), addresses, addresses, st.integers(0, 255), st.none() | st.binary(min_size=1, max_size=300)
)


class Primary:
    """A client's end of a link, frame by frame."""

    def __init__(self, server: HdlcServer, parameters: bytes = b"") -> None:
        self.server, self.send, self.receive = server, 0, 0
        self.agreed = self.one(0x93, parameters or None)

    def raw(self, data: bytes) -> list[HdlcFrame]:
        return list(FrameReader().feed(self.server.receive_data(data, NOW)))

    def one(self, control: int, information: bytes | None = None, *, segmented: bool = False) -> HdlcFrame:
        (answer,) = self.raw(write_frame(HdlcFrame(segmented, METER, CLIENT, control, information)))
        assert (answer.destination, answer.source) == (CLIENT, METER)
        return answer

    def information(self, part: bytes, *, segmented: bool = False) -> HdlcFrame:
        control = 0x10 | self.send << 1 | self.receive << 5
        self.send = (self.send + 1) & 7
        return self.one(control, part, segmented=segmented)

    def ready(self) -> HdlcFrame:
        return self.one(0x11 | self.receive << 5)

    def ask(self, apdu: bytes) -> bytes:
        """The APDU that comes back, of as many segments as it takes."""
        answer, whole = self.information(b"\xe6\xe6\x00" + apdu), b""
        while True:
            assert not answer.control & 1 and answer.control >> 1 & 7 == self.receive
            assert answer.control >> 5 == self.send
            self.receive = (self.receive + 1) & 7
            whole += answer.information or b""
            if not answer.segmented:
                assert whole[:3] == b"\xe6\xe7\x00"
                return whole[3:]
            answer = self.ready()


def primary(parameters: bytes = b"", **choices: object) -> Primary:
    return Primary(HdlcServer(dlms_device(**choices)), parameters)


# ---------------------------------------------------------------------- frames


def test_the_check_sequence_of_the_catalogue() -> None:
    assert int.from_bytes(crc_x25(b"123456789"), "little") == 0x906E


@given(frames)
def test_packed_frames_are_the_declared_ones(frame: HdlcFrame) -> None:
    data = write_frame(frame)
    assert HDLC_FRAME.build(Flagged(frame)) == data
    assert interpret(HDLC_FRAME, data) == Flagged(frame)
    assert read_frame(data[1:-1]) == frame


@given(frames, st.data())
def test_both_readers_refuse_the_same(frame: HdlcFrame, data: st.DataObject) -> None:
    wire = write_frame(frame)
    bit = data.draw(st.integers(8, len(wire) * 8 - 9))
    changed = flipped(wire, bit)
    with pytest.raises(DecodeError):
        read_frame(changed[1:-1])
    with pytest.raises(ConstructError):
        interpret(HDLC_FRAME, changed)


@given(st.binary(max_size=40))
def test_both_readers_agree_on_any_bytes(body: bytes) -> None:
    wire = (0xA000 | len(body) + 4).to_bytes(2, "big") + body
    wire += crc_x25(wire)
    try:
        packed = read_frame(wire)
    except DecodeError:
        with pytest.raises(ConstructError):
            interpret(HDLC_FRAME, b"\x7e" + wire + b"\x7e")
        return
    assert interpret(HDLC_FRAME, b"\x7e" + wire + b"\x7e") == Flagged(packed)


@given(st.lists(frames, max_size=5), st.integers(1, 50), st.booleans())
def test_frames_are_found_in_any_stream(sent: list[HdlcFrame], size: int, shared_flags: bool) -> None:
    wire = b"".join(write_frame(frame)[: -1 if shared_flags else None] for frame in sent) + b"\x7e"
    reader, found = FrameReader(), []
    for at in range(0, len(wire), size):
        found += reader.feed(wire[at : at + size])
    assert found == sent


def test_noise_before_and_between_is_skipped() -> None:
    assert (
        list(FrameReader().feed(b"noise\x7e\xa0" + SNRM + b"\x00\x7e\x7e" + SNRM))
        == [HdlcFrame(False, METER, CLIENT, 0x93)] * 2
    )


# ---------------------------------------------------------------------- the station


def test_the_snrm_of_the_independent_libraries_connects() -> None:
    answer = primary().agreed
    assert answer.control == UA
    assert answer.information == bytes.fromhex("818012 050180 060180 070400000001 080400000001".replace(" ", ""))


@pytest.mark.parametrize(
    ("asked", "ours", "transmit", "receive"),
    [
        ("0501800601 40", 128, 64, 128),
        ("0502080006020800", 256, 256, 256),
        ("", 256, 128, 128),
        ("0500060100", 128, 1, 128),
    ],
)
def test_the_lower_limits_are_agreed(asked: str, ours: int, transmit: int, receive: int) -> None:
    groups = bytes.fromhex(asked.replace(" ", ""))
    answer = primary(b"\x81\x80" + bytes((len(groups),)) + groups, hdlc_information=ours).agreed
    sizes = [(0x05, transmit), (0x06, receive)]
    wanted = b"".join(
        bytes((kind, size)) + value.to_bytes(size, "big") for kind, value in sizes for size in [1 if value < 256 else 2]
    )
    assert answer.information is not None and answer.information[3:].startswith(wanted)


def test_a_day_comes_in_segments_of_at_most_what_was_agreed() -> None:
    line = primary()
    assert line.ask(aarq(initiate()))[0] == 0x61
    answer = line.ask(get(PROFILE, 7, 2))
    rows = layout(COLUMNS).decode(answer[4:])
    assert (rows == line.server._device.meter.profile(NOW)).all() and len(rows) == 48


def test_requests_come_in_segments_too() -> None:
    line, request = primary(), b"\xe6\xe6\x00" + aarq(initiate())
    for at in range(0, len(request) - 10, 10):
        assert line.information(request[at : at + 10], segmented=True).control == 0x11 | line.send << 5
        end = at + 10
    assert (line.information(request[end:]).information or b"")[3] == 0x61


def test_what_is_sent_again_is_answered_again_but_done_once() -> None:
    line = primary()
    frame = write_frame(HdlcFrame(False, METER, CLIENT, 0x10, b"\xe6\xe6\x00" + aarq(initiate())))
    first = line.server.receive_data(frame, NOW)
    assert first and line.server.receive_data(frame, NOW) == first
    skipped = line.raw(write_frame(HdlcFrame(False, METER, CLIENT, 0x16, b"\xe6\xe6\x00\x62\x00")))
    assert [one.control for one in skipped] == [0x31]


def test_a_segment_that_was_lost_is_sent_again() -> None:
    line = primary()
    line.ask(aarq(initiate()))
    first = line.information(b"\xe6\xe6\x00" + get(PROFILE, 7, 2))
    assert first.segmented and line.ready() == first
    line.receive = (line.receive + 1) & 7
    second = line.ready()
    assert second != first and line.ready() == second


def test_information_beyond_the_limit_is_rejected() -> None:
    line = primary()
    answer = line.information(b"\xe6\xe6\x00" + bytes(126))
    assert answer.control == FRMR and answer.information == bytes((0x10, 0x00, 0x04))


def test_a_long_request_in_segments_is_refused_and_not_kept() -> None:
    line = primary(max_pdu=256)
    line.ask(aarq(initiate()))
    assert line.information(b"\xe6\xe6\x00\xc1" + bytes(120), segmented=True).control & 0x0F == 1
    for _ in range(50):
        line.information(bytes(128), segmented=True)
    assert len(next(iter(line.server._links.values())).request) <= 256 + 4
    assert line.information(b"\x00").information == b"\xe6\xe7\x00\xd8\x01\x04"


def test_without_a_link_there_is_no_answer_but_dm() -> None:
    line = primary()
    assert line.one(0x53).control == UA
    assert line.one(0x53).control == DM
    assert line.one(0x10, b"\xe6\xe6\x00\x62\x00").control == DM
    assert line.one(0x11).control == DM


def test_a_link_that_ends_takes_its_association_along() -> None:
    line = primary()
    line.ask(aarq(initiate()))
    line.one(0x53)
    again = Primary(line.server)
    assert again.ask(get(PROFILE, 7, 2))[:2] == b"\xd8\x01"


@pytest.mark.parametrize(
    ("server", "client"), [(b"\x05", CLIENT), (METER, b"\x43"), (b"\xff", CLIENT), (b"\x02\x05\x07", CLIENT)]
)
def test_frames_for_others_are_none_of_ours(server: bytes, client: bytes) -> None:
    line = primary()
    assert line.raw(write_frame(HdlcFrame(False, server, client, 0x93))) == []


@pytest.mark.parametrize("server", [b"\x03", b"\x02\x23", b"\x00\x02\x00\x23"])
def test_addresses_of_every_size_reach_the_meter(server: bytes) -> None:
    station = HdlcServer(dlms_device())
    (answer,) = FrameReader().feed(
        station.receive_data(write_frame(HdlcFrame(False, server, bytes((PUBLIC << 1 | 1,)), 0x93)), NOW)
    )
    assert (answer.control, answer.source) == (UA, server)


def test_without_the_llc_header_there_is_no_service() -> None:
    line = primary()
    assert line.information(aarq(initiate())).control == 0x31


def test_a_byte_at_a_time_gives_the_same_bytes() -> None:
    stream = SNRM + write_frame(HdlcFrame(False, METER, CLIENT, 0x10, b"\xe6\xe6\x00" + aarq(initiate())))
    whole = HdlcServer(dlms_device()).receive_data(stream, NOW)
    slow = HdlcServer(dlms_device())
    assert b"".join(slow.receive_data(stream[at : at + 1], NOW) for at in range(len(stream))) == whole != b""


def test_an_idle_line_ends_and_its_speed_is_told_once() -> None:
    station = HdlcServer(dlms_device())
    assert (station.take_baud(), station.take_baud()) == (9600, None)
    station.receive_data(SNRM, NOW)
    assert station.next_deadline() == NOW + 180
    assert station.tick(NOW + 179) == b"" and not station.closed
    station.tick(NOW + 180)
    assert station.closed and station.receive_data(SNRM, NOW + 181) == b"" and station.next_deadline() is None
