"""The primary station of IEC 62056-46: a link to one logical device, and APDUs over it.

Frames that are lost are sent again: our own after silence, the meter's because what we acknowledge says what we have.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from emulator.smets1.conversation import Say, Script, Silent
from emulator.smets1.dlms.hdlc import (
    DEFAULT_INFORMATION,
    DISC,
    DM,
    FRMR,
    LLC_REQUEST,
    LLC_RESPONSE,
    POLL_FINAL,
    RNR,
    RR,
    SNRM,
    UA,
    HdlcParameter,
    read_parameters,
    write_parameters,
)
from emulator.smets1.dlms.hdlc_frames import FrameReader, HdlcFrame, write_frame
from gbcs.errors import LocalError, RemoteError

Result = TypeVar("Result")
_MOST_WINDOW = 7
_POLLS_AT_ONCE = 8
"""A meter that is only ever ready is asked so often in a row, and from then on with patience."""
_MOST_POLLS = 32


@dataclass(frozen=True, slots=True)
class HdlcAddresses:
    """Both ends as they stand in frames. Raises LocalError for a number that its bytes cannot hold.

    ``server_bytes`` 1 holds the logical device alone; 2 and 4 hold the physical device too.
    """

    client_sap: int
    server_sap: int
    physical_device: int = 0
    server_bytes: int = 1

    def __post_init__(self) -> None:
        if self.server_bytes not in (1, 2, 4):
            raise LocalError(f"an HDLC address of a meter has 1, 2 or 4 bytes, not {self.server_bytes}")
        _ = self.client, self.server

    @property
    def client(self) -> bytes:
        """One byte."""
        return _address((self.client_sap,), 1)

    @property
    def server(self) -> bytes:
        """Logical device, then the physical one where there is room."""
        if self.server_bytes == 1:
            return _address((self.server_sap,), 1)
        return _address((self.server_sap, self.physical_device), self.server_bytes // 2)


def _address(numbers: tuple[int, ...], size: int) -> bytes:
    """Seven bits a byte, the lowest one marks the last byte."""
    octets = bytearray()
    for number in numbers:
        if not 0 <= number < 1 << 7 * size:
            raise LocalError(f"address {number} does not fit {size} byte{'s' * (size > 1)} of HDLC")
        octets += bytes((number >> 7 * place & 0x7F) << 1 for place in reversed(range(size)))
    octets[-1] |= 1
    return bytes(octets)


class AnswerReader:
    """Finds frames; a damaged one is as good as none."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames = FrameReader()

    def feed(self, data: bytes) -> tuple[HdlcFrame, ...]:
        """The frames that end in ``data``."""
        return tuple(self._frames.feed(data))

    def reset(self) -> None:
        """Forget a frame that has begun."""
        self._frames = FrameReader()


