"""The tables of a capacity study."""

from __future__ import annotations

from typing import Final

from emulator.capacity.demand import SMETS2
from emulator.capacity.region import READINGS, priors
from emulator.capacity.sample import Sample
from emulator.capacity.shares import share_table
from emulator.capacity.sizes import ReadSize, read_size
from tools.capacity_study.facts import Facts
from tools.capacity_study.figures import NETWORK_NAMES
from tools.report.words import NOTHING, plain, size
from tools.study.model import Column, Grid, Scalar

_VERDICTS: Final = {"agrees": "good", "differs": "bad", "conflict": "bad", "input": "", "not modelled": "quiet"}
_VERDICT_WORDS: Final = {"conflict": "PIA conflicts with itself", "input": "input of ours"}


def _million(value: float) -> str:
    return f"{value / 1e6:,.2f}m"


def _count(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def _signed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+.2%}"


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"


def _digits(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.4g}"


def table5_grid(facts: Facts) -> Grid:
    """The six figures under both hypotheses."""
    columns = (
        Column("figure", "figure", kind="head"),
        Column("pia", "PIA", _figure, "number"),
        Column("ours", "every read at MDR size", _figure, "number"),
        Column("error", "error", _signed, "number", lambda error: "good" if abs(error) < 0.02 else "bad"),
        Column("left_out", "fitted without it", _signed, "number"),
        Column("role_split", "each at its own user's size", _figure, "number"),
        Column("role_split_error", "error", _signed, "number"),
        Column("refitted_error", "transport fitted anew", _signed, "number"),
    )
    tables = (facts.table5.figures, facts.role_split.figures, facts.role_split_refitted.figures)
    rows = tuple(
        (one.figure, one.pia, one.ours, one.error, one.left_out, split.ours, split.error, anew.error)
        for one, split, anew in zip(*tables, strict=True)
    )
    transport = [f"{table.transport_bytes:.0f} bytes" for table in (facts.table5, facts.role_split_refitted)]
    caption = f"Transport is fitted to {transport[0]} a read, and to {transport[1]} where each has its own user's size."
    return Grid("table5", "Figures", columns, rows, caption)


def _figure(value: float) -> str:
    return f"{value / 1e9:,.1f} GB" if value > 1e9 else _million(value)


def rates_grid(facts: Facts) -> Grid:
    """Mean rates by scenario and window."""
    columns = (
        Column("scenario", "scenario", kind="head"),
        Column("window_h", "window, h", _count, "number"),
        Column("srvs_per_s", "SRV/s", _count, "number"),
        Column("pia_srvs_per_s", "from the PIA's volume", _count, "number"),
        Column("bytes_per_s", "MB/s", lambda value: f"{value / 1e6:.2f}", "number"),
    )
    rows = tuple(
        (rate.scenario, rate.window_h, rate.srvs_per_s, rate.pia_srvs_per_s, rate.bytes_per_s) for rate in facts.rates
    )
    return Grid("mean_rates", "Mean rates", columns, rows, folded=True)


def shares_grid(facts: Facts) -> Grid:
    """What each choice of shares makes of what the PIA says."""
    said = share_table().statement
    columns = (
        Column("choice", "choice of shares", kind="head"),
        *(Column(name, NETWORK_NAMES[name], _share, "number") for name in facts.demand.networks),
        *(
            Column(one.name, one.says, _tick, "text", lambda cell: "good" if str(cell).endswith("yes") else "bad")
            for one in said
        ),
    )
    rows: list[tuple[Scalar, ...]] = []
    for choice in dict.fromkeys(one.choice.name for one in facts.shares):
        mine = [one for one in facts.shares if one.choice.name == choice]
        shares = mine[0].choice.shares
        cells = [f"{_quantity(one.ours)}, {'yes' if one.holds else 'no'}" for one in mine]
        rows.append((mine[0].choice.title, *(shares.get(name, 0.0) for name in facts.demand.networks), *cells))
    caption = "No choice agrees with everything that is said; the scenario's own stands first."
    return Grid("shares", "", columns, tuple(rows), caption)


def _tick(cell: str) -> str:
    value, _, verdict = cell.rpartition(", ")
    return f"{value} {'✓' if verdict == 'yes' else '✗'}"


def _quantity(value: float) -> str:
    return f"{value / 1e6:.1f}m" if value > 1 else f"{value:.1%}"


