"""What is asked of the farm on one UTC day, by the consent of each customer (PIA Requirement 5 and Table 4).

====================  =============================================================================================
who                   what
====================  =============================================================================================
import, half-hourly   4.8.1 for the day, by the MDRA; registers once a month: 4.1.1 by a supplier, 4.6.1 by an MDR
import, daily         4.6.1 or 4.17 for the day, as the scenario mixes them; SMETS1 meters have 4.6.1 alone
import, monthly       4.1.1 once a month (an MDR User is refused it by GBCS 4.3)
export                always half-hourly: 4.8.3 for the day, by the MDRA; 4.2 once a month, 4.6.2 for a share of
                      the SMETS2 meters
network operator      4.8.1 for the day, for a share of the premises; never ForSettlement
====================  =============================================================================================

A supplier re-uses a share of its reads from what it collects anyway: those carry no ForSettlement flag. Monthly reads
are spread evenly over the days of the month: whose turn it is today is a function of the seed and the date.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.dcc.registration import KINDS, Parties, Registration
from emulator.dcc.rule_tables import MpanKind
from emulator.dcc.settlement import local_midnight, settlement_date, utc_date, utc_day_bounds
from emulator.population import NONE, Population, whole_counts
from emulator.rng import generator
from emulator.scenario_model import Scenario
from gbcs.times import DAY_S, HALF_HOUR_S

Members = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Reads that differ only in premises and user. ``parties`` are positions in the parties of the registration.

    ``first`` and ``last`` bound the rows; None for registers.
    """

    srv: str
    kind: MpanKind
    premises: Members
    parties: Parties
    for_settlement: Flags
    first: int | None
    last: int | None


