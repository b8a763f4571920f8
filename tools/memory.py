"""How the process of a long run treats its memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG, _MIDDLE, _OLD = 100_000, 50, 1_000_000


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let the garbage collector leave what lives to the end alone.

    A farm is one large graph of objects that grows until the run is over; looking through all of it again and again
    finds nothing and takes a tenth of the time. What has no cycles is freed at once as ever.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
