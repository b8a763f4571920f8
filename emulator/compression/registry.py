"""Every codec by its name: a new one is a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from emulator.compression.codec import MAX_EXPANDED_BYTES, Codec, Direction
from emulator.compression.dictionary import Dictionaries, DictionaryCodec, dictionary_packer
from emulator.compression.generic import PACKERS, GenericCodec, Packer
from emulator.compression.header_context import HeaderContextCodec
from emulator.compression.streams import DeflateStream, StreamCodec, ZstdStream
from gbcs.errors import LocalError


@dataclass(frozen=True, slots=True)
class CodecRow:
    """One codec: what it is in words, and how an end of it is made (from dictionaries, where it needs some).

    ``kind``: ``header`` context, ``stream`` per link, ``dictionary``, or ``single`` messages. ``is_fast``: 100,000
    messages take well under a minute.
    """

    kind: str
    title: str
    make: Callable[[Dictionaries | None], Codec]
    is_fast: bool = True

    @property
    def needs_dictionaries(self) -> bool:
        """Whether it has to be trained first."""
        return self.kind == "dictionary"


def _untrained(make: Callable[[], Codec]) -> Callable[[Dictionaries | None], Codec]:
    """Makes a codec that needs no dictionaries."""
    return lambda _: make()


def _trained(dictionaries: Dictionaries | None) -> Codec:
    if dictionaries is None:
        raise LocalError("dictionaries are needed")
    return DictionaryCodec(dictionaries)


def _single(name: str, title: str, *, is_fast: bool = True) -> tuple[str, CodecRow]:
    make = partial(GenericCodec, name, PACKERS[name])
    return name, CodecRow("single", title, _untrained(make), is_fast)


def _stream(name: str, title: str, side: type[DeflateStream | ZstdStream]) -> tuple[str, CodecRow]:
    return name, CodecRow("stream", title, _untrained(partial(StreamCodec, name, side, side)))


def _header(name: str, title: str, *, codes_rows: bool) -> tuple[str, CodecRow]:
    return name, CodecRow("header", title, _untrained(partial(HeaderContextCodec, codes_rows=codes_rows)))


CODECS: Mapping[str, CodecRow] = dict(
    (
        _header("header_context", "header context (ours, as RFC 8724)", codes_rows=False),
        _header("header_context_rows", "header context, rows in clear coded", codes_rows=True),
        ("zstd_dictionary", CodecRow("dictionary", "Zstandard 19, trained dictionary of 4 KiB", _trained)),
        _stream("deflate_stream", "deflate 9, a stream per link", DeflateStream),
        _stream("zstd_stream", "Zstandard 3, a stream per link", ZstdStream),
        _single("deflate", "deflate 9"),
        _single("deflate_fast", "deflate 1"),
        _single("zstd", "Zstandard 3"),
        _single("zstd_19", "Zstandard 19", is_fast=False),
        _single("brotli", "Brotli 11", is_fast=False),
        _single("lzma", "LZMA, raw", is_fast=False),
        _single("lz4", "LZ4, highest"),
        _single("heatshrink", "heatshrink 8/4"),
        _single("heatshrink_11", "heatshrink 11/4", is_fast=False),
    )
)
"""The codecs, in the order in which tables show them."""


def codec_row(name: str) -> CodecRow:
    """The row of a codec. Raises LocalError that names an unknown one and lists what is allowed."""
    row = CODECS.get(name)
    if row is None:
        raise LocalError(f"codec {name!r} is not known (allowed: {', '.join(CODECS)})")
    return row


def make_codec(name: str, dictionaries: Dictionaries | None = None) -> Codec:
    """A new end of a codec. Raises LocalError for an unknown one, or where it has to be trained and was not."""
    row = codec_row(name)
    if row.needs_dictionaries and dictionaries is None:
        raise LocalError(f"codec {name} needs dictionaries: train them first (emulator.compression.dictionary.train)")
    return row.make(dictionaries)


def packer_of(name: str, direction: Direction, dictionaries: Dictionaries | None = None) -> Packer | None:
    """What packs a batch of messages; None for a codec that takes one message at a time."""
    kind = codec_row(name).kind
    if kind == "single":
        return PACKERS[name]
    if kind == "dictionary" and dictionaries is not None:
        return dictionary_packer(dictionaries.down if direction == "down" else dictionaries.up)
    return None


MAX_BATCH_BYTES = 16 * MAX_EXPANDED_BYTES
"""What a batch may expand to."""
