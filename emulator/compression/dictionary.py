"""Zstandard with a trained dictionary: what messages have in common is at both ends before the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import zstandard

from emulator.compression.codec import (
    CHECK_BYTES,
    MAX_EXPANDED_BYTES,
    RAW,
    ContextLost,
    Direction,
    Link,
    bounded,
    context_check,
)
from emulator.compression.generic import Packer, unpacked, zstd_packer
from gbcs.errors import DecodeError, LocalError

DICTIONARY_BYTES = 4096
_PACKED = b"\x01"
_LEVEL = 19
_FEWEST_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Dictionaries:
    """A dictionary for each direction, in the library's own form."""

    down: bytes
    up: bytes


def train(samples: Mapping[Direction, Sequence[bytes]], size: int = DICTIONARY_BYTES) -> Dictionaries:
    """Dictionaries made of sample messages: never those that are to be measured.

    Raises LocalError where there are too few samples to train on.
    """
    return Dictionaries(_train("down", samples.get("down", ()), size), _train("up", samples.get("up", ()), size))


def _train(direction: Direction, samples: Sequence[bytes], size: int) -> bytes:
    if len(samples) < _FEWEST_SAMPLES:
        raise LocalError(
            f"{len(samples)} messages {direction} are too few to train a dictionary on: {_FEWEST_SAMPLES} are needed"
        )
    try:
        return zstandard.train_dictionary(size, list(samples)).as_bytes()
    except zstandard.ZstdError as error:
        raise LocalError(f"no dictionary can be trained on {len(samples)} messages {direction}: {error}") from None


class DictionaryCodec:
    """Zstandard with a dictionary for each direction. A context check tells two different dictionaries.

    Does not model: how a new dictionary gets into 30 million hubs.
    """

    def __init__(
        self, dictionaries: Dictionaries, name: str = "zstd_dictionary", limit: int = MAX_EXPANDED_BYTES
    ) -> None:
        self.name, self.limit = name, limit
        known: dict[Direction, bytes] = {"down": dictionaries.down, "up": dictionaries.up}
        self._packers = {direction: dictionary_packer(data) for direction, data in known.items()}
        self._contexts = {direction: sha256(data).digest() for direction, data in known.items()}

    def compress(self, message: bytes, link: Link) -> bytes:
        """The packed message behind its check, or the message itself where packing does not shorten it."""
        packed = self._packers[link.direction].pack(message)
        if len(packed) + CHECK_BYTES >= len(message):
            return RAW + message
        return _PACKED + context_check(message, self._contexts[link.direction]) + packed

    def expand(self, data: bytes, link: Link) -> bytes:
        """The message. Raises ContextLost where it was packed with another dictionary, DecodeError otherwise."""
        if data[:1] == RAW:
            return bounded(data[1:], self.limit)
        if data[:1] != _PACKED or len(data) <= CHECK_BYTES:
            raise DecodeError("neither packed nor plain", offset=0, field="compressed message")
        message = unpacked(self._packers[link.direction], data[1 + CHECK_BYTES :], self.limit)
        if context_check(message, self._contexts[link.direction]) != data[1 : 1 + CHECK_BYTES]:
            raise ContextLost("the context check fails", offset=1, field="context check", hint="another dictionary?")
        return message

    def refresh(self, link: Link) -> None:
        """Nothing: the dictionary is all there is."""

    def restart(self) -> None:
        """Nothing: dictionaries are kept."""


@lru_cache(maxsize=8)
def dictionary_packer(dictionary: bytes) -> Packer:
    """The library with a dictionary; it takes its time to digest one."""
    return zstd_packer(_LEVEL, zstandard.ZstdCompressionDict(dictionary))
