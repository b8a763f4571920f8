"""Frames sent again: probabilities against arithmetic, and the frame-by-frame process written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.links.arq import Arq, Resent
from emulator.links.distributions import clean_runs
from emulator.rng import generator


def no_wait(tries: int) -> float:
    return 0.0


@pytest.mark.parametrize(("loss", "max_tries", "frames"), [(0.3, 2, 3), (0.5, 4, 1), (0.2, 1, 5)])
def test_messages_are_given_up_as_often_as_the_probability_says(loss: float, max_tries: int, frames: int) -> None:
    arq = Arq(loss, max_tries, no_wait, generator(5, "arq"))
    count = 20_000
    lost = sum(arq.send(frames)[2] for _ in range(count))
    assert lost / count == pytest.approx(1 - (1 - loss**max_tries) ** frames, abs=0.012)


def test_frames_sent_again_are_as_many_as_expected() -> None:
    arq = Arq(0.2, 1000, no_wait, generator(5, "arq"))
    again = sum(arq.send(4)[0] for _ in range(10_000))
    assert again / 40_000 == pytest.approx(0.2 / 0.8, rel=0.05)


@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    st.integers(1, 5),
    st.lists(st.integers(0, 12), max_size=20),
)
def test_it_is_the_process_of_single_transmissions(seed: int, loss: float, max_tries: int, sizes: list[int]) -> None:
    """The runs of clean transmissions, spelled out into one yes or no for each transmission."""
    arq = Arq(loss, max_tries, float, generator(seed, "arq"))
    run = clean_runs(loss, generator(seed, "arq"))
    outcomes = _transmissions(run)
    for frames in sizes:
        assert arq.send(frames) == _frame_by_frame(frames, max_tries, outcomes)


def _transmissions(run: Callable[[], int]) -> Iterator[bool]:
    while True:
        for _ in range(min(run(), 10_000)):
            yield True
        yield False


def _frame_by_frame(frames: int, max_tries: int, outcomes: Iterator[bool]) -> Resent:
    again, waited_s = 0, 0.0
    for _ in range(frames):
        tries = 1
        while not next(outcomes):
            if tries == max_tries:
                return again, waited_s, True
            waited_s += tries
            tries += 1
            again += 1
    return again, waited_s, False
