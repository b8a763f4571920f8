"""A corpus from what there is: a run folder, the reference set, a capture; without any of them it is made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from emulator.compression.corpus import Block, Conversation, Sample, conversations_of, made_corpus
from emulator.compression.corpus.model import device_of, sample_of
from emulator.run_folder import TRACE_FILE
from gbcs.dlms import AccessResponse
from gbcs.errors import DecodeError, GbcsError, LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import decode
from gbcs.payload import message_payload
from tools.rtds_files import read_vectors

_BLOCK_MESSAGES = 2_000
_DECODED = ',"decoded":'
"""What follows in a line of a trace is the same message once more, and takes longest to read."""

_LONGEST_ERROR = 160
"""No error response to a read is longer: it is its frame, and a few bytes for each object."""

_CAPTURES = (".pcap", ".pcapng", ".cap")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Blocks, and what they are in words. ``skipped`` are entries that are no GBCS messages."""

    title: str
    blocks: Sequence[Block]
    skipped: int = 0
    is_made: bool = False

    @property
    def messages(self) -> int:
        """About how many messages there are."""
        return sum(block.messages for block in self.blocks)


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """Conversations that were read, and those (of all blocks) that dictionaries are trained on."""

    read: tuple[Conversation, ...]
    trained_on: tuple[Conversation, ...]

    @property
    def messages(self) -> int:
        """How many messages it has."""
        return sum(len(conversation.samples) for conversation in self.read)

    def conversations(self) -> Sequence[Conversation]:
        """Its conversations."""
        return self.read

    def training(self) -> Sequence[Conversation]:
        """Every other device's."""
        return self.trained_on


def read_corpus(path: Path | None, *, devices: int, seed: int, keys: Path | None) -> Corpus:
    """The corpus of a path; ``devices`` and ``seed`` are for the made one, ``keys`` for a capture.

    Raises LocalError where the path holds nothing of the kind.
    """
    if path is None:
        return Corpus(f"made: {devices} devices, seed {seed}", made_corpus(devices, seed), is_made=True)
    if path.suffix in _CAPTURES:
        return _corpus(f"capture {path}", _of_capture(path, keys))
    if path.name == TRACE_FILE or (path / TRACE_FILE).is_file():
        return _corpus(f"run {path}", _of_trace(path if path.name == TRACE_FILE else path / TRACE_FILE))
    if path.is_dir() and next(path.rglob("*.HEX"), None) is not None:
        return _corpus(f"reference set {path}", _of_reference_set(path))
    if (path / "summary.json").is_file():
        raise LocalError(f"{path} has no {TRACE_FILE}: run it again with meterfarm run --trace")
    raise LocalError(
        f"{path} holds no messages: give a run folder made with --trace, a reference set (*.HEX) or a capture "
        f"({', '.join(_CAPTURES)})"
    )


def _corpus(title: str, entries: Iterable[tuple[Eui64, Sample] | None]) -> Corpus:
    """Blocks of conversations; every other hub is kept for training, told by its identifier."""
    listed = list(entries)
    samples = [entry for entry in listed if entry is not None]
    if not samples:
        raise LocalError(f"{title}: no GBCS messages")
    conversations = list(conversations_of(samples))
    for conversation in conversations:
        conversation.is_for_training = sha256(conversation.hub).digest()[0] % 2 == 0
    training = tuple(conversation for conversation in conversations if conversation.is_for_training)
    blocks = [
        ReadBlock(tuple(part), training if number == 0 else ()) for number, part in enumerate(_parts(conversations))
    ]
    return Corpus(title, blocks, len(listed) - len(samples))


def _parts(conversations: Sequence[Conversation]) -> Iterator[list[Conversation]]:
    part: list[Conversation] = []
    for conversation in conversations:
        part.append(conversation)
        if sum(len(one.samples) for one in part) >= _BLOCK_MESSAGES:
            yield part
            part = []
    if part:
        yield part


def _of_trace(file: Path) -> Iterator[tuple[Eui64, Sample] | None]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line.partition(_DECODED)[0].rstrip("}\n") + "}")
                message, hub = bytes.fromhex(row["hex"]), int(row["premises"])
                use_case = str(row["use_case"])
            except (ValueError, KeyError, TypeError):
                raise LocalError(f"{file}: line {number} is no line of a trace") from None
            sample = sample_of(message, _kind(message), use_case)
            yield None if sample is None else (hub.to_bytes(8, "big"), sample)


def _of_reference_set(directory: Path) -> Iterator[tuple[Eui64, Sample] | None]:
    for vector in read_vectors(directory):
        if vector.kind == "PRECOMMAND":
            continue
        kind = next((word.lower() for word in ("SINGLE", "TWIN", "ERROR") if word in vector.stem.split("_")), "")
        sample = sample_of(vector.data, kind)
        yield None if sample is None else (device_of(vector.data), sample)


def _of_capture(path: Path, keys: Path | None) -> Iterator[tuple[Eui64, Sample] | None]:
    from tools.capture import read_capture, read_keys  # noqa: PLC0415 - an extra

    file = keys or path.with_name(f"{path.name}.keys")
    for captured in read_capture(path, read_keys(file)).messages:
        if captured.blocks:
            continue  # what was put together of blocks is there as blocks, which is how it travelled
        sample = sample_of(captured.message, _kind(captured.message))
        yield None if sample is None else (captured.pan.to_bytes(8, "big"), sample)


def _kind(message: bytes) -> str:
    """Whether an answer is an error; of others the bytes do not tell."""
    if len(message) > _LONGEST_ERROR:
        return ""
    try:
        payload = message_payload(decode(message))
    except (DecodeError, GbcsError):
        return ""
    is_error = isinstance(payload, AccessResponse) and any(result.code for result in payload.results)
    return "error" if is_error else ""
