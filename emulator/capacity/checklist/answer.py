"""What an answer is, and what answers draw on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from emulator.capacity.demand import Demand
from emulator.capacity.sample import Sample
from emulator.capacity.scenario import CapacityScenario
from emulator.capacity.shares import Held
from emulator.capacity.table5 import Table5
from emulator.capacity.table7 import Verdict as ChannelVerdict

Verdict: TypeAlias = Literal["agrees", "differs", "conflict", "input", "not modelled"]
"""``conflict``: two figures of the PIA cannot both hold. ``input``: the PIA gives none, so it is an input of ours."""

NO_SAMPLE: Final = "no sample was run"


@dataclass(frozen=True, slots=True)
class Answer:
    """Our side of a row: what we have, the verdict, and why."""

    ours: str
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the answers draw on.

    ``strict_ratio``: ratios of compressed messages with which Table 7 holds, 5th to 95th percentile.
    """

    scenario: CapacityScenario
    demand: Demand
    table5: Table5
    role_split: Table5
    table7: tuple[ChannelVerdict, ...]
    shares: tuple[Held, ...]
    strict_ratio: tuple[float, float]
    sample: Sample | None


def holds(met: bool, ours: str, why: str = "") -> Answer:
    """An answer that agrees with the PIA, or differs from it."""
    return Answer(ours, "agrees" if met else "differs", why)


def not_modelled(why: str) -> Answer:
    """An answer that is none."""
    return Answer("", "not modelled", why)
