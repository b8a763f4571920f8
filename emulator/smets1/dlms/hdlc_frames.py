"""Frames of IEC 62056-46 (HDLC frame format type 3): ``7E | A S len11 | dst | src | control | HCS | info | FCS | 7E``.

Addresses are 1, 2 or 4 bytes whose lowest bit marks the last one; both check sequences are CRC-16/X-25, and HCS stands
only where information follows. :data:`HDLC_FRAME` declares it; :func:`read_frame` and :func:`write_frame` are its
packed twins.
"""

from __future__ import annotations

import io
from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from construct import Bytes, Const, GreedyBytes, Int8ub, ValidationError
from construct.core import stream_read, stream_write

from gbcs.declare import AnyConstruct, Fields, IfMore, Record
from gbcs.errors import DecodeError

FLAG = 0x7E
_FORMAT, _SEGMENTED, _MAX_LENGTH = 0xA000, 0x0800, 0x07FF
_MIN_LENGTH = 7
"""Format, two addresses of a byte, control, FCS."""
_ADDRESS_SIZES = (1, 2, 4)
_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def crc_x25(data: bytes) -> bytes:
    """CRC-16/X-25, low byte first. It is the standard library's CRC-CCITT with every byte mirrored."""
    mirrored = crc_hqx(data.translate(_MIRROR), 0xFFFF) ^ 0xFFFF
    return bytes((_MIRROR[mirrored >> 8], _MIRROR[mirrored & 0xFF]))


@dataclass(frozen=True, slots=True)
class HdlcFrame:
    """One frame; addresses as they stand on the wire."""

    segmented: bool
    destination: bytes
    source: bytes
    control: int
    information: bytes | None = None


# ---------------------------------------------------------------------- the declaration


class Address(AnyConstruct):
    """Bytes up to the one whose lowest bit is set: 1, 2 or 4 of them."""

    def _parse(self, stream: Any, context: Any, path: str) -> bytes:
        address: bytes = stream_read(stream, 1, path)
        while not address[-1] & 1 and len(address) < 4:
            address += stream_read(stream, 1, path)
        self._check(address, path)
        return address

    def _build(self, obj: bytes, stream: Any, context: Any, path: str) -> Any:
        self._check(obj, path)
        stream_write(stream, obj, len(obj), path)
        return obj

    @staticmethod
    def _check(address: bytes, path: str) -> None:
        ends = [byte & 1 for byte in address]
        if len(address) not in _ADDRESS_SIZES or ends != [0] * (len(address) - 1) + [1]:
            raise ValidationError(f"{address.hex()} is no address", path=path)


class FrameBody(AnyConstruct):
    """What stands between the flags: a format with the length, fields, and check sequences over all before them."""

    _HEADER = Fields("destination" / Address(), "source" / Address(), "control" / Int8ub)
    _BEHIND = IfMore(Fields("check" / Bytes(2), "information" / GreedyBytes))

    def _parse(self, stream: Any, context: Any, path: str) -> HdlcFrame:
        start = stream_read(stream, 2, path)
        word = int.from_bytes(start, "big")
        if word & 0xF000 != _FORMAT or (word & _MAX_LENGTH) < _MIN_LENGTH:
            raise ValidationError(f"no format of type 3: {start.hex()}", path=path)
        body = start + stream_read(stream, (word & _MAX_LENGTH) - 2, path)
        _checked(body[:-2], body[-2:], "FCS", path)
        inner = io.BytesIO(body[:-2])
        inner.seek(2)
        header = self._HEADER._parsereport(inner, context, path)
        header_end = inner.tell()
        behind = self._BEHIND._parsereport(inner, context, path) or {"information": None}
        if "check" in behind:
            _checked(body[:header_end], behind.pop("check"), "HCS", path)
        return HdlcFrame(bool(word & _SEGMENTED), **header, **behind)

    def _build(self, obj: HdlcFrame, stream: Any, context: Any, path: str) -> Any:
        fields = self._HEADER.build({name: getattr(obj, name) for name in ("destination", "source", "control")})
        information = obj.information
        length = 2 + len(fields) + 2 + (0 if information is None else 2 + len(information))
        if length > _MAX_LENGTH:
            raise ValidationError(f"a frame of {length} bytes", path=path)
        body = (_FORMAT | obj.segmented * _SEGMENTED | length).to_bytes(2, "big") + fields
        if information is not None:
            body += crc_x25(body) + information
        body += crc_x25(body)
        stream_write(stream, body, len(body), path)
        return obj


