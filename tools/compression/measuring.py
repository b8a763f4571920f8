"""One block of a corpus through the codecs, every message there and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from time import perf_counter

from emulator.compression.codec import Link
from emulator.compression.corpus import Block, Conversation, Sample
from emulator.compression.dictionary import Dictionaries
from emulator.compression.floor import floor_bytes
from emulator.compression.generic import Packer, unpacked
from emulator.compression.placements import PAYLOAD, PAYLOAD_AND_HEADERS
from emulator.compression.registry import MAX_BATCH_BYTES, packer_of
from tools.compression.framing import links
from tools.compression.known import PEERS, make_ends, needs_dictionaries
from tools.compression.tally import BatchKey, Key, Measured, Tally
from tools.outcome import NotMet

BATCH_MESSAGES = 100
BACKHAUL, HUB = "backhaul, 100 hubs", "one hub, its day"
"""Where a batch can form: between head-end and base station, where messages of many hubs travel together; at a hub only
of what it has of one day, because it sends one message up when its meter has answered."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be measured on every block."""

    codecs: tuple[str, ...]
    dictionaries: Dictionaries | None = None
    batches: bool = True


@dataclass(slots=True)
class _Message:
    """A sample once more, with what all codecs share of it."""

    sample: Sample
    floor: int
    on_air: dict[str, int] = field(default_factory=dict)


def measure(block: Block, task: Task) -> Measured:
    """The tallies of a block. Raises NotMet where a codec does not give a message back."""
    conversations = block.conversations()
    started = perf_counter()
    found = Measured(conversations=len(conversations))
    for conversation in conversations:
        messages = [_prepared(sample) for sample in conversation.samples]
        found.messages += len(messages)
        for name in task.codecs:
            if not (needs_dictionaries(name) and conversation.is_for_training):
                _through(name, conversation, messages, task, found)
        if any(message.sample.coded is not None for message in messages):
            _coded_payloads(conversation, messages, found)
    if task.batches:
        _batches(conversations, task, found)
    found.measuring_s = perf_counter() - started
    return found


def _prepared(sample: Sample) -> _Message:
    on_air = {name: frames.on_air(len(sample.data), sample.direction) for name, frames in links().items()}
    return _Message(sample, floor_bytes(sample.data, sample.direction), on_air)


def _through(name: str, conversation: Conversation, messages: Sequence[_Message], task: Task, found: Measured) -> None:
    """One codec over one conversation, with an end at each side."""
    ends = _Ends(name, task, conversation.hub)
    for sample in conversation.before:
        sent, encode_s, decode_s = ends.carry(sample.direction, sample.data)
        _count(found.learning, _key(name, sample), len(sample.data), sent, 0, (encode_s, decode_s))
    for message in messages:
        sample = message.sample
        sent, encode_s, decode_s = ends.carry(sample.direction, sample.data)
        tally = _count(found.tallies, _key(name, sample), len(sample.data), sent, message.floor, (encode_s, decode_s))
        _frame(tally, message, sent)


def _coded_payloads(conversation: Conversation, messages: Sequence[_Message], found: Measured) -> None:
    """Payloads coded in the meter, alone and with header context around them."""
    ends = _Ends("header_context", None, conversation.hub)
    for sample in conversation.before:
        ends.carry(sample.direction, sample.data)
    for message in messages:
        sample = message.sample
        coded = sample.coded if sample.coded is not None else sample.data
        floor = floor_bytes(coded, sample.direction)
        tally = _count(found.tallies, _key(PAYLOAD, sample), len(sample.data), len(coded), floor, (0.0, 0.0))
        _frame(tally, message, len(coded))
        sent, encode_s, decode_s = ends.carry(sample.direction, coded)
        key = _key(PAYLOAD_AND_HEADERS, sample)
        tally = _count(found.tallies, key, len(sample.data), sent, floor, (encode_s, decode_s))
        _frame(tally, message, sent)


