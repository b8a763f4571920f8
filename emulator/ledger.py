"""The settlement ledger: which half-hours, days and months are in, at D+1, SF and RF, and why the others are not.

Half-hours are kept as flags over the UTC half-hours of all settlement days of a run, so that a local day of 46, 48 or
50 periods is a slice. Daily and monthly customers have one value a settlement day (or none due).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.dcc.registration import KINDS
from emulator.dcc.rule_tables import MpanKind
from emulator.dcc.settlement import SettlementDay, utc_day_of, utc_day_start
from emulator.population import Population
from gbcs.times import HALF_HOUR_S

Flags = NDArray[np.bool_]

WHOLE = 0
"""In place of a period: the one value of a day or a month."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a value is not in: the leg of the journey, the reason in words, and the service request that was tried."""

    leg: str
    reason: str
    srv: str


@dataclass(frozen=True, slots=True)
class MissingPeriods:
    """Periods of one premises, settlement day and MPAN that were not in at D+1, all for one cause.

    ``filled`` names the checkpoint at which they were in after all, or is empty.
    """

    premises: int
    mpan_kind: str
    day: SettlementDay
    periods: tuple[int, ...]
    stamps: tuple[int, ...]
    cause: Cause
    filled: str


@dataclass(frozen=True, slots=True)
class Count:
    """Values expected and present of one granularity and MPAN kind."""

    granularity: str
    mpan_kind: str
    expected: int
    present: int


_Key = tuple[int, str, int]
"""Premises, MPAN kind, and the start of a UTC day or a stamp."""

NOT_ASKED = Cause("dsp", "nothing asked for it", "")


