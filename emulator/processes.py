"""Processes of this machine to work in: Ctrl-C is for the parent alone, and they end at once when it says so."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Options of mallopt(3)."""
_KEPT_BYTES, _LARGEST_KEPT_BYTES = 1 << 30, 32 << 20

_CAN_HOLD = hasattr(signal, "pthread_sigmask")


class Processes(ProcessPoolExecutor):
    """A pool whose processes never hear Ctrl-C, not even while they still import what they need."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, multiprocessing.get_context("spawn"), _begin)
        if _CAN_HOLD:
            # It lets Ctrl-C through again when it is started: that must not happen between holding and starting.
            resource_tracker.ensure_running()

    def submit(
        self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Result]:  # fmt: skip
        """As every executor; the first call starts the processes."""
        with holding_ctrl_c():
            return super().submit(fn, *args, **kwargs)

    def end(self) -> None:
        """End at once, whatever the processes are at."""
        running = list((self._processes or {}).values())
        self.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()
        for process in running:
            process.join()


@contextmanager
def processes(workers: int) -> Iterator[Processes]:
    """Processes for as long as this lasts."""
    pool = Processes(workers)
    try:
        yield pool
    finally:
        pool.end()


@contextmanager
def holding_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C wait. What is started meanwhile inherits that, so it never gets one; a system may not know how."""
    if not _CAN_HOLD:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_memory()


def keep_memory() -> None:
    """Keep freed memory for the next array, where the C library can: taking pages anew costs system time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
