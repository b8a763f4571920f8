"""Small SMETS1 worlds for tests: a road with a dialogue of fixed sizes on a kernel of its own, and scenarios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emulator.kernel import Kernel
from emulator.population import Population, populate
from emulator.scenario import Scenario, load_scenario
from emulator.smets1.access_point import AccessPoint
from emulator.smets1.cohorts import Cohorts, load_cohorts
from emulator.smets1.exchange import Ask, Exchange, Reading, Values
from emulator.smets1.gate import Gate
from emulator.smets1.measures import Measures
from emulator.smets1.radio import Radio, load_radio
from emulator.smets1.session import HubSession, Way, Wish

CALM: dict[str, dict[str, Any]] = {
    "sms_reference": {
        "sms_lost": {"value": 0.0},
        "sms_first_try": {"value": 1.0},
        "sms_duplicate": {"value": 0.0},
        "exchange_lost": {"value": 0.0},
    }
}
"""A network that loses nothing."""


@dataclass
class Scripted:
    """A dialogue that says the same to everybody, and remembers what was asked when."""

    refused: str = ""
    held: list[tuple[float, tuple[Ask, ...]]] = field(default_factory=list)

    def hold(self, premises: int, asks: Sequence[Ask], now: float) -> Exchange:
        self.held.append((now, tuple(asks)))
        if self.refused:
            return Exchange(((64, 51),), (), (), self.refused)
        rows = np.array([[1800, 7]], ">u4")
        readings = tuple(Reading(((108, 1022),), Values(now, rows)) for _ in asks)
        return Exchange(((64, 51),), readings, ((13, 13),))


@dataclass
class Bench:
    """One hub on a kernel: ``ask(at)`` wants a read at an instant; ``heard`` collects what came of each."""

    kernel: Kernel
    session: HubSession
    way: Way
    dialogue: Scripted
    heard: list[tuple[str, str, float]] = field(default_factory=list)

    def ask(self, at: float, srv: str = "4.8.1") -> None:
        self.kernel.at(at, self._want, srv)

    def run(self, until: float = 1e6) -> None:
        self.kernel.run(until=until)

    @property
    def sms(self) -> int:
        return len(self.way.measures.sms_at)

    def _want(self, srv: str) -> None:
        self.session.want(Wish(Ask(srv, 1800, 86_400), 0, self._done))

    def _done(self, wish: Wish, values: Values | None, leg: str, reason: str, now: float) -> None:
        self.heard.append(("answered" if values is not None else leg, reason, now))


def bench(
    cohort: str = "ioc_aclara",
    radio: dict[str, dict[str, Any]] | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
    reachable: Callable[[int, float], bool] = lambda hub, at: True,
    refused: str = "",
    contexts: int | None = None,
) -> Bench:
    """A hub of a cohort; ``contexts`` limits its access point, which others may hold."""
    kernel = Kernel(0.0)
    cohorts: Cohorts = load_cohorts(overrides or {})
    row = cohorts.cohort[cohort]
    operator = next(iter(row.operators.value))
    provider = cohorts.s1sp[row.s1sp]
    point = AccessPoint(row.apn, 0, cohorts.apn[row.apn])
    if contexts is not None:
        point.limit = contexts
    dialogue = Scripted(refused)
    way = Way(
        kernel,
        Radio(load_radio("sms_reference", radio if radio is not None else CALM), 1, 1),
        Measures(),
        dialogue,
        row,
        (0, cohorts.operator[operator]),
        point,
        (Gate(row.sms_per_s.value, kernel.at), Gate(cohorts.operator[operator].api_per_s.value, kernel.at)),
        (provider.wakes.value, provider.wake_timeout_s.value),
        reachable,
    )
    return Bench(kernel, HubSession(0, way), way, dialogue)


def smets1_scenario(folder: Path, text: str = "", *, premises: int = 60, **overrides: Any) -> Scenario:
    """A scenario of SMETS1 meters alone, with what ``text`` says on top."""
    file = folder / "scenario.toml"
    file.write_text(f'name = "test"\n{text}' if "[population]" in text else _TEXT.format(text), encoding="utf-8")
    return load_scenario(file, premises=premises, **overrides)


_TEXT = 'name = "test"\n[population]\nsmets1_share = 1.0\n{}'


def smets1_population(premises: int = 60, share: float = 1.0) -> Population:
    """A population with a share of SMETS1 meters."""
    scenario = load_scenario(premises=premises)
    section = scenario.population.model_copy(update={"smets1_share": share})
    return populate(scenario.model_copy(update={"population": section}))
