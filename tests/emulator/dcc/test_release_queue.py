"""The rate limit: nothing lost, never too fast, the right one first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.dcc.release_queue import ReleaseQueue

Offers = list[tuple[float, int]]

offers = st.lists(st.tuples(st.floats(0, 20), st.integers(0, 1)), max_size=60).map(sorted)
rates = st.floats(0.2, 50)
bursts = st.integers(1, 8)


def played(queue: ReleaseQueue[int], offered: Offers, origin: float) -> list[tuple[float, int]]:
    """(when, which) of all releases, with an owner that comes back at each deadline."""
    released: list[tuple[float, int]] = []

    def drain(until: float) -> None:
        while (deadline := queue.next_deadline()) is not None and deadline <= until:
            item = queue.take(deadline)
            assert item is not None, "at its deadline an item may go"
            released.append((deadline, item))

    for number, (second, priority) in enumerate(offered):
        now = origin + second
        drain(now)
        if queue.admit(now):
            released.append((now, number))
        else:
            queue.offer(number, priority)
    drain(float("inf"))
    return released


@given(offers, rates, bursts, st.sampled_from([0.0, 8.4e8]))
def test_all_are_released_once_in_time_and_never_faster_than_the_rate(
    offered: Offers, per_s: float, burst: int, origin: float
) -> None:
    queue: ReleaseQueue[int] = ReleaseQueue(per_s, burst)
    released = played(queue, offered, origin)
    assert sorted(number for _, number in released) == list(range(len(offered))) and len(queue) == 0
    times = [when for when, _ in released]
    assert times == sorted(times)
    assert all(when >= origin + offered[number][0] for when, number in released)
    for i, start in enumerate(times):
        for j in range(i, len(times)):
            assert j - i + 1 <= burst + per_s * (times[j] - start) + 1e-3


@given(offers, rates, bursts)
def test_within_a_priority_the_first_comes_first(offered: Offers, per_s: float, burst: int) -> None:
    released = played(ReleaseQueue(per_s, burst), offered, 0.0)
    for priority in (0, 1):
        numbers = [number for _, number in released if offered[number][1] == priority]
        assert numbers == sorted(numbers)


@given(offers, rates, bursts)
def test_nobody_goes_before_one_of_a_better_priority_who_waits(offered: Offers, per_s: float, burst: int) -> None:
    released = played(ReleaseQueue(per_s, burst), offered, 0.0)
    when = {number: at for at, number in released}
    for number, (_, priority) in enumerate(offered):
        for other, (came, better) in enumerate(offered):
            if better < priority and came < when[number]:
                assert when[other] <= when[number]


def test_a_burst_and_then_the_rate() -> None:
    queue: ReleaseQueue[str] = ReleaseQueue(per_s=2.0, burst=3)
    assert [queue.admit(10.0) for _ in range(4)] == [True, True, True, False]
    queue.offer("late settlement", 1)
    queue.offer("urgent", 0)
    assert not queue.admit(60.0), "who comes now does not pass those who wait"
    assert queue.take(10.4) is None and queue.next_deadline() == 10.5
    assert queue.take(10.5) == "urgent" and queue.take(10.5) is None
    assert queue.take(11.0) == "late settlement" and queue.next_deadline() is None and queue.take(99.0) is None
