"""Requests of the read use cases as spec sheet 6 states them, and the values in their answers."""

from __future__ import annotations

import pytest
from one_meter import FIRST, LAST, METER, READERS, REGISTERS, SUPPLIER

from gbcs.dlms import (
    AccessResponse,
    Choice,
    CompactArray,
    Data,
    ProtectedRead,
    ProtectedResult,
    RangeSelection,
    Result,
    Tag,
    row_type,
)
from gbcs.dlms.data import NULL, scaler_unit, structure, uint32
from gbcs.errors import DecodeError, LocalError
from gbcs.payload import decode_payload, encode_payload
from gbcs.reads import read_request, read_values
from gbcs.times import from_cosem

ROWS = Data(Tag.COMPACT_ARRAY, CompactArray.of(row_type(1, 1), [[FIRST, 5], [FIRST + 1800, 6]]))
SUCCESS = Result(1, 0)


def request_bounds(use_case: str) -> tuple[int | None, int | None]:
    return (None, None) if use_case in REGISTERS else (FIRST, LAST)


@pytest.mark.parametrize("use_case", READERS)
def test_every_request_survives_the_wire(use_case: str) -> None:
    request = read_request(use_case, 2**40 + 5, SUPPLIER, METER, *request_bounds(use_case))
    assert decode_payload(encode_payload(request)) == request
    assert request.invoke_id == 0x2000_0005
    assert len(request.specifications) == len(request.arguments)


def test_export_registers_are_four_gets() -> None:
    request = read_request("ECS17a", 1, SUPPLIER, METER)
    assert [(one.choice, one.class_id, one.index) for one in request.specifications] == [
        (Choice.GET, 3, 2), (Choice.GET, 3, 3), (Choice.GET, 3, 2), (Choice.GET, 3, 3),
    ]  # fmt: skip
    assert request.arguments == (NULL,) * 4


def test_a_log_in_clear_is_selected_by_range() -> None:
    (one,) = read_request("ECS22a", 1, SUPPLIER, METER, FIRST, LAST).specifications
    assert one.selection == RangeSelection(FIRST, LAST) and one.selector == 1


def test_a_protected_log_is_restricted_by_cosem_times() -> None:
    request = read_request("ECS22b", 7, SUPPLIER, METER, FIRST, LAST)
    (argument,) = request.arguments
    assert isinstance(argument, ProtectedRead)
    restriction = argument.objects[0].restriction
    assert (from_cosem(restriction.first), from_cosem(restriction.last)) == (FIRST, LAST)
    assert (argument.transaction_counter, argument.originator, argument.recipient) == (7, SUPPLIER, METER)


@pytest.mark.parametrize("use_case", sorted(set(READERS) - set(REGISTERS)))
@pytest.mark.parametrize("bounds", [(None, None), (FIRST, None), (None, LAST)])
def test_a_log_needs_both_bounds(use_case: str, bounds: tuple[int | None, int | None]) -> None:
    with pytest.raises(LocalError, match=f"{use_case} reads a log"):
        read_request(use_case, 1, SUPPLIER, METER, *bounds)


def test_a_use_case_that_reads_nothing_declared_is_named() -> None:
    with pytest.raises(LocalError, match="ECS01a"):
        read_request("ECS01a", 1, SUPPLIER, METER)


def answer(*items: Data | ProtectedResult, code: int = 0) -> AccessResponse:
    return AccessResponse(0x2000_0001, items, tuple(Result(1, code) for _ in items))


def test_rows_in_clear_and_decrypted_are_the_same_values() -> None:
    plain = read_values(answer(ROWS), (None,))
    opened = read_values(answer(ProtectedResult(1, METER, SUPPLIER, b"")), ((ROWS,),))
    assert plain.rows is not None and opened.rows is not None
    assert plain.rows.tolist() == opened.rows.tolist() == [[FIRST, 5], [FIRST + 1800, 6]]
    assert plain.code == 0 and plain.registers == ()


def test_registers_come_with_their_scaler_and_unit() -> None:
    items = (uint32(10), scaler_unit(0, 30), uint32(20), scaler_unit(-1, 32))
    expected = ((10, 0, 30), (20, -1, 32))
    assert read_values(answer(*items), (None,) * 4).registers == expected
    inside = answer(ProtectedResult(1, METER, SUPPLIER, b""))
    assert read_values(inside, ((structure(*items),),)).registers == expected
    assert read_values(inside, ((structure(*items, uint32(7)),),)).registers == (*expected, (7, None, None))


def test_an_error_brings_its_first_code_and_no_values() -> None:
    response = AccessResponse(1, (uint32(10), NULL, NULL), (SUCCESS, Result(1, 1), Result(1, 250)))
    values = read_values(response, (None,) * 3)
    assert (values.code, values.rows, values.registers) == (1, None, ())


@pytest.mark.parametrize(
    ("items", "what"),
    [
        ((ProtectedResult(1, METER, SUPPLIER, b""),), "was not opened"),
        ((NULL,), "where a register value should"),
        ((uint32(1), structure(uint32(1), NULL)), "scaler and unit are numbers"),
        ((uint32(1), scaler_unit(0, 30), scaler_unit(0, 30)), "where a register value should"),
        ((Data(Tag.OCTET_STRING, b"x"),), "where a register value should"),
    ],
)
def test_another_shape_is_refused(items: tuple[Data, ...], what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        read_values(answer(*items), (None,) * len(items))
