"""The ledger of a soak: one entry for each read, with all that befell it, and a balance that must be even."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from gbcs.errors import LocalError
from gbcs.times import iso
from rigs.soak.faults import Fault

Verdict: TypeAlias = Literal["answered", "retried", "lost", "interrupted"]


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt that brought no answer: the kind of error, what it said, and the faults that were at work."""

    at_utc: float
    error: str
    text: str
    during: tuple[str, ...]

    @property
    def cause(self) -> str:
        """What is to blame, as far as anybody can know."""
        return f"{self.error} during {' and '.join(self.during)}" if self.during else self.error


@dataclass(slots=True)
class Entry:
    """One read. ``ended_at_utc`` None: it is still under way."""

    number: int
    use_case: str
    window: tuple[int, int] | None
    asked_at_utc: float
    failed: list[Failed] = field(default_factory=list)
    ended_at_utc: float | None = None
    code: int | None = None
    rows: int = 0
    was_interrupted: bool = False
    """Whether the soak was ended while this read was under way."""

    @property
    def verdict(self) -> Verdict:
        """Lost is what was asked to the end without an answer."""
        if self.code is None:
            return "interrupted" if self.was_interrupted else "lost"
        return "retried" if self.failed else "answered"

    @property
    def cause(self) -> str:
        """Why it was not answered at once: what befell the last attempt that failed; empty where none did."""
        if self.failed and not self.was_interrupted:
            return self.failed[-1].cause
        return "" if self.code is not None else "the soak was ended before an answer came"

    def as_json(self) -> dict[str, Any]:
        """The entry as the ledger file holds it."""
        return {
            "number": self.number,
            "use_case": self.use_case,
            "window_utc": [iso(bound) for bound in self.window] if self.window else None,
            "asked_at_utc": iso(self.asked_at_utc),
            "verdict": self.verdict,
            "cause": self.cause,
            "took_s": None if self.ended_at_utc is None else round(self.ended_at_utc - self.asked_at_utc, 3),
            "code": self.code,
            "rows": self.rows,
            "failed": [
                {"at_utc": iso(one.at_utc), "error": one.error, "text": one.text, "during": list(one.during)}
                for one in self.failed
            ],
        }


@dataclass(slots=True)
class Ledger:
    """All reads of a soak, and the faults that were injected."""

    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unasked: Counter[str] = field(default_factory=Counter)
    """Messages that nobody waited for, by kind: late answers, duplicates, alerts, noise."""

    def begin(self, use_case: str, window: tuple[int, int] | None, at_utc: float) -> Entry:
        """Open an entry."""
        entry = Entry(len(self.entries) + 1, use_case, window, at_utc)
        self.entries.append(entry)
        return entry

    def totals(self) -> dict[str, int]:
        """Reads by verdict. Raises LocalError where they do not add up to the reads that were begun."""
        found = Counter(entry.verdict for entry in self.entries)
        if [entry.number for entry in self.entries] != list(range(1, found.total() + 1)):
            raise LocalError("the ledger does not balance: an entry is missing or there twice")
        return {
            "reads": len(self.entries),
            "answered": found["answered"],
            "retried": found["retried"],
            "lost": found["lost"],
            "interrupted": found["interrupted"],
            "refused": sum(bool(entry.code) for entry in self.entries),
        }

    def causes(self, verdict: Verdict) -> Counter[str]:
        """Why reads were retried or lost."""
        return Counter(entry.cause for entry in self.entries if entry.verdict == verdict)

    def as_json(self, **particulars: Any) -> dict[str, Any]:
        """The whole ledger."""
        return {
            **particulars,
            **self.totals(),
            "retried_because": dict(self.causes("retried").most_common()),
            "lost_because": dict(self.causes("lost").most_common()),
            "faults": dict(Counter(fault.kind for fault in self.faults)),
            "unasked": dict(self.unasked),
            "slowest_s": self._slowest_s(),
            "entries": [entry.as_json() for entry in self.entries],
        }

    def _slowest_s(self) -> float | None:
        took: Sequence[float] = [
            one.ended_at_utc - one.asked_at_utc
            for one in self.entries
            if one.code is not None and one.ended_at_utc is not None
        ]
        return round(max(took), 3) if took else None
