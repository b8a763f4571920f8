"""Columns of numbers as bits: packed to one width, or Rice coded; as they are, or as differences.

A column begins with a byte: k for Rice with k low bits, 0x40 + w for w bits each; 0x80 added for differences (zigzag,
from 0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gbcs.errors import DecodeError, LocalError

_PACKED, _DIFFERENCES = 0x40, 0x80
_MAX_BITS = 32
_MAX_QUOTIENT = 255
"""Longest row of ones of a Rice code: one value far above the others is worth packing instead."""


class Bits:
    """Reads bits from bytes. ``text`` are the bits as 0 and 1."""

    __slots__ = ("at", "text")

    def __init__(self, data: bytes) -> None:
        self.text = format(int.from_bytes(data, "big"), f"0{8 * len(data)}b") if data else ""
        self.at = 0

    def take(self, count: int) -> int:
        """The next ``count`` bits as a number. Raises DecodeError past the end."""
        stop = self.at + count
        if stop > len(self.text):
            raise DecodeError("bits are missing", field="coded column")
        taken = int(self.text[self.at : stop], 2) if count else 0
        self.at = stop
        return taken

    def ones(self) -> int:
        """How many ones stand before the next zero, which is taken too."""
        zero = self.text.find("0", self.at)
        if zero < 0 or zero - self.at > _MAX_QUOTIENT:
            raise DecodeError("a row of ones without end", field="coded column")
        count, self.at = zero - self.at, zero + 1
        return count


def to_bytes(bits: str) -> bytes:
    """Bits as bytes, filled up with zeros."""
    size = (len(bits) + 7) // 8
    return int(bits.ljust(8 * size, "0"), 2).to_bytes(size, "big") if bits else b""


def write_column(values: Sequence[int]) -> tuple[int, str]:
    """The shortest way to write a column: its first byte, and its bits."""
    differences = [_zigzag(after - before) for before, after in zip((0, *values), values, strict=False)]
    plain, other = _best(values), _best(differences)
    if plain is None:
        raise LocalError(f"{max(values)} does not fit {_MAX_BITS} bits")
    if other is None or len(plain[1]) <= len(other[1]):
        return plain
    return other[0] | _DIFFERENCES, other[1]


def read_column(how: int, count: int, bits: Bits) -> list[int]:
    """The values of a column. Raises DecodeError."""
    parameter = how & 0x3F
    if parameter > _MAX_BITS:
        raise DecodeError(f"{parameter} bits a value, {_MAX_BITS} is the most", field="coded column")
    read = _packed_reader(parameter) if how & _PACKED else _rice_reader(parameter)
    values = [read(bits) for _ in range(count)]
    return _summed(values) if how & _DIFFERENCES else values


def _best(values: Sequence[int]) -> tuple[int, str] | None:
    """Rice or packed, whichever is shorter; None where a value is too large for both."""
    largest = max(values, default=0)
    width = largest.bit_length()
    if width > _MAX_BITS:
        return None
    mean = sum(values) // max(1, len(values))
    middle = max(0, mean.bit_length() - 1)
    k = min(range(max(0, middle - 2), min(middle + 2, 31)), key=lambda k: _rice_bits(values, k))
    if largest >> k <= _MAX_QUOTIENT and _rice_bits(values, k) < width * len(values):
        return k, "".join(_rice(value, k) for value in values)
    return _PACKED + width, "".join(format(value, f"0{width}b") for value in values) if width else ""


def _rice_bits(values: Iterable[int], k: int) -> int:
    return sum((value >> k) + 1 + k for value in values)


def _rice(value: int, k: int) -> str:
    low = format(value & (1 << k) - 1, f"0{k}b") if k else ""
    return "1" * (value >> k) + "0" + low


def _rice_reader(k: int) -> Callable[[Bits], int]:
    return lambda bits: bits.ones() << k | bits.take(k)


def _packed_reader(width: int) -> Callable[[Bits], int]:
    return lambda bits: bits.take(width)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _summed(differences: Iterable[int]) -> list[int]:
    values, last = [], 0
    for one in differences:
        last += one >> 1 if one & 1 == 0 else -(one + 1 >> 1)
        values.append(last)
    return values
