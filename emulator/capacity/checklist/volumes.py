"""Rows about volumes, windows, channels and costs."""

from __future__ import annotations

from math import ceil

from emulator.capacity.checklist.answer import Answer, Evidence, holds, not_modelled
from emulator.capacity.costs import cost_of
from emulator.capacity.pia import VOLUMES, pia
from emulator.capacity.scenario import load_capacity_scenario
from emulator.capacity.shares import OWN
from emulator.capacity.table7 import broken_rows


def volumes(evidence: Evidence) -> Answer:
    """Row 7."""
    split = evidence.role_split
    b = next(figure.error for figure in split.figures if figure.figure == "B bytes a day")
    return holds(
        evidence.table5.worst < 0.02,
        f"all six within {evidence.table5.worst:.1%} at MDR size",
        f"with messages as large as their own user's B is {b:+.1%}",
    )


def variables(_evidence: Evidence) -> Answer:
    """Row 8."""
    found = [load_capacity_scenario(name) for name in VOLUMES]
    words = [
        f"export {', '.join(f'{one.meters.export_take_up.value:.0%}' for one in found)}",
        f"MDR {', '.join(f'{one.demand.mdr_share.value:.0%}' for one in found)}",
        f"re-use {', '.join(f'{one.demand.data_reuse_share.value:.0%}' for one in found)}",
        f"in the window {', '.join(f'{one.in_window_share:.0%}' for one in found)}",
    ]
    right = [round(one.in_window_share, 6) for one in found] == [0.25, 0.75, 1.0]
    return holds(right, "; ".join(words), "the last row of the table follows from the others")


def existing_window(evidence: Evidence) -> Answer:
    """Row 9."""
    windows = {name: evidence.demand.window(name, flagged=False) for name in evidence.demand.networks}
    right = all((window.start, window.end) == ("00:00", "06:00") for window in windows.values())
    return holds(right, "00:00 to 06:00 UTC on every network" if right else "see the scenario")


def north_window(evidence: Evidence) -> Answer:
    """Row 10."""
    window = evidence.demand.window("csp_north")
    hours = (window.end_s - window.start_s) / 3600
    right = hours in (8, 12) and window.start_s >= 6 * 3600
    return Answer(f"{hours:g} h from {window.start} UTC", "input" if right else "differs", "the start is ours")


def channels(evidence: Evidence) -> Answer:
    """Row 11."""
    broken = broken_rows(evidence.table7)
    margin = min(verdict.margin for verdict in evidence.table7)
    ours = f"{len(evidence.table7) - len(broken)} of {len(evidence.table7)} rows, least margin {margin:.1%}"
    why = (
        f"not {', '.join(broken)}"
        if broken
        else "parameters of the radio are assumed; see the region in which it holds"
    )
    return holds(not broken, ours, why)


def compression(evidence: Evidence) -> Answer:
    """Row 12."""
    low, high = evidence.strict_ratio
    return Answer(
        f"Table 7 holds with messages at {low:.2f} to {high:.2f} of their size",
        "conflict",
        "at exactly 0.50 eight plain channels equal four compressed ones, and rows that list none would list them",
    )


def south_and_central(evidence: Evidence) -> Answer:
    """Row 14."""
    said = [one for one in evidence.shares if one.choice.name == OWN and one.statement.name.startswith("telefonica")]
    window = evidence.demand.window("csp_south")
    ours = f"{window.start} to {window.end} UTC; " + ", ".join(
        f"{one.ours / 1e6:.1f}m in {one.statement.scenario}" for one in said
    )
    why = "shares of South and Central of 0.69 to 0.72 give both; they leave no room for 10 million homes in the North"
    return holds(all(one.holds for one in said), ours, why)


def lanes(evidence: Evidence) -> Answer:
    """Row 16."""
    lane = evidence.scenario.dsp.lane_srvs_per_s.value
    hourly = evidence.demand.by_hour(evidence.demand.srvs * evidence.demand.flagged).sum(axis=0) / 3600
    peak, six_hours = float(hourly.max()), evidence.demand.total_srvs / (6 * 3600)
    return Answer(
        f"{ceil(peak / lane)} in these windows ({peak:,.0f} SRV/s), {ceil(six_hours / lane)} in six hours",
        "agrees" if ceil(six_hours / lane) <= 6 else "differs",
        f"{lane:g} SRV/s a lane are assumed; the load of today is not published",
    )


def flood(_evidence: Evidence) -> Answer:
    """Row 25."""
    why = "a study of volumes has none; a run takes bursts ([[demand.on_demand_flood]])"
    return not_modelled(why)


def additional(evidence: Evidence) -> Answer:
    """Row 27."""
    baseline = evidence.scenario.baseline.bytes_per_hub_hour.value
    return Answer(
        f"all {evidence.scenario.meters.esmes.value / 1e6:.1f}m meters; baseline {baseline:g} bytes a hub and hour",
        "input",
        "the forecast is not public; Table 7 pins the baseline",
    )


def costs(_evidence: Evidence) -> Answer:
    """Row 31."""
    table = pia().costs
    sums = (table.total.fixed + table.total.A, table.total.fixed + table.total.C)
    right = (round(sums[0], 1), round(sums[1], 1)) == (table.range.lower, table.range.upper)
    per = ", ".join(f"{name} £{cost_of(name).per_million_srvs:,.2f}m" for name in VOLUMES)
    return holds(right, f"fixed + A = {sums[0]:.1f}, fixed + C = {sums[1]:.1f}; variable a daily million SRVs: {per}")
