"""The table of COSEM objects: what spec sheet 6 states of them, and names that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.catalogue import mhhs
from gbcs.dlms import row_type
from gbcs.errors import LocalError
from gbcs.objects import declared_objects, logical_name, objects_of, show_logical_name

PROTECTED = {"ECS17b": 8, "ECS21a": 5, "ECS22b": 7, "ECS66": 4}


def test_the_protected_objects_are_those_of_the_data_protection_table() -> None:
    for row in mhhs():
        expected = PROTECTED.get(row.use_case)
        instances = {found.protection for found in objects_of(row.use_case)}
        assert instances == ({bytes((0, 0, 43, 2, expected, 255))} if expected else {None}), row.use_case
        assert row.sensitive == (expected is not None)


@pytest.mark.parametrize(
    ("use_case", "names"),
    [
        ("ECS17a", ["1-0:2.8.0.255", "1-0:4.8.0.255"]),
        ("ECS17b", ["0-0:94.44.34.10"]),
        ("ECS21a", ["0-0:98.1.9.255"]),
        ("ECS21c", ["0-0:98.1.10.255"]),
        ("ECS22a", ["0-0:99.1.1.255"]),
        ("ECS22b", ["0-0:99.1.0.255"]),
        ("ECS66", ["0-0:99.1.3.255"]),
    ],
)
def test_every_use_case_reads_its_objects(use_case: str, names: list[str]) -> None:
    assert [show_logical_name(row.instance) for row in objects_of(use_case)] == names


def test_the_rows_of_the_logs() -> None:
    daily, profile, export = (objects_of(name)[0] for name in ("ECS21a", "ECS22b", "ECS22a"))
    assert daily.row == row_type(1, 1, 48, 8, 8, 8, 8) and daily.row_twin == row_type(1, 1, 1, 48, 4, 8, 8, 8, 8)
    assert profile.row == row_type(1, 1) and profile.row_twin == row_type(1, 1, 1)
    assert export.row == export.row_twin == row_type(1, 1, 1)


def test_registers_have_no_rows_and_keys_are_their_own() -> None:
    assert all((row.row is None) == (row.class_id != 7) for row in declared_objects().values())
    assert all(key == (row.class_id, row.instance) for key, row in declared_objects().items())


@given(st.binary(min_size=6, max_size=6))
def test_logical_names_round_trip(instance: bytes) -> None:
    assert logical_name(show_logical_name(instance)) == instance


@pytest.mark.parametrize("text", ["", "1-0:2.8.0", "1-0:2.8.0.256", "1-0:2.8.0.255.1", "1-0:a.8.0.255", "1-0:2.8.0.-1"])
def test_what_is_no_logical_name_is_named(text: str) -> None:
    with pytest.raises(LocalError, match="is no logical name"):
        logical_name(text)


def test_a_use_case_without_objects_is_named() -> None:
    with pytest.raises(LocalError, match="ECS99"):
        objects_of("ECS99")
