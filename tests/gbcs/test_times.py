"""Instants and COSEM date-times: known answers, round trips, wildcards and nonsense."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs import times
from gbcs.errors import DecodeError, LocalError

INSTANTS = st.integers(0, times.MAX_INSTANT)


def test_the_examples_of_the_spec_sheet() -> None:
    assert times.from_datetime(datetime(2015, 1, 1, tzinfo=UTC)) == 473385600
    assert times.cosem(473385600) == bytes.fromhex("07DF0101FF000000008000FF")
    assert times.iso(473385600) == "2015-01-01T00:00:00Z"


@given(INSTANTS)
def test_cosem_times_round_trip(instant: int) -> None:
    assert times.from_cosem(times.cosem(instant)) == instant
    assert times.from_datetime(times.to_datetime(instant)) == instant


@given(INSTANTS, st.integers(0, 255))
def test_the_status_byte_does_not_move_the_time(instant: int, status: int) -> None:
    data = times.cosem(instant, status)
    assert times.clock_status(data) == status
    assert times.from_cosem(data) == instant


def test_a_datetime_of_another_zone_is_the_same_instant() -> None:
    summer = datetime(2026, 7, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert times.from_datetime(summer) == times.from_datetime(datetime(2026, 7, 1, tzinfo=UTC))
    with pytest.raises(LocalError, match="no time zone"):
        times.from_datetime(datetime(2026, 7, 1))  # noqa: DTZ001 - the naive one is the point


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("07DF0101FF000000008000", "12 bytes, got 11"),
        ("FFFFFFFFFFFFFFFFFF8000FF", "no point in time"),
        ("07DF0D01FF000000008000FF", "no point in time"),
        ("07DF021DFF000000008000FF", "no point in time"),
        ("07DF0101FF180000008000FF", "no point in time"),
        ("07DF0101FF003C00008000FF", "no point in time"),
        ("00000000FF000000008000FF", "no point in time"),
        ("07CF0C1FFF173B3B008000FF", "outside 2000"),
        ("08590101FF000000008000FF", "outside 2000"),
    ],
)
def test_what_is_no_point_in_time_is_refused(text: str, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        times.from_cosem(bytes.fromhex(text))


@given(st.binary(max_size=14))
def test_any_bytes_are_a_time_or_a_decode_error(data: bytes) -> None:
    try:
        instant = times.from_cosem(data)
    except DecodeError:
        return
    assert 0 <= instant <= times.MAX_INSTANT


def test_a_leap_day_is_a_day() -> None:
    assert times.from_cosem(bytes.fromhex("07E8021DFF000000008000FF")) == times.from_datetime(
        datetime(2024, 2, 29, tzinfo=UTC)
    )
