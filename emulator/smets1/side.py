"""The SMETS1 side of a run: what it needs to be asked, judged, counted and reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from emulator.assumptions import Assumption
from emulator.dcc.access import AccessControl
from emulator.dcc.counters import Counters
from emulator.dcc.requests import FinishedRead, ServiceRequest
from emulator.dcc.rules import Rules
from emulator.farm import Farm
from emulator.kernel import Kernel
from emulator.oracle import Judgement
from emulator.population import NONE
from emulator.smets1 import judge as oracle
from emulator.smets1.access_point import AccessPoint
from emulator.smets1.cache import ShortTermCache
from emulator.smets1.comparison import SizedDialogue, Tally, compare, settings
from emulator.smets1.dco import Dco
from emulator.smets1.desk import Finished, Smets1Desk
from emulator.smets1.gate import Gate
from emulator.smets1.homes import Homes
from emulator.smets1.meter import ASSUMPTIONS as METER_ASSUMPTIONS
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.papers import SignedPapers
from emulator.smets1.profile import load_profile
from emulator.smets1.questions import Answers, Span, answer, by_cohort, by_provider, series
from emulator.smets1.radio import Radio
from emulator.smets1.road import Smets1Road, Surroundings, cohorts_of, setting_of
from emulator.smets1.s1sp import ServiceProvider
from emulator.smets1.session import HubSession
from emulator.smets1.signature import signers
from emulator.wan.outages import Outages
from gbcs.eui64 import Eui64
from gbcs.keyseed import KeySeed
from gbcs.reads import ReadValues
from gbcs.times import DAY_S

PARTS = (
    Smets1Road, Smets1Desk, ServiceProvider, ShortTermCache, Dco, Gate, HubSession, Radio, AccessPoint, Smets1Meter,
    Homes, SignedPapers, SizedDialogue,
)  # fmt: skip
"""The simulators of this side, each of which says what it does not model."""

_PROVIDER_EUIS = 0x024D_46F1_0000_0000


class Smets1Side:
    """Made where a population has SMETS1 meters; reads go in by :meth:`submit` and come out judged.

    Does not model: what its parts do not.
    """

    def __init__(
        self,
        farm: Farm,
        outages: Outages,
        kernel: Kernel,
        rules: Rules,
        access: AccessControl,
        counters: Counters,
        finished: Finished,
        ids: Iterator[int],
    ) -> None:
        """Raises ScenarioError for values of the scenario that cannot be."""
        scenario, population = farm.scenario, farm.population
        cohorts = cohorts_of(scenario)
        self._farm, self._outages = farm, outages
        self._cuts_known: set[int] = set()
        self.around = Surroundings(scenario, population, rules, access, cohorts, self._reachable)
        self.homes = Homes(population, cohorts, farm.make_energy)
        self.papers = SignedPapers(signers(KeySeed(scenario.key_seed), _provider_euis(cohorts.s1sp)), counters)
        self.tally = Tally()
        self._planned: list[ServiceRequest] = []
        self._finished = finished
        self.road = Smets1Road(self.around, setting_of(scenario), kernel, self.homes, self.papers, self._take, ids)
        self.hubs = int((population.cohort != NONE).sum())

    def submit(self, request: ServiceRequest, now: float) -> None:
        """Take a request on; its FinishedRead comes by the callback."""
        if request.phase == "D+1" and not request.follow_up:
            self._planned.append(request)
        self.road.desk.submit(request, now)

    def judge(self, request: ServiceRequest, values: ReadValues, read_at: float) -> Judgement:
        """Compare an answer with what the meter measured."""
        return oracle.judge(request, self.homes.meter(request.premises), values, read_at)

    def why_missing(self, request: ServiceRequest, stamp: int, read_at: float) -> str:
        """Why an answer lacks a row."""
        return oracle.why_missing(self.homes.meter(request.premises), stamp, read_at)

    def assumptions(self) -> list[Assumption]:
        """Everything that this side takes for granted, the dialects of its meters included."""
        profiles = sorted({row.profile.value for row in self.around.cohorts.cohort.values()})
        dialects = [one for name in profiles for one in load_profile(name).assumptions()]
        return [*self.road.assumptions(), *METER_ASSUMPTIONS, *dialects]

    def summary(self, days: int) -> dict[str, Any]:
        """The five answers of this run, and beside it of every setting, with what the pictures show."""
        if not self._planned:
            return {}
        span = self._span(days)
        variants = compare(
            self.around,
            self._planned,
            self.homes.sizes,
            span,
            settings(self.around.scenario.smets1.cache_hits_consult_dco),
        )
        setting = self.road.setting
        return {
            "premises": self.hubs,
            "setting": asdict(setting),
            "label": "dialects on open protocols",
            "this_run": self._answers(span).as_json(),
            "variants": [found.as_json() for found, _ in variants],
            "series": [drawn for _, drawn in variants],
            "this_series": series(self.road, span),
            "cohorts": by_cohort(self.road, span),
            "providers": by_provider(self.road, span),
            "documents": dict(self.papers.counts),
            "message_sha256": {"meters": self.homes.message_sha256, "documents": self.papers.message_sha256},
        }

    def _answers(self, span: Span) -> Answers:
        return answer(self.road, self.tally.reads(), span)

    def _span(self, days: int) -> Span:
        """From the day of the first read until a day after the last: whole days."""
        start = min(request.due_at for request in self._planned) // DAY_S * DAY_S
        end = (max(request.due_at for request in self._planned) // DAY_S + 1) * DAY_S
        return Span(start, end, days, self.hubs)

    def _take(self, finished: FinishedRead, read_at: float) -> None:
        self.tally.take(finished)
        self._finished(finished, read_at)

    def _reachable(self, premises: int, at: float) -> bool:
        if premises not in self._cuts_known:
            self._cuts_known.add(premises)
            for cut in self._farm.cuts(premises):
                self._outages.add_hub_window(premises, cut.starts_at, cut.ends_at, "power cut at the premises")
        return not self._outages.blocked(premises, at)


def _provider_euis(names: dict[str, Any]) -> dict[str, Eui64]:
    return {name: (_PROVIDER_EUIS + place).to_bytes(8, "big") for place, name in enumerate(names, 1)}
