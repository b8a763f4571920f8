"""A run: a farm is made, its settlement days are read through the whole journey, and every value is checked.

Simulated time goes on past the night of the reads: what is missing at the end of D+1 is asked for again on demand until
SF, and at RF, months later, a sample of the days and all that is still missing is read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import numpy as np

from emulator.assumptions import Assumption
from emulator.clock import Stopwatch, make_clock
from emulator.collector import Collector, Oracle
from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.access import AccessControl
from emulator.dcc.brokers import BrokerPerDevice
from emulator.dcc.counters import OriginatorCounters
from emulator.dcc.head_end import HeadEnd
from emulator.dcc.planning import Plan
from emulator.dcc.registration import KINDS, Registration
from emulator.dcc.requests import FinishedRead, ServiceRequest
from emulator.dcc.rule_tables import MpanKind
from emulator.dcc.rules import Rules
from emulator.dcc.settlement import SettlementDay, local_midnight, rf_at, settlement_days, sf_at, utc_day_start
from emulator.farm import Farm
from emulator.journey import Journey
from emulator.kernel import Kernel
from emulator.ledger import Ledger
from emulator.networks import Networks
from emulator.population import populate
from emulator.rig_oracle import RigOracle
from emulator.rng import generator
from emulator.scenario import Scenario, stated
from emulator.scenario_names import SMETS1
from emulator.slots import RealDevice, placed
from emulator.smets1.side import Smets1Side
from emulator.store import ResultStore
from emulator.store_schema import REREAD
from gbcs.times import DAY_S

Progress = Callable[[int, float], None]
"""``progress(reads finished, simulated time)``, every few hundred reads."""

NO_DEVICES: Mapping[str, RealDevice] = {}
_PROGRESS_EVERY = 200
RF_SPREAD_S = 8 * 3600.0
FOLLOW_UPS_OVER_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Phases:
    """When a settlement day's checkpoints are, seconds since 2000."""

    day: SettlementDay
    d1_at: int
    sf_at: int
    rf_at: int


