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
    make: Callable[[], Codec] | Callable[[Dictionaries], Codec]
    is_fast: bool = True

    @property
    def needs_dictionaries(self) -> bool:
        """Whether it has to be trained first."""
        return self.kind == "dictionary"


def _single(name: str, title: str, *, is_fast: bool = True) -> tuple[str, CodecRow]:
    return name, CodecRow("single", title, partial(GenericCodec, name, PACKERS[name]), is_fast)


CODECS: Mapping[str, CodecRow] = {
    "header_context": CodecRow("header", "header context (ours, as RFC 8724)", HeaderContextCodec),
    "header_context_rows": CodecRow(
        "header", "header context, rows in clear coded", partial(HeaderContextCodec, codes_rows=True)
    ),
    "zstd_dictionary": CodecRow("dictionary", "Zstandard 19, trained dictionary of 4 KiB", DictionaryCodec),
    "deflate_stream": CodecRow(
        "stream", "deflate 9, a stream per link", partial(StreamCodec, "deflate_stream", DeflateStream, DeflateStream)
    ),
    "zstd_stream": CodecRow(
        "stream", "Zstandard 3, a stream per link", partial(StreamCodec, "zstd_stream", ZstdStream, ZstdStream)
    ),
    **dict(
        (
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
    ),
}
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
    if not row.needs_dictionaries:
        return row.make()  # type: ignore[call-arg]
    if dictionaries is None:
        raise LocalError(f"codec {name} needs dictionaries: train them first (emulator.compression.dictionary.train)")
    return row.make(dictionaries)  # type: ignore[call-arg]


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
