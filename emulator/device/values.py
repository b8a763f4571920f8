"""The smallest terms of an object model: keys, refusals, and arithmetic on A-XDR values."""

from __future__ import annotations

from typing import TypeAlias

from gbcs.dlms import Data, ResultCode, Tag

AttributeKey: TypeAlias = "tuple[int, bytes, int]"
"""Class id, logical name, and attribute or method."""


class AccessRefused(Exception):
    """A read, write or method that a device answers with a result code other than success."""

    def __init__(self, code: int) -> None:
        super().__init__(f"result code {code}")
        self.code = code


class UnknownObject(AccessRefused):
    """An object that the device does not have; its policy says with which code it answers."""

    def __init__(self) -> None:
        super().__init__(ResultCode.OBJECT_UNDEFINED)


def integer(data: Data | None) -> int:
    """The number in a value; 0 where there is none. Raises AccessRefused (type-unmatched) for no number."""
    if data is None or data.tag == Tag.NULL:
        return 0
    if not isinstance(data.value, int):
        raise AccessRefused(ResultCode.TYPE_UNMATCHED)
    return data.value


def octets(data: Data, size: int | None = None) -> bytes:
    """The bytes of an octet string, of ``size`` if given. Raises AccessRefused (type-unmatched)."""
    if data.tag != Tag.OCTET_STRING or not isinstance(data.value, bytes) or size not in (None, len(data.value)):
        raise AccessRefused(ResultCode.TYPE_UNMATCHED)
    return data.value


def parts(data: Data | None, count: int | None = None) -> tuple[Data, ...]:
    """The elements of an array or structure, ``count`` if given. Raises AccessRefused (type-unmatched)."""
    value = () if data is None else data.value
    if not isinstance(value, tuple) or count not in (None, len(value)):
        raise AccessRefused(ResultCode.TYPE_UNMATCHED)
    return value
