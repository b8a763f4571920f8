"""One end of block transfers, without clock or network: messages and blocks go in, blocks and messages come out."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count

from gbcs.framing import GbtBlock, decode_gbt_block
from gbcs.gbt.blocks import WINDOW, TransferId, is_abort, segment, title
from gbcs.gbt.receiver import Receiver
from gbcs.gbt.sender import Sender
from gbcs.gbt.settings import GbtSettings
from gbcs.gbt.states import Receiving, Sending


@dataclass(frozen=True, slots=True)
class Failure:
    """A transfer that came to nothing, and why; ``sending`` where this end had the message."""

    name: TransferId
    sending: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What an endpoint wants done: blocks to send, messages that are whole, transfers that failed."""

    blocks: tuple[bytes, ...] = ()
    messages: tuple[bytes, ...] = ()
    failures: tuple[Failure, ...] = ()


_NOTHING = Turn()
_STALE_TIMERS = 32
"""Timers kept for each transfer until those that no longer count are cleared away."""


class GbtEndpoint:
    """All transfers of one device, or of one head-end.

    A message that is whole is handed over once for each time that its sender sends it; whether it is authentic its own
    MAC or signature says, which the blocks do not have.

    Does not model: a limit to the messages that wait to be sent.
    """

    __slots__ = ("_incoming", "_max_incoming", "_outgoing", "_serial", "_settings", "_timers", "refused")

    def __init__(self, settings: GbtSettings, max_incoming: int = 8) -> None:
        """``max_incoming`` messages are put together at a time, so memory is bounded; more are refused."""
        self._settings, self._max_incoming = settings, max_incoming
        self.refused = 0
        """Blocks of transfers that there was no room for."""
        self._incoming: dict[TransferId, Receiver] = {}
        self._outgoing: dict[TransferId, Sender] = {}
        self._timers: list[tuple[float, int, Sender | Receiver]] = []
        self._serial = count()

    def __len__(self) -> int:
        """Transfers that are known, those just finished among them."""
        return len(self._incoming) + len(self._outgoing)

    def send(self, message: bytes, now: float) -> Turn:
        """Begin to send a message; nothing where it is on its way already.

        Raises DecodeError where it is no GBCS message, LocalError where it is too long for its blocks.
        """
        name, code = title(message)
        if name in self._outgoing:
            return _NOTHING
        sender = Sender(name, code, segment(message, self._settings.data_bytes), self._settings)
        self._outgoing[name] = sender
        return self._sent(sender, sender.start(now))

    def receive(self, data: bytes, now: float) -> Turn:
        """Take the bytes of a block. Raises DecodeError where they are none."""
        block = decode_gbt_block(data)
        name = TransferId.of(block)
        if block.data:
            return self._data(name, block, now)
        sender = self._outgoing.get(name.answered())
        if is_abort(block):
            receiver = self._incoming.get(name)
            if receiver is not None:
                return self._received(receiver, receiver.aborted(now))
            return _NOTHING if sender is None else self._sent(sender, sender.aborted(now))
        if sender is None:
            return _NOTHING
        number, window = block.block_number_acknowledged, block.control & WINDOW
        return self._sent(sender, sender.acknowledged(number, window, now))

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do; None while nothing waits."""
        timers = self._timers
        while timers and timers[0][2].deadline != timers[0][0]:
            heappop(timers)
        return timers[0][0] if timers else None

    def tick(self, now: float) -> Turn:
        """Do what is due."""
        turns: list[Turn] = []
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            transfer = heappop(self._timers)[2]
            blocks = transfer.tick(now)
            if isinstance(transfer, Sender):
                turns.append(self._sent(transfer, blocks))
            else:
                turns.append(self._received(transfer, blocks))
        return _joined(turns)

    def _data(self, name: TransferId, block: GbtBlock, now: float) -> Turn:
        receiver = self._incoming.get(name)
        if receiver is None:
            if not self._has_room():
                self.refused += 1
                return _NOTHING
            receiver = self._incoming[name] = Receiver(name, block.message_code, self._settings, now)
        return self._received(receiver, receiver.receive(block, now))

    def _has_room(self) -> bool:
        """Room for another transfer; one that is complete makes way."""
        if len(self._incoming) < self._max_incoming:
            return True
        done = next((name for name, one in self._incoming.items() if one.state is Receiving.COMPLETE), None)
        if done is not None:
            del self._incoming[done]
        return done is not None

    def _sent(self, sender: Sender, blocks: tuple[bytes, ...]) -> Turn:
        """What comes of a sender's step; one that is through is forgotten."""
        if sender.state is Sending.SENDING:
            self._wake(sender)
            return Turn(blocks)
        self._outgoing.pop(sender.name, None)
        failures = (Failure(sender.name, True, sender.reason),) if sender.reason else ()
        return Turn(blocks, (), failures)

    def _received(self, receiver: Receiver, blocks: tuple[bytes, ...]) -> Turn:
        message, receiver.message = receiver.message, None
        if receiver.state is not Receiving.GIVEN_UP:
            self._wake(receiver)
            return Turn(blocks, () if message is None else (message,))
        self._incoming.pop(receiver.name, None)
        failures = (Failure(receiver.name, False, receiver.reason),) if receiver.reason else ()
        return Turn(blocks, (), failures)

    def _wake(self, transfer: Sender | Receiver) -> None:
        """Remember when a transfer wants to be ticked; what it wanted before no longer counts."""
        deadline = transfer.deadline
        if deadline is None:
            return
        heappush(self._timers, (deadline, next(self._serial), transfer))
        if len(self._timers) > _STALE_TIMERS * (len(self) + 1):
            transfers: list[Sender | Receiver] = [*self._incoming.values(), *self._outgoing.values()]
            self._timers = [(one.deadline, next(self._serial), one) for one in transfers if one.deadline is not None]
            heapify(self._timers)


def _joined(turns: list[Turn]) -> Turn:
    if len(turns) < 2:
        return turns[0] if turns else _NOTHING
    return Turn(
        tuple(block for turn in turns for block in turn.blocks),
        tuple(message for turn in turns for message in turn.messages),
        tuple(failure for turn in turns for failure in turn.failures),
    )
