"""Blocks of a message: cut, named, acknowledged (spec sheet 10). What is assumed of the bits stands in ``settings``."""

from __future__ import annotations

from typing import NamedTuple

from gbcs import framing
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import GbtBlock

LAST, STREAMING, WINDOW = 0x80, 0x40, 0x3F
MAX_BLOCKS = 0xFFFF
MAX_MESSAGE_BYTES = 0xFFFF + 10
"""The longest message that framing allows: a length of three bytes, behind seven others (spec sheet 1.2)."""

_BLOCK_START = b"\xdd\x09"


class TransferId(NamedTuple):
    """What tells one transfer from another: the transaction and the parties of the message."""

    cra: int
    counter: int
    originator: Eui64
    recipient: Eui64

    @classmethod
    def of(cls, block: GbtBlock) -> TransferId:
        """The transfer that a block with data belongs to."""
        return cls(block.cra, block.originator_counter, block.originator, block.recipient)

    def answered(self) -> TransferId:
        """The name that the other side's acknowledgements bear."""
        return TransferId(self.cra, self.counter, self.recipient, self.originator)


def is_block(data: bytes) -> bool:
    """Whether bytes begin as a block does."""
    return data[:2] == _BLOCK_START


def segment(message: bytes, data_bytes: int) -> tuple[bytes, ...]:
    """The data of the blocks of a message, in order. Raises LocalError where it cannot be cut so."""
    if data_bytes < 1 or not message:
        raise LocalError(f"{len(message)} bytes cannot be cut into pieces of {data_bytes}")
    if len(message) > MAX_MESSAGE_BYTES:
        raise LocalError(f"a message has {MAX_MESSAGE_BYTES:,} bytes at most, not {len(message):,}")
    pieces = tuple(message[at : at + data_bytes] for at in range(0, len(message), data_bytes))
    if len(pieces) > MAX_BLOCKS:
        raise LocalError(
            f"{len(message):,} bytes make {len(pieces):,} blocks of {data_bytes}: {MAX_BLOCKS:,} is the most"
        )
    return pieces


def title(message: bytes) -> tuple[TransferId, int]:
    """The transfer and the message code of a whole message. Raises DecodeError where it is none."""
    found = framing.decode(message)
    name = TransferId(found.cra, found.originator_counter, found.originator, found.recipient)
    return name, found.message_code


def block(of: TransferId, code: int, control: int, number: int, acknowledged: int, data: bytes = b"") -> bytes:
    """The bytes of one block."""
    return GbtBlock(of.cra, of.counter, of.originator, of.recipient, code, control, number, acknowledged, data).encode()


def acknowledgement(of: TransferId, code: int, window: int, number: int) -> bytes:
    """Tells the sender of a transfer the last block before which none is missing, and how many more it may send."""
    return block(of.answered(), code, window, 0, number)


def abort(of: TransferId, code: int) -> bytes:
    """Ends a transfer; with the name that this side's blocks bear."""
    return block(of, code, LAST, 0, 0)


def is_abort(value: GbtBlock) -> bool:
    """Whether a block without data ends its transfer."""
    return value.is_last and not value.block_number and not value.data
