"""Protected reads: the Data Protection object, class 30, method 1 (spec sheet 5)."""

from __future__ import annotations

from dataclasses import dataclass

from construct import Bytes, Const, GreedyBytes, Int8ub, Int16ub, Int64ub

from gbcs.declare import Counted, Fields, Record, Sized, Tagged
from gbcs.eui64 import Eui64

DATA_PROTECTION_CLASS = 30
GET_PROTECTED_ATTRIBUTES = 1
"""Method 1 of class 30: read attributes under protection."""


def data_protection_instance(index: int) -> bytes:
    """The logical name 0-0:43.2.x.255 of a Data Protection object."""
    return bytes((0, 0, 43, 2, index, 255))


@dataclass(frozen=True, slots=True)
class Restriction:
    """Kind 0: everything. Kind 1: rows with ``first <= stamp <= last``, both 12-byte COSEM date-times, inclusive."""

    kind: int
    first: bytes = b""
    last: bytes = b""


@dataclass(frozen=True, slots=True)
class ProtectedObject:
    """One attribute asked for: class, logical name, attribute, data index, and what of it."""

    class_id: int
    instance: bytes
    attribute: int
    data_index: int
    restriction: Restriction


@dataclass(frozen=True, slots=True)
class ProtectedRead:
    """The argument of method 1: the attributes, and the transaction and parties for which they are to be protected.

    For an unknown remote party the parties named here do not describe the key that is used (spec sheet 5.4, 12.4).
    """

    objects: tuple[ProtectedObject, ...]
    transaction_counter: int
    originator: Eui64
    recipient: Eui64


@dataclass(frozen=True, slots=True)
class ProtectedResult:
    """The answer: protection parameters and the encrypted blob (spec sheet 2.4)."""

    transaction_counter: int
    originator: Eui64
    recipient: Eui64
    blob: bytes


_RESTRICTION = Tagged(
    Restriction,
    "restriction",
    {
        0: Fields(Const(b"\x00")),
        1: Fields(Const(b"\x02\x02\x09\x0c"), "first" / Bytes(12), Const(b"\x09\x0c"), "last" / Bytes(12)),
    },
)

_OBJECT = Record(
    ProtectedObject,
    Const(b"\x02\x05\x12"),
    "class_id" / Int16ub,
    Const(b"\x09\x06"),
    "instance" / Bytes(6),
    Const(b"\x0f"),
    "attribute" / Int8ub,
    Const(b"\x12"),
    "data_index" / Int16ub,
    Const(b"\x02\x02\x16"),
    "restriction" / _RESTRICTION,
)

PROTECTION = Fields(  # structure(2): authentication and encryption; the parameters, with an agreed key
    Const(b"\x02\x02\x16\x02\x02\x05\x09\x09\x04"),
    "transaction_counter" / Int64ub,
    Const(b"\x09\x08"),
    "originator" / Bytes(8),
    Const(b"\x09\x08"),
    "recipient" / Bytes(8),
    Const(b"\x09\x00\x02\x02\x16\x02\x02\x02\x09\x01\x02\x09\x00"),
)

PROTECTED_READ = Record(
    ProtectedRead, Const(b"\x02\x02\x01"), "objects" / Counted(_OBJECT), Const(b"\x01\x01"), *PROTECTION.parts
)
PROTECTED_RESULT = Record(
    ProtectedResult, Const(b"\x02\x02\x01\x01"), *PROTECTION.parts, Const(b"\x09"), "blob" / Sized(GreedyBytes)
)
