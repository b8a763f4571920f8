"""From the messages of a capture to exchanges: blocks joined, resends left out, each response beside its command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gbcs import framing
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from gbcs.framing import Cra, Message
from gbcs.gbt import TransferId, is_block

_MAX_OPEN = 4096
"""Messages that are put together of blocks at a time; beyond, the oldest is given up."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command to a device and its answer, as bytes."""

    command: bytes
    response: bytes
    device: Eui64


@dataclass(slots=True)
class Captured:
    """What the messages of a capture are. All but ``exchanges`` is counted, or is left over.

    ``alerts`` holds the highest own counter that each device used; ``unanswered`` counts commands without an answer,
    ``unasked`` answers without a command, ``other`` what is no message or an unfinished one.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    alerts: dict[Eui64, int] = field(default_factory=dict)
    unanswered: int = 0
    unasked: int = 0
    other: int = 0

    @property
    def devices(self) -> tuple[Eui64, ...]:
        """The devices that answered anything, in the order of their first answer."""
        return tuple(dict.fromkeys(one.device for one in self.exchanges))


def exchanges_of(frames: Iterable[bytes]) -> Captured:
    """The exchanges among messages and blocks, in the order of the answers."""
    found, joined = Captured(), _Joined()
    asked: dict[TransferId, bytes] = {}
    answered: set[TransferId] = set()
    for frame in frames:
        try:
            for whole in joined.take(frame):
                _sort(found, asked, answered, whole)
        except DecodeError:
            found.other += 1
    found.unanswered = len(asked.keys() - answered)
    found.other += len(joined)
    return found


def _sort(found: Captured, asked: dict[TransferId, bytes], answered: set[TransferId], frame: bytes) -> None:
    message = framing.decode(frame)
    if message.cra == Cra.ALERT:
        known = found.alerts.get(message.originator, 0)
        found.alerts[message.originator] = max(known, message.originator_counter)
    elif message.cra == Cra.COMMAND:
        asked.setdefault(_name(message, message.originator, message.recipient), frame)
    else:
        name = _name(message, message.recipient, message.originator)
        if name not in asked:
            found.unasked += 1
        elif name not in answered:
            answered.add(name)
            found.exchanges.append(Exchange(asked[name], frame, message.originator))


def _name(message: Message, asker: Eui64, device: Eui64) -> TransferId:
    return TransferId(Cra.COMMAND, message.originator_counter, asker, device)


class _Joined:
    """Puts blocks together, as somebody who only listens."""

    def __init__(self) -> None:
        self._open: dict[TransferId, dict[int, bytes]] = {}
        self._totals: dict[TransferId, int] = {}

    def __len__(self) -> int:
        return len(self._open)

    def take(self, frame: bytes) -> Iterator[bytes]:
        """A whole message as it is, or the one that a block completes. Raises DecodeError."""
        if not is_block(frame):
            yield frame
            return
        block = framing.decode_gbt_block(frame)
        if not block.data:
            return
        name = TransferId.of(block)
        pieces = self._open.setdefault(name, {})
        pieces.setdefault(block.block_number, block.data)
        if block.is_last:
            self._totals[name] = block.block_number
        if len(pieces) == self._totals.get(name):
            yield b"".join(data for _, data in sorted(self._forget(name).items()))
        elif len(self._open) > _MAX_OPEN:
            self._forget(next(iter(self._open)))

    def _forget(self, name: TransferId) -> dict[int, bytes]:
        self._totals.pop(name, None)
        return self._open.pop(name)