def _checked(covered: bytes, given: bytes, what: str, path: str) -> None:
    if crc_x25(covered) != given:
        raise ValidationError(f"{what} is {given.hex()}, not {crc_x25(covered).hex()}", path=path)


@dataclass(frozen=True, slots=True)
class Flagged:
    """A frame with its flags."""

    frame: HdlcFrame


HDLC_FRAME = Record(Flagged, Const(bytes((FLAG,))), "frame" / FrameBody(), Const(bytes((FLAG,))))

# ---------------------------------------------------------------------- its packed twins


def read_frame(body: bytes) -> HdlcFrame:
    """The frame between two flags. Raises DecodeError for anything that is none."""
    word = int.from_bytes(body[:2], "big")
    if word & 0xF000 != _FORMAT or word & _MAX_LENGTH != len(body) or len(body) < _MIN_LENGTH:
        raise DecodeError("no frame of format type 3", field="HDLC frame")
    if crc_x25(body[:-2]) != body[-2:]:
        raise DecodeError("the frame check sequence is wrong", field="HDLC frame")
    destination_end = _address_end(body, 2)
    source_end = _address_end(body, destination_end)
    header_end, end = source_end + 1, len(body) - 2
    information = None
    if header_end != end:
        if header_end + 2 > end or crc_x25(body[:header_end]) != body[header_end : header_end + 2]:
            raise DecodeError("the header check sequence is wrong", field="HDLC frame")
        information = body[header_end + 2 : end]
    return HdlcFrame(
        bool(word & _SEGMENTED),
        body[2:destination_end],
        body[destination_end:source_end],
        body[source_end],
        information,
    )


def _address_end(body: bytes, start: int) -> int:
    """Where an address that starts here ends; the frame check sequence and a control byte still follow it."""
    for size in range(1, 5):
        if start + size > len(body) - 3:
            break
        if body[start + size - 1] & 1:
            if size in _ADDRESS_SIZES:
                return start + size
            break
    raise DecodeError("an address does not end", offset=start, field="HDLC frame")


def write_frame(frame: HdlcFrame) -> bytes:
    """The bytes of a frame with its flags. Its addresses are those of a frame that was read."""
    information = frame.information
    length = 5 + len(frame.destination) + len(frame.source)
    if information is not None:
        length += 2 + len(information)
    word = _FORMAT | length | (_SEGMENTED if frame.segmented else 0)
    body = b"".join((word.to_bytes(2, "big"), frame.destination, frame.source, bytes((frame.control,))))
    if information is not None:
        body = b"".join((body, crc_x25(body), information))
    return b"".join((b"\x7e", body, crc_x25(body), b"\x7e"))


class FrameReader:
    """Cuts a byte stream into frames; what is no frame is skipped.

    A frame that stops half way does not swallow those behind it: a whole frame that begins inside of it is taken.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[HdlcFrame]:
        """The frames that are whole now. One flag may end a frame and begin the next."""
        buffer = self._buffer
        buffer += data
        start, unfinished = buffer.find(FLAG), -1
        while start >= 0:
            end = _frame_end(buffer, start)
            if end > len(buffer):
                unfinished = start if unfinished < 0 else unfinished
            elif end > start:
                frame = _read_or_none(bytes(buffer[start + 1 : end - 1]))
                if frame is not None:
                    del buffer[: end - 1]
                    yield frame
                    start, unfinished = 0, -1
                    continue
            start = buffer.find(FLAG, start + 1)
        del buffer[: unfinished if unfinished >= 0 else len(buffer)]


def _frame_end(buffer: bytearray, start: int) -> int:
    """Where a frame that begins with this flag ends, behind its second flag; ``start`` where there can be none."""
    if start + 3 > len(buffer):
        return len(buffer) + 1
    word = int.from_bytes(buffer[start + 1 : start + 3], "big")
    end = start + (word & _MAX_LENGTH) + 2
    if word & 0xF000 != _FORMAT or word & _MAX_LENGTH < _MIN_LENGTH or (end <= len(buffer) and buffer[end - 1] != FLAG):
        return start
    return end


def _read_or_none(body: bytes) -> HdlcFrame | None:
    try:
        return read_frame(body)
    except DecodeError:
        return None
