"""What a block of SMETS1 meters has of the limits of the parties that serve it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator.capacity.day.model import Block
from emulator.capacity.day.rates import RateLimit
from emulator.dcc.rules import Rules
from emulator.scenario_names import SMETS1
from emulator.smets1.cohorts import CohortRow, Cohorts


@dataclass(frozen=True, slots=True)
class Limits:
    """Rate limits in the order in which a read meets them, and the PDP contexts of the access point.

    Where blocks share a party, each has the part of its limit that its meters are of all the meters of that party: what
    one block leaves unused helps no other.
    """

    apn: RateLimit | None
    dsp: RateLimit
    provider: RateLimit
    dco: RateLimit
    sms: RateLimit
    api: RateLimit
    contexts: float
    is_silent: bool


def limits_of(block: Block, mix: Mapping[str, float], cohorts: Cohorts, rules: Rules) -> Limits:
    """The limits of a block; ``mix`` holds the shares of the cohorts among SMETS1 meters."""
    row = cohorts.cohort[block.cohort]
    provider, point, dco = cohorts.s1sp[row.s1sp], cohorts.apn[row.apn], cohorts.dco
    of_provider = block.share / _sum(mix, cohorts, lambda other: other.s1sp == row.s1sp)
    of_point = block.share / _sum(mix, cohorts, lambda other: other.apn == row.apn)
    of_cohort = block.share / mix[block.cohort]
    dsp, apn = rules.rates.csp[SMETS1], rules.rates.apn.get(point.dsp_limit.value)
    tps = provider.tps.value * (1 + provider.tps_uplift.value) * of_provider
    return Limits(
        None if apn is None else RateLimit(apn.per_s.value * of_point, apn.burst.value * of_point),
        RateLimit(dsp.per_s.value * block.share, dsp.burst.value * block.share),
        RateLimit(tps),
        RateLimit(dco.workers.value / dco.service_s.value * block.share, dco.workers.value * block.share),
        RateLimit(row.sms_per_s.value * of_cohort),
        RateLimit(_api_per_s(block, mix, cohorts)),
        min(point.contexts.value, point.address_pool.value) * of_point,
        point.when_full.value == "silent",
    )


def _api_per_s(block: Block, mix: Mapping[str, float], cohorts: Cohorts) -> float:
    """Calls of operators' interfaces that are for this block, all its operators together."""
    total = 0.0
    for name, share in cohorts.cohort[block.cohort].operators.value.items():
        users = sum(part * cohorts.cohort[other].operators.value.get(name, 0.0) for other, part in mix.items())
        total += cohorts.operator[name].api_per_s.value * block.share * share / users
    return total


def _sum(mix: Mapping[str, float], cohorts: Cohorts, serves: Callable[[CohortRow], bool]) -> float:
    return sum(share for name, share in mix.items() if serves(cohorts.cohort[name]))
