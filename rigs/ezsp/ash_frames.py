"""ASH frames: how a radio module and its host cut a serial line into checked, numbered frames.

Source: Silicon Labs UG101 (UART gateway protocol, version 2). A frame is a control byte, data, a CRC and a flag; bytes
that mean something to the line are stuffed; the data of a DATA frame is XORed with a fixed pseudo-random sequence, so
that a line never carries long runs of reserved bytes.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from gbcs.errors import DecodeError, LocalError


class Line(IntEnum):
    """Bytes that mean something to the line itself."""

    FLAG = 0x7E  # ends a frame
    ESCAPE = 0x7D
    XON = 0x11
    XOFF = 0x13
    SUBSTITUTE = 0x18  # stands for a byte that the line spoiled
    CANCEL = 0x1A  # what came since the last flag is no frame


_FLIP = 0x20
_CRC_BYTES = 2
MAX_DATA_BYTES = 256
"""The pseudo-random sequence is defined for as many; EZSP frames have 200 at most."""

_DATA_BELOW, _ACK, _NAK, _RST, _RSTACK, _ERROR = 0x80, 0x80, 0xA0, 0xC0, 0xC1, 0xC2
_NUMBERED, _READY_MASK = 0xE0, 0x08
ASH_VERSION = 2


def _sequence(seed: int = 0x42) -> Iterator[int]:
    """A linear feedback shift register of eight bits."""
    while True:
        yield seed
        seed = seed >> 1 ^ (0xB8 if seed & 1 else 0)


_MASK = bytes(value for value, _ in zip(_sequence(), range(MAX_DATA_BYTES), strict=False))


def randomised(data: bytes) -> bytes:
    """The data of a DATA frame as the line carries it, and back. Raises LocalError where it is too long."""
    if len(data) > MAX_DATA_BYTES:
        raise LocalError(f"{len(data)} bytes do not fit one ASH frame ({MAX_DATA_BYTES})")
    return (int.from_bytes(data, "big") ^ int.from_bytes(_MASK[: len(data)], "big")).to_bytes(len(data), "big")


class ResetCode(IntEnum):
    """Why a module was reset, or has failed (the ones of UG101; others stay numbers)."""

    UNKNOWN = 0x00
    EXTERNAL = 0x01
    POWER_ON = 0x02
    WATCHDOG = 0x03
    ASSERT = 0x06
    BOOTLOADER = 0x09
    SOFTWARE = 0x0B
    ACK_TIMEOUTS = 0x51


def reset_name(code: int) -> str:
    """A reset code as a person reads it."""
    known = {one.value: one.name.lower().replace("_", " ") for one in ResetCode}
    return known.get(code, f"code {code:#04x}")


@dataclass(frozen=True, slots=True)
class Data:
    """A numbered frame that carries EZSP; ``ack`` is the number that its sender expects next."""

    number: int
    ack: int
    payload: bytes
    again: bool = False

    def encode(self) -> bytes:
        """The frame without CRC and stuffing."""
        return bytes((self.number << 4 | self.again << 3 | self.ack,)) + randomised(self.payload)


@dataclass(frozen=True, slots=True)
class Ack:
    """All frames before ``ack`` have come; ``ready`` is false where the host can take no callbacks just now."""

    ack: int
    ready: bool = True

    def encode(self) -> bytes:
        """The frame without CRC and stuffing."""
        return bytes((_ACK | (not self.ready) << 3 | self.ack,))


@dataclass(frozen=True, slots=True)
class Nak:
    """Something came that was no frame, or out of turn: send again from ``ack`` on."""

    ack: int
    ready: bool = True

    def encode(self) -> bytes:
        """The frame without CRC and stuffing."""
        return bytes((_NAK | (not self.ready) << 3 | self.ack,))


@dataclass(frozen=True, slots=True)
class Rst:
    """The host resets the module."""

    def encode(self) -> bytes:
        """The frame without CRC and stuffing."""
        return bytes((_RST,))


@dataclass(frozen=True, slots=True)
class RstAck:
    """The module has been reset."""

    code: int
    version: int = ASH_VERSION

    def encode(self) -> bytes:
        """The frame without CRC and stuffing."""
        return bytes((_RSTACK, self.version, self.code))


@dataclass(frozen=True, slots=True)
class Error:
    """The module has failed, and waits for a reset."""

    code: int
    version: int = ASH_VERSION

    def encode(self) -> bytes:
        """The frame without CRC and stuffing."""
        return bytes((_ERROR, self.version, self.code))


Frame: TypeAlias = Data | Ack | Nak | Rst | RstAck | Error


def on_line(frame: Frame) -> bytes:
    """A frame as the line carries it: CRC, stuffing, flag."""
    content = frame.encode()
    content += binascii.crc_hqx(content, 0xFFFF).to_bytes(_CRC_BYTES, "big")
    return b"".join(_STUFFED.get(byte) or bytes((byte,)) for byte in content) + bytes((Line.FLAG,))


_STUFFED = {value.value: bytes((Line.ESCAPE, value ^ _FLIP)) for value in Line}


def parse(stuffed: bytes) -> Frame:
    """The frame before a flag. Raises DecodeError where it is none, or its CRC is not its own."""
    content = _unstuffed(stuffed)
    if len(content) <= _CRC_BYTES:
        raise DecodeError(f"{len(content)} bytes are no frame", field="ASH")
    body, crc = content[:-_CRC_BYTES], content[-_CRC_BYTES:]
    if binascii.crc_hqx(body, 0xFFFF).to_bytes(_CRC_BYTES, "big") != crc:
        raise DecodeError("the CRC is not that of the frame", offset=len(body), field="ASH")
    control, data = body[0], body[1:]
    if control < _DATA_BELOW:
        if len(data) > MAX_DATA_BYTES:
            raise DecodeError(f"{len(data)} bytes of data", offset=1, field="ASH")
        return Data(control >> 4, control & 7, randomised(data), bool(control & 8))
    if control & _NUMBERED in (_ACK, _NAK) and not data:
        kind = Ack if control & _NUMBERED == _ACK else Nak
        return kind(control & 7, not control & _READY_MASK)
    if control == _RST and not data:
        return Rst()
    if control in (_RSTACK, _ERROR) and len(data) == 2:
        return (RstAck if control == _RSTACK else Error)(data[1], data[0])
    raise DecodeError(f"control byte {control:02X} with {len(data)} bytes of data", offset=0, field="ASH")


def _unstuffed(data: bytes) -> bytes:
    out, escaped = bytearray(), False
    for byte in data:
        if byte == Line.ESCAPE and not escaped:
            escaped = True
            continue
        out.append(byte ^ _FLIP if escaped else byte)
        escaped = False
    if escaped:
        raise DecodeError("an escape byte ends the frame", field="ASH")
    return bytes(out)


class Deframer:
    """Finds frames in what comes over the line, however it is cut; what is no frame is handed out as its error."""

    __slots__ = ("_content", "_skips")

    def __init__(self) -> None:
        self._content, self._skips = bytearray(), False

    def feed(self, data: bytes) -> list[Frame | DecodeError]:
        """The frames that end in ``data``."""
        found: list[Frame | DecodeError] = []
        for byte in data:
            if byte == Line.FLAG:
                found.extend(self._ended())
            elif byte == Line.CANCEL:
                self._content.clear()
                self._skips = False
            elif byte == Line.SUBSTITUTE:
                self._skips = True
            elif byte not in (Line.XON, Line.XOFF) and not self._skips:
                self._content.append(byte)
                # Stuffed data can be twice as long; a flag that never comes must not fill the memory.
                self._skips = len(self._content) > 2 * (MAX_DATA_BYTES + 3)
        return found

    def _ended(self) -> Iterator[Frame | DecodeError]:
        content, skipped = bytes(self._content), self._skips
        self._content.clear()
        self._skips = False
        if skipped:
            yield DecodeError("a byte was lost on the line, or a frame never ended", field="ASH")
        elif content:
            try:
                yield parse(content)
            except DecodeError as error:
                yield error
