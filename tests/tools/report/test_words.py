"""Numbers as the report writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.store_schema import LEGS, OUTCOMES
from tools.report import words


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"), (1, "100 %"), (0.5, "50.0 %"), (0.98689956, "98.7 %"), (0.9999999, "99.99 %"), (0.9995, "99.95 %"),
        (0.00001, "< 0.1 %"), (1.25, "125.0 %"),
    ],
)  # fmt: skip
def test_shares(share: float, text: str) -> None:
    assert words.percent(share) == text


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_only_all_is_100_percent_and_only_nothing_is_0_percent(asked: int, answered: int) -> None:
    answered = min(asked, answered)
    text = words.percent(answered / asked)
    assert (text == "100 %") == (answered == asked)
    assert (text == "0 %") == (answered == 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, words.NOTHING), (0, "0 s"), (0.0123, "12 ms"), (0.5, "0.5 s"), (8.84, "8.8 s"),
        (30, "30 s"), (312, "5.2 min"),
        (5600, "93.3 min"), (86400, "24 h"), (7 * 86400, "168 h"),
    ],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


def test_several_durations_are_their_ends() -> None:
    assert words.durations((30.0, 5600.0, 86400.0)) == "30 s to 24 h"
    assert words.durations((30.0,)) == words.durations((30.0, 30.01)) == "30 s"
    assert words.durations(()) == words.NOTHING


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (612_150, "612 kB"), (999_999, "1 MB"), (1_395_638, "1.4 MB"),
     (4_600_000_000_000, "4,600.0 GB")],
)  # fmt: skip
def test_sizes(number: float, text: str) -> None:
    assert words.size(number) == text


def test_every_outcome_and_leg_of_the_store_has_words() -> None:
    assert set(words.LEGS) == set(LEGS)
    assert set(words.OUTCOMES) == set(OUTCOMES) - {"answered"}
    assert words.leg("satellite") == "satellite"
