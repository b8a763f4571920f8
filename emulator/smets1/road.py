"""The whole road of SMETS1 reads, put together: DSP, service providers, DCO, operators, sessions, meters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from emulator.assumptions import Assumption
from emulator.dcc.access import AccessControl
from emulator.dcc.requests import ServiceRequest
from emulator.dcc.rules import Rules
from emulator.kernel import Kernel
from emulator.population import NONE, Population, whole_counts
from emulator.rng import generator
from emulator.scenario import Scenario
from emulator.smets1.access_point import AccessPoint
from emulator.smets1.cohorts import CohortRow, Cohorts, load_cohorts
from emulator.smets1.dco import Dco
from emulator.smets1.desk import Finished, Papers, Smets1Desk
from emulator.smets1.exchange import Dialogue
from emulator.smets1.gate import Gate
from emulator.smets1.measures import Measures
from emulator.smets1.radio import Radio, RadioParameters, load_radio
from emulator.smets1.readers.steps import ASSUMPTIONS as STEPS
from emulator.smets1.s1sp import Countersigned, ServiceProvider
from emulator.smets1.session import HubSession, Way, Wish

_MPAN_OF = {"4.8.3": "export", "4.2": "export"}

ASSUMPTIONS = (
    *STEPS,
    Assumption("smets1.month", "30 days like those of the run", "A", "the PIA asks for figures a month"),
    Assumption(
        "smets1.instructions", "reads are consulted with the DCO one by one", "A", "PIA I2: 4 s for all MDR SRVs"
    ),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is compared: how SMS behave, and whether providers cache."""

    sms_preset: str
    cache: bool
    cache_hits_consult_dco: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a road stands in: the farm's side, the DSP's side, and whether a hub can be reached at an instant."""

    scenario: Scenario
    population: Population
    rules: Rules
    access: AccessControl
    cohorts: Cohorts
    reachable: Callable[[int, float], bool]


def cohorts_of(scenario: Scenario) -> Cohorts:
    """The cohorts with the scenario's own values. Raises ScenarioError."""
    return load_cohorts(scenario.smets1.overrides, label=f"scenario {scenario.label}")


def setting_of(scenario: Scenario) -> Setting:
    """What the scenario asks for."""
    section = scenario.smets1
    return Setting(section.sms_preset, section.cache, section.cache_hits_consult_dco)