class _Ends:
    """Both ends of one hub's link."""

    def __init__(self, name: str, task: Task | None, hub: bytes) -> None:
        self.name, self.hub = name, hub
        self.head_end, self.at_hub = make_ends(name, task.dictionaries if task is not None else None)

    def carry(self, direction: str, message: bytes) -> tuple[int, float, float]:
        """Bytes sent for a message, and the seconds of both ends. Raises NotMet where it does not come back."""
        sender, receiver, link = (
            (self.head_end, self.at_hub, Link(self.hub, "down"))
            if direction == "down"
            else (self.at_hub, self.head_end, Link(self.hub, "up"))
        )
        started = perf_counter()
        data = sender.compress(message, link)
        sent = perf_counter()
        expanded = receiver.expand(data, link)
        done = perf_counter()
        if expanded != message:
            raise NotMet(f"{self.name} does not give back a message of {len(message)} bytes: {message.hex()}")
        return len(data), sent - started, done - sent


def _key(codec: str, sample: Sample) -> Key:
    return Key(codec, sample.use_case, sample.role, sample.kind, sample.direction)


def _count(tallies: dict[Key, Tally], key: Key, raw: int, sent: int, floor: int, seconds: tuple[float, float]) -> Tally:
    tally = tallies.get(key)
    if tally is None:
        tally = tallies[key] = Tally()
    tally.n += 1
    tally.raw_bytes += raw
    tally.sent_bytes += sent
    tally.floor_bytes += floor
    tally.encode_s += seconds[0]
    tally.decode_s += seconds[1]
    return tally


def _frame(tally: Tally, message: _Message, sent: int) -> None:
    for name, frames in links().items():
        raw, before = tally.on_air.get(name, (0, 0))
        tally.on_air[name] = raw + message.on_air[name], before + frames.on_air(sent, message.sample.direction)


# ---------------------------------------------------------------------- batches


def _batches(conversations: Sequence[Conversation], task: Task, found: Measured) -> None:
    """Batches of each direction through every codec that takes any bytes."""
    for name in (each for each in task.codecs if each not in PEERS):
        for direction in ("down", "up"):
            packer = packer_of(name, direction, task.dictionaries)
            if packer is None:
                continue
            for place, batches in (
                (BACKHAUL, _of_many(conversations, direction)),
                (HUB, _of_one(conversations, direction)),
            ):
                tally = found.batches.setdefault(BatchKey(name, direction, place), Tally())
                for batch in batches:
                    _pack(packer, batch, tally)


def _of_many(conversations: Sequence[Conversation], direction: str) -> Iterator[tuple[bytes, ...]]:
    """As the messages of many hubs come along the backhaul: a read of each hub, then the next read of each."""
    turns = zip_longest(*(_data(conversation, direction) for conversation in conversations))
    messages = (data for data in chain.from_iterable(turns) if data is not None)
    while batch := tuple(islice(messages, BATCH_MESSAGES)):
        yield batch


def _of_one(conversations: Sequence[Conversation], direction: str) -> Iterator[tuple[bytes, ...]]:
    return (tuple(_data(conversation, direction)) for conversation in conversations)


def _data(conversation: Conversation, direction: str) -> Iterable[bytes]:
    return [sample.data for sample in conversation.samples if sample.direction == direction]


def _pack(packer: Packer, batch: Sequence[bytes], tally: Tally) -> None:
    """Pack messages together, each behind two bytes of length."""
    joined = b"".join(len(message).to_bytes(2, "big") + message for message in batch)
    started = perf_counter()
    packed = packer.pack(joined)
    sent = perf_counter()
    if unpacked(packer, packed, MAX_BATCH_BYTES) != joined:
        raise NotMet(f"a batch of {len(batch)} messages does not come back")
    tally.decode_s += perf_counter() - sent
    tally.encode_s += sent - started
    tally.n += len(batch)
    tally.raw_bytes += sum(map(len, batch))
    tally.sent_bytes += len(packed)
