"""The shares of the networks: what the PIA says of them, and which of it each choice breaks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from emulator.capacity.demand import make_demand
from emulator.capacity.pia import Volume
from emulator.capacity.scenario import CapacityScenario, load_capacity_scenario
from emulator.dcc.rule_tables import Section
from emulator.scenario_model import Mix

OWN: Final = "scenario"
"""Stands for the shares of the scenario in use."""


class Statement(Section):
    """What the PIA says of one or two networks: a quantity and the range that its rounding allows."""

    name: str
    says: str
    of: Literal["reads", "share", "meters"]
    networks: tuple[str, ...]
    scenario: Volume
    least: float
    most: float
    confidence: Literal["H", "M", "L", "A"]
    source: str


class Choice(Section):
    """One choice of the shares."""

    name: str
    title: str
    shares: Mix


class ShareTable(Section):
    """``shares.toml``."""

    statement: tuple[Statement, ...]
    choice: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """One statement under one choice: what comes out, and whether it is in the range."""

    choice: Choice
    statement: Statement
    ours: float

    @property
    def holds(self) -> bool:
        """Whether the choice agrees with the statement."""
        return self.statement.least <= self.ours <= self.statement.most


@cache
def share_table() -> ShareTable:
    """The statements and choices."""
    text = (files("emulator.capacity") / "shares.toml").read_text(encoding="utf-8")
    return ShareTable.model_validate(tomllib.loads(text))


def held(scenario: CapacityScenario) -> tuple[Held, ...]:
    """Every statement under the scenario's own shares, then under each choice."""
    table = share_table()
    own = Choice(name=OWN, title=f"scenario {scenario.name}", shares=dict(scenario.networks.shares.value))
    return tuple(
        Held(choice, said, _quantity(said, choice.shares))
        for choice in (own, *table.choice)
        for said in table.statement
    )


def broken(found: tuple[Held, ...]) -> dict[str, tuple[str, ...]]:
    """The names of the statements that each choice breaks."""
    choices = dict.fromkeys(one.choice.name for one in found)
    return {
        name: tuple(one.statement.name for one in found if one.choice.name == name and not one.holds)
        for name in choices
    }


def _quantity(said: Statement, shares: Mapping[str, float]) -> float:
    share = sum(shares.get(network, 0.0) for network in said.networks)
    return share * {"share": 1.0, "reads": _reads(said.scenario), "meters": _meters(said.scenario)}[said.of]


@cache
def _reads(name: Volume) -> float:
    return make_demand(load_capacity_scenario(name)).total_srvs


@cache
def _meters(name: Volume) -> float:
    return float(load_capacity_scenario(name).meters.esmes.value)