class SettlementRun:
    """Everything of one run, wired together. Make it, :meth:`execute` it once, read the results.

    Does not model: users that change their mind; new meters in the middle of a run; anything between SF and RF.
    """

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        *,
        progress: Progress | None = None,
        devices: Mapping[str, RealDevice] = NO_DEVICES,
    ) -> None:
        """``folder`` takes the result store; ``devices`` are those of the rigs that the scenario names, by rig.

        Raises ScenarioError for a mistake that shows only now.
        """
        self.scenario, self.stopwatch = scenario, Stopwatch()
        self.population = populate(scenario)
        self.devices = placed(self.population, scenario, devices)
        self.rig_oracles = {premises: RigOracle(device.rig) for premises, device in self.devices.items()}
        self.rules = Rules(scenario)
        change_date = settlement_days(scenario.date, scenario.days)[-1].date
        self.registration = Registration(self.population, change_date, scenario.demand.mdr_change_share, scenario.seed)
        self._ids: Iterator[int] = count(1)
        self.plan = Plan(scenario, self.population, self.rules, self.registration, self._ids)
        utc_days = self.plan.utc_days()
        self.farm = Farm(scenario, self.population, utc_days[0] // DAY_S, utc_days[-1] // DAY_S)
        self.networks = Networks(scenario, self.population)
        self.kernel = Kernel(float(utc_days[0]), make_clock(scenario.clock))
        self.journey = Journey(
            self.farm, self.networks, self.kernel, self._arrived, self._blocks, self._failed, self.devices
        )
        acb = AccessControlBroker(self.farm.acb, self.farm.keys, OriginatorCounters(), scenario.gbcs_version)
        access = AccessControl(self.rules, self.registration, acb, scenario.duis_version)
        self.head_end = HeadEnd(
            BrokerPerDevice(acb, {device.eui: device.broker for device in self.devices.values()})
            if self.devices
            else acb,
            access,
            self.rules,
            schedule=self.kernel.at,
            transmit=self.journey.transmit,
            finished=self._finished,
            resend=scenario.replay.resend,
            ids=self._ids,
        )
        self.smets1: Smets1Side | None = None
        if self.population.names.cohort:
            self.smets1 = Smets1Side(
                self.farm, self.networks.outages, self.kernel, self.rules, access, acb.counters, self._smets1_finished,
                self._ids,
            )  # fmt: skip
        self.ledger = Ledger(self.population, self.plan.days)
        self.store = ResultStore(folder, self.population.table())
        self.collector = Collector(self.farm, self.journey, self.store, self.ledger, self._follow_up)
        self.phases = tuple(self._phases(day) for day in self.plan.days)
        self.is_paced = self.kernel.clock.paced
        self._progress = progress
        self._all_asked, self._submitted = False, 0
        names = self.population.names.granularity
        self._monthly = np.array([name == "monthly" for name in names])[self.population.granularity]
        self._random = generator(scenario.seed, "follow_up")
        self._requests = self.plan.requests()

    @property
    def planned_reads(self) -> int:
        """Reads of the schedules; follow-ups and re-reads come on top."""
        return sum(len(batch.premises) for day in self.plan.utc_days() for batch in self.plan.batches(day))

    # ------------------------------------------------------------------ the run

    def execute(self) -> None:
        """Carry the run out. Where the kernel is stopped, what is done so far stays, and :meth:`close` keeps it."""
        self.start()
        self.kernel.run(until=float(max(phases.d1_at for phases in self.phases)) if self.is_paced else None)
        self._count_rereads()

    def start(self) -> None:
        """Put the first read and all checkpoints on the kernel; whoever wants to stop in between runs it itself."""
        self._feed()
        for phases in self.phases:
            self.kernel.at(float(phases.d1_at), self._checkpoint, phases, "D+1")
            if not self.is_paced:
                self.kernel.at(float(phases.sf_at), self._checkpoint, phases, "SF")
                self.kernel.at(float(phases.rf_at), self._rf_reads, phases)
                self.kernel.at(float(phases.rf_at + DAY_S), self._checkpoint, phases, "RF")

    def close(self) -> None:
        """Write what is known of gaps and assumptions, and close the store."""
        for missing in self.ledger.missing():
            self.store.add_gaps(
                missing.premises,
                missing.mpan_kind,
                missing.cause.srv,
                utc_day_start(missing.day.date),
                missing.periods,
                missing.stamps,
                missing.cause.leg,
                missing.cause.reason,
                missing.filled,
            )
        self.store.add_assumptions(self.assumptions())

    def assumptions(self) -> list[Assumption]:
        """Everything that the run takes for granted."""
        parts = (self.farm, self.journey, self.rules)
        found = [*stated(self.scenario), *(one for part in parts for one in part.assumptions())]
        return found if self.smets1 is None else [*found, *self.smets1.assumptions()]

    # ------------------------------------------------------------------ requests

    def _feed(self) -> None:
        """Schedule the next request of the plan: one at a time, so that the plan stays a stream."""
        request = next(self._requests, None)
        self._all_asked = request is None
        if request is not None:
            self.kernel.at(request.due_at, self._submit_planned, request)

    def _submit_planned(self, request: ServiceRequest) -> None:
        self._feed()
        if request.srv == "4.1.1" and self._is_monthly(request.premises):
            self.ledger.monthly_due(request.premises, request.day)
        self._submit(request)

    def _submit(self, request: ServiceRequest) -> None:
        self._submitted += 1
        if self.smets1 is not None and request.csp == SMETS1:
            self.smets1.submit(request, self.kernel.now)
        else:
            self.head_end.submit(request, self.kernel.now)

    def _is_monthly(self, premises: int) -> bool:
        return bool(self._monthly[premises])

    def _arrived(self, frame: bytes, request_id: int, now: float) -> None:
        self.head_end.receive(frame, request_id, now)

    def _blocks(self, request_id: int, now: float, down: int, up: int) -> None:
        self.head_end.block(request_id, now, down=down, up=up)

    def _failed(self, request_id: int, leg: str, reason: str) -> None:
        self.head_end.fail(request_id, leg, reason)

    def _finished(self, finished: FinishedRead) -> None:
        self._collect(finished, self.rig_oracles.get(finished.request.premises))

    def _smets1_finished(self, finished: FinishedRead, read_at: float) -> None:
        self.journey.executed_at[finished.request.id] = read_at
        self._collect(finished, self.smets1)

    def _collect(self, finished: FinishedRead, oracle: Oracle | None = None) -> None:
        self.collector.take(finished, oracle)
        done = self.collector.finished_reads
        if self._progress is not None and done % _PROGRESS_EVERY == 0:
            self._progress(done, self.kernel.now)
        if self.is_paced and self._all_asked and done == self._submitted:
            self.kernel.hurry()  # nothing is left to wait for but the checkpoint

    def _follow_up(self, request: ServiceRequest) -> None:
        """The user asks again, on demand, a while later (PIA Requirement 5, DA13)."""
        if request.phase == "RF" or self.is_paced:
            return
        phases = next((each for each in self.phases if request.day in each.day.utc_days), self.phases[-1])
        desk = self.smets1.road.desk if self.smets1 is not None and request.csp == SMETS1 else self.head_end
        again = desk.re_request(request, self.kernel.now, phases.sf_at)
        if again is not None:
            self.kernel.at(again.due_at + self._random.random() * FOLLOW_UPS_OVER_S, self._submit, again)

    # ------------------------------------------------------------------ checkpoints

    def _phases(self, day: SettlementDay) -> Phases:
        checkpoints = self.scenario.checkpoints
        return Phases(
            day,
            local_midnight(day.date + timedelta(days=2)),
            sf_at(day.date, checkpoints.sf_working_days),
            rf_at(day.date, checkpoints.rf_months),
        )

    def _checkpoint(self, phases: Phases, name: str) -> None:
        for one in self.ledger.count(phases.day, name):
            if one.expected:
                self.store.add_completeness(one.granularity, one.mpan_kind, name, one.expected, one.present)

    def _rf_reads(self, phases: Phases) -> None:
        """Read again what is still missing, and a sample of what came, months later."""
        wanted = dict.fromkeys(self.ledger.missing_reads(phases.day))
        wanted.update(dict.fromkeys(self._sample(phases.day)))
        for number, (premises, kind) in enumerate(wanted):
            at = phases.rf_at + RF_SPREAD_S * (number + 0.5) / len(wanted)
            for day in phases.day.utc_days:
                request = self.plan.reread(premises, kind, day, at)
                self.kernel.at(at, self._submit, request)

    def _sample(self, day: SettlementDay) -> list[tuple[int, MpanKind]]:
        """A share of the half-hourly MPANs, drawn from the seed; one of each kind at least."""
        found: list[tuple[int, MpanKind]] = []
        for kind in KINDS:
            members = self.ledger.half_hourly(kind)
            if len(members):
                size = max(1, round(self.scenario.checkpoints.rf_audit_sample * len(members)))
                drawn = generator(self.scenario.seed, "rf", str(day.date), kind).permutation(members)[:size]
                found += [(int(premises), kind) for premises in sorted(drawn)]
        return found

    def _count_rereads(self) -> None:
        for kind, (asked, served) in self.collector.reread_rows.items():
            if asked:
                self.store.add_completeness("half_hourly", kind, REREAD, asked, served)
