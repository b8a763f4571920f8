"""Access-Request and Access-Response (spec sheet 4.1 to 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from construct import Bytes, Const, Int8ub, Int16ub, Int32ub

from gbcs.declare import Counted, Either, Fields, Record, Tagged
from gbcs.dlms.data import DATA, Data
from gbcs.dlms.protection import PROTECTED_READ, PROTECTED_RESULT, ProtectedRead, ProtectedResult
from gbcs.dlms.selection import RANGE_SELECTION, RangeSelection
from gbcs.errors import DecodeError

BREAK_ON_ERROR = 0x20
"""The processing-option bit of the long-invoke-id-and-priority; the only one that GBCS sets."""


class Choice(IntEnum):
    """What an access request specification asks for."""

    GET = 1
    SET = 2
    ACTION = 3
    GET_WITH_SELECTION = 4


class ResultCode(IntEnum):
    """Data-access and action results (spec sheet 4.3; all but 0, 1 and 250 from a public source, in no vector)."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    OTHER_REASON = 250


@dataclass(frozen=True, slots=True)
class Specification:
    """One thing asked for: ``index`` is the attribute of a get or set, the method of an action."""

    choice: int
    class_id: int
    instance: bytes
    index: int
    selector: int | None = None
    selection: Data | RangeSelection | None = None


Argument: TypeAlias = "Data | ProtectedRead"
Answer: TypeAlias = "Data | ProtectedResult"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Specifications and, one for each, their data (null for a get).

    ``invoke_id`` is the whole long-invoke-id-and-priority: the break-on-error bit and the low 24 bits of the
    originator counter.
    """

    invoke_id: int
    specifications: tuple[Specification, ...]
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """Kind (a :class:`Choice`: 1 get, 2 set, 3 action) and result code of one specification."""

    kind: int
    code: int


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """The data and the results, one each for every specification of the request, in its order."""

    invoke_id: int
    data: tuple[Answer, ...]
    results: tuple[Result, ...]


def invoke_id(originator_counter: int) -> int:
    """The long-invoke-id-and-priority that belongs to an originator counter (spec sheet 4.1)."""
    return BREAK_ON_ERROR << 24 | originator_counter & 0xFF_FFFF


_TARGET = Fields("class_id" / Int16ub, "instance" / Bytes(6), "index" / Int8ub)

_SPECIFICATION = Tagged(
    Specification,
    "access request",
    {
        Choice.GET: _TARGET,
        Choice.SET: _TARGET,
        Choice.ACTION: _TARGET,
        Choice.GET_WITH_SELECTION: Fields(
            *_TARGET.parts, "selector" / Int8ub, "selection" / Either(RANGE_SELECTION, general=DATA)
        ),
    },
)

ACCESS_REQUEST = Record(
    AccessRequest,
    Const(b"\xd9"),
    "invoke_id" / Int32ub,
    Const(b"\x00"),
    "specifications" / Counted(_SPECIFICATION),
    "arguments" / Counted(Either(PROTECTED_READ, general=DATA)),
)

ACCESS_RESPONSE = Record(
    AccessResponse,
    Const(b"\xda"),
    "invoke_id" / Int32ub,
    Const(b"\x00\x00"),
    "data" / Counted(Either(PROTECTED_RESULT, general=DATA)),
    "results" / Counted(Record(Result, "kind" / Int8ub, "code" / Int8ub)),
)


def check_request(request: AccessRequest) -> None:
    """As many data as specifications, or DecodeError."""
    if len(request.specifications) != len(request.arguments):
        raise DecodeError(
            f"{len(request.specifications)} specifications, {len(request.arguments)} data", field="access request"
        )


def check_response(response: AccessResponse) -> None:
    """As many data as results, or DecodeError."""
    if len(response.data) != len(response.results):
        raise DecodeError(f"{len(response.data)} data, {len(response.results)} results", field="access response")