def demand_grid(facts: Facts) -> Grid:
    """Reads and bytes a day by network, cohort, read and role."""
    columns = (
        Column("network", "network", lambda name: NETWORK_NAMES[name], "head"),
        Column("cohort", "cohort", lambda name: "SMETS2" if name == SMETS2 else name),
        Column("srv", "SRV"),
        Column("role", "role"),
        Column("for_settlement", "for settlement alone", lambda flagged: "yes" if flagged else "no, re-used"),
        Column("meters", "meters", _count, "number"),
        Column("per_meter_day", "reads a meter and day", lambda value: f"{value:.3f}", "number"),
        Column("srvs", "SRVs a day", _count, "number"),
        Column("down_bytes", "command, B", _count, "number"),
        Column("up_bytes", "answer, B", _count, "number"),
    )
    rows = tuple(
        (row.network, row.cohort, row.srv, row.role, row.flagged, row.meters, row.per_meter_day,
         row.meters * row.per_meter_day, row.down_bytes, row.up_bytes)
        for row in facts.demand.rows
    )  # fmt: skip
    return Grid("demand", f"All {len(rows)} rows of the demand model", columns, rows, folded=True)


def hours_grid(facts: Facts) -> Grid:
    """Service requests for settlement by hour and network (PIA D5)."""
    demand = facts.demand
    hourly = demand.by_hour(demand.srvs * demand.flagged)
    columns = (
        Column("hour", "hour, UTC", lambda hour: f"{hour:02d}:00", "head"),
        *(Column(name, NETWORK_NAMES[name], _count, "number") for name in demand.networks),
        Column("all", "all", _count, "number"),
    )
    rows = tuple((hour, *hourly[:, hour].tolist(), float(hourly[:, hour].sum())) for hour in range(hourly.shape[1]))
    return Grid("hours", "Service requests by hour", columns, rows, folded=True)


def sizes_grid() -> Grid:
    """The messages that the demand model counts, by role."""
    columns = (
        Column("srv", "SRV", kind="head"),
        Column("use_case", "use case"),
        Column("role", "role"),
        Column("command", "command, B", _count, "number"),
        Column("response", "answer, B", _count, "number"),
        Column("aps_fragments", "APS fragments", _count, "number"),
        Column("radio_frames", "radio frames", _count, "number"),
    )
    asked = (("4.8.1", "IS"), ("4.8.1", "MDR"), ("4.6.1", "IS"), ("4.6.1", "MDR"), ("4.1.1", "IS"),
             ("4.8.3", "ES"), ("4.8.3", "MDR"), ("4.6.2", "MDR"), ("4.2", "MDR"))  # fmt: skip
    rows = tuple(_size_row(read_size(srv, role)) for srv, role in asked)
    caption = "One day, one element; built, answered by an emulated meter, and verified. meterfarm size has them all."
    return Grid("sizes", "Bytes of the messages", columns, rows, caption)


def _size_row(one: ReadSize) -> tuple[str | int, ...]:
    both = (one.command, one.response)
    frames = sum(message.networks[0].frames for message in both)
    fragments = sum(message.aps_fragments for message in both)
    return one.srv, one.use_case, one.role, one.command.message, one.response.message, fragments, frames


def table7_grid(facts: Facts) -> Grid:
    """The six verdicts."""
    columns = (
        Column("scenario", "scenario", kind="head"),
        Column("window_h", "window, h", _count, "number"),
        Column("channels", "channels needed", lambda value: f"{value:.2f}", "number"),
        Column("channels_compressed", "compressed", lambda value: f"{value:.2f}", "number"),
        Column("ours", "ours"),
        Column("pia", "PIA"),
        Column(
            "holds", "agrees", lambda holds: "yes" if holds else "no", "short", lambda holds: "good" if holds else "bad"
        ),
        Column("margin", "margin", _share, "number"),
    )
    rows = tuple(
        (one.row.scenario, one.row.window_h, one.plain, one.compressed, one.words, one.row.words, one.holds, one.margin)
        for one in facts.table7
    )
    return Grid("table7", "Verdicts", columns, rows, "Channels, and compression No or Yes.")


def radio_grid(facts: Facts) -> Grid:
    """Priors and what of them gives Table 7."""
    columns = (
        Column("parameter", "parameter", kind="head"),
        Column("lo", "prior from", _digits, "number"),
        Column("hi", "to", _digits, "number"),
        *(
            Column(f"{reading}_{name}", f"{reading} {name}", _digits, "number")
            for reading in READINGS
            for name in ("p5", "p50", "p95")
        ),
        Column("confidence", "mark", kind="mark"),
        Column("source", "source of the prior", kind="text"),
    )
    rows: list[tuple[Scalar, ...]] = []
    for name in (*priors(), *(name for name in facts.region.spreads["loose"] if name not in priors())):
        prior = priors().get(name)
        spreads = [facts.region.spreads[reading][name] for reading in READINGS]
        numbers = [value for spread in spreads for value in (spread.p5, spread.p50, spread.p95)]
        mark, source = (prior.confidence, prior.source) if prior else ("M", "follows from the others")
        title = _DERIVED[name] if prior is None else f"{prior.title}{f', {prior.unit}' if prior.unit else ''}"
        ends = (prior.lo, prior.hi) if prior else (None, None)
        rows.append((title, *ends, *numbers, mark, source))
    return Grid("region", "Parameters of the accepted networks", columns, tuple(rows), folded=True)


