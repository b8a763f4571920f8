"""A head-end with real meters behind a scripted network, in virtual time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

from smets2_only import smets2_only

from emulator.dcc.acb import AccessControlBroker, Sent
from emulator.dcc.access import AccessControl
from emulator.dcc.counters import OriginatorCounters
from emulator.dcc.head_end import HeadEnd, Resend
from emulator.dcc.planning import Plan
from emulator.dcc.registration import Registration
from emulator.dcc.requests import FinishedRead, ServiceRequest
from emulator.dcc.rules import Rules
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects
from emulator.population import populate
from emulator.scenario import Scenario
from gbcs.roles import RemotePartyRole
from gbcs.seeded import SeededKeyStore

ACB_EUI = bytes.fromhex("024d46ac00000001")
_ROLES = {
    "IS": RemotePartyRole.SUPPLIER,
    "ES": RemotePartyRole.SUPPLIER,
    "NO": RemotePartyRole.NETWORK_OPERATOR,
    "MDR": RemotePartyRole.OTHER,
}

Answers = list[tuple[float, bytes]]
"""What the network brings back for an attempt: after how many seconds, and which bytes."""

Script = Callable[[ServiceRequest, Sent, int, float, Esme], Answers]


class Kernel:
    """Virtual time: callbacks in the order of their instants."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()

    def schedule(self, at: float, callback: Callable[..., None], *args: Any) -> None:
        assert at >= self.now, "nothing is scheduled in the past"
        heapq.heappush(self._heap, (at, next(self._numbers), callback, args))

    def run(self, until: float = float("inf")) -> None:
        while self._heap and self._heap[0][0] <= until:
            self.now, _, callback, args = heapq.heappop(self._heap)
            callback(*args)


def prompt(request: ServiceRequest, sent: Sent, attempt: int, now: float, esme: Esme) -> Answers:
    """A network that takes two seconds each way and loses nothing."""
    return [(4.0, frame) for frame in esme.receive(sent.command, now + 2.0)]


class Bench:
    """All that a head-end needs, and the record of what it did."""

    def __init__(
        self, script: Script = prompt, *, resend: Resend = "same_bytes", scenario: Scenario | None = None, **keys: Any
    ) -> None:
        self.scenario = scenario or smets2_only(**{"premises": 60, **keys})
        self.population = populate(self.scenario)
        parties = self.population.parties()
        organisations = {ACB_EUI: RemotePartyRole.ACCESS_CONTROL_BROKER}
        organisations |= {party.eui: _ROLES[party.role] for party in parties}
        self.keys = SeededKeyStore(self.scenario.key_seed, organisations)
        self.rules = Rules(self.scenario)
        self.registration = Registration.of(self.scenario, self.population)
        self.acb = AccessControlBroker(ACB_EUI, self.keys, OriginatorCounters(), self.scenario.gbcs_version)
        self.access = AccessControl(self.rules, self.registration, self.acb, self.scenario.duis_version)
        self.kernel, self.script, self.ids = Kernel(), script, count()
        self.plan = Plan(self.scenario, self.population, self.rules, self.registration, self.ids)
        self.finished: list[FinishedRead] = []
        self.sent: list[tuple[float, ServiceRequest, Sent, int]] = []
        self.head_end = HeadEnd(
            self.acb,
            self.access,
            self.rules,
            schedule=self.kernel.schedule,
            transmit=self.transmit,
            finished=self.finished.append,
            resend=resend,
            ids=self.ids,
        )
        self._meters: dict[int, Esme] = {}

    def meter(self, premises: int) -> Esme:
        """The meter of a premises, made when it is needed."""
        if premises not in self._meters:
            known = {ACB_EUI: RemotePartyRole.ACCESS_CONTROL_BROKER}
            population = self.population
            for role, column in (("IS", population.import_supplier), ("NO", population.network_operator)):
                party = [party for party in population.parties() if party.role == role][column[premises]]
                known[party.eui] = _ROLES[role]
            model = energy_model("single_rate", export=bool(population.has_export[premises]))
            energy = MeterEnergy(model, premises, commissioned_at=0)
            self._meters[premises] = Esme(population.esme(premises), self.keys, ACB_EUI, known, LiveObjects(energy))
        return self._meters[premises]

    def transmit(self, request: ServiceRequest, sent: Sent, attempt: int, now: float) -> None:
        self.sent.append((now, request, sent, attempt))
        for delay_s, frame in self.script(request, sent, attempt, now, self.meter(request.premises)):
            at = now + delay_s
            self.kernel.schedule(at, self.head_end.receive, frame, request.id, at)

    def request(self, srv: str = "4.8.1", role: str = "IS", **differences: Any) -> ServiceRequest:
        """The first request of the plan with this service request and role that fits ``differences``."""
        for request in self.plan.requests():
            fits = all(getattr(request, name) == value for name, value in differences.items())
            if request.srv == srv and request.role == role and fits:
                return request
        raise AssertionError(f"the plan holds no {srv} by {role} with {differences}")
