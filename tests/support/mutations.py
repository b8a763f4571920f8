"""Mutilated bytes: what comes off a bad line, a hostile peer or a broken device. Seeded, so that a failure repeats."""

from __future__ import annotations

import random
from collections.abc import Sequence

_TELLING = (0, 1, 2, 3, 4, 9, 0x0C, 0x12, 0x13, 0x30, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xDA, 0xDD, 0xDF, 0xFF)
"""Bytes with a meaning in these formats: tags, counts, long lengths."""


def mutated(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """``data`` after one to five changes: a flipped bit, a cut, a splice from another message, a length or tag edited,
    bytes put in or taken out.
    """
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        changed = changed or bytearray(b"\xdd")
        at = chance.randrange(len(changed))
        _change(chance, changed, at, others)
    return bytes(changed)


def _change(chance: random.Random, changed: bytearray, at: int, others: Sequence[bytes]) -> None:
    size = chance.randrange(1, 40)
    match chance.randrange(6):
        case 0:
            changed[at] ^= 1 << chance.randrange(8)
        case 1:
            del changed[at:]
        case 2:
            other = chance.choice(others)
            start = chance.randrange(len(other))
            changed[at : at + chance.randrange(40)] = other[start : start + size]
        case 3:
            changed[at] = chance.choice(_TELLING)
        case 4:
            changed[at:at] = chance.randbytes(size % 9 + 1)
        case _:
            del changed[at : at + size % 9 + 1]


def flipped(data: bytes, bit: int) -> bytes:
    """``data`` with one bit changed, counted from the first byte's lowest."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
