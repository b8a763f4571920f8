"""The client's end of DLMS against the meter's end, in virtual time: security, segments, blocks, what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest
from dlms_meters import IMPORT, PROFILE, TITLE, dlms_device
from line_meters import FIRST, LAST, NOW, Line, truth

from emulator.smets1.conversation import Conversation, Patience, Script, Silent
from emulator.smets1.dlms.apdu import AccessError
from emulator.smets1.dlms.ciphering import SecurityKeys
from emulator.smets1.dlms.client import Client, MeterRefuses
from emulator.smets1.dlms.data import FUSED_DATA
from emulator.smets1.dlms.device import DlmsDevice
from emulator.smets1.dlms.hdlc import DM, POLL_FINAL, RR, HdlcServer
from emulator.smets1.dlms.hdlc_client import AnswerReader, HdlcAddresses, Link, over_hdlc
from emulator.smets1.dlms.hdlc_frames import HdlcFrame, read_frame, write_frame
from emulator.smets1.dlms.requests import by_entry, by_range
from emulator.smets1.dlms.rows import layout
from emulator.smets1.dlms.wrapper import WrapperServer
from emulator.smets1.dlms.wrapper_client import WrapperReader, over_wrapper
from gbcs.errors import LocalError, RemoteError

SAPS = {"none": 16, "lls": 2, "gmac": 1}
HEAD_END = TITLE


def client(device: DlmsDevice, security: Any, **wrong: Any) -> Client:
    keys = SecurityKeys(
        HEAD_END,
        wrong.get("encryption_key", device.keys.encryption_key),
        wrong.get("authentication_key", device.keys.authentication_key),
        next_counter=wrong.get("counter", 1),
    )
    return Client(security, wrong.get("password", b"12345678"), keys, b"sixteen bytes it")


def session(ours: Client, *reads: tuple[int, bytes, int, bytes]) -> Script[bytes, list[bytes]]:
    yield from ours.associate()
    found = []
    for read in reads:
        value = yield from ours.read(*read)
        found.append(value)
    yield from ours.release()
    return found


def carried(
    device: DlmsDevice,
    ours: Client,
    *reads: tuple[int, bytes, int, bytes],
    hdlc: Link | None = None,
    piece: int | None = None,
) -> list[bytes]:
    """What a session over the wrapper, or over a link, comes to."""
    script, sap = session(ours, *reads), SAPS[ours.security]
    patience = Patience(1.0)
    if hdlc is None:
        wrapped = Conversation(over_wrapper(sap, 1, script), WrapperReader(), patience)
        Line(WrapperServer(device), piece).carry(wrapped)
        return wrapped.result()
    framed = Conversation(over_hdlc(hdlc, script), AnswerReader(), patience)
    line = Line(HdlcServer(device), piece)
    line.head_baud = line.meter_baud
    line.carry(framed)
    return framed.result()


ROWS = (7, PROFILE, 2, by_range(FIRST, LAST))


@pytest.mark.parametrize("piece", [None, 1])
@pytest.mark.parametrize("hdlc", [False, True])
@pytest.mark.parametrize("security", SAPS)
def test_a_day_is_read_with_every_security(security: str, hdlc: bool, piece: int | None) -> None:
    device = dlms_device()
    link = Link(HdlcAddresses(SAPS[security], 1)) if hdlc else None
    data, value = carried(device, client(device, security), ROWS, (3, IMPORT, 2, b""), hdlc=link, piece=piece)
    rows = layout(("clock", "active_import", "active_export")).decode(data)
    assert [tuple(row) for row in rows.tolist()] == truth(device.meter)
    assert FUSED_DATA.parse(value).value == device.meter.register_wh("active_import", NOW)


def test_long_requests_go_in_segments_and_long_answers_in_blocks() -> None:
    device = dlms_device(hdlc_information=32, max_pdu=512)
    link = Link(HdlcAddresses(1, 1), information=32)
    (data,) = carried(device, client(device, "gmac"), ROWS, hdlc=link)
    assert link.transmit == 32 and len(layout(("clock", "active_import", "active_export")).decode(data)) == 48


def test_entries_count_from_one() -> None:
    device = dlms_device()
    (data,) = carried(device, client(device, "none"), (7, PROFILE, 2, by_entry(2, 3)))
    stamps = layout(("clock", "active_import", "active_export")).decode(data)["stamp"].tolist()
    assert stamps == [FIRST + 1800, FIRST + 3600]


@pytest.mark.parametrize(
    ("security", "wrong", "told"),
    [
        ("lls", {"password": b"87654321"}, "authentication failure"),
        ("gmac", {"encryption_key": bytes(16)}, "authentication failure"),
        ("gmac", {"authentication_key": bytes(16)}, "authentication failure"),
    ],
)
def test_a_rejected_association_says_what_to_check(security: str, wrong: dict[str, Any], told: str) -> None:
    device = dlms_device()
    with pytest.raises(MeterRefuses) as caught:
        carried(device, client(device, security, **wrong))
    assert told in str(caught.value) and "check the password or the keys" in str(caught.value)


def test_a_counter_that_the_meter_knows_already_is_told() -> None:
    device = dlms_device()
    carried(device, client(device, "gmac", counter=100))
    with pytest.raises(MeterRefuses, match="our invocation counter is too low"):
        carried(device, client(device, "gmac", counter=50))


def test_an_object_that_is_not_there_is_a_code() -> None:
    device = dlms_device()
    with pytest.raises(MeterRefuses, match="denies access: object undefined") as caught:
        carried(device, client(device, "none"), (3, bytes(6), 2, b""))
    assert caught.value.code == AccessError.OBJECT_UNDEFINED


def test_a_client_without_its_secrets_is_refused_here() -> None:
    with pytest.raises(LocalError, match="needs a password"):
        Client("lls")
    with pytest.raises(LocalError, match="needs keys"):
        Client("gmac")


@pytest.mark.parametrize(
    ("given", "octets"),
    [
        (HdlcAddresses(16, 1), ("21", "03")),
        (HdlcAddresses(1, 1, 17, 2), ("03", "0223")),
        (HdlcAddresses(1, 0x1234, 0x3FFF, 4), ("03", "4868feff")),
    ],
)
def test_addresses_as_they_stand_in_frames(given: HdlcAddresses, octets: tuple[str, str]) -> None:
    """The last one is the example of the public DLMS text."""
    assert (given.client.hex(), given.server.hex()) == octets


def test_an_address_that_does_not_fit_is_named() -> None:
    for wrong in ((200, 1), (16, 200), (16, 1, 200, 2)):
        with pytest.raises(LocalError, match="does not fit"):
            HdlcAddresses(*wrong)
    with pytest.raises(LocalError, match="1, 2 or 4 bytes"):
        HdlcAddresses(16, 1, 0, 3)


def test_snrm_as_the_world_knows_it() -> None:
    conversation = Conversation(over_hdlc(Link(HdlcAddresses(16, 1)), session(Client("none"))), AnswerReader())
    assert conversation.start(0.0).hex() == "7ea0070321930f017e"


def answers(*controls: int) -> Conversation[HdlcFrame, Any]:
    """A conversation whose link is up, and that hears frames of these controls after its first request."""
    script = over_hdlc(Link(HdlcAddresses(16, 1)), session(Client("none")))
    conversation = Conversation(script, AnswerReader(), Patience(1.0, 3))
    conversation.start(0.0)
    conversation.receive_data(write_frame(HdlcFrame(False, b"\x21", b"\x03", 0x63 | POLL_FINAL)), 0.0)
    for control in controls:
        conversation.receive_data(write_frame(HdlcFrame(False, b"\x21", b"\x03", control)), 0.0)
    return conversation


def test_a_meter_that_is_only_ever_ready_is_waited_for_with_patience() -> None:
    conversation = answers(*[RR | POLL_FINAL | 1 << 5] * 8)
    polled = conversation.receive_data(write_frame(HdlcFrame(False, b"\x21", b"\x03", RR | POLL_FINAL | 1 << 5)), 0.0)
    assert polled == b"" and not conversation.done
    assert read_frame(conversation.tick(1.0)[1:-1]).control == RR | POLL_FINAL
    for _ in range(40):
        conversation.receive_data(write_frame(HdlcFrame(False, b"\x21", b"\x03", RR | POLL_FINAL | 1 << 5)), 1.0)
    with pytest.raises(Silent, match="the meter is there but does not answer"):
        conversation.result()


def test_a_meter_that_has_forgotten_the_link_ends_it() -> None:
    conversation = answers(DM | POLL_FINAL)
    with pytest.raises(RemoteError, match="no data link"):
        conversation.result()


def test_a_wrapper_of_another_version_is_silence() -> None:
    reader = WrapperReader()
    assert reader.feed(b"\x00\x02" + bytes(6)) == ()
    assert [frame.apdu for frame in reader.feed(bytes.fromhex("0001000100100002aabb"))] == [b"\xaa\xbb"]
