"""One stream per link: each message is packed with all earlier ones as its dictionary (deflate and zstd, flushed).

A stream is undone by a single lost message, so every message bears a sequence number, and a bit that says that the
stream begins anew with it::

    1 byte    0x80 the stream begins here; 0x7F sequence number, from 0 to 125
    2 bytes   context check over the message and its place in the stream
    rest      what the packer flushed
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import zstandard

from emulator.compression.codec import CHECK_BYTES, MAX_EXPANDED_BYTES, ContextLost, Link, bounded, context_check
from gbcs.errors import DecodeError

_BEGINS, _NUMBERS = 0x80, 126
_HEAD_BYTES = 1 + CHECK_BYTES


class StreamPacker(Protocol):
    """The sending side of a stream."""

    def pack(self, message: bytes) -> bytes:
        """The bytes of one more message, flushed."""


class StreamReader(Protocol):
    """The receiving side of a stream."""

    def unpack(self, data: bytes, limit: int) -> bytes:
        """One more message. Raises DecodeError; the stream is of no use afterwards."""


@dataclass(slots=True)
class _Sending:
    """A stream that this end sends."""

    packer: StreamPacker
    number: int = 0


@dataclass(slots=True)
class _Reading:
    """A stream that this end reads, and the number that comes next."""

    reader: StreamReader
    expected: int


class StreamCodec:
    """A stream for each link, which begins anew after a loss.

    Does not model: the memory that an implementation in a hub would need for both windows.
    """

    def __init__(
        self,
        name: str,
        packer: Callable[[], StreamPacker],
        reader: Callable[[], StreamReader],
        limit: int = MAX_EXPANDED_BYTES,
    ) -> None:
        self.name, self.limit = name, limit
        self._packer, self._reader = packer, reader
        self._sending: dict[Link, _Sending] = {}
        self._reading: dict[Link, _Reading] = {}

    def compress(self, message: bytes, link: Link) -> bytes:
        """The message as the stream goes on."""
        stream, begins = self._sending.get(link), 0
        if stream is None:
            stream, begins = _Sending(self._packer()), _BEGINS
            self._sending[link] = stream
        head = begins | stream.number % _NUMBERS
        stream.number += 1
        return bytes((head,)) + context_check(message, _context(link, head)) + stream.packer.pack(message)

    def expand(self, data: bytes, link: Link) -> bytes:
        """The next message of the stream. Raises ContextLost after a loss, until the stream begins anew."""
        if len(data) < _HEAD_BYTES:
            raise DecodeError("cut short", offset=len(data), field="compressed message")
        head = data[0]
        stream = self._stream(link, head)
        try:
            message = bounded(stream.reader.unpack(data[_HEAD_BYTES:], self.limit), self.limit)
            _check(message, data[1:_HEAD_BYTES], _context(link, head))
        except (DecodeError, ContextLost) as error:
            # Whatever is wrong, it may be a message of a stream that is over: the sender begins anew.
            self._reading.pop(link, None)
            raise ContextLost(str(error)) from None
        self._reading[link] = stream
        stream.expected = (stream.expected + 1) % _NUMBERS
        return message

    def _stream(self, link: Link, head: int) -> _Reading:
        """The stream that a message belongs to. A duplicate cannot be told from a message of a stream that is over."""
        if head & _BEGINS:
            return _Reading(self._reader(), head & ~_BEGINS)
        stream, number = self._reading.get(link), head
        if stream is None:
            raise ContextLost("no stream is open", offset=0, field="sequence number")
        if number == stream.expected:
            return stream
        raise ContextLost(f"message {number} where {stream.expected} is next", offset=0, field="sequence number")

    def refresh(self, link: Link) -> None:
        """Begin the stream anew with the next message."""
        self._sending.pop(link, None)

    def restart(self) -> None:
        """Forget all streams."""
        self._sending.clear()
        self._reading.clear()


def _check(message: bytes, check: bytes, context: bytes) -> None:
    if context_check(message, context) != check:
        raise ContextLost("the context check fails", offset=1, field="context check")


def _context(link: Link, head: int) -> bytes:
    return link.hub + link.direction.encode() + bytes((head,))


# ---------------------------------------------------------------------- deflate


class DeflateStream:
    """A deflate stream with a flush after each message, without the four bytes that every flush ends with."""

    _FLUSHED = b"\x00\x00\xff\xff"

    def __init__(self) -> None:
        self._packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
        self._reader = zlib.decompressobj(-15)

    def pack(self, message: bytes) -> bytes:
        """The bytes of one more message."""
        packed = self._packer.compress(message) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        return packed[: -len(self._FLUSHED)]

    def unpack(self, data: bytes, limit: int) -> bytes:
        """One more message. Raises DecodeError."""
        try:
            message = self._reader.decompress(data + self._FLUSHED, limit + 1)
        except zlib.error as error:
            raise DecodeError(f"no deflate stream: {error}", field="compressed message") from None
        if self._reader.eof:
            raise DecodeError("the stream ends", field="compressed message")
        return message


# ---------------------------------------------------------------------- zstd

_FORMAT = zstandard.FORMAT_ZSTD1_MAGICLESS
_WINDOW_LOG = 15
_FRAME_HEADER = bytes((0x00, (_WINDOW_LOG - 10) << 3))
"""No sizes, no checksum, no dictionary; the window."""
_BLOCK_HEADER_BYTES = 3
_REPEATED_BYTE, _RESERVED_BLOCK = 1, 3
_BLOCK_BYTES = 1 << _WINDOW_LOG
"""No block expands to more than the window."""


class ZstdStream:
    """A Zstandard frame that never ends, flushed after each message."""

    def __init__(self) -> None:
        settings = zstandard.ZstdCompressionParameters.from_level(
            3, format=_FORMAT, window_log=_WINDOW_LOG, write_content_size=False, write_checksum=False
        )
        self._packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
        self._reader = zstandard.ZstdDecompressor(format=_FORMAT, max_window_size=1 << 18).decompressobj()
        self._begun = False

    def pack(self, message: bytes) -> bytes:
        """The bytes of one more message."""
        return self._packer.compress(message) + self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def unpack(self, data: bytes, limit: int) -> bytes:
        """One more message. Raises DecodeError."""
        try:
            self._check(data, limit)
            self._begun = True
            return self._reader.decompress(data)
        except zstandard.ZstdError as error:
            raise DecodeError(f"no zstd stream: {error}", field="compressed message") from None

    def _check(self, data: bytes, limit: int) -> None:
        """The library gives no bound for what it expands, so no more blocks are taken than a message can have."""
        at = 0 if self._begun else len(_FRAME_HEADER)
        if data[:at] != _FRAME_HEADER[:at]:
            raise DecodeError("not the beginning of a stream", field="compressed message")
        for _ in range(limit // _BLOCK_BYTES + 2):
            if at == len(data):
                return
            word = int.from_bytes(data[at : at + _BLOCK_HEADER_BYTES], "little")
            is_last, kind, size = word & 1, word >> 1 & 3, word >> 3
            if is_last or kind == _RESERVED_BLOCK or size > _BLOCK_BYTES:
                break
            at += _BLOCK_HEADER_BYTES + (1 if kind == _REPEATED_BYTE else size)
        raise DecodeError("not the blocks of one message", field="compressed message")
