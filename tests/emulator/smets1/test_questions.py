"""The arithmetic of the five answers, on columns that are known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.smets1.measures import Measures
from emulator.smets1.questions import Span, _open, _peak_a_second, _peak_in_bins, _peak_rate_bps

SPAN = Span(0.0, 3600.0, 1, 10)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def test_contexts_that_follow_at_the_same_instant_do_not_overlap() -> None:
    assert _open(floats(0, 10), floats(10, 20)).max() == 1
    assert _open(floats(0, 9), floats(10, 20)).max() == 2


@given(st.lists(st.tuples(st.floats(0, 3000), st.floats(0.1, 500)), min_size=1, max_size=40))
def test_the_peak_of_the_bins_is_the_peak_of_all(sessions: list[tuple[float, float]]) -> None:
    up = floats(*(start for start, _ in sessions))
    down = up + floats(*(length for _, length in sessions))
    peaks = _peak_in_bins(up, down, np.arange(0, 4200.1, 600))
    assert (
        max(peaks) == _open(up, down).max() == max(sum(u <= at < d for u, d in zip(up, down, strict=True)) for at in up)
    )


def test_a_session_that_spans_bins_is_open_in_each_of_them() -> None:
    assert _peak_in_bins(floats(100), floats(1900), np.arange(0, 2401, 600)) == [1, 1, 1, 1]
    assert _peak_in_bins(floats(100, 700), floats(650, 800), np.arange(0, 1801, 600)) == [1, 1, 0]


def test_calls_are_counted_by_the_second() -> None:
    assert _peak_a_second(floats(1.0, 1.5, 1.9, 2.0, 3.0), SPAN) == 3
    assert _peak_a_second(floats(), SPAN) == 0 == _peak_a_second(floats(4000.0), SPAN)


def test_a_rate_is_that_of_the_busiest_minute() -> None:
    measures = Measures()
    measures.data(10.0, 10.0, 750, 0)  # 6,000 bits within the first minute
    measures.data(50.0, 20.0, 1500, 1)  # 12,000 bits, half of them in each of two minutes
    measures.data(5000.0, 1.0, 10**6, 2)  # outside
    assert _peak_rate_bps(measures, SPAN) == pytest.approx((6000 + 6000) / 60)
    only = np.array([False, True, False])
    assert _peak_rate_bps(measures, SPAN, only) == pytest.approx(6000 / 60)
    assert _peak_rate_bps(Measures(), SPAN) == 0.0
