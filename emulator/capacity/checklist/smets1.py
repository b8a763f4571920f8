"""Rows about SMETS1."""

from __future__ import annotations

from emulator.capacity.checklist.answer import Answer, Evidence, holds, not_modelled
from emulator.capacity.pia import pia
from emulator.dcc.rules import Rules


def secure(_evidence: Evidence) -> Answer:
    """Row 20: the two ends against the volumes of the same scenarios."""
    stated, asked = 58 / 26, pia().volumes["C"].srvs / pia().volumes["A"].srvs
    return Answer(
        f"volumes of C are {asked:.1f} times those of A, the two uplifts differ {stated:.1f} times",
        "conflict",
        "one share of SMETS1 cannot give both; load of Secure today is not published",
    )


def smets1_questions(evidence: Evidence) -> Answer:
    """Row 21."""
    found = evidence.sample.smets1 if evidence.sample is not None else {}
    if not found:
        return not_modelled("no SMETS1 meters in a sample")
    ours = (
        f"{found['data_bytes_per_hub_month'] / 1000:,.0f} kB and {found['sms_per_hub_month']:.0f} SMS a hub and month;"
        f" sessions of {found['context_mean_s']:.0f} s; in the sample {found['peak_data_rate_bps']:,.0f} bit/s,"
        f" {found['api_calls_per_s_peak']:g} API calls/s, {found['contexts_peak']} sessions at once"
    )
    return Answer(ours, "input", "the PIA asks and has no figures; dialects on open protocols, times assumed")


def dco(evidence: Evidence) -> Answer:
    """Row 22."""
    found = evidence.sample.smets1 if evidence.sample is not None else {}
    if not found:
        return not_modelled("no SMETS1 meters in a sample")
    late, requests = found["dco_late"], found["dco_requests"]
    return holds(
        late == 0, f"{late} of {requests} answers after 4 s", "one queue without priority; workers are assumed"
    )


def apn_limits(_evidence: Evidence) -> Answer:
    """Row 23."""
    limits = {name: limit.per_s.value for name, limit in Rules().rates.apn.items()}
    return Answer(", ".join(f"{name} {per_s:g}/s" for name, per_s in limits.items()), "input", "the figures are ours")


def cache(evidence: Evidence) -> Answer:
    """Row 24."""
    found = evidence.sample.smets1 if evidence.sample is not None else {}
    if not found:
        return not_modelled("no SMETS1 meters in a sample")
    reads = found["reads"]
    return Answer(
        f"{reads['from_cache']} of {reads['asked']} reads from a cache", "input", "ages of what is cached are ours"
    )
