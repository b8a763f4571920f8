"""A corpus: who said what to whom, in the order in which it travelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from emulator.compression.codec import Direction
from emulator.compression.header_context.facts import code_of, repeated_of
from emulator.hub.addresses import CRA_AT, NOT_GBCS, ORIGINATOR_AT, RECIPIENT_AT, header_start
from gbcs.catalogue import find
from gbcs.eui64 import Eui64
from gbcs.framing import Cra
from gbcs.gbt import is_block

KNOWN, UNKNOWN = "known party", "unknown party"
"""Roles as far as a message tells them: in its own name, or through the broker."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One message. ``role`` is the reader's; ``kind`` is single, twin, error or (of other messages) empty.

    ``coded`` is the same message with its payload coded before it was encrypted, where keys were at hand for that.
    """

    direction: Direction
    use_case: str
    role: str
    kind: str
    data: bytes
    coded: bytes | None = None


@dataclass(slots=True)
class Conversation:
    """What travels between the head-end and one hub: ``before`` makes context and is not counted.

    ``is_for_training``: dictionaries may be trained on it, so they are never measured on it.
    """

    hub: Eui64
    is_for_training: bool = False
    before: list[Sample] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


class Block(Protocol):
    """A part of a corpus that a process takes on by itself: it is sent there, and makes its messages there."""

    @property
    def messages(self) -> int:
        """About how many messages it will have."""

    def conversations(self) -> Sequence[Conversation]:
        """Its conversations."""

    def training(self) -> Sequence[Conversation]:
        """Conversations of other devices to train dictionaries on; the same for all blocks of a corpus."""


def role_of(message: bytes) -> str:
    """The reader's role as the message tells it."""
    return UNKNOWN if "user" in repeated_of(message) else KNOWN


def sample_of(message: bytes, kind: str = "", use_case: str = "", role: str = "") -> Sample | None:
    """A sample of any message or block, told by its bytes; None where these are neither, or a pre-command."""
    start = header_start(message)
    if start == NOT_GBCS:
        return None
    direction: Direction = "down" if message[start + CRA_AT] == Cra.COMMAND else "up"
    return Sample(direction, use_case or _use_case(message), role or role_of(message), kind, message)


def _use_case(message: bytes) -> str:
    code = code_of(message)
    row = None if code is None or is_block(message) else find(code)
    if row is not None:
        return row.use_case
    return "block" if is_block(message) else f"{code or 0:04X}"


def device_of(message: bytes) -> Eui64:
    """The device that a message is for or from."""
    start = header_start(message)
    at = start + (RECIPIENT_AT if message[start + CRA_AT] == Cra.COMMAND else ORIGINATOR_AT)
    return message[at : at + 8]


def conversations_of(samples: Iterable[tuple[Eui64, Sample]]) -> Iterator[Conversation]:
    """Samples by hub, each in its order."""
    found: dict[Eui64, Conversation] = {}
    for hub, sample in samples:
        found.setdefault(hub, Conversation(hub)).samples.append(sample)
    yield from found.values()
