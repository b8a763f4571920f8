"""Invocation counters of a ciphered association: they only rise, also across runs, or the meter refuses us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.clock import utc_now
from rigs.counters import CounterStore

_PER_SECOND = 1000
"""The store's counters are milliseconds; a meter's have 32 bits, so ours are seconds, which last until 2136."""


@contextmanager
def invocation_counters(file: Path, title: bytes) -> Iterator[Callable[[], int]]:
    """Counters of our title, from a file that remembers them: seconds since 2000, or one more than the last.

    The file is there once the first one is taken. Raises as :class:`~rigs.counters.CounterStore` does.
    """
    store: CounterStore | None = None

    def take() -> int:
        nonlocal store
        store = store or CounterStore(file, ahead=16)
        return store.next(title, utc_now() / _PER_SECOND)

    try:
        yield take
    finally:
        if store is not None:
            store.close()


def passing_counters() -> Callable[[], int]:
    """The same without a file, for test keys: an emulated meter lives no longer than its process."""
    last = int(utc_now())

    def take() -> int:
        nonlocal last
        last += 1
        return last

    return take