class ReadDemand:
    """The reads of each UTC day, as batches.

    Does not model: users that ask for what they are not entitled to, except for 4.1.1 by MDR Users; reads of suppliers
    that serve no settlement; changes of consent.
    """

    def __init__(self, scenario: Scenario, population: Population, registration: Registration) -> None:
        self.seed, self.population, self.registration = scenario.seed, population, registration
        demand, names = scenario.demand, population.names.granularity
        self._consent = {name: np.flatnonzero(population.granularity == at) for at, name in enumerate(names)}
        self._export = np.flatnonzero(population.has_export)
        smets2 = population.cohort == NONE
        everyone = np.arange(len(population))
        self._reused: dict[MpanKind, Flags] = {
            kind: self._flags(f"reuse_{kind}", demand.data_reuse_share, of)
            for kind, of in zip(KINDS, (everyone, self._export), strict=True)
        }
        self._operators = np.flatnonzero(self._flags("network_operator", demand.network_operator_share, everyone))
        self._export_logs = np.flatnonzero(
            self._flags("export_log", demand.export_daily_log_share, self._export) & smets2
        )
        daily = self._members("daily")
        self._daily = self._split("daily_srv", demand.daily_import_srv, daily[smets2[daily]])
        if not smets2.all():
            self._daily["4.6.1"] = np.sort(np.concatenate([self._daily.get("4.6.1", daily[:0]), daily[~smets2[daily]]]))
        self._is_mdr = np.array([party.role == "MDR" for party in registration.parties])

    def of_day(self, day: int, whole: bool = True) -> list[Batch]:
        """The reads of the UTC day that starts at ``day``; of one that is not ``whole`` only half-hours are needed."""
        batches = [
            *self._profiles("4.8.1", "import", self.half_hourly, day),
            *self._profiles("4.8.3", "export", self._export, day),
        ]
        if whole:
            batches += [*self._daily_reads(day), *self._monthly_reads(day), self._operator_reads(day)]
        return [batch for batch in batches if len(batch.premises)]

    @property
    def half_hourly(self) -> Members:
        """The premises whose import is read half-hourly."""
        return self._members("half_hourly")

    def readers(self, kind: MpanKind, members: Members, day: int) -> Parties:
        """Who reads MPANs for the settlement day of a UTC day's date: their MDRAs."""
        return self.registration.agents(kind, utc_date(day))[members]

    def _members(self, granularity: str) -> Members:
        return self._consent.get(granularity, np.arange(0))

    def _profiles(self, srv: str, kind: MpanKind, members: Members, day: int) -> list[Batch]:
        """48 half-hours; where a change of MDRA falls between them, each agent asks for its own settlement days."""
        first, last = utc_day_bounds(day)
        change = local_midnight(self.registration.change_date)
        if not first <= change < last:
            return [
                self._batch(srv, kind, members, self.registration.agents(kind, settlement_date(last)), (first, last))
            ]
        changed = self.registration.changed(kind)[members]
        new = self.registration.agents(kind, settlement_date(last))
        old = self.registration.agents(kind, settlement_date(first))
        return [
            self._batch(srv, kind, members[~changed], new, (first, last)),
            self._batch(srv, kind, members[changed], old, (first, change)),
            self._batch(srv, kind, members[changed], new, (change + HALF_HOUR_S, last)),
        ]

    def _daily_reads(self, day: int) -> list[Batch]:
        return [
            self._day_batch(srv, "import", members, day, (day + DAY_S,) * 2) for srv, members in self._daily.items()
        ]

    def _monthly_reads(self, day: int) -> list[Batch]:
        half_hourly = self._due("half_hourly", self.half_hourly, day)
        by_mdr = self._is_mdr[self.readers("import", half_hourly, day)]
        midnight = (day + DAY_S,) * 2
        return [
            self._day_batch("4.1.1", "import", half_hourly[~by_mdr], day),
            self._day_batch("4.6.1", "import", half_hourly[by_mdr], day, midnight),
            self._day_batch("4.1.1", "import", self._due("monthly", self._members("monthly"), day), day),
            self._day_batch("4.2", "export", self._due("export", self._export, day), day),
            self._day_batch("4.6.2", "export", self._due("export_log", self._export_logs, day), day, midnight),
        ]

    def _operator_reads(self, day: int) -> Batch:
        members = self._operators
        parties, flags = self.registration.network_operators[members], np.zeros(len(members), dtype=bool)
        return Batch("4.8.1", "import", members, parties, flags, *utc_day_bounds(day))

    def _day_batch(
        self, srv: str, kind: MpanKind, members: Members, day: int, bounds: tuple[Any, ...] = (None, None)
    ) -> Batch:
        return self._batch(srv, kind, members, self.registration.agents(kind, utc_date(day)), bounds)

    def _batch(self, srv: str, kind: MpanKind, members: Members, agents: Parties, bounds: tuple[Any, ...]) -> Batch:
        parties = agents[members]
        flagged = self._is_mdr[parties] | ~self._reused[kind][members]
        return Batch(srv, kind, members, parties, flagged, *bounds)

    def _due(self, purpose: str, members: Members, day: int) -> Members:
        """Those of the members whose turn it is today: each once a calendar month, the days as even as can be."""
        today = utc_date(day)
        days = monthrange(today.year, today.month)[1]
        order = generator(self.seed, "demand", "monthly", purpose).permutation(members)
        count, number = len(order), today.day - 1
        return np.sort(order[count * number // days : count * (number + 1) // days])

    def _flags(self, purpose: str, share: float, among: Members) -> Flags:
        """Exactly ``share`` of the premises in ``among``."""
        flags = np.zeros(len(self.population), dtype=bool)
        flags[self._split(purpose, {"yes": share, "no": 1 - share}, among)["yes"]] = True
        return flags

    def _split(self, purpose: str, shares: dict[str, float], among: Members) -> dict[str, Members]:
        order = generator(self.seed, "demand", purpose).permutation(among)
        ends = np.cumsum(whole_counts(shares, len(order)))[:-1]
        return {name: np.sort(part) for name, part in zip(shares, np.split(order, ends), strict=True)}
