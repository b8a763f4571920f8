"""Payloads coded before encryption: back to the byte, bounded, and as short as a count by hand says."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import one_meter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.compression.layouts import Reader, varint
from emulator.compression.payload import code_plaintext, decode_plaintext, pack_rows, unpack_rows
from emulator.compression.payload.bits import Bits, read_column, to_bytes, write_column
from emulator.compression.payload.rows import read_runs, runs
from emulator.esme.live import LiveObjects
from gbcs.dlms import CompactArray, Data, Tag
from gbcs.dlms.compact import row_type
from gbcs.errors import DecodeError
from gbcs.framing import decode
from gbcs.payload import decode_data, encode_data
from gbcs.security import open_message

UINT32 = st.integers(0, 2**32 - 1)
LOADS = st.one_of(st.integers(0, 400), st.integers(0, 3000), UINT32)


def packed(*columns: object) -> bytes:
    return np.array(columns, dtype=">u4").T.tobytes()


@given(st.lists(LOADS, min_size=1, max_size=100))
def test_columns_come_back(values: list[int]) -> None:
    how, bits = write_column(values)
    assert read_column(how, len(values), Bits(to_bytes(bits))) == values
    assert len(bits) <= 32 * len(values)


def test_rice_is_as_long_as_counted_by_hand() -> None:
    """Values 0, 1, 2, 9 with k = 1: 2 + 2 + 3 + 6 bits."""
    how, bits = write_column([0, 1, 2, 9])
    assert (how, len(bits)) == (1, 13)
    assert bits == "00" + "01" + "100" + "111101"


def test_equal_values_take_no_bits() -> None:
    assert write_column([0] * 48) == (0x40, "")


@given(
    st.integers(0, 400_000), st.lists(st.tuples(LOADS, LOADS), min_size=1, max_size=60), st.sampled_from([0, 1, 2, 48])
)
def test_rows_come_back(first: int, values: list[tuple[int, int]], step: int) -> None:
    times = [(first + step * n) * 1800 for n in range(len(values))]
    rows = packed(times, [a for a, _ in values], [b for _, b in values])
    coded = pack_rows(rows, 3)
    assert coded is not None
    assert unpack_rows(coded, 3) == rows


@pytest.mark.parametrize(
    "times",
    [[1800, 3600, 5401], [1800, 1799], [5400, 3600], [900, 2700]],
    ids=["gap", "off grid", "backwards", "quarter"],
)
def test_irregular_times_are_left_alone(times: list[int]) -> None:
    assert pack_rows(packed(times, [1] * len(times)), 2) is None


@given(st.binary(max_size=80), st.sampled_from([2, 3, 82]))
def test_foreign_bytes_are_refused_and_bounded(data: bytes, columns: int) -> None:
    with suppress(DecodeError):
        assert len(unpack_rows(data, columns)) <= 65_536


def test_a_count_beyond_any_message_is_refused_unmade() -> None:
    with pytest.raises(DecodeError, match="refused"):
        unpack_rows(varint(10**9) + bytes(20), 2)


@given(st.lists(st.one_of(st.just(0), UINT32), max_size=90))
def test_runs_come_back(values: list[int]) -> None:
    assert read_runs(Reader(runs(values)), len(values)) == values


def test_a_run_beyond_the_row_is_refused() -> None:
    with pytest.raises(DecodeError, match="zeros"):
        read_runs(Reader(b"\x00" + varint(100)), 10)


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize("use_case", ["ECS17b", "ECS21a", "ECS22b", "ECS66"])
def test_what_a_meter_would_encrypt_comes_back(use_case: str, *, twin: bool) -> None:
    asker, meter = one_meter.Asker(), one_meter.meter(LiveObjects(one_meter.energy(twin=twin)))
    (answer,) = meter.receive(asker.command(use_case), one_meter.NOW)
    (shown,) = open_message(decode(answer), one_meter.KEYS).plaintexts
    assert shown is not None
    plaintext = encode_data(Data(Tag.STRUCTURE, shown))
    coded = code_plaintext(plaintext)
    assert coded is not None and len(coded) < len(plaintext) * 0.8
    assert decode_plaintext(coded) == plaintext
    decode_data(coded)  # DLMS as before, an octet-string in the place of the rows


def test_rows_in_clear_come_back() -> None:
    rows = packed([1800 * n for n in range(1, 49)], range(48), [7] * 48)
    plaintext = encode_data(Data(Tag.COMPACT_ARRAY, CompactArray(row_type(1, 1, 1), rows)))
    coded = code_plaintext(plaintext)
    assert coded is not None and len(coded) < 60
    assert decode_plaintext(coded) == plaintext


@given(st.binary(max_size=60))
def test_foreign_plaintexts_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match=r"\w"):
        decode_plaintext(data)


def test_what_has_no_shape_is_left_alone() -> None:
    assert code_plaintext(b"\x02\x01\x00") is None
