"""When each read is asked: service requests in the order of their due times.

The reads of UTC day X are made on day X+1, when its last row exists: those with the ForSettlement flag (an MDR User's
all have it) in the CSP's MHHS window, the others in the existing one. Reads that the DUIS version cannot schedule are
asked on demand at such a slot (PIA DA13). Slots are evenly spaced over the window, or front-loaded (R1); who gets which
hangs off the seed. Bursts of on-demand reads (R2) come on top.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from emulator.dcc.demand import Batch, ReadDemand
from emulator.dcc.registration import Registration
from emulator.dcc.requests import ServiceRequest
from emulator.dcc.rule_tables import Generation, Mode, MpanKind, Window
from emulator.dcc.rules import Rules, schedulable
from emulator.dcc.settlement import settlement_days, utc_day_bounds, utc_day_start
from emulator.population import NONE, Population
from emulator.rng import generator
from emulator.scenario_model import Flood, Scenario
from gbcs.catalogue import by_srv
from gbcs.frozen import maker
from gbcs.times import DAY_S

_FLOOD_SRV = "4.8.1"
_PROFILE_SRV: dict[MpanKind, str] = {"import": "4.8.1", "export": "4.8.3"}
_GENERATIONS: tuple[Generation, ...] = ("smets2", "smets1")
_make_request = maker(ServiceRequest)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Reads of one UTC day: the batch, premises, user, flag and due time of each."""

    batch: NDArray[np.intp]
    premises: NDArray[np.intp]
    party: NDArray[np.int16]
    flagged: NDArray[np.bool_]
    due_at: NDArray[np.float64]

    def in_order(self) -> _Columns:
        """The same by due time."""
        order = np.argsort(self.due_at, kind="stable")
        return _Columns(*(getattr(self, name)[order] for name in self.__slots__))


