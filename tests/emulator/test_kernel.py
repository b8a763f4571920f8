from __future__ import annotations

import signal
from threading import Thread
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import ScaledClock, VirtualClock, make_clock
from emulator.kernel import Kernel
from gbcs.errors import LocalError


class Watch:
    """A clock that writes down what it was asked to reach."""

    paced = True

    def __init__(self) -> None:
        self.reached: list[float] = []

    def reach(self, instant: float) -> bool:
        self.reached.append(instant)
        return True

    def instant(self) -> float:
        return 0.0

    def wake(self) -> None:
        self.reached.append(-1.0)


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_events_come_in_order_of_time_and_of_scheduling(instants: list[float]) -> None:
    kernel, seen = Kernel(0.0), []
    for number, instant in enumerate(instants):
        kernel.at(instant, lambda n=number: seen.append((kernel.now, n)))
    kernel.run()
    assert seen == sorted((instant, number) for number, instant in enumerate(instants))
    assert kernel.events == len(instants) and len(kernel) == 0


def test_what_is_past_happens_now_and_never_turns_time_back() -> None:
    kernel, seen = Kernel(0.0), []
    kernel.at(10.0, lambda: kernel.at(3.0, lambda: seen.append(kernel.now)))
    kernel.run()
    assert seen == [10.0]


def test_run_until_keeps_what_is_later() -> None:
    kernel, seen = Kernel(0.0), []
    for instant in (1.0, 2.0, 3.0):
        kernel.at(instant, seen.append, instant)
    kernel.run(until=2.0)
    assert seen == [1.0, 2.0] and kernel.now == 2.0 and len(kernel) == 1
    kernel.run(until=2.5)
    assert kernel.now == 2.5


def test_an_error_of_an_event_leaves_the_others_waiting() -> None:
    kernel = Kernel(0.0)
    kernel.at(1.0, int, "no number")
    kernel.at(2.0, list)
    with pytest.raises(ValueError, match="no number"):
        kernel.run()
    assert len(kernel) == 1


def test_a_stopped_kernel_keeps_what_is_left_and_wakes_its_clock() -> None:
    watch = Watch()
    kernel, seen = Kernel(0.0, watch), []
    for instant in (1.0, 2.0, 3.0):
        kernel.at(instant, seen.append, instant)
    kernel.at(2.0, kernel.stop)
    kernel.run(until=9.0)
    assert seen == [1.0, 2.0] and len(kernel) == 1 and kernel.now == 2.0
    assert kernel.is_stopped and watch.reached[-1] == -1.0


def test_a_waiting_clock_can_be_woken_from_another_thread() -> None:
    clock = ScaledClock(1.0)
    clock.reach(0.0)
    waker = Thread(target=clock.wake)
    waker.start()
    assert not clock.reach(3_600.0)
    waker.join()


def test_a_wake_ends_one_wait() -> None:
    clock = ScaledClock(1000.0)
    clock.reach(0.0)
    clock.wake()
    assert not clock.reach(1e6)
    assert clock.reach(clock.instant() + 1.0)


def test_what_is_posted_from_another_thread_comes_before_what_waits() -> None:
    kernel, seen = Kernel(0.0, ScaledClock()), list[str]()

    def heard(what: str) -> None:
        seen.append(what)
        if what == "last":
            kernel.stop()

    def outside() -> None:
        for what in ("first", "second", "last"):
            kernel.post(heard, what)

    kernel.at(0.0, lambda: Thread(target=outside).start())
    kernel.at(3_600.0, seen.append, "too late")
    kernel.run()
    assert seen == ["first", "second", "last"] and len(kernel) == 1 and 0.0 < kernel.now < 3_600.0


def test_a_signal_in_the_midst_of_a_wait_ends_it() -> None:
    kernel = Kernel(0.0, ScaledClock())
    kernel.at(0.0, list)
    kernel.at(3_600.0, list)
    before = signal.signal(signal.SIGALRM, lambda *_: kernel.stop())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        kernel.run()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert kernel.is_stopped and len(kernel) == 1


def test_nobody_outside_reaches_virtual_time() -> None:
    with pytest.raises(LocalError, match="real clock"):
        Kernel(0.0).post(list)


def test_a_kernel_in_a_hurry_waits_for_nothing() -> None:
    watch = Watch()
    kernel = Kernel(0.0, watch)
    kernel.at(1.0, kernel.hurry)
    kernel.at(3_600.0, list)
    kernel.run()
    assert watch.reached == [1.0] and kernel.now == 3_600.0


def test_a_paced_clock_is_asked_for_every_event() -> None:
    watch = Watch()
    kernel = Kernel(0.0, watch)
    kernel.at(5.0, list)
    kernel.at(7.0, list)
    kernel.run()
    assert watch.reached == [5.0, 7.0]


def test_a_scaled_clock_takes_at_least_its_share_of_real_time() -> None:
    clock = ScaledClock(1000.0)
    clock.reach(100.0)
    before = monotonic()
    clock.reach(150.0)
    assert monotonic() - before >= 0.049


@pytest.mark.parametrize("name", ["fast", "scaled=0", "scaled=-1", "scaled=x", "scaled", ""])
def test_a_clock_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(LocalError, match="clock"):
        make_clock(name)


def test_the_three_clocks() -> None:
    assert isinstance(make_clock("virtual"), VirtualClock)
    assert make_clock("real").paced and make_clock("scaled=60").factor == 60.0  # type: ignore[attr-defined]