class Ledger:
    """What settlement expects of a farm, and what has come in.

    Does not model: estimates that settlement puts in place of what is missing.
    """

    def __init__(self, population: Population, days: Sequence[SettlementDay]) -> None:
        self.days = tuple(days)
        self._number = {utc_day_start(day.date): number for number, day in enumerate(days)}
        self._first = min(int(day.stamps[0]) for day in days)
        last = max(int(day.stamps[-1]) for day in days)
        width, count = (last - self._first) // HALF_HOUR_S + 1, len(population)
        names = population.names.granularity
        self._expected: dict[tuple[str, str], Flags] = {
            ("half_hourly", "import"): _is(population.granularity, names, "half_hourly"),
            ("half_hourly", "export"): population.has_export,
            ("daily", "import"): _is(population.granularity, names, "daily"),
        }
        self._monthly_due = np.zeros((count, len(days)), np.bool_)
        self._half_hours: dict[MpanKind, Flags] = {kind: np.zeros((count, width), np.bool_) for kind in KINDS}
        self._singles = {name: np.zeros((count, len(days)), np.bool_) for name in ("daily", "monthly")}
        self._causes: dict[_Key, Cause] = {}
        self._row_causes: dict[_Key, Cause] = {}
        self._causes_at_d1: dict[SettlementDay, tuple[dict[_Key, Cause], dict[_Key, Cause]]] = {}
        self._at_d1: dict[SettlementDay, dict[tuple[str, str], Flags]] = {}
        self._at_sf: dict[SettlementDay, dict[tuple[str, str], Flags]] = {}

    # ------------------------------------------------------------------ what comes in

    def half_hours_in(self, premises: int, mpan_kind: MpanKind, stamps: NDArray[np.int64]) -> None:
        """Half-hours of an MPAN have come in; those outside the settlement days do not count."""
        if not len(stamps):
            return
        flags = self._half_hours[mpan_kind]
        first, last = (int(stamps[end] - self._first) // HALF_HOUR_S for end in (0, -1))
        if first >= 0 and last < flags.shape[1] and last - first + 1 == len(stamps):
            flags[premises, first : last + 1] = True
            return
        places = (stamps - self._first) // HALF_HOUR_S
        flags[premises, places[(places >= 0) & (places < flags.shape[1])]] = True

    def monthly_due(self, premises: int, utc_day: int) -> None:
        """The monthly read of a customer is due on the UTC day that starts at ``utc_day``."""
        if utc_day in self._number:
            self._monthly_due[premises, self._number[utc_day]] = True

    def single_in(self, granularity: str, premises: int, utc_day: int) -> None:
        """The value of a daily or monthly customer for the UTC day that starts at ``utc_day`` has come in."""
        if utc_day in self._number:
            self._singles[granularity][premises, self._number[utc_day]] = True

    def failed(self, premises: int, mpan_kind: str, utc_day: int, cause: Cause) -> None:
        """A read of the UTC day that starts at ``utc_day`` came to nothing."""
        self._causes[premises, mpan_kind, utc_day] = cause

    def row_missing(self, premises: int, mpan_kind: str, stamp: int, cause: Cause) -> None:
        """An answer did not hold a row that was asked for."""
        self._row_causes[premises, mpan_kind, stamp] = cause

    def half_hourly(self, mpan_kind: str) -> NDArray[np.intp]:
        """The premises whose MPAN of a kind is settled half-hourly."""
        return np.flatnonzero(self._expected["half_hourly", mpan_kind])

    # ------------------------------------------------------------------ checkpoints

    def count(self, day: SettlementDay, checkpoint: str) -> list[Count]:
        """Expected and present at this moment, which is the ``checkpoint`` of a settlement day; D+1 and SF are kept."""
        present = self._present(day)
        kept = {"D+1": self._at_d1, "SF": self._at_sf}.get(checkpoint)
        if kept is not None:
            kept[day] = present
        if checkpoint == "D+1":  # what later reads say of the same half-hours is another story
            self._causes_at_d1[day] = dict(self._causes), dict(self._row_causes)
        found = []
        for key, flags in present.items():
            expected = self._expected_of(day, key)
            found.append(Count(*key, int(expected.sum()) * flags.shape[1], int(flags[expected].sum())))
        return found

    def missing_reads(self, day: SettlementDay) -> Iterator[tuple[int, MpanKind]]:
        """Premises and MPAN kind of half-hourly data of a settlement day that is not whole at this moment."""
        present = self._present(day)
        for kind in KINDS:
            key = "half_hourly", kind
            wanting = self._expected_of(day, key) & ~present[key].all(axis=1)
            yield from ((int(premises), kind) for premises in np.flatnonzero(wanting))

    def missing(self) -> Iterator[MissingPeriods]:
        """What was not in at D+1, by premises, day and cause, and whether it came later."""
        for day in self.days:
            now = self._present(day)
            for key, at_d1 in self._at_d1.get(day, now).items():
                expected = self._expected_of(day, key)
                later = {"SF": self._at_sf.get(day, now)[key], "RF": now[key]}
                for premises in np.flatnonzero(expected & ~at_d1.all(axis=1)):
                    yield from self._missing_of(int(premises), day, key, at_d1, later)

    def _missing_of(
        self, premises: int, day: SettlementDay, key: tuple[str, str], at_d1: Flags, later: dict[str, Flags]
    ) -> Iterator[MissingPeriods]:
        granularity, kind = key
        groups: dict[tuple[Cause, str], list[int]] = {}
        for place in np.flatnonzero(~at_d1[premises]).tolist():
            filled = next((name for name, flags in later.items() if flags[premises, place]), "")
            stamp = int(day.stamps[place]) if granularity == "half_hourly" else int(day.stamps[-1])
            groups.setdefault((self._cause(premises, kind, stamp, day, granularity), filled), []).append(place)
        for (cause, filled), places in groups.items():
            if granularity == "half_hourly":
                periods = tuple(place + 1 for place in places)
                stamps = tuple(int(day.stamps[place]) for place in places)
            else:
                periods, stamps = (WHOLE,), (int(day.stamps[-1]),)
            yield MissingPeriods(premises, kind, day, periods, stamps, cause, filled)

    def _cause(self, premises: int, kind: str, stamp: int, day: SettlementDay, granularity: str) -> Cause:
        causes, row_causes = self._causes_at_d1.get(day, (self._causes, self._row_causes))
        row = row_causes.get((premises, kind, stamp))
        if row is not None:
            return row
        utc_day = utc_day_of(stamp) if granularity == "half_hourly" else utc_day_start(day.date)
        return causes.get((premises, kind, utc_day), NOT_ASKED)

    # ------------------------------------------------------------------ flags of a day

    def _present(self, day: SettlementDay) -> dict[tuple[str, str], Flags]:
        start = (int(day.stamps[0]) - self._first) // HALF_HOUR_S
        number = self.days.index(day)
        present: dict[tuple[str, str], Flags] = {
            ("half_hourly", kind): flags[:, start : start + len(day.stamps)].copy()
            for kind, flags in self._half_hours.items()
        }
        for granularity, flags in self._singles.items():
            present[granularity, "import"] = flags[:, number : number + 1].copy()
        return present

    def _expected_of(self, day: SettlementDay, key: tuple[str, str]) -> Flags:
        if key[0] == "monthly":
            return self._monthly_due[:, self.days.index(day)]
        return self._expected[key]


def _is(column: NDArray[Any], names: tuple[str, ...], name: str) -> Flags:
    """Premises whose entry in a column of name positions is ``name``."""
    flags: Flags = column == names.index(name) if name in names else np.zeros(len(column), np.bool_)
    return flags
