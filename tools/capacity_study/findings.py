"""What a capacity study says in sentences, from its own numbers."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.capacity.radio import on_air_ratio
from emulator.capacity.shares import OWN, broken
from emulator.capacity.sizes import read_size
from emulator.capacity.table7 import broken_rows
from emulator.compression.registry import codec_row
from tools.capacity_study.facts import Facts
from tools.capacity_study.figures import NETWORK_NAMES
from tools.report.findings import Finding
from tools.report.words import duration, size

_MOST = 0.9
"""Of all reads: outages and places without coverage alone cost some."""


def findings(facts: Facts) -> tuple[Finding, ...]:
    """The sentences, the most telling first."""
    return (
        *_volumes(facts),
        *_sizes(),
        *_radio(facts),
        *_codecs(facts),
        *_shares(facts),
        *_day(facts),
        *_sample(facts),
        *_checklist(facts),
    )


def _volumes(facts: Facts) -> Iterator[Finding]:
    demand = facts.demand
    yield Finding(
        "note",
        f"Scenario {facts.scenario.title}: {demand.total_srvs / 1e6:.1f} million service requests and"
        f" {size(demand.total_bytes)} a day for settlement alone; {demand.on_demand_share:.1%} of them on demand.",
    )
    worst, split = facts.table5.worst, facts.role_split
    yield Finding(
        "good" if worst < 0.02 else "bad",
        f"Table 5 comes out within {worst:.1%} in all six figures where every read is as large as a data retriever's;"
        f" {len(facts.table5.fitted)} numbers are fitted.",
    )
    errors = [one.error for one in split.figures]
    refitted = [one.error for one in facts.role_split_refitted.figures]
    yield Finding(
        "note",
        f"With messages as large as their own user's the errors are {min(errors):+.1%} to {max(errors):+.1%}"
        f" ({min(refitted):+.1%} to {max(refitted):+.1%} with the transport fitted anew): DCC most likely sized every"
        " read alike.",
    )


def _sizes() -> Iterator[Finding]:
    supplier, retriever = (read_size("4.8.1", role) for role in ("IS", "MDR"))
    yield Finding(
        "note",
        f"A daily 4.8.1 takes {supplier.command.message} bytes down and {supplier.response.message} up for a supplier,"
        f" {retriever.command.message} and {retriever.response.message} for a data retriever: it is an unknown remote"
        " party, so its certificate travels in each command.",
    )


def _radio(facts: Facts) -> Iterator[Finding]:
    broken_ones = broken_rows(facts.table7)
    margin = min(facts.table7, key=lambda verdict: verdict.margin)
    if broken_ones:
        yield Finding("bad", f"Table 7 does not come out in {', '.join(broken_ones)}.")
    else:
        yield Finding(
            "good",
            f"Table 7 comes out in all six rows; the closest is {margin.row.name}, {margin.margin:.1%} from another"
            " verdict. The parameters of the radio are assumed.",
        )
    baseline, on_air = (facts.region.spreads["strict"][name] for name in ("baseline_gb_per_hour", "on_air_ratio"))
    ratio = float(on_air_ratio(facts.model, facts.messages["B"], 12))
    yield Finding(
        "note",
        f"Of {facts.region.samples:,} networks that might be, {facts.region.share['strict']:.2%} give the table. It"
        f" needs a baseline of {baseline.p5:.1f} to {baseline.p95:.1f} GB an hour and compression to {on_air.p5:.2f} to"
        f" {on_air.p95:.2f} on the air, never 0.50; here {ratio:.2f}.",
    )
    settlement = facts.model.baseline_bytes_per_hour
    yield Finding(
        "note",
        "Without baseline traffic the volumes of Table 5 cannot give Table 7: A in 8 hours must exceed four channels"
        f" where B in 12 hours, compressed, must not. The baseline here is {settlement / 1e9:.1f} GB an hour over all"
        " networks, compressed with the rest.",
    )


def _codecs(facts: Facts) -> Iterator[Finding]:
    giving = [codec_row(one.codec).title for one in facts.codecs if not broken_rows(one.verdicts)]
    ours = next(one for one in facts.codecs if one.codec == "header_context")
    up, total = ([getattr(ratio, part) for ratio in ours.ratios.values()] for part in ("up", "with_transport"))
    missed = ", ".join(broken_rows(ours.verdicts)) or "none"
    yield Finding(
        "note",
        f"Header context alone leaves {min(total):.2f} to {max(total):.2f} of all bytes but {min(up):.2f} to"
        f" {max(up):.2f} of the uplink, and the busier carrier rules: rows that then differ from Table 7: {missed}."
        f" Codecs that give all six rows: {', '.join(giving) or 'none'}.",
    )


def _shares(facts: Facts) -> Iterator[Finding]:
    found = broken(facts.shares)
    own = found[OWN]
    says = {one.statement.name: one.statement.says for one in facts.shares}
    words = "; ".join(says[name] for name in own)
    yield Finding(
        "bad" if own else "good",
        f"The shares of the networks contradict {len(own)} of {len(says)} statements ({words})."
        if own
        else "The shares of the networks agree with all that is said.",
    )
    if all(found.values()):
        yield Finding("note", f"No choice of shares agrees with everything: each of {len(found)} breaks at least one.")


def _day(facts: Facts) -> Iterator[Finding]:
    day = facts.day
    if day is None:
        if facts.is_interrupted:
            yield Finding("bad", "Interrupted: the statistical day was not begun, or no block of it was done.")
        return
    networks = day.networks()
    asked, within = sum(one.asked for one in networks), sum(one.within_trt for one in networks)
    worst = min(networks, key=lambda one: one.attainment if one.attainment is not None else 1.0)
    yield Finding(
        "good" if within / asked > _MOST else "bad",
        f"A statistical day of {sum(one.planned for one in networks) / 1e6:.1f} million planned reads, on all networks"
        f" and in and out of the settlement window, with {day.option.channels} channels in the North took"
        f" {duration(day.wall_s)}: {within / asked:.1%} of the {asked / 1e6:.1f} million reads that were asked, planned"
        f" and follow-ups, within their target; least on {NETWORK_NAMES[worst.network]} ({worst.attainment or 0:.1%}).",
    )
    if day.part < 1:
        yield Finding(
            "bad",
            f"The day is one of {day.part:.4g} of the meters and base stations: counts are scaled to the whole country,"
            " shares and seconds are those of the fraction. Only --part 1 is a result.",
        )
    if not day.is_whole:
        yield Finding("bad", f"The day was ended early: {day.blocks_done} of {day.blocks} blocks are in it.")


def _sample(facts: Facts) -> Iterator[Finding]:
    sample = facts.sample
    if sample is None:
        yield Finding("note", "No byte-exact sample was run: what arrives, and when, is not in this study.")
        return
    hours = facts.demand.total_srvs / sample.reads_per_s / 3600 if sample.reads_per_s else 0.0
    yield Finding(
        "bad" if sample.wrong_values else "good",
        f"{sample.premises:,} premises read byte for byte: {sample.reads:,} reads, {sample.wrong_values or 'no'} wrong"
        f" values, {sample.reads_per_s:,.0f} reads a second; the national day would take {hours:,.0f} hours on this"
        " machine.",
    )


def _checklist(facts: Facts) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for checked in facts.checklist:
        counts[checked.verdict] = counts.get(checked.verdict, 0) + 1
    differing = [f"row {checked.row.number}" for checked in facts.checklist if checked.verdict == "differs"]
    words = (
        f"Of {len(facts.checklist)} rows of the PIA's checklist {counts.get('agrees', 0)} agree,"
        f" {counts.get('input', 0)} are inputs that the PIA leaves open, {counts.get('conflict', 0)} conflict within"
        f" the PIA, {counts.get('not modelled', 0)} not modelled"
    )
    yield Finding("note", f"{words}; differing: {', '.join(differing) or 'none'}.")
