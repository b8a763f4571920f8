"""How many rows a log holds, found by asking for single ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Has = Callable[[int], Awaitable[bool]]
"""``has(rows_back)``: whether the row so many steps before the newest one is there."""


async def rows_held(has: Has, expected: int) -> int:
    """Rows of a log without gaps, by halving; ``expected`` is where to begin.

    A row that is missing in the middle is taken for the end: then the number is smaller than the log.
    """
    if not await has(0):
        return 0
    present, absent = 0, max(expected, 1)
    while await has(absent):
        present, absent = absent, absent * 2
    while absent - present > 1:
        middle = (present + absent) // 2
        if await has(middle):
            present = middle
        else:
            absent = middle
    return absent
