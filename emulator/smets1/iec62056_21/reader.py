"""Finds messages in whatever arrives, in any pieces."""

from __future__ import annotations

import re

from emulator.smets1.iec62056_21.framing import ACK, NAK

_START = re.compile(rb"[/\x01\x02\x06\x15]")
_END = re.compile(rb"[\x03\x04]")
_OPTION_BYTES = 6


class MessageReader:
    """Cuts a stream into messages, unchecked; what stands between them (wake-up zeros, noise) is passed over.

    ``expects_option`` says whether an ACK begins an option select or stands alone. A message that outgrows
    ``max_bytes`` is given up.
    """

    __slots__ = ("_buffer", "_max_bytes", "expects_option")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = b""
        self.expects_option = False

    @property
    def waiting(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what arrived; :meth:`next` hands it out."""
        self._buffer += data

    def next(self) -> bytes | None:
        """The next whole message, or None until more arrives."""
        while True:
            start = _START.search(self._buffer)
            if start is None:
                self._buffer = b""
                return None
            self._buffer = self._buffer[start.start() :]
            size = self._size(self._buffer[:1])
            if size is None and len(self._buffer) > self._max_bytes:
                self._buffer = self._buffer[self._max_bytes :]
                continue
            if size is None:
                return None
            message, self._buffer = self._buffer[:size], self._buffer[size:]
            return _from_last_start(message)

    def reset(self) -> None:
        """Forget a message that has begun."""
        self._buffer = b""

    def _size(self, first: bytes) -> int | None:
        """How many bytes the message that the buffer begins with has; None until it has ended."""
        buffer = self._buffer
        if first == NAK:
            return 1
        if first == ACK:
            if not self.expects_option:
                return 1
            return _OPTION_BYTES if len(buffer) >= _OPTION_BYTES else None
        if first == b"/":
            end = buffer.find(b"\n")
            return end + 1 if 0 <= end < self._max_bytes else None
        ended = _END.search(buffer, 1)
        if ended is None or ended.end() >= len(buffer) or ended.end() >= self._max_bytes:
            return None
        return ended.end() + 1


def _from_last_start(message: bytes) -> bytes:
    """A message from where it begins for the last time: what a line dropped half way through stands in front of it."""
    first = message[:1]
    if first in {ACK, NAK}:
        return message
    # Neither data nor lines hold such a character; the check character at the end may be one.
    return message[message.rfind(first, 0, max(len(message) - 1, 1)) :]