_DERIVED: Final = {
    "on_air_ratio": "ratio on the air",
    "net_kbps": "net rate of a channel, kbit/s",
    "busiest_site_share": "busiest site's share of all reads",
}


def costs_grid(facts: Facts) -> Grid:
    """Tables 8 and 9 beside the load."""
    columns = (
        Column("scenario", "scenario", kind="head"),
        Column("srvs", "SRVs a day", _million, "number"),
        *(Column(name, title, lambda value: f"£{value:.1f}m", "number") for name, title in (
            ("fixed", "fixed"), ("variable_smets2", "variable, SMETS2"), ("variable_smets1", "variable, SMETS1"),
            ("total", "total"))),
        Column("per_million_srvs", "variable for each daily million SRVs", lambda value: f"£{value:.2f}m", "number"),
    )  # fmt: skip
    rows = tuple(
        (cost.scenario, cost.srvs, cost.fixed, cost.variable_smets2, cost.variable_smets1, cost.total,
         cost.per_million_srvs)
        for cost in facts.costs
    )  # fmt: skip
    return Grid("costs", "", columns, rows)


def checklist_grid(facts: Facts) -> Grid:
    """All rows of the checklist."""
    columns = (
        Column("row", "row", _count, "number"),
        Column("what", "what", kind="head"),
        Column("pia", "PIA", kind="text"),
        Column("where", "where", kind="text"),
        Column("ours", "ours", lambda text: text or NOTHING, "text"),
        Column(
            "verdict",
            "verdict",
            lambda verdict: _VERDICT_WORDS.get(verdict, verdict),
            "text",
            lambda verdict: _VERDICTS[verdict],
        ),
        Column("why", "why", kind="text"),
    )
    rows = tuple(
        (one.row.number, one.row.what, one.row.pia, one.row.where, one.answer.ours, one.verdict, one.answer.why)
        for one in facts.checklist
    )
    return Grid("checklist", "", columns, rows)


def completeness_grid(sample: Sample) -> Grid:
    """What settlement expects and has."""
    columns = (
        Column("granularity", "granularity", plain, "head"),
        Column("mpan_kind", "MPAN"),
        Column("checkpoint", "checkpoint"),
        Column("expected", "expected", _count, "number"),
        Column("present", "present", _count, "number"),
        Column("share", "share", _share, "number"),
    )
    rows = tuple(
        (one.granularity, one.mpan_kind, one.checkpoint, one.expected, one.present, one.share)
        for one in sample.completeness
    )
    return Grid("completeness", "Settlement completeness", columns, rows)


def attainment_grid(sample: Sample) -> Grid:
    """Performance measures as far as the sample gives them."""
    columns = (
        Column("measure", "measure", kind="head"),
        Column("what", "reads"),
        Column("asked", "asked", _count, "number"),
        Column("within_trt", "within their target", _count, "number"),
        Column("share", "share", _share, "number"),
    )
    rows = tuple(
        (name, what, one.asked, one.within_trt, one.share)
        for name, what, one in (
            ("PM 3.1", "existing services", sample.existing),
            ("PM 3.3", "for settlement alone", sample.mhhs),
        )
    )
    return Grid("attainment", "Target response times", columns, rows)


def networks_grid(facts: Facts) -> Grid:
    """Reads and bytes a day by network."""
    srvs, octets = facts.demand.by_network(facts.demand.srvs), facts.demand.by_network(facts.demand.bytes)
    reused = facts.demand.by_network(facts.demand.srvs, flagged=False)
    columns = (
        Column("network", "network", lambda name: NETWORK_NAMES[name], "head"),
        Column("share", "share", _share, "number"),
        Column("window", "MHHS window, UTC"),
        Column("srvs", "SRVs a day", _million, "number"),
        Column("srvs_per_s", "SRV/s in the window", _count, "number"),
        Column("bytes", "bytes a day", size, "number"),
        Column("reused", "re-used, no extra traffic", _million, "number"),
    )
    rows = []
    for name in facts.demand.networks:
        window, share = facts.demand.window(name), facts.scenario.networks.shares.value.get(name, 0.0)
        rate = srvs[name] / (window.end_s - window.start_s)
        rows.append((name, share, f"{window.start} to {window.end}", srvs[name], rate, octets[name], reused[name]))
    return Grid("networks", "By network", columns, tuple(rows))
