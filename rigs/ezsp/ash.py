"""ASH as a state machine without input or output: numbers, acknowledgements, what is sent again, resets.

Both ends are the same machine; :class:`AshEnd` with ``is_host=False`` is the module's. Source: UG101, sections 3 to 5.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from gbcs.errors import DecodeError
from rigs.ezsp.ash_frames import (
    ASH_VERSION,
    Ack,
    Data,
    Deframer,
    Error,
    Frame,
    Line,
    Nak,
    ResetCode,
    Rst,
    RstAck,
    on_line,
    reset_name,
)

NUMBERS = 8
"""Frames are numbered modulo 8."""


@dataclass(frozen=True, slots=True)
class AshSettings:
    """Limits of UG101: how long an acknowledgement is waited for, how often, and frames on the way at once."""

    ack_wait_s: float = 1.6
    min_ack_wait_s: float = 0.4
    max_ack_wait_s: float = 3.2
    ack_timeouts: int = 4
    reset_wait_s: float = 3.2
    resets: int = 5
    not_ready_s: float = 1.0
    window: int = 1


class AshState(Enum):
    """Whether the line carries frames."""

    DOWN = "not reset yet"
    RESETTING = "waits for the module's reset"
    UP = "up"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Received:
    """What the other end sent: one EZSP frame."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Reset:
    """The module has been reset; the line carries frames."""

    code: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The line is of no use before a reset."""

    cause: str


Event: TypeAlias = Received | Reset | Failed


@dataclass(slots=True)
class _Sent:
    """A frame that waits for its acknowledgement."""

    number: int
    payload: bytes
    at: float
    again: bool = False


class AshEnd:
    """One end of a line. Hand it bytes and the time; take what to write from :meth:`output`.

    Does not model: flow control by XON and XOFF (the bytes are skipped), baud rates.
    """

    def __init__(self, *, is_host: bool = True, settings: AshSettings | None = None) -> None:
        self.settings = settings or AshSettings()
        self.state = AshState.DOWN
        self.counters = {"naks_sent": 0, "naks_received": 0, "sent_again": 0, "bad_frames": 0, "timeouts": 0}
        self._is_host = is_host
        self._deframer = Deframer()
        self._out = bytearray()
        self._queue: deque[bytes] = deque()
        self._clear()

    def _clear(self) -> None:
        self._sent: deque[_Sent] = deque()
        self._next_out = self._next_in = 0
        self._rejecting = False
        self._timeouts = 0
        self._ack_wait_s = self.settings.ack_wait_s
        self._hold_until = 0.0
        self._reset_at, self._resets = 0.0, 0

    # ------------------------------------------------------------------ what to do

    def reset(self, now: float) -> None:
        """Host: reset the module. What was not acknowledged is forgotten."""
        self._queue.clear()
        self._clear()
        self.state, self._resets = AshState.RESETTING, 1
        self._say_reset(now)

    def restart(self, code: int = ResetCode.SOFTWARE) -> None:
        """Module: be reset, and say so."""
        self._queue.clear()
        self._clear()
        self.state = AshState.UP
        self._write(RstAck(code))

    def fail(self, code: int) -> Failed:
        """Module: fail; nothing but a reset helps."""
        self.state = AshState.FAILED
        self._write(Error(code))
        return Failed(f"the module failed: {reset_name(code)}")

    def send(self, payload: bytes, now: float) -> None:
        """Send one EZSP frame as soon as the window has room."""
        self._queue.append(payload)
        self._fill(now)

    def output(self) -> bytes:
        """What to write to the line, once."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def receive(self, data: bytes, now: float) -> list[Event]:
        """What comes of bytes from the line."""
        events: list[Event] = []
        for found in self._deframer.feed(data):
            if isinstance(found, DecodeError):
                self.counters["bad_frames"] += 1
                self._reject()
            else:
                events.extend(self._frame(found, now))
        self._fill(now)
        return events

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do."""
        if self.state is AshState.RESETTING:
            return self._reset_at + self.settings.reset_wait_s
        if self.state is not AshState.UP:
            return None
        waits = [self._sent[0].at + self._ack_wait_s] if self._sent else []
        if self._queue and len(self._sent) < self.settings.window:
            waits.append(self._hold_until)
        return min(waits, default=None)

    def tick(self, now: float) -> list[Event]:
        """What comes of time that went by."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return []
        if self.state is AshState.RESETTING:
            return self._reset_overdue(now)
        if self._sent and now >= self._sent[0].at + self._ack_wait_s:
            return self._ack_overdue(now)
        self._fill(now)
        return []

    # ------------------------------------------------------------------ frames

    def _frame(self, frame: Frame, now: float) -> list[Event]:
        if isinstance(frame, Rst):
            return self._was_reset()
        if isinstance(frame, RstAck):
            return self._module_reset(frame)
        if isinstance(frame, Error):
            return self._failed(f"the module failed: {reset_name(frame.code)}") if self._is_host else []
        if self.state is not AshState.UP:
            if self.state is AshState.FAILED and not self._is_host:
                self._write(Error(ResetCode.ACK_TIMEOUTS))
            return []
        if not self._acknowledged(frame.ack, now):
            self._reject()
            return []
        if isinstance(frame, Data):
            return self._data(frame)
        self._hold_until = 0.0 if frame.ready else now + self.settings.not_ready_s
        if isinstance(frame, Nak):
            self.counters["naks_received"] += 1
            self._send_again(now)
        return []

    def _was_reset(self) -> list[Event]:
        if self._is_host:
            return []
        self.restart()
        return [Reset(ResetCode.SOFTWARE)]

    def _module_reset(self, frame: RstAck) -> list[Event]:
        if not self._is_host:
            return []
        if frame.version != ASH_VERSION:
            return self._failed(f"the module speaks ASH version {frame.version}, not {ASH_VERSION}")
        if self.state is AshState.UP:
            return self._failed(f"the module reset itself: {reset_name(frame.code)}")
        if self.state is not AshState.RESETTING:
            return []
        self.state = AshState.UP
        return [Reset(frame.code)]

    def _data(self, frame: Data) -> list[Event]:
        if frame.number != self._next_in:
            # A frame that came before is acknowledged again; any other one is out of turn.
            if frame.again and (self._next_in - frame.number) % NUMBERS < NUMBERS // 2 + 1:
                self._write(Ack(self._next_in))
            else:
                self._reject()
            return []
        self._next_in = (self._next_in + 1) % NUMBERS
        self._rejecting = False
        self._write(Ack(self._next_in))
        return [Received(frame.payload)]

    def _acknowledged(self, ack: int, now: float) -> bool:
        """Take out what ``ack`` says has come; False where it speaks of frames that were never sent."""
        first = self._sent[0].number if self._sent else self._next_out
        count = (ack - first) % NUMBERS
        if count > len(self._sent):
            return False
        for _ in range(count):
            sent = self._sent.popleft()
            self._timeouts = 0
            if not sent.again:
                wait_s = self._ack_wait_s * 7 / 8 + (now - sent.at) / 2
                self._ack_wait_s = min(max(wait_s, self.settings.min_ack_wait_s), self.settings.max_ack_wait_s)
        return True

    def _reject(self) -> None:
        """Ask for what is missing, once until it comes."""
        if self.state is AshState.UP and not self._rejecting:
            self._rejecting = True
            self.counters["naks_sent"] += 1
            self._write(Nak(self._next_in))

    # ------------------------------------------------------------------ sending

    def _fill(self, now: float) -> None:
        while self._queue and self.state is AshState.UP and len(self._sent) < self.settings.window:
            if now < self._hold_until:
                return
            sent = _Sent(self._next_out, self._queue.popleft(), now)
            self._next_out = (self._next_out + 1) % NUMBERS
            self._sent.append(sent)
            self._write(Data(sent.number, self._next_in, sent.payload))

    def _send_again(self, now: float) -> None:
        for sent in self._sent:
            sent.again, sent.at = True, now
            self.counters["sent_again"] += 1
            self._write(Data(sent.number, self._next_in, sent.payload, again=True))

    def _ack_overdue(self, now: float) -> list[Event]:
        self._timeouts += 1
        self.counters["timeouts"] += 1
        if self._timeouts >= self.settings.ack_timeouts:
            if not self._is_host:
                return [self.fail(ResetCode.ACK_TIMEOUTS)]
            return self._failed(f"no acknowledgement after {self._timeouts} time-outs")
        self._ack_wait_s = min(2 * self._ack_wait_s, self.settings.max_ack_wait_s)
        self._send_again(now)
        return []

    def _reset_overdue(self, now: float) -> list[Event]:
        if self._resets >= self.settings.resets:
            return self._failed(f"the module did not answer {self._resets} resets")
        self._resets += 1
        self._say_reset(now)
        return []

    def _say_reset(self, now: float) -> None:
        self._reset_at = now
        self._out += bytes((Line.CANCEL,))
        self._write(Rst())

    def _failed(self, cause: str) -> list[Event]:
        if self.state is AshState.FAILED:
            return []
        self.state = AshState.FAILED
        return [Failed(cause)]

    def _write(self, frame: Frame) -> None:
        self._out += on_line(frame)
