"""Plain values: what JSON knows, and how parts of a message are written in it so that they can be read back.

Every writer here has its reader beside it, and the two are inverse for every value. Readers raise LocalError that names
the key where the JSON (which a person may have edited) holds something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from gbcs import eui64, times
from gbcs.dlms import BitString
from gbcs.errors import GbcsError, LocalError

Plain = Any
"""Values that JSON knows: dict, list, str, int, bool, None."""

T = TypeVar("T")

_NOW = bytes.fromhex("0000000000000000008000ff")
_NEVER = bytes.fromhex("ffffffffffffffffff8000ff")
_WORDS = {"now": _NOW, "never": _NEVER}
_ANY_DAY, _ANY_STATUS = 0xFF, times.STATUS_UNSPECIFIED


def take(plain: Plain, key: str, kind: type[T]) -> T:
    """``plain[key]``, which has to be of this kind. Raises LocalError that names the key."""
    value = plain.get(key) if isinstance(plain, Mapping) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise LocalError(f"{key}: {kind.__name__} expected, got {value!r}")
    return value


def octets(text: Plain, key: str = "value") -> bytes:
    """The bytes of hexadecimal digits."""
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise LocalError(f"{key}: hexadecimal digits expected, got {text!r}") from None


def take_octets(plain: Mapping[str, Plain], key: str) -> bytes:
    """The bytes under a key."""
    return octets(take(plain, key, str), key)


def take_eui(plain: Mapping[str, Plain], key: str) -> bytes:
    """The EUI-64 under a key."""
    return eui64.parse(take(plain, key, str))


def number(text: Plain, key: str) -> int:
    """The number behind hexadecimal digits."""
    try:
        return int(text, 16)
    except (TypeError, ValueError):
        raise LocalError(f"{key}: hexadecimal digits expected, got {text!r}") from None


def cosem_text(data: bytes) -> str:
    """``2015-01-01T00:00:00Z``, ``now``, ``never``; the hexadecimal digits of anything else.

    A day of the week or a clock status that is stated follows the time: ``.. dow 03``, ``.. status 04``.
    """
    for word, octets_of_it in _WORDS.items():
        if data == octets_of_it:
            return word
    try:
        instant = times.from_cosem(data)
    except GbcsError:
        return data.hex()
    text = times.iso(instant)
    if data[4] != _ANY_DAY:
        text += f" dow {data[4]:02x}"
    if data[11] != _ANY_STATUS:
        text += f" status {data[11]:02x}"
    return text if _cosem_of(text) == data else data.hex()


def cosem_octets(text: Plain, key: str = "date-time") -> bytes:
    """The bytes of :func:`cosem_text`. Raises LocalError."""
    if not isinstance(text, str):
        raise LocalError(f"{key}: a time expected, got {text!r}")
    if text in _WORDS:
        return _WORDS[text]
    return _cosem_of(text) if "T" in text else octets(text, key)


def _cosem_of(text: str) -> bytes:
    moment, *extra = text.split(" ")
    data = bytearray(times.cosem(instant_of(moment)))
    for word, value in zip(extra[::2], extra[1::2], strict=False):
        data[4 if word == "dow" else 11] = number(value, word) & 0xFF
    return bytes(data)


def instant_text(instant: int) -> str | int:
    """The time of seconds since 2000; a number that stands for no usual time (0, all ones) stays a number."""
    return times.iso(instant) if times.HALF_HOUR_S <= instant < 0xFFFF_0000 else instant


def instant_of(value: Plain, key: str = "time") -> int:
    """Seconds since 2000 of a time or a number. Raises LocalError."""
    if isinstance(value, int):
        return value
    try:
        return int(times.from_datetime(datetime.fromisoformat(value)))
    except (TypeError, ValueError):
        raise LocalError(f"{key}: a time like 2026-01-01T00:00:00Z expected, got {value!r}") from None


def bits_text(value: BitString) -> Plain:
    """``"1010"``; length and bytes where the unused bits of the last byte are not zero."""
    text = "".join(f"{byte:08b}" for byte in value.octets)[: value.length]
    if bits_of(text) == value:
        return text
    return {"length": value.length, "octets": value.octets.hex()}


def bits_of(plain: Plain) -> BitString:
    """The bit string of :func:`bits_text`. Raises LocalError."""
    if isinstance(plain, Mapping):
        return BitString(take(plain, "length", int), take_octets(plain, "octets"))
    if not isinstance(plain, str) or set(plain) - {"0", "1"}:
        raise LocalError(f"bits: zeros and ones expected, got {plain!r}")
    size = (len(plain) + 7) // 8
    return BitString(len(plain), int(plain.ljust(8 * size, "0") or "0", 2).to_bytes(size, "big"))
