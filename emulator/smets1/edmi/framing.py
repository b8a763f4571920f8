"""Frames of the EDMI command line: STX, stuffed body and CRC, ETX.

The body is command and data; the extended form puts an ``E`` and the serial numbers of both ends in front of it.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from dataclasses import dataclass

from construct import Const, GreedyBytes, Int16ub, Int32ub

from gbcs.declare import Record
from gbcs.errors import DecodeError
from gbcs.fuse import fuse

STX, ETX, DLE, XON, XOFF = b"\x02", b"\x03", b"\x10", b"\x11", b"\x13"
ANY_SEQUENCE = 0xFFFF
"""The two bytes behind the addresses in every capture."""

_SHIFT = 0x40
_SPECIAL = {each[0]: bytes((DLE[0], each[0] + _SHIFT)) for each in (STX, ETX, DLE, XON, XOFF)}
_PLAIN = {stuffed: bytes((plain,)) for plain, stuffed in _SPECIAL.items()}
_TO_STUFF = re.compile(rb"[\x02\x03\x10\x11\x13]")
_STUFFED = re.compile(rb"\x10.?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Frame:
    """Command and data, and the serial numbers of both ends in an extended frame (else ``None``)."""

    content: bytes
    destination: int | None = None
    source: int | None = None
    sequence: int = ANY_SEQUENCE

    def answer(self, content: bytes) -> Frame:
        """The frame that answers this one: the same form, the ends swapped."""
        return Frame(content, self.source, self.destination, self.sequence)


EXTENDED = Record(
    Frame,
    Const(b"E"),
    "destination" / Int32ub,
    "source" / Int32ub,
    "sequence" / Int16ub,
    "content" / GreedyBytes,
)
PLAIN = Record(Frame, "content" / GreedyBytes)

_EXTENDED = fuse(EXTENDED, "extended frame")
_PLAIN_FRAME = fuse(PLAIN, "frame")


def crc(body: bytes) -> bytes:
    """CRC-16/XMODEM over STX and the body before stuffing."""
    return crc_hqx(body, crc_hqx(STX, 0)).to_bytes(2, "big")


def stuff(body: bytes) -> bytes:
    """The bytes with every special one as two."""
    return _TO_STUFF.sub(lambda found: _SPECIAL[found[0][0]], body)


def unstuff(data: bytes) -> bytes:
    """What :func:`stuff` was given. Raises DecodeError for a pair that it never makes."""

    def plain(found: re.Match[bytes]) -> bytes:
        try:
            return _PLAIN[found[0]]
        except KeyError:
            raise DecodeError(f"{found[0].hex()} stands for no byte", offset=found.start(), field="stuffing") from None

    return _STUFFED.sub(plain, data)


def encode(frame: Frame) -> bytes:
    """The bytes of a frame. Raises LocalError where a value does not fit its field."""
    body = (_PLAIN_FRAME if frame.destination is None else _EXTENDED).build(frame)
    return STX + stuff(body + crc(body)) + ETX


def decode(data: bytes) -> Frame:
    """The frame from STX to ETX. Raises DecodeError where stuffing, CRC or form are wrong."""
    if len(data) < 2 or data[:1] != STX or data[-1:] != ETX:
        raise DecodeError("a frame begins with STX and ends with ETX", field="frame")
    plain = unstuff(data[1:-1])
    body, received = plain[:-2], plain[-2:]
    if not body:
        raise DecodeError(f"{len(plain)} bytes are no frame", field="frame")
    if crc(body) != received:
        raise DecodeError(f"expected {crc(body).hex()}, got {received.hex()}", offset=len(body) + 1, field="CRC")
    frame: Frame = (_EXTENDED if body[:1] == b"E" else _PLAIN_FRAME).parse(body)
    return frame


class FrameReader:
    """Finds frames in whatever arrives, in any pieces; what stands between frames (a wake-up, noise) is passed over.

    An STX begins a frame anew: it cannot stand inside one. A frame that outgrows ``max_bytes`` is given up.
    """

    __slots__ = ("_buffer", "_max_bytes")

    def __init__(self, max_bytes: int = 4096) -> None:
        self._max_bytes = max_bytes
        self._buffer = b""

    @property
    def waiting(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> tuple[bytes, ...]:
        """The frames that end in ``data``, STX to ETX, unchecked."""
        *ended, rest = (self._buffer + data).split(ETX)
        frames = tuple(part[at:] + ETX for part in ended if (at := part.rfind(STX)) >= 0)
        begun = rest.rfind(STX)
        self._buffer = rest[begun:] if begun >= 0 else b""
        if len(self._buffer) > self._max_bytes:
            self._buffer = b""
        return tuple(frame for frame in frames if len(frame) <= self._max_bytes)

    def reset(self) -> None:
        """Forget a frame that has begun."""
        self._buffer = b""