@dataclass(slots=True)
class Link:
    """One data link from SNRM to DISC.

    ``information`` and ``window`` are what we offer to take: the longest information field, and how many frames in a
    row; what we send goes one frame at a time.

    Does not model: numbers modulo 128, UI frames, sending more than one frame before the meter answers.
    """

    addresses: HdlcAddresses
    information: int = 128
    window: int = 1
    transmit: int = field(default=128, init=False)
    send_number: int = field(default=0, init=False)
    receive_number: int = field(default=0, init=False)

    def connect(self) -> Script[HdlcFrame, None]:
        """SNRM, UA. Raises RemoteError where the meter will not."""
        wanted = {
            HdlcParameter.TRANSMIT: self.information,
            HdlcParameter.RECEIVE: self.information,
            HdlcParameter.WINDOW_TRANSMIT: 1,
            HdlcParameter.WINDOW_RECEIVE: min(self.window, _MOST_WINDOW),
        }
        default = self.information == DEFAULT_INFORMATION and self.window == 1
        say = Say(self._frame(SNRM | POLL_FINAL, None if default else write_parameters(wanted)))
        while _kind(frame := (yield from self._hear(say))) != UA:
            say = Say()
        agreed = read_parameters(frame.information or b"")
        self.transmit = agreed.get(HdlcParameter.RECEIVE, DEFAULT_INFORMATION)
        self.send_number = self.receive_number = 0

    def exchange(self, apdu: bytes) -> Script[HdlcFrame, bytes]:
        """An APDU there, in as many frames as it takes, and the one that comes back. Raises RemoteError."""
        whole = LLC_REQUEST + apdu
        parts = [whole[at : at + self.transmit] for at in range(0, len(whole), self.transmit)]
        for part in parts[:-1]:
            yield from self._deliver(part)
        sent = self._information(parts[-1])
        self.send_number = self.send_number + 1 & 7
        return (yield from self._collect(sent))

    def more(self) -> Script[HdlcFrame, bytes]:
        """One more APDU of the meter, with nothing said but that we are ready."""
        return (yield from self._collect(self._ready()))

    def disconnect(self) -> Script[HdlcFrame, None]:
        """DISC, and whatever comes."""
        with suppress(RemoteError):
            yield from self._hear(Say(self._frame(DISC | POLL_FINAL)))

    # ------------------------------------------------------------------ frames

    def _deliver(self, part: bytes) -> Script[HdlcFrame, None]:
        """One segment, until the meter acknowledges it."""
        sent, following = self._information(part, segmented=True), self.send_number + 1 & 7
        say, polls = Say(sent), 0
        while True:
            frame = yield from self._hear(say)
            polls = _counted(polls)
            if not _is_supervisory(frame):
                say = Say()
            elif frame.control >> 5 != following:
                say = Say(sent)
            elif frame.control & 0x0F == RNR:
                say = Say(again=self._ready())
            else:
                self.send_number = following
                return

    def _collect(self, sent: bytes) -> Script[HdlcFrame, bytes]:
        """The answer to a frame that is still to be sent, put together of its frames."""
        say, answer, polls = Say(sent), bytearray(), 0
        while True:
            frame = yield from self._hear(say)
            if _is_supervisory(frame):
                # It has our frame and the answer was lost or is not ready; or it still waits for our frame.
                polls = _counted(polls)
                wanted = self._ready() if frame.control >> 5 == self.send_number else sent
                say = Say(wanted) if polls <= _POLLS_AT_ONCE else Say(again=wanted)
            elif frame.control & 1:
                say = Say()
            else:
                if self._is_next(frame):
                    answer += frame.information or b""
                    if not frame.segmented:
                        return _apdu(bytes(answer))
                # What it sends now is behind a gap, or came before: the number in our frame says what we wait for.
                say = Say(self._ready()) if frame.control & POLL_FINAL else Say()

    def _is_next(self, frame: HdlcFrame) -> bool:
        """Whether it is the frame that is waited for, which is then the next one."""
        if frame.control >> 1 & 7 != self.receive_number:
            return False
        self.receive_number = self.receive_number + 1 & 7
        return True

    def _hear(self, say: Say) -> Script[HdlcFrame, HdlcFrame]:
        """The next frame of the meter to us. Raises RemoteError where it says that there is no link."""
        while True:
            frame = yield say
            say = Say()
            if (frame.source, frame.destination) != (self.addresses.server, self.addresses.client):
                continue
            if _kind(frame) == FRMR:
                raise RemoteError("the meter rejects a frame", field="HDLC", hint="try a shorter information field")
            if _kind(frame) == DM:
                raise RemoteError("the meter says that there is no data link", field="HDLC")
            return frame

    def _information(self, part: bytes, *, segmented: bool = False) -> bytes:
        control = self.send_number << 1 | self.receive_number << 5 | POLL_FINAL
        return self._frame(control, part, segmented=segmented)

    def _ready(self) -> bytes:
        return self._frame(RR | POLL_FINAL | self.receive_number << 5)

    def _frame(self, control: int, information: bytes | None = None, *, segmented: bool = False) -> bytes:
        ends = self.addresses
        return write_frame(HdlcFrame(segmented, ends.server, ends.client, control, information))


def over_hdlc(link: Link, script: Script[bytes, Result]) -> Script[HdlcFrame, Result]:
    """A script of APDUs over a link, from its beginning to its end."""
    yield from link.connect()
    try:
        say = next(script)
        while True:
            answer = yield from (link.exchange(say.data) if say.data else link.more())
            say = script.send(answer)
    except StopIteration as stop:
        result: Result = stop.value
    yield from link.disconnect()
    return result


def _counted(polls: int) -> int:
    """One more. Raises Silent where it is one too many."""
    if polls >= _MOST_POLLS:
        raise Silent(f"asked {polls} times, the meter is there but does not answer")
    return polls + 1


def _kind(frame: HdlcFrame) -> int:
    return frame.control & ~POLL_FINAL


def _is_supervisory(frame: HdlcFrame) -> bool:
    return frame.control & 3 == 1


def _apdu(answer: bytes) -> bytes:
    if not answer.startswith(LLC_RESPONSE):
        raise RemoteError(f"an answer begins with {answer[:3].hex()}, not {LLC_RESPONSE.hex()}", field="LLC")
    return answer[len(LLC_RESPONSE) :]
