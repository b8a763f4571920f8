"""General-purpose compressors, each message by itself, through their maintained libraries.

``pack`` and ``unpack`` of a :class:`Packer` take any bytes; what comes out of ``unpack`` is bounded before it is made.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import brotli
import heatshrink2
import lz4.block
import zstandard

from emulator.compression.codec import MAX_EXPANDED_BYTES, RAW, Link, bounded
from gbcs.errors import DecodeError

_PACKED = b"\x01"

_LIBRARY_ERRORS = (
    zlib.error, zstandard.ZstdError, brotli.error, lzma.LZMAError, lz4.block.LZ4BlockError, RuntimeError, ValueError,
    EOFError, MemoryError,
)  # fmt: skip
"""What the libraries raise on bytes that are none of theirs."""


@dataclass(frozen=True, slots=True)
class Packer:
    """One library with its settings. ``unpack(data, limit)`` stops at ``limit`` bytes; its errors are the library's."""

    pack: Callable[[bytes], bytes]
    unpack: Callable[[bytes, int], bytes]


class GenericCodec:
    """A general-purpose compressor of single messages; one byte in front says whether it helped.

    Does not model: context. Nothing can be lost, so there is no context check.
    """

    def __init__(self, name: str, packer: Packer, limit: int = MAX_EXPANDED_BYTES) -> None:
        self.name, self.packer, self.limit = name, packer, limit

    def compress(self, message: bytes, link: Link) -> bytes:
        """The packed message, or the message itself where packing does not shorten it."""
        packed = self.packer.pack(message)
        return _PACKED + packed if len(packed) < len(message) else RAW + message

    def expand(self, data: bytes, link: Link) -> bytes:
        """The message. Raises DecodeError for bytes that are no packed message, or one beyond the limit."""
        if data[:1] == RAW:
            return bounded(data[1:], self.limit)
        if data[:1] != _PACKED:
            raise DecodeError("neither packed nor plain", offset=0, field="compressed message")
        return unpacked(self.packer, data[1:], self.limit)

    def refresh(self, link: Link) -> None:
        """Nothing: there is no context."""

    def restart(self) -> None:
        """Nothing: there is no context."""


def unpacked(packer: Packer, data: bytes, limit: int) -> bytes:
    """What a packer unpacks. Raises DecodeError for foreign bytes, and for what would be longer than ``limit``."""
    try:
        return bounded(packer.unpack(data, limit), limit)
    except _LIBRARY_ERRORS as error:
        raise DecodeError(f"cannot be unpacked: {error}", field="compressed message") from None


# ---------------------------------------------------------------------- deflate


def _deflate(data: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, 9)
    return packer.compress(data) + packer.flush()


def _inflate(data: bytes, limit: int) -> bytes:
    reader = zlib.decompressobj(-15)
    found = reader.decompress(data, limit + 1)
    if len(found) <= limit and (not reader.eof or reader.unused_data):
        raise ValueError("cut short, or more than one message")
    return found


# ---------------------------------------------------------------------- zstd

_USUAL_BYTES = 4096
"""What tables are made for: most messages are shorter, longer ones lose little."""


def zstd_packer(level: int, dictionary: zstandard.ZstdCompressionDict | None = None) -> Packer:
    """Zstandard without magic number, checksum and sizes, which a single message does not need."""
    settings = zstandard.ZstdCompressionParameters.from_level(
        level,
        source_size=_USUAL_BYTES,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        write_content_size=False,
        write_checksum=False,
        write_dict_id=False,
    )
    packer = zstandard.ZstdCompressor(compression_params=settings, dict_data=dictionary)
    reader = zstandard.ZstdDecompressor(
        dict_data=dictionary, format=zstandard.FORMAT_ZSTD1_MAGICLESS, max_window_size=1 << 27
    )
    return Packer(packer.compress, partial(_unzstd, reader))


def _unzstd(reader: zstandard.ZstdDecompressor, data: bytes, limit: int) -> bytes:
    header = zstandard.get_frame_parameters(data, format=zstandard.FORMAT_ZSTD1_MAGICLESS)
    announced = header.content_size
    # The library makes room for whatever size the data announce.
    if announced not in (zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR) and announced > limit:
        raise ValueError(f"announces {announced:,} bytes")
    return reader.decompress(data, max_output_size=limit, allow_extra_data=False)


# ---------------------------------------------------------------------- brotli, lzma, lz4, heatshrink


def _unbrotli(data: bytes, limit: int) -> bytes:
    reader = brotli.Decompressor()
    found = reader.process(data, output_buffer_limit=limit + 1)
    while not reader.is_finished() and len(found) <= limit:
        more = reader.process(b"", output_buffer_limit=limit + 1)
        if not more:
            raise ValueError("cut short")
        found += more
    return bytes(found)


_LZMA_FILTERS = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 16, "lc": 0, "pb": 0}]
"""Raw LZMA: no header, no checksum; a dictionary of 64 KiB holds any message."""


def _lzma(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_RAW, filters=_LZMA_FILTERS)


def _unlzma(data: bytes, limit: int) -> bytes:
    reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_LZMA_FILTERS)
    found = reader.decompress(data, limit + 1)
    if len(found) <= limit and (not reader.eof or reader.unused_data):
        raise ValueError("cut short, or more than one message")
    return found


def _lz4(data: bytes) -> bytes:
    packed: bytes = lz4.block.compress(data, mode="high_compression", compression=12, store_size=False)
    return packed


def _unlz4(data: bytes, limit: int) -> bytes:
    found: bytes = lz4.block.decompress(data, uncompressed_size=limit)
    return found


def heatshrink_packer(window: int, lookahead: int) -> Packer:
    """Heatshrink, made for devices with little memory: it needs ``2 << window`` bytes of it."""
    return Packer(
        lambda data: bytes(heatshrink2.compress(data, window_sz2=window, lookahead_sz2=lookahead)),
        partial(_unshrink, window=window, lookahead=lookahead),
    )


def _unshrink(data: bytes, limit: int, window: int, lookahead: int) -> bytes:
    # Every 1 + window + lookahead bits give 2**lookahead bytes at most, so long data are refused unread.
    bits_per_copy = 1 + window + lookahead
    if len(data) > limit + limit // 4 + bits_per_copy:
        raise ValueError("longer than any packed message")
    return bytes(heatshrink2.decompress(data, window_sz2=window, lookahead_sz2=lookahead))


PACKERS = {
    "deflate": Packer(partial(_deflate, level=9), _inflate),
    "deflate_fast": Packer(partial(_deflate, level=1), _inflate),
    "zstd": zstd_packer(3),
    "zstd_19": zstd_packer(19),
    "brotli": Packer(partial(brotli.compress, quality=11, lgwin=16), _unbrotli),
    "lzma": Packer(_lzma, _unlzma),
    "lz4": Packer(_lz4, _unlz4),
    "heatshrink": heatshrink_packer(8, 4),
    "heatshrink_11": heatshrink_packer(11, 4),
}
"""The compressors by their names in the registry. Quality is the highest of each library unless the name says other."""
