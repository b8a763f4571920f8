"""The receiving side of one transfer."""

from __future__ import annotations

from gbcs.framing import GbtBlock
from gbcs.gbt.blocks import MAX_MESSAGE_BYTES, STREAMING, TransferId, abort, acknowledgement
from gbcs.gbt.settings import MAX_WINDOW, GbtSettings
from gbcs.gbt.states import RECEIVER, Came, ReceiverDoes, Receiving


class Receiver:
    """Puts the message of one transfer together; never holds more than the longest message.

    Every method gives the blocks to be sent now; ``message`` is there once the transfer is complete, until it is taken.

    Does not model: which of two blocks of one number is the right one (the first is kept; the message's own MAC tells).
    """

    __slots__ = (
        "_ahead", "_asked", "_code", "_contiguous", "_gap_at", "_quiet_at", "_settings", "_size", "_start", "_total",
        "message", "name", "reason", "state",
    )  # fmt: skip

    def __init__(self, name: TransferId, code: int, settings: GbtSettings, now: float) -> None:
        self.name, self._code, self._settings = name, code, settings
        self.state, self.reason = Receiving.RECEIVING, ""
        self.message: bytes | None = None
        self._start, self._ahead = bytearray(), dict[int, bytes]()
        self._size = self._contiguous = self._asked = 0
        self._total: int | None = None
        self._gap_at: float | None = None
        self._quiet_at = now + settings.quiet_s

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` next has something to do."""
        if self.state is Receiving.GIVEN_UP:
            return None
        return self._quiet_at if self._gap_at is None else min(self._gap_at, self._quiet_at)

    def receive(self, block: GbtBlock, now: float) -> tuple[bytes, ...]:
        """Take a block with data."""
        return self._step(self._came(block, now), now)

    def aborted(self, now: float) -> tuple[bytes, ...]:
        """The sender gave up."""
        return self._step(Came.ABORT, now)

    def tick(self, now: float) -> tuple[bytes, ...]:
        """Nothing came in time."""
        if self._gap_at is not None and self._gap_at <= now:
            return self._step(Came.GAP_STAYS, now)
        return self._step(Came.QUIET, now) if self._quiet_at <= now else ()

    def _came(self, block: GbtBlock, now: float) -> Came:
        asks = not block.control & STREAMING
        if self.state is Receiving.COMPLETE:
            if asks:
                self._quiet_at = now + self._settings.quiet_s
            return Came.ASKED if asks else Came.STREAMED
        if self._contradicts(block):
            return Came.NONSENSE
        if block.block_number > self._contiguous + MAX_WINDOW:
            return Came.STREAMED
        if block.block_number > self._contiguous and block.block_number not in self._ahead:
            if self._size + len(block.data) > MAX_MESSAGE_BYTES:
                return Came.NONSENSE
            self._quiet_at = now + self._settings.quiet_s
            self._keep(block)
        if asks:
            self._asked = max(self._asked, block.block_number)
        if self._total == self._contiguous:
            return Came.LAST_MISSING
        if not self._asked:
            return Came.STREAMED
        return Came.ASKED if self._contiguous >= self._asked else Came.ASKED_GAP

    def _contradicts(self, block: GbtBlock) -> bool:
        number, newest = block.block_number, max(self._ahead, default=self._contiguous)
        if not number:
            return True
        if self._total is not None:
            return number > self._total or block.is_last != (number == self._total)
        return block.is_last and number <= newest

    def _keep(self, block: GbtBlock) -> None:
        self._ahead[block.block_number] = block.data
        self._size += len(block.data)
        if block.is_last:
            self._total = block.block_number
        while (data := self._ahead.pop(self._contiguous + 1, None)) is not None:
            self._start += data
            self._contiguous += 1

    def _step(self, came: Came, now: float) -> tuple[bytes, ...]:
        self.state, action = RECEIVER[self.state, came]
        if action is ReceiverDoes.NOTHING:
            return ()
        if action is ReceiverDoes.WAIT:
            self._gap_at = now + self._settings.gap_wait_s
            return ()
        self._gap_at = None
        if action is ReceiverDoes.ACKNOWLEDGE or action is ReceiverDoes.DELIVER:
            if action is ReceiverDoes.DELIVER:
                self.message = bytes(self._start)
                self._start.clear()
            self._asked = 0
            return (acknowledgement(self.name, self._code, self._settings.window, self._contiguous),)
        return self._end(action, came)

    def _end(self, action: ReceiverDoes, came: Came) -> tuple[bytes, ...]:
        self._start.clear()
        self._ahead.clear()
        if action is ReceiverDoes.FORGET:
            return ()
        self.reason = f"{_WHY[came]}, {self._contiguous} blocks of {self._total or 'unknown number'} came"
        if action is ReceiverDoes.FAIL:
            return ()
        return (abort(self.name.answered(), self._code),)


_WHY = {
    Came.QUIET: "no further block",
    Came.ABORT: "the sender ended the transfer",
    Came.NONSENSE: "a block contradicts those before it",
}
