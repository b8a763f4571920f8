"""Items of a list that were read before, by their bytes: tariffs and logs hold the same rows again and again.

What a declaration makes of some bytes depends on these bytes alone (and, near the depth limit, on how deep they stand),
and values are frozen: so an item with the same bytes may be the same value.
"""

from __future__ import annotations

from typing import Any, Final

MAX_BYTES: Final = 64
"""Larger items are not kept."""

MAX_ITEMS: Final = 4096
"""When as many are known at one depth, all are forgotten."""

MAX_DEPTH: Final = 4
"""Deeper down nothing is kept."""


class Memo:
    """Small items of one list by their bytes, for each depth; ``size`` is the last item's, a guess for the next."""

    __slots__ = ("levels", "size")

    def __init__(self) -> None:
        self.levels: list[dict[bytes, Any]] = [{} for _ in range(MAX_DEPTH)]
        self.size = 0
