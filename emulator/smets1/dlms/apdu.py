"""What a client asks of a server with logical names: GET, SET and ACTION, declared once; and the exception response.

====================  =====================================================================
``c0`` get            1 normal, 2 next block, 3 with list
``c1`` set            1 normal
``c3`` action         1 normal
``d8`` exception      state error, service error; an invocation counter behind error 6
====================  =====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from construct import Bytes, Const, Int8ub, Int16ub, Int32ub, Pass

from emulator.smets1.dlms.data import COSEM_DATA, Data
from gbcs.declare import AnyConstruct, Counted, Fields, Record, Tagged
from gbcs.fuse import fuse


class Service(IntEnum):
    """The first byte of a plain service."""

    GET_REQUEST = 0xC0
    SET_REQUEST = 0xC1
    ACTION_REQUEST = 0xC3
    GET_RESPONSE = 0xC4
    SET_RESPONSE = 0xC5
    ACTION_RESPONSE = 0xC7
    EXCEPTION = 0xD8


class AccessError(IntEnum):
    """Data-access results, and action results of the same numbers, that this server gives."""

    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    NO_LONG_GET_IN_PROGRESS = 16
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


class StateError(IntEnum):
    """First half of an exception response."""

    SERVICE_NOT_ALLOWED = 1
    SERVICE_UNKNOWN = 2


class ServiceError(IntEnum):
    """Second half of an exception response."""

    OPERATION_NOT_POSSIBLE = 1
    SERVICE_NOT_SUPPORTED = 2
    OTHER_REASON = 3
    PDU_TOO_LONG = 4
    DECIPHERING_ERROR = 5
    INVOCATION_COUNTER_ERROR = 6


@dataclass(frozen=True, slots=True)
class Option:
    """What may stand behind a byte that says whether it does: ``present`` is 0 or 1."""

    present: int
    value: Data | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Selective access: selector 1 by range, 2 by entry."""

    present: int
    selector: int | None = None
    parameters: Data | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of one object, and which part of it."""

    class_id: int
    instance: bytes
    index: int
    selection: Selection


@dataclass(frozen=True, slots=True)
class GetNormal:
    """Ask for one attribute."""

    invoke: int
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class GetNext:
    """Ask for the block behind ``block``."""

    invoke: int
    block: int


@dataclass(frozen=True, slots=True)
class GetList:
    """Ask for several attributes at once."""

    invoke: int
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class SetNormal:
    """Write one attribute."""

    invoke: int
    attribute: Attribute
    value: Data


@dataclass(frozen=True, slots=True)
class ActionNormal:
    """Run one method."""

    invoke: int
    class_id: int
    instance: bytes
    index: int
    argument: Option


Kind: TypeAlias = "GetNormal | GetNext | GetList | SetNormal | ActionNormal"


@dataclass(frozen=True, slots=True)
class Variant:
    """Which form of a service, and what it says."""

    form: int
    value: Kind


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its :class:`Service` and the form of it."""

    service: int
    value: Variant


EVERYTHING = Selection(0)

_SELECTION = Tagged(
    Selection, "access selection", {0: Fields(), 1: Fields("selector" / Int8ub, "parameters" / COSEM_DATA)}
)
_OPTION = Tagged(Option, "option", {0: Pass, 1: COSEM_DATA})
_ATTRIBUTE = Record(Attribute, "class_id" / Int16ub, "instance" / Bytes(6), "index" / Int8ub, "selection" / _SELECTION)
_INVOKE = "invoke" / Int8ub


def _forms(what: str, forms: dict[int, AnyConstruct]) -> Tagged:
    return Tagged(Variant, f"form of {what}", forms)


REQUEST = Tagged(
    Request,
    "service",
    {
        Service.GET_REQUEST: _forms(
            "get",
            {
                1: Record(GetNormal, _INVOKE, "attribute" / _ATTRIBUTE),
                2: Record(GetNext, _INVOKE, "block" / Int32ub),
                3: Record(GetList, _INVOKE, "attributes" / Counted(_ATTRIBUTE)),
            },
        ),
        Service.SET_REQUEST: _forms(
            "set", {1: Record(SetNormal, _INVOKE, "attribute" / _ATTRIBUTE, "value" / COSEM_DATA)}
        ),
        Service.ACTION_REQUEST: _forms(
            "action",
            {
                1: Record(
                    ActionNormal,
                    _INVOKE,
                    "class_id" / Int16ub,
                    "instance" / Bytes(6),
                    "index" / Int8ub,
                    "argument" / _OPTION,
                )
            },
        ),
    },
)
"""Every request that the server knows; block transfer of what a client sends is not among them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A :class:`ServiceError`; behind error 6 the lowest invocation counter that would do."""

    error: int
    value: int | None = None


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """The answer to what cannot be answered in the service's own form."""

    state: int
    fault: Fault


EXCEPTION = Record(
    ExceptionResponse,
    Const(bytes((Service.EXCEPTION,))),
    "state" / Int8ub,
    "fault"
    / Tagged(
        Fault,
        "service error",
        {error: Int32ub if error is ServiceError.INVOCATION_COUNTER_ERROR else Pass for error in ServiceError},
    ),
)

FUSED_REQUEST = fuse(REQUEST, "request")
FUSED_EXCEPTION = fuse(EXCEPTION, "exception")


def refusal(state: StateError, error: ServiceError, counter: int | None = None) -> bytes:
    """An exception response."""
    return FUSED_EXCEPTION.build(ExceptionResponse(state, Fault(error, counter)))
