"""What is counted of a codec: bytes and seconds by use case, role, kind of meter and direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Key(NamedTuple):
    """What a tally is of."""

    codec: str
    use_case: str
    role: str
    kind: str
    direction: str


class BatchKey(NamedTuple):
    """What a tally of batches is of; ``place`` is where on the link they form."""

    codec: str
    direction: str
    place: str


@dataclass(slots=True)
class Tally:
    """Sums over messages. ``on_air`` holds, by link, the bytes that frames of the message and of its data take."""

    n: int = 0
    raw_bytes: int = 0
    sent_bytes: int = 0
    floor_bytes: int = 0
    encode_s: float = 0.0
    decode_s: float = 0.0
    on_air: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Bytes sent for a byte of message."""
        return self.sent_bytes / self.raw_bytes if self.raw_bytes else 1.0

    @property
    def floor(self) -> float:
        """The lowest ratio that there can be without keys."""
        return self.floor_bytes / self.raw_bytes if self.raw_bytes else 1.0

    def on_air_ratio(self, link: str) -> float:
        """The ratio after framing."""
        raw, sent = self.on_air.get(link, (0, 0))
        return sent / raw if raw else 1.0

    def add(self, other: Tally) -> None:
        """Add the sums of another tally."""
        self.n += other.n
        self.raw_bytes += other.raw_bytes
        self.sent_bytes += other.sent_bytes
        self.floor_bytes += other.floor_bytes
        self.encode_s += other.encode_s
        self.decode_s += other.decode_s
        for link, (raw, sent) in other.on_air.items():
            before = self.on_air.get(link, (0, 0))
            self.on_air[link] = before[0] + raw, before[1] + sent


@dataclass(slots=True)
class Measured:
    """The tallies of some or all blocks. ``learning`` are those of the days before, where context is made."""

    tallies: dict[Key, Tally] = field(default_factory=dict)
    learning: dict[Key, Tally] = field(default_factory=dict)
    batches: dict[BatchKey, Tally] = field(default_factory=dict)
    messages: int = 0
    conversations: int = 0
    skipped: int = 0
    measuring_s: float = 0.0

    def add(self, other: Measured) -> None:
        """Add what another process measured."""
        for mine, theirs in ((self.tallies, other.tallies), (self.learning, other.learning)):
            for key, tally in theirs.items():
                mine.setdefault(key, Tally()).add(tally)
        for place, tally in other.batches.items():
            self.batches.setdefault(place, Tally()).add(tally)
        self.messages += other.messages
        self.conversations += other.conversations
        self.skipped += other.skipped
        self.measuring_s += other.measuring_s

    def codecs(self) -> list[str]:
        """What was measured, in the order in which it was."""
        return list(dict.fromkeys(key.codec for key in self.tallies))

    def sum(self, wanted: Callable[[Key], bool]) -> Tally:
        """The sums over all tallies that are wanted."""
        return summed(self.tallies, wanted)


def summed(tallies: Mapping[Key, Tally], wanted: Callable[[Key], bool]) -> Tally:
    """The sums over all tallies that are wanted."""
    found = Tally()
    for key, tally in tallies.items():
        if wanted(key):
            found.add(tally)
    return found


def grouped(tallies: Mapping[Key, Tally], of: Callable[[Key], tuple[str, ...]]) -> dict[tuple[str, ...], Tally]:
    """The sums by what ``of`` says of a key, in the order of first appearance."""
    found: dict[tuple[str, ...], Tally] = {}
    for key, tally in tallies.items():
        found.setdefault(of(key), Tally()).add(tally)
    return found


def names(values: Iterable[str]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(values))
