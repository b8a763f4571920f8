"""The queue of whole arrays is the heap of the run."""

from __future__ import annotations

from heapq import heapreplace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.capacity.day import queues
from emulator.capacity.day.queues import Channels

Floats = NDArray[np.float64]


def heap(site: NDArray[np.int64], at: Floats, busy_s: Floats, free: dict[int, list[float]], channels: int) -> Floats:
    """What the long-range radio of a run does, message by message."""
    starts = []
    for one, now, busy in zip(site.tolist(), at.tolist(), busy_s.tolist(), strict=True):
        held = free.setdefault(one, [0.0] * channels)
        begins = max(now, held[0])
        heapreplace(held, begins + busy)
        starts.append(begins)
    return np.array(starts)


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, list[tuple[NDArray[np.int64], Floats, Floats]]]:
    """Channels, and batches of messages one after the other, from idle sites to hopelessly overloaded ones."""
    channels = draw(st.integers(1, 8))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    found, begins = [], 0.0
    for _ in range(draw(st.integers(1, 3))):
        count, length_s = draw(st.integers(0, 150)), draw(st.sampled_from([1.0, 30.0, 1000.0]))
        site = np.sort(random.integers(0, draw(st.integers(1, 5)), count))
        at = begins + random.random(count) * length_s
        order = np.lexsort((at, site))
        found.append((site[order], at[order], random.choice([0.25, 1.0, random.random() * 9], count)))
        begins += length_s
    return channels, found


@given(batches())
def test_every_message_starts_when_the_heap_says(
    case: tuple[int, list[tuple[NDArray[np.int64], Floats, Floats]]],
) -> None:
    count, found = case
    channels, free = Channels(5, count), dict[int, list[float]]()
    for site, at, busy_s in found:
        expected = heap(site, at, busy_s, free, count)
        assert channels.start(site, at, busy_s) == pytest.approx(expected, abs=1e-5)


def test_an_overload_that_takes_more_rounds_is_served_by_the_heap() -> None:
    count = 5_000
    site, at = np.repeat(np.arange(2), count), np.tile(np.arange(count) * 1.0, 2)
    busy_s = np.where(site == 0, 9.0, 0.5)  # site 0: more than two channels can carry; site 1: idle half the time
    channels = Channels(2, 2)
    starts = channels.start(site, at, busy_s)
    assert channels.rounds == queues.ROUNDS
    assert starts == pytest.approx(heap(site, at, busy_s, {}, 2), abs=1e-5)
    assert starts[count - 1] > at[count - 1] + 10_000
    assert (starts[count:] == at[count:]).all()


def test_an_idle_site_takes_two_rounds_and_nobody_waits() -> None:
    at = np.arange(1_000) * 10.0
    channels = Channels(1, 4)
    assert (channels.start(np.zeros(1_000, np.int64), at, np.full(1_000, 3.0)) == at).all()
    assert channels.rounds == 1
