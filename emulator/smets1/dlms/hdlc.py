"""The secondary station of IEC 62056-46: links, sequence numbers and segments around a meter's associations.

==============  ==========================================  =============================================
frame           disconnected                                connected
==============  ==========================================  =============================================
SNRM            UA with the agreed parameters: connected    the same, anew
DISC            DM                                          UA: disconnected
I               DM                                          RR, the answer's first segment, or FRMR
RR              DM                                          the next segment, the last one again, or RR
UI, others      nothing                                     nothing
==============  ==========================================  =============================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from emulator.smets1.dlms.connection import Associations
from emulator.smets1.dlms.device import DlmsDevice
from emulator.smets1.dlms.hdlc_frames import FrameReader, HdlcFrame, write_frame

SNRM, DISC, UA, DM, FRMR, RR, RNR = 0x83, 0x43, 0x63, 0x0F, 0x87, 0x01, 0x05
"""Control bytes without numbers and poll or final bit."""
POLL_FINAL = 0x10
_INFORMATION_TOO_LONG = 0x04
LLC_REQUEST, LLC_RESPONSE = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
_PARAMETERS = b"\x81\x80"
DEFAULT_INFORMATION = 128


class HdlcParameter(IntEnum):
    """What a link is agreed on: longest information field and window, each as the sender of the list sees it."""

    TRANSMIT = 5
    RECEIVE = 6
    WINDOW_TRANSMIT = 7
    WINDOW_RECEIVE = 8


_WINDOWS = (HdlcParameter.WINDOW_TRANSMIT, HdlcParameter.WINDOW_RECEIVE)


@dataclass(slots=True)
class Link:
    """One data link: what was agreed, both sequence numbers, and what is half sent or half received.

    ``sent`` is the last frame with information until the client acknowledges it.
    """

    transmit: int
    receive: int
    send_number: int = 0
    receive_number: int = 0
    request: bytearray = field(default_factory=bytearray)
    segments: list[bytes] = field(default_factory=list)
    sent: bytes = b""


class HdlcServer:
    """One line to a meter: any number of clients and logical devices on it, each pair a link of its own.

    Does not model: windows above 1, numbers modulo 128, UI frames, time between octets.
    """

    __slots__ = ("_associations", "_baud", "_device", "_links", "_reader", "closed")

    def __init__(self, device: DlmsDevice) -> None:
        self._device = device
        self._associations = Associations(device)
        self._reader = FrameReader()
        self._links: dict[tuple[bytes, bytes], Link] = {}
        self._baud: int | None = device.settings.hdlc_baud.value
        self.closed = False

    @property
    def connected(self) -> bool:
        """Whether any data link is up."""
        return bool(self._links)

    def receive_data(self, data: bytes, now: float) -> bytes:
        """The answers to every whole frame that has arrived."""
        if self.closed:
            return b""
        self._associations.heard(now)
        return b"".join([self._take(frame, now) for frame in self._reader.feed(data)])

    def next_deadline(self) -> float | None:
        """When the line will have been idle too long."""
        return None if self.closed else self._associations.deadline()

    def tick(self, now: float) -> bytes:
        """End a line that has been idle too long; nothing is sent."""
        if self._associations.expired(now):
            self.closed = True
            self._links.clear()
            self._associations.close()
        return b""

    def take_baud(self) -> int | None:
        """The speed of the line, once."""
        baud, self._baud = self._baud, None
        return baud

    # ------------------------------------------------------------------ frames

    def _take(self, frame: HdlcFrame, now: float) -> bytes:
        """The answer to a frame; nothing where it is for another station or from a client that nobody knows."""
        client, server = _sap(frame.source), _sap(frame.destination)
        if server not in self._device.logical_devices or client not in self._device.clients:
            return b""
        kind = frame.control & ~POLL_FINAL
        key = (frame.destination, frame.source)
        if kind == SNRM:
            return self._connect(frame, key, client, server)
        link = self._links.get(key)
        if link is None:
            return _answer(frame, DM) if kind == DISC or not _is_unnumbered(kind) else b""
        if kind == DISC:
            del self._links[key]
            self._associations.drop(client, server)
            return _answer(frame, UA)
        if not kind & 1:
            return self._information(frame, link, now)
        if kind & 0x0F == RR:
            return self._ready(frame, link)
        return b""

    def _connect(self, frame: HdlcFrame, key: tuple[bytes, bytes], client: int, server: int) -> bytes:
        """A fresh link; each side's limits are the lower ones of what both can do."""
        wanted = read_parameters(frame.information or b"")
        ours = self._device.settings.hdlc_information.value
        link = Link(
            min(ours, wanted.get(HdlcParameter.RECEIVE, DEFAULT_INFORMATION)),
            min(ours, wanted.get(HdlcParameter.TRANSMIT, DEFAULT_INFORMATION)),
        )
        self._links[key] = link
        self._associations.drop(client, server)
        return _answer(frame, UA, _agreed(link))

    def _information(self, frame: HdlcFrame, link: Link, now: float) -> bytes:
        number, acknowledged = frame.control >> 1 & 7, frame.control >> 5
        if number != link.receive_number:
            # Sent again because our answer was lost: so is the answer. Anything else says what we wait for.
            repeated = number == (link.receive_number - 1) & 7 and link.sent
            return link.sent if repeated else _answer(frame, RR | link.receive_number << 5)
        information = frame.information or b""
        if len(information) > link.receive:
            state = link.send_number << 1 | link.receive_number << 5
            return _answer(frame, FRMR, bytes((frame.control, state, _INFORMATION_TOO_LONG)))
        if acknowledged == link.send_number:
            link.sent = b""
        link.receive_number = (number + 1) & 7
        room = self._device.settings.max_pdu.value + len(LLC_REQUEST) + 1 - len(link.request)
        link.request += information[: max(room, 0)]
        if frame.segmented:
            return _answer(frame, RR | link.receive_number << 5)
        request = bytes(link.request)
        link.request.clear()
        return self._respond(frame, link, request, now)

    def _respond(self, frame: HdlcFrame, link: Link, request: bytes, now: float) -> bytes:
        """The first segment of the answer to a whole request; RR where it has none."""
        answer = None
        if request.startswith(LLC_REQUEST):
            client, server = _sap(frame.source), _sap(frame.destination)
            answer = self._associations.receive(client, server, request[len(LLC_REQUEST) :], now)
        if answer is None:
            return _answer(frame, RR | link.receive_number << 5)
        whole = LLC_RESPONSE + answer
        link.segments = [whole[at : at + link.transmit] for at in range(0, len(whole), link.transmit)][::-1]
        return self._send(frame, link)

    def _ready(self, frame: HdlcFrame, link: Link) -> bytes:
        """The client takes more: the next segment, or the last one again where it did not arrive."""
        if link.sent and frame.control >> 5 != link.send_number:
            return link.sent
        link.sent = b""
        if link.segments:
            return self._send(frame, link)
        return _answer(frame, RR | link.receive_number << 5)

    def _send(self, frame: HdlcFrame, link: Link) -> bytes:
        part = link.segments.pop()
        control = link.send_number << 1 | link.receive_number << 5 | POLL_FINAL
        link.send_number = (link.send_number + 1) & 7
        link.sent = write_frame(HdlcFrame(bool(link.segments), frame.source, frame.destination, control, part))
        return link.sent


