r"""The optical port of a meter that speaks HDLC behind an IEC 62056-21 sign-on (mode E).

``/?!`` is answered with an identification whose name begins with ``\2``; ``ACK 2 Z 2`` switches to speed Z and to
HDLC, eight bits without parity.
"""

from __future__ import annotations

from emulator.assumptions import Assumption
from emulator.smets1.dlms.device import DlmsDevice
from emulator.smets1.dlms.hdlc import HdlcServer
from emulator.smets1.iec62056_21.framing import BAUD, BINARY, Identification, OptionSelect, SignOn, decode, encode
from emulator.smets1.iec62056_21.reader import MessageReader
from gbcs.errors import DecodeError

ASSUMPTIONS = (
    Assumption("mode_e.acknowledged", "the meter repeats the option select at the new speed", "M", "IEC 62056-21, E"),
    Assumption("mode_e.end", "the end of the last data link brings back the sign-on", "A", "left to the maker"),
)

NAME = b"\\2"
_MAX_BYTES = 128
_REACTION_S = 0.2
_SLOW = BAUD["0"]


class ModeEServer:
    """One line to a meter: sign-on, then HDLC until its data links have ended, and over again.

    Does not model: a readout or programming mode behind the same sign-on; parity, which the port takes off.
    """

    __slots__ = ("_baud", "_device", "_expects_option", "_hdlc", "_linked", "_pending", "_pending_at", "_reader")

    def __init__(self, device: DlmsDevice) -> None:
        self._device = device
        self._baud: int | None = None
        self._begin()

    def _begin(self) -> None:
        self._reader = MessageReader(_MAX_BYTES)
        self._hdlc: HdlcServer | None = None
        self._expects_option = self._linked = False
        self._pending, self._pending_at = b"", 0.0
        self._baud = _SLOW

    @property
    def closed(self) -> bool:
        """Never: a line stays open for the next sign-on."""
        return False

    def receive_data(self, data: bytes, now: float) -> bytes:
        """The answers to all that is whole."""
        if self._hdlc is None:
            return self._signed_on(data, now)
        answer = self._hdlc.receive_data(data, now)
        self._linked = self._linked or self._hdlc.connected
        if self._linked and not self._hdlc.connected:
            self._begin()
        return answer

    def next_deadline(self) -> float | None:
        """When the option select is acknowledged, or a line that nobody uses is given up."""
        if self._hdlc is None:
            return None
        return self._pending_at if self._pending else self._hdlc.next_deadline()

    def tick(self, now: float) -> bytes:
        """Acknowledge at the new speed; go back to the sign-on when nobody speaks."""
        if self._hdlc is None:
            return b""
        if self._pending and self._pending_at <= now:
            pending, self._pending = self._pending, b""
            return pending
        self._hdlc.tick(now)
        if self._hdlc.closed:
            self._begin()
        return b""

    def take_baud(self) -> int | None:
        """The speed to change to."""
        baud, self._baud = self._baud, None
        return baud

    def _signed_on(self, data: bytes, now: float) -> bytes:
        self._reader.feed(data)
        answer = b""
        while self._hdlc is None:
            self._reader.expects_option = self._expects_option
            found = self._reader.next()
            if found is None:
                break
            answer += self._heard(found, now)
        return answer

    def _heard(self, found: bytes, now: float) -> bytes:
        try:
            message = decode(found)
        except DecodeError:
            return b""
        meter = self._device.meter
        if isinstance(message, SignOn) and message.address.lstrip(b"0") in {b"", meter.serial_number.encode()}:
            self._expects_option = True
            return encode(Identification(meter.manufacturer.encode(), self._proposed().encode(), NAME + b"MTR1"))
        if isinstance(message, OptionSelect) and (message.protocol, message.mode) == (BINARY, BINARY):
            self._switch(message, now)
        return b""

    def _switch(self, option: OptionSelect, now: float) -> None:
        baud = option.baud.decode("latin-1")
        if baud in BAUD and baud <= self._proposed():
            self._baud, self._pending, self._pending_at = BAUD[baud], encode(option), now + _REACTION_S
            self._hdlc = HdlcServer(self._device)

    def _proposed(self) -> str:
        """The highest speed that the meter can have here."""
        return max(digit for digit, baud in BAUD.items() if baud <= self._device.settings.hdlc_baud.value)
