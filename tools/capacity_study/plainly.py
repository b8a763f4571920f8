"""A study as one JSON object, for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.capacity.demand import Demand
from emulator.capacity.sample import Sample
from emulator.capacity.table7 import broken_rows
from tools.capacity_study.both_engines import both_as_json
from tools.capacity_study.day import DayFacts
from tools.capacity_study.facts import Facts
from tools.capacity_study.party_grids import parties_as_json


def as_json(facts: Facts) -> dict[str, Any]:
    """Everything that the study says, as plain values."""
    return {
        "status": "interrupted" if facts.is_interrupted else "complete",
        "scenario": facts.scenario.name,
        "title": facts.scenario.title,
        "srvs": round(facts.demand.total_srvs),
        "bytes": round(facts.demand.total_bytes),
        "on_demand_share": facts.demand.on_demand_share,
        "by_network": _by_network(facts.demand),
        "srvs_by_hour": _by_hour(facts.demand),
        "wall_s": round(facts.effort.wall_s, 3),
        "peak_rss_bytes": facts.effort.peak_rss_bytes,
        "table5": [
            {"figure": one.figure, "pia": one.pia, "ours": one.ours, "error": one.error, "left_out": one.left_out}
            for one in facts.table5.figures
        ],
        "table5_role_split": [
            {"figure": one.figure, "pia": one.pia, "ours": one.ours, "error": one.error}
            for one in facts.role_split.figures
        ],
        "fitted_parameters": list(facts.table5.fitted),
        "mean_rates": [asdict(rate) for rate in facts.rates],
        "table7": [
            {
                "row": verdict.row.name,
                "pia": verdict.row.words,
                "ours": verdict.words,
                "channels": verdict.plain,
                "channels_compressed": verdict.compressed,
                "margin": verdict.margin,
            }
            for verdict in facts.table7
        ],
        "codecs": [
            {
                "codec": outcome.codec,
                "ratios": {name: asdict(ratio) for name, ratio in outcome.ratios.items()},
                "table7": {verdict.row.name: verdict.words for verdict in outcome.verdicts},
                "broken": list(broken_rows(outcome.verdicts)),
            }
            for outcome in facts.codecs
        ],
        "region": {
            "samples": facts.region.samples,
            "seed": facts.region.seed,
            "share": facts.region.share,
            "spreads": {
                reading: {name: asdict(spread) for name, spread in spreads.items()}
                for reading, spreads in facts.region.spreads.items()
            },
        },
        "shares": [
            {"choice": one.choice.name, "statement": one.statement.name, "ours": one.ours, "holds": one.holds}
            for one in facts.shares
        ],
        "costs": [
            {**asdict(cost), "total": cost.total, "per_million_srvs": cost.per_million_srvs} for cost in facts.costs
        ],
        "sample": None if facts.sample is None else _sample(facts.sample),
        "day": None if facts.day is None else _day(facts.day),
        "cross_check": None if facts.both is None else both_as_json(facts.both),
        "checklist": [
            {
                "row": checked.row.number,
                "what": checked.row.what,
                "pia": checked.row.pia,
                "ours": checked.answer.ours,
                "verdict": checked.verdict,
                "why": checked.answer.why,
            }
            for checked in facts.checklist
        ],
    }


def _by_network(demand: Demand) -> dict[str, dict[str, float]]:
    srvs, octets = demand.by_network(demand.srvs), demand.by_network(demand.bytes)
    return {name: {"srvs": round(srvs[name]), "bytes": round(octets[name])} for name in demand.networks}


def _day(day: DayFacts) -> dict[str, Any]:
    return {
        "part": day.part,
        "is_whole": day.is_whole,
        "channels": day.option.channels,
        "compressed": day.option.compressed,
        "message_ratio": day.ratio,
        "wall_s": round(day.wall_s, 3),
        "peak_rss_bytes": day.peak_rss_bytes,
        "blocks": day.blocks,
        "workers_lost": day.deaths,
        "networks": [{**asdict(one), "attainment": one.attainment} for one in day.networks()],
        "commands_per_s_peak": day.peak_commands_per_s(),
        **parties_as_json(day),
        "smets1": None if (smets1 := day.smets1()) is None else asdict(smets1),
        "completeness": [
            {"what": what, "checkpoint": checkpoint, "expected": expected, "present": present}
            for what, checkpoint, expected, present in day.completeness()
        ],
    }


def _by_hour(demand: Demand) -> dict[str, list[int]]:
    """Service requests for settlement in each hour of the day, UTC, by network (PIA D5)."""
    hourly = demand.by_hour(demand.srvs * demand.flagged)
    return {name: [round(value) for value in hourly[at]] for at, name in enumerate(demand.networks)}


def _sample(sample: Sample) -> dict[str, Any]:
    completeness = [{**asdict(one), "share": one.share} for one in sample.completeness]
    return {**asdict(sample), "completeness": completeness, "smets1": sample.smets1}
