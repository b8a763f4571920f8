"""From the frames of a capture back to GBCS messages: fragments, tunnel, the header of sleepy devices, blocks."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emulator.han import sleepy
from emulator.han.sleepy import Sleepy
from emulator.han.zigbee import CLUSTER_TUNNELING
from gbcs.errors import AuthenticationError, DecodeError, LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import decode_gbt_block
from gbcs.gbt import TransferId, is_block
from tools.capture.model import FIRST, WHOLE, Heard
from tools.capture.packets import KeyRing, frames_of, hear, transferred

_KEY_BYTES = 16
_MAX_OPEN = 4096
"""Payloads and messages that are put together at a time; beyond, the oldest is given up."""


@dataclass(frozen=True, slots=True)
class CapturedMessage:
    """A GBCS message or block as it crossed a HAN.

    ``frame`` is the number of the frame that completed it, from 1. ``header`` is that of a sleepy device. A message put
    together of blocks has their number in ``blocks`` and is there besides them.
    """

    frame: int
    at: float
    pan: int
    sender: Eui64
    tunnel_id: int
    to_server: bool
    fragments: int
    aps_bytes: int
    message: bytes
    header: Sleepy | None = None
    blocks: int = 0


@dataclass(slots=True)
class CaptureReading:
    """What a capture held. ``not_decrypted`` and ``other`` count frames without a fitting key, and of another kind."""

    messages: list[CapturedMessage] = field(default_factory=list)
    frames: int = 0
    not_decrypted: int = 0
    other: int = 0
    incomplete: int = 0


@dataclass(slots=True)
class _Parts:
    """Numbered pieces of something, and how many there will be."""

    total: int | None = None
    pieces: dict[int, bytes] = field(default_factory=dict)

    def whole(self, first: int) -> bytes | None:
        """The pieces joined, once all are there; numbers begin with ``first``."""
        if self.total is None or len(self.pieces) < self.total:
            return None
        numbers = range(first, first + self.total)
        return b"".join(self.pieces[n] for n in numbers) if all(n in self.pieces for n in numbers) else None


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of a file in the form of Wireshark's zigbee_pc_keys. Raises LocalError naming the line of a mistake."""
    keys = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{path}: {getattr(error, 'strerror', None) or 'is not text'}") from None
    for number, row in enumerate(csv.reader(lines), start=1):
        if row and not row[0].startswith("#"):
            keys.append(_key(f"{path}: line {number}", row))
    return tuple(dict.fromkeys(keys))


def _key(where: str, row: Sequence[str]) -> bytes:
    try:
        key = bytes.fromhex(row[0].replace(":", ""))
        order = row[1]
    except (ValueError, IndexError):
        raise LocalError(f'{where}: write "KEY IN HEX","Normal","label"') from None
    if len(key) != _KEY_BYTES or order not in ("Normal", "Reverse"):
        raise LocalError(f"{where}: a key of 16 bytes and Normal or Reverse are needed")
    return key if order == "Normal" else key[::-1]


def read_capture(path: Path, keys: Sequence[bytes]) -> CaptureReading:
    """All GBCS messages of a capture. Raises LocalError where the file is none."""
    found, ring = CaptureReading(), KeyRing(tuple(keys))
    payloads = _Payloads()
    blocks = _Blocks()
    for number, (at, data) in enumerate(frames_of(path), start=1):
        found.frames = number
        try:
            for message in payloads.take(number, hear(at, data, ring)):
                found.messages += [message, *blocks.take(message)]
        except AuthenticationError:
            found.not_decrypted += 1
        except DecodeError:
            found.other += 1
    found.incomplete = len(payloads) + len(blocks)
    return found


class _Payloads:
    """Puts APS fragments together and takes messages out of the tunnel."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int, int, int], _Parts] = {}

    def __len__(self) -> int:
        return len(self._open)

    def take(self, number: int, heard: Heard) -> Iterator[CapturedMessage]:
        """The message that a frame completes, if it does."""
        aps = heard.aps
        if aps.is_ack or aps.cluster != CLUSTER_TUNNELING:
            return
        payload, fragments = (aps.payload, 1) if aps.fragment == WHOLE else self._joined(heard)
        found = transferred(payload) if payload is not None else None
        if payload is None or found is None:
            return
        tunnel_id, to_server, data = found
        header = _header(data)
        yield CapturedMessage(
            number, heard.at, heard.pan, heard.sender, tunnel_id, to_server, fragments, len(payload),
            data if header is None else header.message, header,
        )  # fmt: skip

    def _joined(self, heard: Heard) -> tuple[bytes | None, int]:
        """The payload, where a fragment completes it, and the number of its fragments."""
        aps = heard.aps
        place = (heard.pan, heard.source, heard.destination, aps.counter)
        parts = self._open.setdefault(place, _Parts())
        if aps.fragment == FIRST:
            parts.total = aps.block
        parts.pieces[0 if aps.fragment == FIRST else aps.block] = aps.payload
        whole = parts.whole(0)
        if whole is not None:
            del self._open[place]
        elif len(self._open) > _MAX_OPEN:
            del self._open[next(iter(self._open))]
        return whole, len(parts.pieces)


def _header(data: bytes) -> Sleepy | None:
    """The header of a sleepy device, where there is one."""
    try:
        return sleepy.decode(data)
    except DecodeError:
        return None


class _Blocks:
    """Puts blocks together, as somebody who only listens."""

    def __init__(self) -> None:
        self._open: dict[TransferId, _Parts] = {}

    def __len__(self) -> int:
        return len(self._open)

    def take(self, captured: CapturedMessage) -> Iterator[CapturedMessage]:
        """The message that a block completes, if it does."""
        if not is_block(captured.message):
            return
        try:
            block = decode_gbt_block(captured.message)
        except DecodeError:
            return
        if not block.data:
            return
        name = TransferId.of(block)
        parts = self._open.setdefault(name, _Parts())
        if block.is_last:
            parts.total = block.block_number
        parts.pieces.setdefault(block.block_number, block.data)
        whole = parts.whole(1)
        if whole is not None:
            del self._open[name]
            yield replace(captured, message=whole, blocks=parts.total or 0)
        elif len(self._open) > _MAX_OPEN:
            del self._open[next(iter(self._open))]
