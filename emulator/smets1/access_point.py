"""An access point: it holds so many PDP contexts at a time and no more."""

from __future__ import annotations

from emulator.smets1.cohorts import ApnRow


class AccessPoint:
    """Counts contexts against the smaller of the two limits: contexts, and addresses of the pool.

    Does not model: contexts of anybody else on the same access point; which address a hub gets.
    """

    __slots__ = ("is_silent", "limit", "name", "open", "peak", "place", "turned_away")

    def __init__(self, name: str, place: int, row: ApnRow) -> None:
        """``place`` is its position among the access points."""
        self.name, self.place = name, place
        self.limit = min(row.contexts.value, row.address_pool.value)
        self.is_silent = row.when_full.value == "silent"
        self.open = self.peak = self.turned_away = 0

    def take(self) -> bool:
        """Whether a context could be opened."""
        if self.open >= self.limit:
            self.turned_away += 1
            return False
        self.open += 1
        self.peak = max(self.peak, self.open)
        return True

    def give_back(self) -> None:
        """A context is closed."""
        self.open -= 1
