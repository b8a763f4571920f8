"""Blocks of the meters of a run's scenario: the same population and the same reads, with draws of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.model import NOTHING, SETTLED, Block, Floats, Ints, Kind, Reads, Setting, no_background
from emulator.capacity.sizes import exchange
from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.dcc.demand import Batch, ReadDemand
from emulator.dcc.registration import Registration
from emulator.dcc.rule_tables import Mode
from emulator.dcc.rules import Rules, schedulable
from emulator.dcc.settlement import settlement_days
from emulator.errors import ScenarioError
from emulator.population import NONE, RADIO_PRESET, Population, populate
from emulator.rng import generator
from emulator.scenario_names import SMETS1
from emulator.wan.model import Direction
from gbcs.catalogue import by_srv
from gbcs.errors import LocalError
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore

_EXPECTS = {"4.8.1": "half_hourly import", "4.8.3": "half_hourly export"}
_SETTLEMENT_ROLES = ("IS", "ES", "MDR")


@dataclass(frozen=True)
class RunSource:
    """The reads of a scenario's settlement day. ``setting.scenario.seed`` makes the farm, as in a run.

    Does not model: settlement days of summer time, which two UTC days hold; several days; a change of agents.
    """

    setting: Setting

    def __getstate__(self) -> dict[str, Setting]:
        return {"setting": self.setting}

    @cached_property
    def population(self) -> Population:
        """The farm."""
        return populate(self.setting.scenario)

    @cached_property
    def _registration(self) -> Registration:
        return Registration.of(self.setting.scenario, self.population)

    @cached_property
    def _rules(self) -> Rules:
        return Rules(self.setting.scenario)

    @cached_property
    def _day(self) -> int:
        """The one UTC day that holds the settlement day. Raises ScenarioError where there are more."""
        scenario = self.setting.scenario
        days = {day for settled in settlement_days(scenario.date, scenario.days) for day in settled.utc_days}
        if len(days) != 1:
            raise ScenarioError(f"scenario {scenario.label}: a statistical day is one settlement day in winter time")
        return days.pop()

    @cached_property
    def _batches(self) -> list[Batch]:
        return ReadDemand(self.setting.scenario, self.population, self._registration).of_day(self._day)

    def blocks(self) -> tuple[Block, ...]:
        """A block for each network of each region, and for each cohort of SMETS1 meters."""
        names, population = self.population.names, self.population
        found: list[Block] = []
        for at, network in enumerate(names.csp):
            here = population.csp == at
            within, column = (names.cohort, population.cohort) if network == SMETS1 else (names.wan, population.wan)
            for place, name in enumerate(within):
                hubs = int((here & (column == place)).sum())
                if hubs:
                    stations = self._stations() if name == RADIO_PRESET else 0
                    cohort, preset = (name, "") if network == SMETS1 else ("", name)
                    share = hubs / int(here.sum())
                    found.append(Block(len(found), network, preset, hubs, share, cohort, 0, stations))
        return tuple(found)

    def stations(self, block: Block) -> Ints:
        """See :class:`~emulator.capacity.day.model.Source`."""
        if not block.stations:
            return np.zeros(block.hubs, np.int64)
        return self.population.base_station[self._members(block)].astype(np.int64)

    def reads(self, block: Block) -> Reads:
        """See :class:`~emulator.capacity.day.model.Source`."""
        members = self._members(block)
        local = np.full(len(self.population), NONE)
        local[members] = np.arange(len(members))
        kinds: dict[Kind, int] = {}
        hubs, columns, flags = [], [], []
        for batch in self._batches:
            inside = np.flatnonzero(local[batch.premises] != NONE)
            premises = batch.premises[inside]
            hubs.append(local[premises])
            flags.append(batch.for_settlement[inside])
            columns.append(self._kinds(block, kinds, batch, premises, batch.parties[inside], flags[-1]))
        hub, kind = np.concatenate(hubs), np.concatenate(columns)
        order, due_at = release(self.setting, self._rules, block, np.concatenate(flags))
        return Reads(tuple(kinds), hub[order], kind[order], due_at)

    def background(self, block: Block) -> dict[Direction, Floats]:
        """None: a run carries nothing but its reads."""
        return no_background(block)

    # ------------------------------------------------------------------ parts

    def _stations(self) -> int:
        return int(self.population.base_station.max()) + 1

    def _members(self, block: Block) -> NDArray[np.intp]:
        names, population = self.population.names, self.population
        here = population.csp == names.csp.index(block.network)
        if block.cohort:
            return np.flatnonzero(here & (population.cohort == names.cohort.index(block.cohort)))
        return np.flatnonzero(here & (population.wan == names.wan.index(block.preset)))

    def _kinds(
        self, block: Block, kinds: dict[Kind, int], batch: Batch, premises: NDArray[np.intp], parties: NDArray[Any],
        flagged: NDArray[np.bool_],
    ) -> Ints:  # fmt: skip
        """The place of each read's kind among ``kinds``, which grow."""
        population = self.population
        granularity, twin = population.granularity[premises], population.twin[premises]
        keys = np.stack([parties, flagged, granularity, twin], axis=1).astype(np.int64)
        different, which = np.unique(keys, axis=0, return_inverse=True)
        made = [self._kind(batch.srv, *row, is_smets1=bool(block.cohort)) for row in different.tolist()]
        places = np.array([kinds.setdefault(kind, len(kinds)) for kind in made], np.int64)
        return places[which.ravel()] if len(places) else np.zeros(0, np.int64)

    def _kind(self, srv: str, party: int, flagged: int, granularity: int, twin: int, *, is_smets1: bool) -> Kind:
        scenario = self.setting.scenario
        role = self._registration.parties[party].role
        mode: Mode = "scheduled" if schedulable(srv, scenario.duis_version) else "on_demand"
        settled = self._settled(srv, role, self.population.names.granularity[granularity])
        refused = not is_smets1 and not self._allowed(srv, role)
        if refused or is_smets1:  # the bytes of SMETS1 reads are those of dialogues, not of GBCS messages
            return Kind(srv, role, mode, bool(flagged), 0, 0, settled, refused)
        made = exchange(srv, role, 1, bool(twin), scenario.gbcs_version)
        return Kind(srv, role, mode, bool(flagged), len(made.command), len(made.response), settled, refused)

    def _settled(self, srv: str, role: str, granularity: str) -> int:
        """What an answer counts for, as the settlement ledger of a run counts it."""
        if role not in _SETTLEMENT_ROLES:
            return NOTHING
        if srv in _EXPECTS:
            return SETTLED.index(_EXPECTS[srv])
        expects = f"{granularity} import"
        is_import = self._rules.row(srv).mpan == "import"
        return SETTLED.index(expects) if is_import and expects in SETTLED[2:] else NOTHING

    def _allowed(self, srv: str, role: str) -> bool:
        """Whether GBCS lets a role read SMETS2 meters so."""
        scenario = self.setting.scenario
        broker = AccessControlBroker(DCC_ACB, SeededKeyStore(0, {}), OriginatorCounters(), scenario.gbcs_version)
        try:
            broker.is_known(by_srv(srv), role)
        except LocalError:
            return False
        return True


def release(
    setting: Setting, rules: Rules, block: Block, flagged: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], Floats]:
    """In which order reads are released, and when: evenly over their window, bent by the scenario's release."""
    windows, lead_s = rules.windows.csp[block.network], rules.windows.lead.lead_s.value
    exponent = rules.windows.release[setting.scenario.demand.release].value
    random = generator(setting.seed, "day", block.number, "slots")
    orders, times = [], []
    for flag, window in ((False, windows.existing.value), (True, windows.mhhs.value)):
        among = random.permutation(np.flatnonzero(flagged == flag))
        opens = min(window.start_s + lead_s, window.end_s)
        places = (np.arange(len(among)) + random.random()) / max(len(among), 1)
        orders.append(among)
        times.append(opens + (window.end_s - opens) * places**exponent)
    order, due_at = np.concatenate(orders), np.concatenate(times)
    if (np.diff(due_at) >= 0).all():
        return order, due_at
    by_time = np.argsort(due_at, kind="stable")
    return order[by_time], due_at[by_time]
