"""Rows about what a farm does: answered from a byte-exact sample."""

from __future__ import annotations

from emulator.capacity.checklist.answer import NO_SAMPLE, Answer, Evidence, holds, not_modelled
from emulator.dcc.rules import Rules


def no_spill(evidence: Evidence) -> Answer:
    """Row 13."""
    rule = Rules().retry.csp["csp_north"].stops_before_midnight.value
    if evidence.sample is None:
        return holds(rule, "a rule of the head-end", NO_SAMPLE)
    late = evidence.sample.past_midnight
    return holds(rule and not late, f"{late} settlement reads of the North answered after midnight in the sample")


def performance_measures(evidence: Evidence) -> Answer:
    """Row 15."""
    if evidence.sample is None:
        return not_modelled(NO_SAMPLE)
    words = [
        f"{name} {one.share:.1%} of {one.asked:,}"
        for name, one in (("PM 3.1", evidence.sample.existing), ("PM 3.3", evidence.sample.mhhs))
        if one.share is not None
    ]
    return Answer("; ".join(words), "input", "no contracted level is public; PM 3.2 (alerts) is not modelled")


def mdr_window(evidence: Evidence) -> Answer:
    """Row 17."""
    sample = evidence.sample
    if sample is None:
        return not_modelled(NO_SAMPLE)
    return holds(
        sample.mdr_in_window == sample.mdr_sent,
        f"{sample.mdr_in_window:,} of {sample.mdr_sent:,} reads of data retrievers first sent in their window",
    )


def flags(evidence: Evidence) -> Answer:
    """Row 18."""
    if evidence.sample is None:
        return not_modelled(NO_SAMPLE)
    found = {role: (reads, flagged) for role, reads, flagged in evidence.sample.flags}
    ours = ", ".join(f"{role} {flagged} of {reads}" for role, (reads, flagged) in found.items())
    always = found.get("MDR", (0, 0))
    never = found.get("NO", (0, 0))
    return holds(always[0] == always[1] and never[1] == 0, ours)


def on_demand(evidence: Evidence) -> Answer:
    """Row 19."""
    share = evidence.scenario.demand.on_demand_share.value
    return Answer(
        f"{evidence.demand.on_demand_share:.1%} of the settlement reads on demand",
        "agrees" if share == 0 else "differs",
        "repeats, and what cannot be scheduled; D6 asks for this figure, and the PIA has none",
    )


def settlement_runs(evidence: Evidence) -> Answer:
    """Row 26."""
    if evidence.sample is None:
        return not_modelled(NO_SAMPLE)
    half_hourly = [one for one in evidence.sample.completeness if one.granularity == "half_hourly"]
    words = []
    for kind in ("import", "export"):
        shares = {one.checkpoint: one.share for one in half_hourly if one.mpan_kind == kind}
        words.append(
            f"{kind} " + ", ".join(f"{name} {shares[name]:.1%}" for name in ("D+1", "SF", "RF") if name in shares)
        )
    return Answer(
        "; ".join(words), "input", f"half-hourly values, {evidence.sample.premises} premises; no level is stated"
    )


def pull_only(evidence: Evidence) -> Answer:
    """Row 30."""
    if evidence.sample is None:
        return not_modelled(NO_SAMPLE)
    return Answer(
        f"{evidence.sample.unasked} frames answered nothing that was still open, of {evidence.sample.reads:,} reads",
        "agrees",
        "meters of a run answer and push no readings; late and repeated answers are such frames",
    )
