"""The sending side of one transfer."""

from __future__ import annotations

from gbcs.gbt.blocks import LAST, STREAMING, TransferId, block
from gbcs.gbt.settings import GbtSettings
from gbcs.gbt.states import SENDER, Heard, SenderDoes, Sending


class Sender:
    """Sends the blocks of one message, a window at a time, until all are acknowledged or it gives up.

    Every method gives the blocks to be sent now.

    Does not model: data in both directions in one transfer; an acknowledgement that names single blocks.
    """

    __slots__ = (
        "_acknowledged", "_asking", "_code", "_pieces", "_sent", "_sent_at", "_settings", "_tries", "_window",
        "deadline", "name", "reason", "state",
    )  # fmt: skip

    def __init__(self, name: TransferId, code: int, pieces: tuple[bytes, ...], settings: GbtSettings) -> None:
        self.name, self._code, self._pieces, self._settings = name, code, pieces, settings
        self.state, self.reason = Sending.SENDING, ""
        self.deadline: float | None = None
        self._window = settings.window
        self._acknowledged = self._asking = self._sent = self._tries = 0
        self._sent_at = 0.0

    def start(self, now: float) -> tuple[bytes, ...]:
        """The blocks to begin with."""
        return self._send_window(now)

    def acknowledged(self, number: int, window: int, now: float) -> tuple[bytes, ...]:
        """The receiver has all blocks up to a number, and takes so many more (0: it does not say)."""
        heard = self._heard(number, now)
        if heard is Heard.PROGRESS or heard is Heard.ALL:
            self._acknowledged, self._tries = number, 0
            self._window = min(window or self._settings.window, self._settings.window)
        elif heard is Heard.GAP:
            heard = self._another_try(heard)
        return self._step(heard, now)

    def aborted(self, now: float) -> tuple[bytes, ...]:
        """The receiver gave up."""
        return self._step(Heard.ABORT, now)

    def tick(self, now: float) -> tuple[bytes, ...]:
        """Nothing came in time."""
        if self.deadline is None or self.deadline > now:
            return ()
        return self._step(self._another_try(Heard.SILENCE), now)

    def _heard(self, number: int, now: float) -> Heard:
        if self._acknowledged < number <= self._sent:
            return Heard.ALL if number == len(self._pieces) else Heard.PROGRESS
        # A receiver waits before it names a gap. What comes sooner answers an earlier block, or is a duplicate: to take
        # it at its word would send every window twice from here to the end.
        is_fresh = now >= self._sent_at + self._settings.gap_wait_s
        return Heard.GAP if number == self._acknowledged and is_fresh else Heard.STALE

    def _another_try(self, heard: Heard) -> Heard:
        self._tries += 1
        return Heard.EXHAUSTED if self._tries >= self._settings.max_tries else heard

    def _step(self, heard: Heard, now: float) -> tuple[bytes, ...]:
        self.state, action = SENDER[self.state, heard]
        if action is SenderDoes.NOTHING:
            return ()
        if action is SenderDoes.SEND_WINDOW:
            return self._send_window(now)
        if action is SenderDoes.PROBE:
            self._sent_at, self.deadline = now, now + self._settings.ack_timeout_s
            return (self._block(self._asking),)
        self.deadline, pieces = None, len(self._pieces)
        if action is SenderDoes.FINISH:
            return ()
        if action is SenderDoes.FAIL:
            self.reason = "the receiver ended the transfer"
            return ()
        self.reason = f"{self._acknowledged} of {pieces} blocks acknowledged, no more in {self._tries} tries"
        return (block(self.name, self._code, LAST, 0, 0),)

    def _send_window(self, now: float) -> tuple[bytes, ...]:
        self._asking = min(self._acknowledged + self._window, len(self._pieces))
        self._sent = max(self._sent, self._asking)
        self._sent_at, self.deadline = now, now + self._settings.ack_timeout_s
        return tuple(self._block(number) for number in range(self._acknowledged + 1, self._asking + 1))

    def _block(self, number: int) -> bytes:
        control = self._settings.window
        if number == len(self._pieces):
            control |= LAST
        elif number != self._asking:
            control |= STREAMING
        return block(self.name, self._code, control, number, 0, self._pieces[number - 1])
