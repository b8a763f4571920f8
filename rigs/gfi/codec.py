r"""The GFI line, ``GBCS:DATA#0:<length>:<HEX>\r\n``, without input or output: bytes in, messages out, and back.

What is inferred of it stands in :mod:`rigs.gfi.assumptions`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from gbcs.errors import DecodeError, LocalError
from gbcs.gbt import MAX_MESSAGE_BYTES

_CHANNEL: Final = 0
_START: Final = b"GBCS:DATA#"
_LINE: Final = re.compile(rb"GBCS:DATA#(\d{1,3}):(\d{1,6}):(.*)", re.DOTALL)
_HEADER_BYTES: Final = 30
"""More than stands before the digits."""
_SHOWN_BYTES: Final = 40


class GfiFault(StrEnum):
    """Why a line brought no message."""

    FOREIGN = "foreign line"
    CHANNEL = "other channel"
    LENGTH = "wrong length"
    HEX = "no hexadecimal digits"
    TOO_LONG = "too long"


_MESSAGES: Final = {
    GfiFault.FOREIGN: "a line is no GFI line",
    GfiFault.CHANNEL: "a GFI line is for another channel than 0",
    GfiFault.LENGTH: "a GFI line does not hold as many bytes as it says",
    GfiFault.HEX: "a GFI line holds something else than hexadecimal digits",
    GfiFault.TOO_LONG: "a line is longer than any message",
}


def encode_line(message: bytes) -> bytes:
    """The line of a message. Raises LocalError for one that no line can carry."""
    if not 0 < len(message) <= MAX_MESSAGE_BYTES:
        raise LocalError(f"a GFI line carries 1 to {MAX_MESSAGE_BYTES:,} bytes, not {len(message):,}")
    return b"%s%d:%d:%s\r\n" % (_START, _CHANNEL, len(message), message.hex().upper().encode("ascii"))


class GfiDecoder:
    """Takes a stream in whatever pieces it arrives, hands over its messages, and counts what was none.

    It finds its way back by itself: noise before a line's start is dropped, a broken line ends at the next line end,
    and no more is ever kept than the longest line.

    Does not model: a checksum (the line has none; a message's own MAC or signature tells).
    """

    __slots__ = ("_buffer", "_largest", "_skipping", "faults", "last_fault")

    def __init__(self, largest_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._largest = _HEADER_BYTES + 2 * largest_message_bytes
        self._buffer = bytearray()
        self._skipping = False
        self.faults: Counter[GfiFault] = Counter()
        self.last_fault: DecodeError | None = None

    def feed(self, data: bytes) -> tuple[bytes, ...]:
        """The messages of the lines that end in ``data``."""
        self._buffer += data
        if b"\n" not in data:
            self._drop_overlong()
            return ()
        messages = tuple(message for line in self._lines() if (message := self._message(line)) is not None)
        self._drop_overlong()
        return messages

    def _lines(self) -> Iterator[bytes]:
        """The lines that are whole; of one whose beginning was dropped, what a line begins in it."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._skipping:
                self._skipping = False
                _, start, rest = line.rpartition(_START)
                line = start + rest if start else b""
            yield line

    def _drop_overlong(self) -> None:
        """Let go of what is too long to become a line, but for where another may begin."""
        if len(self._buffer) <= self._largest:
            return
        if not self._skipping:
            self._count(GfiFault.TOO_LONG, bytes(self._buffer))
        self._skipping = True
        start = self._buffer.rfind(_START, 1)
        del self._buffer[: start if start > 0 else -len(_START)]

    def _message(self, line: bytes) -> bytes | None:
        """The message of one line; None where it has none, and why is counted."""
        line = line.rstrip(b"\r")
        start = line.rfind(_START)
        if not line.strip():
            return None
        if start != 0:
            self._count(GfiFault.FOREIGN, line)
        if start < 0:
            return None
        found = _parse(line[start:])
        if isinstance(found, GfiFault):
            self._count(found, line)
            return None
        return found

    def _count(self, fault: GfiFault, line: bytes) -> None:
        self.faults[fault] += 1
        shown = line[:_SHOWN_BYTES].decode("ascii", "backslashreplace") + ("..." if len(line) > _SHOWN_BYTES else "")
        self.last_fault = DecodeError(_MESSAGES[fault], field="GFI line", hint=f"it was {shown!r}")


def _parse(line: bytes) -> bytes | GfiFault:
    found = _LINE.fullmatch(line)
    if found is None:
        return GfiFault.FOREIGN
    channel, length, digits = int(found[1]), int(found[2]), found[3]
    if channel != _CHANNEL:
        return GfiFault.CHANNEL
    if len(digits) != 2 * length or not length:
        return GfiFault.LENGTH
    # bytes.fromhex would take spaces between the digits.
    return bytes.fromhex(digits.decode("ascii")) if _is_hex(digits) else GfiFault.HEX


def _is_hex(digits: bytes) -> bool:
    return not digits.strip(b"0123456789abcdefABCDEF")
