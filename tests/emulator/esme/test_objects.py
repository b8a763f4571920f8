"""Stored object models: selection, planting, faults, and what is not there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.device.objects import StoredObjects
from emulator.device.profiles import StoredProfile
from emulator.device.values import AccessRefused, UnknownObject
from gbcs.dlms import CompactArray, Data, ResultCode, Tag, TypeDescription, row_type
from gbcs.dlms.data import uint32
from gbcs.errors import DecodeError, LocalError

KEY = (7, bytes.fromhex("0000630100ff"), 2)
STAMPS = st.lists(st.integers(0, 2**32 - 1), max_size=20, unique=True).map(sorted)


def profile(stamps: list[int]) -> StoredProfile:
    return StoredProfile.load(CompactArray.of(row_type(1, 1), np.array([[at, n] for n, at in enumerate(stamps)])))


@given(STAMPS, st.integers(0, 2**32), st.integers(0, 2**32))
def test_selection_takes_what_lies_between_both_bounds(stamps: list[int], first: int, last: int) -> None:
    chosen = profile(stamps).select((first, last))
    expected = [[at, n] for n, at in enumerate(stamps) if first <= at <= last]
    assert chosen.rows().tolist() == expected
    assert len(profile(stamps).select(None).rows()) == len(stamps)


@given(STAMPS.filter(bool), st.integers(0, 2**32 - 1))
def test_an_added_row_keeps_the_order_and_the_other_rows(stamps: list[int], new: int) -> None:
    stored = profile(stamps)
    stored.add(new)
    rows = stored.select(None).rows().tolist()
    assert [row[0] for row in rows] == sorted([*stamps, new])
    assert sorted(rows) == sorted([*([at, n] for n, at in enumerate(stamps)), [new, 0]])


def test_planting_changes_one_value_of_one_row() -> None:
    stored = profile([10, 20, 30])
    stored.plant(20, 1, 99)
    assert stored.select(None).rows().tolist() == [[10, 0], [20, 99], [30, 2]]
    with pytest.raises(LocalError, match="no row is stamped 25"):
        stored.plant(25, 1, 1)


def test_rows_of_other_types_keep_their_bytes() -> None:
    kind = TypeDescription(2, elements=(TypeDescription(6), TypeDescription(5), TypeDescription(17)))
    contents = bytes.fromhex("00000010 ffffffff 07 00000020 00000001 08".replace(" ", ""))
    stored = StoredProfile.load(CompactArray(kind, contents))
    assert [int(stamp) for stamp in stored.stamps] == [16, 32]
    assert stored.select((17, 40)).contents == contents[9:]
    with pytest.raises(DecodeError):
        StoredProfile.load(CompactArray(kind, contents[:-1]))


def test_a_store_answers_attributes_profiles_and_faults() -> None:
    objects = StoredObjects()
    objects.attributes[3, bytes(6), 2] = uint32(5)
    objects.profiles[KEY] = profile([10, 20])
    objects.faults[1, bytes(6), 2] = ResultCode.HARDWARE_FAULT
    assert objects.read(3, bytes(6), 2, None, 0) == uint32(5)
    shown = objects.read(*KEY, (15, 30), 0)
    assert shown == Data(Tag.COMPACT_ARRAY, CompactArray.of(row_type(1, 1), [[20, 1]]))
    with pytest.raises(AccessRefused) as refused:
        objects.read(1, bytes(6), 2, None, 0)
    assert refused.value.code == 1 and not isinstance(refused.value, UnknownObject)
    for key in ((3, bytes(6), 3), (4, bytes(6), 2)):
        with pytest.raises(UnknownObject):
            objects.read(*key, None, 0)


def test_a_fault_goes_before_the_value() -> None:
    objects = StoredObjects()
    objects.profiles[KEY] = profile([10])
    objects.faults[KEY] = 2
    with pytest.raises(AccessRefused, match="result code 2"):
        objects.read(*KEY, None, 0)
