"""What a service provider keeps of the answers of meters, and for how long."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.smets1.exchange import Ask, Values
from gbcs.times import DAY_S, HALF_HOUR_S

_STEP_S = {"4.8.1": HALF_HOUR_S, "4.8.3": HALF_HOUR_S, "4.6.1": DAY_S}


class ShortTermCache:
    """Answers that may be given once more. An entry is replaced by the newest answer to the same service request.

    A hit holds the rows that were asked for and no others: what else is kept is nobody's business but the provider's.

    Does not model: its size in bytes, its own failures, entries that are thrown out early.
    """

    __slots__ = ("_ages_s", "_kept", "expired", "hits", "misses")

    def __init__(self, ages_s: Mapping[str, float]) -> None:
        """``ages_s``: how old an answer may be, by service request; one that is absent is never kept."""
        self._ages_s = dict(ages_s)
        self._kept: dict[tuple[int, str], Values] = {}
        self.hits = self.misses = self.expired = 0

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, premises: int, srv: str, values: Values) -> None:
        """Keep an answer, if the rule of its service request says so."""
        if srv in self._ages_s:
            self._kept[premises, srv] = values

    def get(self, premises: int, ask: Ask, now: float) -> Values | None:
        """The whole answer to ``ask``, or None where it is not there, too old, or lacks a row."""
        found = self._found(premises, ask, now)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    def _found(self, premises: int, ask: Ask, now: float) -> Values | None:
        key = premises, ask.srv
        kept = self._kept.get(key)
        if kept is None:
            return None
        if now - kept.read_at > self._ages_s[ask.srv]:
            self.expired += 1
            del self._kept[key]
            return None
        return kept if ask.first is None or ask.last is None else _cut(kept, ask.first, ask.last, _STEP_S[ask.srv])


def _cut(kept: Values, first: int, last: int, step_s: int) -> Values | None:
    """The rows from ``first`` to ``last``, if all of them are there."""
    if kept.rows is None:
        return None
    stamps = kept.rows[:, 0]
    rows = kept.rows[(stamps >= first) & (stamps <= last)]
    wanted = last // step_s - -(-first // step_s) + 1
    return Values(kept.read_at, rows) if len(rows) == wanted else None