class Smets1Road:
    """Carries SMETS1 reads in simulated time.

    Does not model: gas; alerts of devices; firmware, top-ups and whatever else shares these networks; one operator's
    API behind several providers (each operator's limit is shared by all who use it).
    """

    def __init__(
        self,
        around: Surroundings,
        setting: Setting,
        kernel: Kernel,
        dialogue: Dialogue,
        papers: Papers,
        finished: Finished,
        ids: Iterator[int],
    ) -> None:
        """Raises ScenarioError for values of the scenario that cannot be."""
        self.around, self.setting, self.kernel = around, setting, kernel
        scenario, cohorts = around.scenario, around.cohorts
        self.measures = Measures()
        parameters = radio_parameters(scenario, setting)
        self.radio = Radio(parameters, scenario.seed, len(around.population))
        self.dco = Dco(cohorts.dco, kernel)
        self.access_points = {
            name: AccessPoint(name, place, row) for place, (name, row) in enumerate(cohorts.apn.items())
        }
        self.operators = tuple(cohorts.operator)
        self.providers = {name: self._provider(name) for name in cohorts.s1sp}
        self.sms_gates = {name: Gate(row.sms_per_s.value, kernel.at) for name, row in cohorts.cohort.items()}
        self.api_gates = {name: Gate(row.api_per_s.value, kernel.at) for name, row in cohorts.operator.items()}
        limits = around.rules.rates.apn
        self.apn_limits = {name: Gate(row.per_s.value, kernel.at, row.burst.value) for name, row in limits.items()}
        self._dialogue = dialogue
        self._rows = [cohorts.cohort[name] for name in around.population.names.cohort]
        self._operator = _operators(around.population, self._rows, self.operators, scenario.seed)
        self._ways: dict[tuple[int, int], Way] = {}
        self._sessions: dict[int, HubSession] = {}
        self.desk = Smets1Desk(
            kernel, around.rules, around.access, self._hand_over, self._limit_of, papers, finished, ids
        )

    def __len__(self) -> int:
        """Hubs that have been talked to."""
        return len(self._sessions)

    def assumptions(self) -> list[Assumption]:
        """Everything that the road takes for granted."""
        return [*self.around.cohorts.assumptions(), *self.radio.assumptions(), *ASSUMPTIONS]

    def counts(self) -> dict[str, int]:
        """What providers did, by name, all of them together."""
        total: Counter[str] = Counter()
        for provider in self.providers.values():
            total.update(provider.counts)
        return dict(total)

    # ------------------------------------------------------------------ who serves whom

    def _cohort(self, premises: int) -> CohortRow:
        return self._rows[int(self.around.population.cohort[premises])]

    def _provider(self, name: str) -> ServiceProvider:
        return ServiceProvider(
            name,
            self.around.cohorts.s1sp[name],
            self.kernel,
            self.dco,
            self._want,
            self.around.access.smets1_refusal,
            self._has_read,
            cached=self.setting.cache,
            hits_consult_dco=self.setting.cache_hits_consult_dco,
        )

    def _hand_over(self, order: Countersigned) -> str:
        name = self._cohort(order.request.premises).s1sp
        self.providers[name].take(order)
        return name

    def _limit_of(self, premises: int) -> Gate | None:
        limit = self.around.cohorts.apn[self._cohort(premises).apn].dsp_limit.value
        return self.apn_limits[limit] if limit else None

    def _has_read(self, premises: int, srv: str) -> bool:
        return _MPAN_OF.get(srv) != "export" or bool(self.around.population.has_export[premises])

    def _want(self, premises: int, wish: Wish) -> None:
        session = self._sessions.get(premises)
        if session is None:
            session = self._sessions[premises] = HubSession(premises, self._way(premises))
        session.want(wish)

    def _way(self, premises: int) -> Way:
        """The way to a hub, shared by all hubs of its cohort and operator."""
        cohort, operator = int(self.around.population.cohort[premises]), self._operator[premises]
        way = self._ways.get((cohort, operator))
        if way is None:
            way = self._ways[cohort, operator] = self._make_way(cohort, operator)
        return way

    def _make_way(self, cohort: int, operator: int) -> Way:
        row, name = self._rows[cohort], self.operators[operator]
        provider = self.around.cohorts.s1sp[row.s1sp]
        return Way(
            self.kernel,
            self.radio,
            self.measures,
            self._dialogue,
            row,
            (operator, self.around.cohorts.operator[name]),
            self.access_points[row.apn],
            (self.sms_gates[self.around.population.names.cohort[cohort]], self.api_gates[name]),
            (provider.wakes.value, provider.wake_timeout_s.value),
            self.around.reachable,
        )


def radio_parameters(scenario: Scenario, setting: Setting) -> RadioParameters:
    """The radio preset of a setting with the scenario's own values."""
    return load_radio(setting.sms_preset, scenario.networks.overrides, label=f"scenario {scenario.label}")


def _operators(population: Population, rows: Sequence[CohortRow], names: Sequence[str], seed: int) -> list[int]:
    """The operator of every hub, as a position in ``names``; shares are met exactly within each cohort."""
    operator = [NONE] * len(population)
    for cohort, row in enumerate(rows):
        members = (population.cohort == cohort).nonzero()[0]
        order = generator(seed, "smets1", "operator", population.names.cohort[cohort]).permutation(members).tolist()
        start = 0
        for name, count in zip(row.operators.value, whole_counts(row.operators.value, len(order)), strict=True):
            for premises in order[start : start + count]:
                operator[premises] = names.index(name)
            start += count
    return operator


def service_requests(requests: Iterator[ServiceRequest], population: Population) -> Iterator[ServiceRequest]:
    """Those of them that go to SMETS1 meters."""
    return (request for request in requests if population.is_smets1(request.premises))
