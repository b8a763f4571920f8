"""What generated code calls when something is wrong or rare: kept out of line."""

from __future__ import annotations

from typing import Any

from gbcs.declare import build_length
from gbcs.errors import DecodeError, LocalError


def _short(field: str, at: int, need: int, end: int) -> DecodeError:
    return DecodeError(f"{need} bytes needed, {max(end - at, 0)} left", offset=at, field=field, hint="cut short?")


def _differs(field: str, at: int, expected: object, got: object) -> DecodeError:
    def show(value: object) -> str:
        return value.hex() if isinstance(value, bytes) else repr(value)

    return DecodeError(f"expected {show(expected)}, got {show(got)}", offset=at, field=field)


def _left_over(field: str, at: int, stop: int) -> DecodeError:
    return DecodeError(f"{stop - at} bytes left over", offset=at, field=field)


def _unknown(field: str, at: int, what: str, value: object) -> DecodeError:
    return DecodeError(
        f"unknown {what} {value:#04x}" if isinstance(value, int) else f"unknown {what}", offset=at, field=field
    )


def _long_length(data: bytes, at: int, first: int, end: int, field: str) -> tuple[int, int]:
    """The length behind a first byte of 0x80 or more, and the position after it."""
    octets = first - 0x80
    if octets == 1 and at < end and data[at] >= 0x80:
        return data[at], at + 1
    if octets == 2 and at + 1 < end and data[at]:
        return data[at] << 8 | data[at + 1], at + 2
    if not 1 <= octets <= 4:
        raise DecodeError(f"length of {octets} bytes", offset=at, field=field)
    if end - at < octets:
        raise _short(field, at, octets, end)
    length = int.from_bytes(data[at : at + octets], "big")
    if length < 0x80 or length < 1 << 8 * (octets - 1):
        raise DecodeError(f"length {length} is not minimal", offset=at, field=field)
    return length, at + octets


def _text(data: bytes, encoding: str, at: int, field: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise DecodeError(f"not {encoding}", offset=at, field=field) from None


def _sized(field: str, value: bytes, size: int) -> LocalError:
    return LocalError(f"{field}: {size} bytes expected, got {len(value)}")


def _no_size(field: str, size: int, sizes: tuple[int, ...]) -> LocalError:
    return LocalError(f"{field}: {size} bytes, where {sizes} may stand")


def _no_shape(field: str, what: str) -> LocalError:
    return LocalError(f"{field}: the value has no form as {what}")


_SHORT_LENGTHS = [build_length(n) for n in range(0x80)]


def _length(n: int) -> bytes:
    return _SHORT_LENGTHS[n] if n < 0x80 else build_length(n)


def _length16(n: int) -> bytes:
    if n > 0xFFFF:
        raise LocalError(f"{n} bytes do not fit a length of two bytes")
    return n.to_bytes(2, "big")


RUNTIME: dict[str, Any] = {
    f.__name__: f
    for f in (
        _short,
        _differs,
        _left_over,
        _unknown,
        _long_length,
        _text,
        _sized,
        _no_size,
        _no_shape,
        _length,
        _length16,
    )
} | {"DecodeError": DecodeError}