class Plan:
    """The service requests of a scenario.

    Does not model: schedules that users create and delete; requests that users send twice.
    """

    def __init__(
        self,
        scenario: Scenario,
        population: Population,
        rules: Rules,
        registration: Registration,
        ids: Iterator[int] | None = None,
    ) -> None:
        """``ids`` gives request numbers; share it with the head-end, which numbers its follow-ups."""
        self.scenario, self.population, self.rules, self.registration = scenario, population, rules, registration
        self.demand = ReadDemand(scenario, population, registration)
        self.ids = ids if ids is not None else count()
        self.days = settlement_days(scenario.date, scenario.days)
        self._exponent = rules.windows.release[scenario.demand.release].value

    def utc_days(self) -> tuple[int, ...]:
        """Starts of the UTC days that hold the settlement days."""
        return tuple(sorted({day for settled in self.days for day in settled.utc_days}))

    def requests(self) -> Iterator[ServiceRequest]:
        """All requests, by ``due_at``; made day by day, so that few are in memory at a time."""
        floods = [self._flood(number, flood) for number, flood in enumerate(self.scenario.demand.on_demand_flood)]
        return heapq.merge(self._scheduled(), *floods, key=attrgetter("due_at"))

    def reread(self, premises: int, kind: MpanKind, day: int, at: float) -> ServiceRequest:
        """The half-hours of one MPAN and UTC day once more, on demand at ``at``, for the RF run."""
        chosen = np.array([premises])
        parties = self.demand.readers(kind, chosen, day)
        batch = Batch(_PROFILE_SRV[kind], kind, chosen, parties, np.ones(1, dtype=bool), *utc_day_bounds(day))
        columns = _Columns(np.zeros(1, dtype=np.intp), chosen, parties, batch.for_settlement, np.array([at]))
        [request] = self._made(day, [batch], ["on_demand"], columns)
        return replace(request, phase="RF")

    def window(self, csp: str, for_settlement: bool) -> Window:
        """The window in which a CSP's schedules run."""
        windows = self.rules.windows.csp[csp]
        return (windows.mhhs if for_settlement else windows.existing).value

    def batches(self, day: int) -> list[Batch]:
        """What is asked of the UTC day that starts at ``day``; daily and monthly reads belong to a settlement day."""
        return self.demand.of_day(day, whole=any(utc_day_start(settled.date) == day for settled in self.days))

    def _scheduled(self) -> Iterator[ServiceRequest]:
        for day in self.utc_days():
            yield from self._of_day(day, self.batches(day))

    def _of_day(self, day: int, batches: list[Batch]) -> Iterator[ServiceRequest]:
        if not batches:
            return iter(())
        premises = np.concatenate([batch.premises for batch in batches])
        flagged = np.concatenate([batch.for_settlement for batch in batches])
        which = np.repeat(np.arange(len(batches)), [len(batch.premises) for batch in batches])
        parties = np.concatenate([batch.parties for batch in batches])
        columns = _Columns(which, premises, parties, flagged, self._slots(day, premises, flagged))
        modes: list[Mode] = [
            "scheduled" if schedulable(batch.srv, self.scenario.duis_version) else "on_demand" for batch in batches
        ]
        return self._made(day, batches, modes, columns.in_order())

    def _slots(self, day: int, premises: NDArray[np.intp], flagged: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The due time of each read: evenly spaced in its window by a permutation, then bent by the release."""
        due = np.empty(len(premises))
        csp = self.population.csp[premises]
        lead_s = self.rules.windows.lead.lead_s.value
        for number, name in enumerate(self.population.names.csp):
            for flag in (False, True):
                among = np.flatnonzero((csp == number) & (flagged == flag))
                window = self.window(name, flag)
                opens = day + DAY_S + min(window.start_s + lead_s, window.end_s)
                length = day + DAY_S + window.end_s - opens
                places = generator(self.scenario.seed, "slots", day, name, int(flag)).permutation(len(among))
                due[among] = opens + length * ((places + 0.5) / max(len(among), 1)) ** self._exponent
        return due

    def _made(self, day: int, batches: list[Batch], modes: list[Mode], columns: _Columns) -> Iterator[ServiceRequest]:
        population, parties, ids = self.population, self.registration.parties, self.ids
        csp_names = population.names.csp
        shared = [
            (batch.srv, by_srv(batch.srv), batch.kind, mode, batch.first, batch.last, [
                self._trt_s(batch.srv, mode, flagged, generation)
                for generation in _GENERATIONS for flagged in (False, True)
            ]) for batch, mode in zip(batches, modes, strict=True)
        ]  # fmt: skip
        csp = population.csp[columns.premises].tolist()
        # Position among the four target times of a batch: by generation, then by flag.
        trt_at = (2 * (population.cohort[columns.premises] != NONE) + columns.flagged).tolist()
        devices = np.frombuffer(population.esme_eui[columns.premises].astype(">u8").tobytes(), "V8").tolist()
        rows = (getattr(columns, name).tolist() for name in columns.__slots__)
        for at, premises, party, flagged, due_at, csp_at, device, trt in zip(*rows, csp, devices, trt_at, strict=True):
            srv, use_case, kind, mode, first, last, trts_s = shared[at]
            user = parties[party]
            yield _make_request(
                next(ids), srv, use_case, user.role, user, premises, device, csp_names[csp_at], kind, mode, flagged,
                first, last, day, due_at, trts_s[trt],
            )  # fmt: skip

    def _trt_s(self, srv: str, mode: Mode, for_settlement: bool, generation: Generation) -> float:
        """The target response time, or 0 where meters of the generation do not have the read: it will be refused."""
        row = self.rules.row(srv).trt_s.value
        return self.rules.trt_s(srv, mode, for_settlement, generation) if getattr(row, generation) else 0.0

    def _flood(self, number: int, flood: Flood) -> Iterator[ServiceRequest]:
        """A burst of 4.8.1 on demand for the last whole UTC day, by those who read the MPANs, all for settlement."""
        at = self.scenario.instant(flood.at)
        day = int(at // DAY_S - 1) * DAY_S
        order = generator(self.scenario.seed, "flood", number).permutation(self.demand.half_hourly)
        chosen = np.resize(order, flood.reads if len(order) else 0)
        parties, flags = self.demand.readers("import", chosen, day), np.ones(len(chosen), dtype=bool)
        batch = Batch(_FLOOD_SRV, "import", chosen, parties, flags, *utc_day_bounds(day))
        due_at = at + flood.over_s * np.arange(len(chosen)) / max(len(chosen), 1)
        columns = _Columns(np.zeros(len(chosen), dtype=np.intp), chosen, parties, flags, due_at)
        return self._made(day, [batch], ["on_demand"], columns)
