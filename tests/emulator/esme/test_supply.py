"""Power cuts are a pure function of the seed, as often as stated and of believable length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.esme.supply import CUTS_PER_YEAR, power_cuts
from gbcs.times import DAY_S


@given(st.integers(0, 2**64 - 1), st.integers(0, 40_000), st.integers(0, 400), st.integers(0, 400))
def test_the_cuts_of_a_span_are_those_of_its_parts(seed: int, first: int, one: int, two: int) -> None:
    whole = power_cuts(seed, first, first + one + two + 1, 50.0)
    assert whole == power_cuts(seed, first, first + one, 50.0) + power_cuts(
        seed, first + one + 1, first + one + two + 1, 50.0
    )


def test_they_come_as_often_as_stated() -> None:
    found = sum(len(power_cuts(seed, 0, 3652)) for seed in range(100))
    assert 0.85 < found / (100 * 10 * CUTS_PER_YEAR) < 1.15
    assert power_cuts(1, 0, 10_000, 0.0) == []
    assert len(power_cuts(1, 0, 99, 1e9)) == 100


def test_they_last_minutes_to_hours_and_start_on_their_day() -> None:
    cuts = power_cuts(5, 0, 999, 1e9)
    lengths = sorted(cut.ends_at - cut.starts_at for cut in cuts)
    assert lengths[0] >= 240 and lengths[-1] <= 4 * 3600
    assert lengths[500] < 2 * 3600
    assert [int(cut.starts_at // DAY_S) for cut in cuts] == list(range(1000))
