"""Everything that a capacity study shows, worked out once."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from emulator.assumptions import Assumption
from emulator.capacity.checklist.answer import Evidence
from emulator.capacity.checklist.rows import Checked, checklist
from emulator.capacity.codecs import ASSUMPTIONS as CODEC_ASSUMPTIONS
from emulator.capacity.codecs import SHOWN, CodecOutcome, codec_outcome
from emulator.capacity.costs import Cost, cost_of
from emulator.capacity.day.cross_check import CrossCheck, cross_check
from emulator.capacity.day.of_scenario import ASSUMPTIONS as DAY_ASSUMPTIONS
from emulator.capacity.day.operations import assumptions as party_assumptions
from emulator.capacity.demand import Demand, make_demand
from emulator.capacity.engine import StopsWith, Unwatched, Watch
from emulator.capacity.engines import make_engine
from emulator.capacity.pia import VOLUMES, Option, Volume
from emulator.capacity.radio import DayOfMessages, RadioModel, messages_of, radio_assumptions, radio_model
from emulator.capacity.region import SAMPLES, Region, map_region
from emulator.capacity.sample import PREMISES, Sample, run_sample
from emulator.capacity.scenario import CapacityScenario, load_capacity_scenario
from emulator.capacity.shares import Held, held
from emulator.capacity.table5 import MeanRate, Table5, mean_rates, role_split, role_split_refitted, table5
from emulator.capacity.table7 import Verdict, table7, table7_days
from emulator.clock import Stopwatch
from emulator.scenario import load_scenario
from gbcs.errors import LocalError
from tools.capacity_study.day import DayFacts, day_option, work_out_day

Result = TypeVar("Result")
Step = Callable[[str], None]
"""Hears what is being worked out now."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What the study took."""

    wall_s: float
    peak_rss_bytes: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a study of one scenario shows. ``demands`` are those of A, B and C with the scenario's network shares.

    ``is_interrupted``: somebody ended it early, and what would have come then is not in it.
    """

    scenario: CapacityScenario
    demand: Demand
    demands: Mapping[Volume, Demand]
    table5: Table5
    role_split: Table5
    role_split_refitted: Table5
    rates: tuple[MeanRate, ...]
    model: RadioModel
    messages: Mapping[Volume, DayOfMessages]
    own_messages: DayOfMessages
    table7: tuple[Verdict, ...]
    region: Region
    codecs: tuple[CodecOutcome, ...]
    shares: tuple[Held, ...]
    costs: tuple[Cost, ...]
    sample: Sample | None
    day: DayFacts | None
    both: CrossCheck | None
    checklist: tuple[Checked, ...]
    assumptions: tuple[Assumption, ...]
    effort: Effort
    is_interrupted: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What a study is asked for.

    ``premises``: of the byte-exact sample, 0 for none; ``samples``: of the region; ``part`` of the country's meters in
    the statistical day, 0 for none, and the engine that works it out; ``both``: premises of the default farm that both
    engines are run on, 0 for none.
    """

    scenario: str = "C"
    premises: int = PREMISES
    samples: int = SAMPLES
    seed: int = 162
    part: float = 1.0
    engine: str = "pool"
    both: int = 0


def work_out(asked: Asked, step: Step = lambda _: None, watch: Watch | None = None) -> Facts:
    """Work a study out. ``watch`` follows the blocks of the day. Raises ScenarioError for a mistake in the scenario."""
    stopwatch = Stopwatch()
    scenario = load_capacity_scenario(asked.scenario)
    if asked.part or asked.both:
        make_engine(asked.engine)  # an engine that is not there is said before the work, not after it
    step("messages and demand")
    demand, model, messages = make_demand(scenario), radio_model(scenario), table7_days()
    verdicts = table7(model, messages)
    step("the region in which Table 7 holds")
    region = map_region(asked.samples, asked.seed)
    step("codecs")
    codecs = tuple(codec_outcome(name, model) for name in SHOWN)
    watch = watch or Unwatched()
    sample = _sample(scenario, asked, step, watch)
    own = messages_of(demand)
    day = _day(scenario, asked, day_option(scenario, model, own), step, watch)
    both = _both(asked, step, watch)
    step("the checklist")
    shares, split = held(scenario), role_split()
    ratio = region.spreads["strict"]["message_ratio"]
    evidence = Evidence(scenario, demand, table5(), split, verdicts, shares, (ratio.p5, ratio.p95), sample)
    return Facts(
        scenario=scenario,
        demand=demand,
        demands=_demands(scenario),
        table5=evidence.table5,
        role_split=split,
        role_split_refitted=role_split_refitted(),
        rates=mean_rates(),
        model=model,
        messages=messages,
        own_messages=own,
        table7=verdicts,
        region=region,
        codecs=codecs,
        shares=shares,
        costs=tuple(cost_of(name) for name in VOLUMES),
        sample=sample,
        day=day,
        both=both,
        checklist=checklist(evidence),
        assumptions=(
            *scenario.assumptions(),
            *radio_assumptions(scenario),
            *CODEC_ASSUMPTIONS,
            *DAY_ASSUMPTIONS,
            *party_assumptions(),
        ),
        effort=Effort(stopwatch.seconds, max(peak_rss_bytes(), 0 if day is None else day.peak_rss_bytes)),
        is_interrupted=watch.stops(),
    )


def peak_rss_bytes() -> int:
    """The most memory that this process has held, and the largest of those that it started."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _demands(scenario: CapacityScenario) -> dict[Volume, Demand]:
    shares = {"networks": {"shares": scenario.networks.shares.model_dump()}, "windows": scenario.windows.model_dump()}
    return {name: make_demand(load_capacity_scenario(name, shares)) for name in VOLUMES}


def _day(scenario: CapacityScenario, asked: Asked, option: Option, step: Step, watch: Watch) -> DayFacts | None:
    if not asked.part or watch.stops():
        return None
    step("the day")
    return _unless_ended(lambda: work_out_day(scenario, option, asked.engine, asked.seed, asked.part, watch), watch)


def _both(asked: Asked, step: Step, watch: Watch) -> CrossCheck | None:
    if not asked.both or watch.stops():
        return None
    step(f"{asked.both:,} premises with both engines")
    scenario, engine = load_scenario(premises=asked.both), make_engine(asked.engine)
    return _unless_ended(lambda: cross_check(scenario, engine, watch=StopsWith(watch)), watch)


def _unless_ended(work: Callable[[], Result], watch: Watch) -> Result | None:
    """What the work gives; None where somebody ended it before there was anything."""
    try:
        return work()
    except LocalError:
        if watch.stops():
            return None
        raise


def _sample(scenario: CapacityScenario, asked: Asked, step: Step, watch: Watch) -> Sample | None:
    if not asked.premises or watch.stops():
        return None
    step(f"{asked.premises:,} premises, byte for byte")
    with TemporaryDirectory(prefix="meterfarm-") as folder:
        place = Path(folder)
        return _unless_ended(lambda: run_sample(scenario, place, asked.premises, asked.seed, watch), watch)
