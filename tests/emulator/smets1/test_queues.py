"""Gates, the DCO and the cache: rates, order, age, and nothing but what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel import Kernel
from emulator.smets1.cache import ShortTermCache
from emulator.smets1.cohorts import load_cohorts
from emulator.smets1.dco import Dco
from emulator.smets1.exchange import Ask, Values
from emulator.smets1.gate import Gate
from gbcs.times import DAY_S, HALF_HOUR_S

# ---------------------------------------------------------------------- gates


@given(st.lists(st.floats(0, 20), min_size=1, max_size=60), st.integers(1, 5))
def test_a_gate_lets_all_through_once_and_never_more_than_its_rate(times: list[float], per_s: int) -> None:
    kernel, passed = Kernel(0.0), []
    gate = Gate(float(per_s), kernel.at)
    for number, at in enumerate(times):
        kernel.at(at, lambda number=number, at=at: gate.enter(at, 0, lambda n, when: passed.append((n, when)), number))
    kernel.run()
    assert sorted(number for number, _ in passed) == list(range(len(times)))
    instants = sorted(when for _, when in passed)
    for start in instants:
        inside = [when for when in instants if start <= when < start + 1 - 1e-6]
        assert len(inside) <= 2 * per_s  # a burst of a second's worth, and what that second fills up


def test_a_gate_lets_the_urgent_go_first_and_equals_in_their_order() -> None:
    kernel, passed = Kernel(0.0), []
    gate = Gate(1.0, kernel.at)
    for name, priority in (("first", 1), ("later", 1), ("last", 1), ("urgent", 0)):
        gate.enter(0.0, priority, lambda name, when: passed.append((name, when)), name)
    kernel.run()
    assert [name for name, _ in passed] == ["first", "urgent", "later", "last"]
    assert [when for _, when in passed] == pytest.approx([0.0, 1.0, 2.0, 3.0])
    assert gate.waited == 3 and gate.longest_wait_s == pytest.approx(3.0)


# ---------------------------------------------------------------------- the DCO


def dco(**values: object) -> tuple[Kernel, Dco]:
    kernel = Kernel(0.0)
    return kernel, Dco(load_cohorts({"dco": values}).dco, kernel)


def test_the_dco_serves_in_order_and_counts_what_is_late() -> None:
    kernel, office = dco(workers=1, service_s=1.0, gives_up_after_s=60.0)
    allowed: list[tuple[int, float]] = []
    for number in range(6):
        office.consult(lambda number, at: allowed.append((number, at)), lambda *_: allowed.append((-1, 0.0)), number)
    kernel.run()
    assert allowed == [(number, number + 1.0) for number in range(6)]
    assert office.late == 2  # of 6 answers the last two took 5 and 6 s, the target being 4 s


def test_the_dco_gives_up_what_would_wait_too_long() -> None:
    kernel, office = dco(workers=1, service_s=10.0, gives_up_after_s=25.0)
    ended: list[tuple[str, float]] = []
    for _ in range(4):
        office.consult(lambda at: ended.append(("allowed", at)), lambda at: ended.append(("given up", at)))
    kernel.run()
    assert ended == [("allowed", 10.0), ("allowed", 20.0), ("given up", 25.0), ("given up", 25.0)]
    assert office.refused == 2 and office.late == 4


def test_twice_the_workers_take_half_the_time() -> None:
    last = []
    for workers in (2, 4):
        kernel, office = dco(workers=workers, service_s=1.0)
        for _ in range(8):
            office.consult(last.append, last.append)
        kernel.run()
    assert max(last[:8]) == 2 * max(last[8:])


# ---------------------------------------------------------------------- the cache

DAY = 9_800 * DAY_S


def day_rows(first: int = DAY + HALF_HOUR_S, last: int = DAY + DAY_S) -> np.ndarray:
    stamps = np.arange(first, last + 1, HALF_HOUR_S)
    return np.column_stack([stamps, stamps % 1000]).astype(">u4")


def test_a_hit_holds_the_rows_asked_for_and_no_others() -> None:
    cache = ShortTermCache({"4.8.1": 60.0})
    cache.put(1, "4.8.1", Values(100.0, day_rows()))
    got = cache.get(1, Ask("4.8.1", DAY + 3 * HALF_HOUR_S, DAY + 7 * HALF_HOUR_S), 120.0)
    assert got is not None and got.rows is not None
    assert got.rows[:, 0].tolist() == [DAY + n * HALF_HOUR_S for n in range(3, 8)]
    assert got.read_at == 100.0 and cache.hits == 1


@pytest.mark.parametrize(
    ("premises", "ask", "now"),
    [
        (2, Ask("4.8.1", DAY + HALF_HOUR_S, DAY + DAY_S), 120.0),  # somebody else's
        (1, Ask("4.8.3", DAY + HALF_HOUR_S, DAY + DAY_S), 120.0),  # another service request
        (1, Ask("4.8.1", DAY + HALF_HOUR_S, DAY + DAY_S), 160.1),  # too old
        (1, Ask("4.8.1", DAY, DAY + DAY_S), 120.0),  # a row before
        (1, Ask("4.8.1", DAY + HALF_HOUR_S, DAY + DAY_S + HALF_HOUR_S), 120.0),  # a row behind
    ],
)
def test_what_is_not_whole_not_fresh_or_not_the_same_is_no_hit(premises: int, ask: Ask, now: float) -> None:
    cache = ShortTermCache({"4.8.1": 60.0})
    cache.put(1, "4.8.1", Values(100.0, day_rows()))
    assert cache.get(premises, ask, now) is None and cache.misses == 1


def test_an_entry_with_a_hole_serves_only_what_does_not_touch_it() -> None:
    rows = np.delete(day_rows(), 10, axis=0)
    cache = ShortTermCache({"4.8.1": 60.0})
    cache.put(1, "4.8.1", Values(100.0, rows))
    assert cache.get(1, Ask("4.8.1", DAY + HALF_HOUR_S, DAY + DAY_S), 101.0) is None
    assert cache.get(1, Ask("4.8.1", DAY + HALF_HOUR_S, DAY + 10 * HALF_HOUR_S), 101.0) is not None


def test_an_expired_entry_is_gone_and_a_rule_less_one_is_never_kept() -> None:
    cache = ShortTermCache({"4.1.1": 10.0})
    cache.put(1, "4.1.1", Values(0.0, register_wh=5))
    cache.put(1, "4.8.1", Values(0.0, day_rows()))
    assert len(cache) == 1
    assert cache.get(1, Ask("4.1.1"), 10.0) == Values(0.0, register_wh=5)
    assert cache.get(1, Ask("4.1.1"), 10.1) is None
    assert len(cache) == 0 and cache.expired == 1
