"""Read use cases from the head-end's side: the request of a use case, and the values in its answer (spec sheet 6)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from gbcs.dlms import (
    AccessRequest,
    AccessResponse,
    Choice,
    CompactArray,
    Data,
    ProtectedObject,
    ProtectedRead,
    ProtectedResult,
    RangeSelection,
    Restriction,
    Specification,
)
from gbcs.dlms.access import invoke_id
from gbcs.dlms.data import NULL
from gbcs.dlms.protection import DATA_PROTECTION_CLASS, GET_PROTECTED_ATTRIBUTES
from gbcs.dlms.selection import BY_RANGE
from gbcs.errors import DecodeError, LocalError
from gbcs.eui64 import Eui64
from gbcs.frozen import maker
from gbcs.objects import objects_of
from gbcs.times import cosem

PROFILE_CLASS = 7
REGISTER_CLASS = 3
_VALUE, _SCALER_UNIT = 2, 3

_make_request = maker(AccessRequest)
_make_protected = maker(ProtectedRead)


def read_request(
    use_case: str, counter: int, requester: Eui64, device: Eui64, first: int | None = None, last: int | None = None
) -> AccessRequest:
    """The Access-Request of a read use case.

    ``counter`` is the header's originator counter; ``requester`` the header's originator or, through the ACB, the
    supplementary party (spec sheet 5.1). ``first`` and ``last`` (seconds since 2000, inclusive) bound a log's rows;
    registers take none. Raises LocalError for a use case without declared objects, or for missing bounds.
    """
    protected = objects_of(use_case)[0].protection
    if protected is None:
        specifications = _plain_specifications(use_case, first, last)
        return _make_request(invoke_id(counter), specifications, (NULL,) * len(specifications))
    argument = _make_protected(_protected_objects(use_case, first, last), counter, requester, device)
    return _make_request(invoke_id(counter), _protected_specification(protected), (argument,))


@lru_cache(maxsize=256)
def _plain_specifications(use_case: str, first: int | None, last: int | None) -> tuple[Specification, ...]:
    found: list[Specification] = []
    for row in objects_of(use_case):
        if row.class_id == PROFILE_CLASS:
            bounds = RangeSelection(*_bounds(use_case, first, last))
            choice = Choice.GET_WITH_SELECTION
            found.append(Specification(choice, row.class_id, row.instance, _VALUE, BY_RANGE, bounds))
            continue
        attributes = (_VALUE, _SCALER_UNIT) if row.class_id == REGISTER_CLASS else (_VALUE,)
        found += [Specification(Choice.GET, row.class_id, row.instance, attribute) for attribute in attributes]
    return tuple(found)


@lru_cache(maxsize=64)
def _protected_specification(instance: bytes) -> tuple[Specification, ...]:
    return (Specification(Choice.ACTION, DATA_PROTECTION_CLASS, instance, GET_PROTECTED_ATTRIBUTES),)


@lru_cache(maxsize=256)
def _protected_objects(use_case: str, first: int | None, last: int | None) -> tuple[ProtectedObject, ...]:
    found = []
    for row in objects_of(use_case):
        restriction = Restriction(0)
        if row.class_id == PROFILE_CLASS:
            since, until = _bounds(use_case, first, last)
            restriction = Restriction(1, cosem(since), cosem(until))
        found.append(ProtectedObject(row.class_id, row.instance, _VALUE, 0, restriction))
    return tuple(found)


def _bounds(use_case: str, first: int | None, last: int | None) -> tuple[int, int]:
    if first is None or last is None:
        raise LocalError(f"{use_case} reads a log: give the first and the last stamp")
    return first, last


@dataclass(frozen=True, slots=True)
class ReadValues:
    """What a read brought: result code 0 and rows or registers, or the first error code and nothing.

    ``rows`` has shape (n, columns), stamp first, for a log; ``registers`` holds (value, scaler, unit) for registers.
    """

    code: int
    rows: NDArray[Any] | None = None
    registers: tuple[tuple[int, int | None, int | None], ...] = ()


def read_values(response: AccessResponse, plaintexts: tuple[tuple[Data, ...] | None, ...]) -> ReadValues:
    """The values of a successful read, in clear or decrypted. Raises DecodeError where the shape is none of ours."""
    for result in response.results:
        if result.code:
            return ReadValues(result.code)
    shown: list[Data] = []
    for item, plaintext in zip(response.data, plaintexts, strict=True):
        if plaintext is not None:
            shown += plaintext
        elif isinstance(item, ProtectedResult):
            raise DecodeError("the answer is encrypted and was not opened", field="access response")
        else:
            shown.append(item)
    if len(shown) == 1 and isinstance(shown[0].value, CompactArray):
        return ReadValues(0, rows=shown[0].value.rows())
    if len(shown) == 1 and isinstance(shown[0].value, tuple):
        shown = list(shown[0].value)
    return ReadValues(0, registers=_registers(shown))


def _registers(values: list[Data]) -> tuple[tuple[int, int | None, int | None], ...]:
    """(value, scaler, unit) from values with their scaler-unit structures behind them; a last value may lack one."""
    found: list[tuple[int, int | None, int | None]] = []
    for data in values:
        if isinstance(data.value, int):
            found.append((data.value, None, None))
        elif isinstance(data.value, tuple) and len(data.value) == 2 and found and found[-1][2] is None:
            scaler, unit = (part.value for part in data.value)
            if not isinstance(scaler, int) or not isinstance(unit, int):
                raise DecodeError("scaler and unit are numbers", field="register")
            found[-1] = (found[-1][0], scaler, unit)
        else:
            raise DecodeError(f"{data} stands where a register value should", field="register")
    return tuple(found)