def _answer(frame: HdlcFrame, control: int, information: bytes | None = None) -> bytes:
    return write_frame(HdlcFrame(False, frame.source, frame.destination, control | POLL_FINAL, information))


def _is_unnumbered(kind: int) -> bool:
    return kind & 3 == 3


def _sap(address: bytes) -> int:
    """The upper part of an address: the logical device or the client; the lower one is the physical device."""
    upper = address[: (len(address) + 1) // 2]
    value = 0
    for byte in upper:
        value = value << 7 | byte >> 1
    return value


def read_parameters(information: bytes) -> dict[int, int]:
    """What an SNRM or UA says; what cannot be read says nothing."""
    found: dict[int, int] = {}
    if information[:2] != _PARAMETERS:
        return found
    at = 3
    while at + 2 <= len(information):
        size = information[at + 1]
        value = information[at + 2 : at + 2 + size]
        if value:
            found[information[at]] = max(int.from_bytes(value, "big"), 1)
        at += 2 + size
    return found


def write_parameters(values: Mapping[HdlcParameter, int]) -> bytes:
    """The information field of an SNRM or UA."""
    groups = b"".join(_parameter(kind, value) for kind, value in values.items())
    return _PARAMETERS + bytes((len(groups),)) + groups


def _parameter(kind: HdlcParameter, value: int) -> bytes:
    octets = value.to_bytes(4 if kind in _WINDOWS else 1 if value < 0x100 else 2, "big")
    return bytes((kind, len(octets))) + octets


def _agreed(link: Link) -> bytes:
    return write_parameters(
        {
            HdlcParameter.TRANSMIT: link.transmit,
            HdlcParameter.RECEIVE: link.receive,
            HdlcParameter.WINDOW_TRANSMIT: 1,
            HdlcParameter.WINDOW_RECEIVE: 1,
        }
    )
