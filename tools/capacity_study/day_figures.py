"""Pictures and tables of the statistical day."""

from __future__ import annotations

from math import floor, log10
from typing import Final

from emulator.capacity.day.model import NETWORK_NAMES as NETWORKS
from emulator.capacity.scenario import CapacityScenario
from emulator.dcc.rules import Rules
from tools.capacity_study.day import DayFacts, attainment_rows
from tools.capacity_study.figures import NETWORK_COLOURS, NETWORK_NAMES
from tools.report.figure_style import BLUE, ORANGE, SKY, VERMILION, Figure, Picture, axis_title
from tools.report.words import NOTHING, duration
from tools.study.model import Column, Grid

_TICKS_S: Final = (0.1, 1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600)
_TRT_S: Final = 24 * 3600.0
_DASHES: Final = {"csp_central": "dash"}
"""Networks of equal parameters have one curve: the dashes of one let the other be seen."""
_GREY: Final = "#8c959f"
_LEVELS: Final = ((0.5, SKY, "median site"), (0.95, BLUE, "19 of 20 sites below"), (1.0, VERMILION, "busiest site"))


def day_load_picture(facts: DayFacts) -> Picture:
    """Commands a second by network and hour, against what the DSP hands on at most."""
    hourly, limits = facts.per_second_by_hour(), Rules().rates.csp
    layout: Figure = {"bargap": 0.06, "margin": {"t": 50}, "showlegend": False, "annotations": []}
    top = 1.08 * max(float(hourly.max()), *(limits[network].per_s.value for network in NETWORKS))
    traces: list[Figure] = []
    for place, network in enumerate(NETWORKS):
        axis = "" if not place else str(place + 1)
        limit = limits[network].per_s.value
        traces.append({
            "type": "bar", "x": [hour + 0.5 for hour in range(24)], "y": hourly[place].round(2).tolist(),
            "xaxis": f"x{axis}", "yaxis": f"y{axis}", "marker": {"color": NETWORK_COLOURS[network]},
            "name": NETWORK_NAMES[network], "hovertemplate": "%{x:.0f} h: %{y:,.0f}/s<extra>%{fullData.name}</extra>",
        })  # fmt: skip
        traces.append({
            "type": "scatter", "mode": "lines", "x": [0, 24], "y": [limit, limit], "xaxis": f"x{axis}",
            "yaxis": f"y{axis}", "line": {"color": VERMILION, "dash": "dash", "width": 1.5}, "name": "limit of the DSP",
            "hovertemplate": "%{y:,.0f}/s<extra>limit of the DSP</extra>",
        })  # fmt: skip
        low, high = place / 4 + (0.015 if place else 0), (place + 1) / 4 - 0.015
        layout[f"xaxis{axis}"] = {"domain": [low, high], "anchor": f"y{axis}", "range": [0, 24], "dtick": 6}
        layout[f"yaxis{axis}"] = {"anchor": f"x{axis}", "range": [0, top],
                                  "showticklabels": not place}  # fmt: skip
        layout["annotations"].append({"text": f"<b>{NETWORK_NAMES[network]}</b>", "xref": "paper", "yref": "paper",
                                      "x": (low + high) / 2, "y": 1.06, "showarrow": False})  # fmt: skip
    layout["yaxis"]["title"] = axis_title("commands a second")
    layout["yaxis"]["rangemode"] = "tozero"
    caption = (
        "Hour of the day, UTC; retries and follow-ups included. Dashed: how fast the DSP hands on to that network."
    )
    return Picture("day_load", "Commands over the day", caption, {"data": traces, "layout": layout}, 360)


def stations_picture(facts: DayFacts) -> Picture:
    """How busy the base stations of the North are."""
    traces: list[Figure] = []
    for direction, name, dash in ((1, "up", "solid"), (0, "down", "dot")):
        for share, colour, label in _LEVELS:
            loads = [load * 100 for load in facts.station_load(direction, share)]
            traces.append({
                "type": "scatter", "mode": "lines", "name": f"{label}, {name}", "x": list(range(25)),
                "y": [*loads, loads[-1]], "line": {"color": colour, "width": 2, "dash": dash, "shape": "hv"},
                "hovertemplate": "%{x} h: %{y:.0f} %<extra>%{fullData.name}</extra>",
            })  # fmt: skip
    layout: Figure = {
        "xaxis": {"title": axis_title("hour of the day, UTC"), "range": [0, 24], "dtick": 3},
        "yaxis": {"title": axis_title("of its channels' time"), "rangemode": "tozero", "ticksuffix": " %"},
        "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 100, "y1": 100,
                    "line": {"color": _GREY, "width": 1.5, "dash": "dash"}}],
        "margin": {"t": 80},
    }  # fmt: skip
    packed = "compressed" if facts.option.compressed else "as they are"
    caption = (
        f"{facts.option.channels} channels a site, messages {packed}; settlement alone, the baseline takes its share"
        " before. Above 100 % messages wait for the next hour."
    )
    return Picture("stations", "Base stations of CSP North", caption, {"data": traces, "layout": layout}, 420)


def latency_picture(facts: DayFacts) -> Picture:
    """The share of the planned reads that were answered within so long, by network."""
    traces: list[Figure] = []
    for place, network in enumerate(NETWORKS):
        seconds, shares = facts.cdf(place)
        if seconds:
            traces.append({
                "type": "scatter", "mode": "lines", "name": NETWORK_NAMES[network], "x": seconds,
                "y": [share * 100 for share in shares], "line": {"color": NETWORK_COLOURS[network], "width": 2.2,
                         "dash": _DASHES.get(network, "solid")},
                "hovertemplate": "%{y:.2f} % within %{x:.3~s} s<extra>%{fullData.name}</extra>",
            })  # fmt: skip
    low = min((trace["x"][0] for trace in traces), default=0.1)
    layout: Figure = {
        "xaxis": {"title": axis_title("latency, logarithmic"), "type": "log", "range": [floor(log10(low)), 5.3],
                  "tickvals": list(_TICKS_S), "ticktext": [duration(tick) for tick in _TICKS_S], "showgrid": True},
        "yaxis": {"title": axis_title("answered, % of planned reads"), "range": [0, 102]},
        "shapes": [{"type": "line", "x0": _TRT_S, "x1": _TRT_S, "yref": "paper", "y0": 0, "y1": 1,
                    "line": {"color": VERMILION, "width": 1.5, "dash": "dash"}}],
        "annotations": [{"x": log10(_TRT_S), "y": 1, "yref": "paper", "yanchor": "bottom", "text": "TRT 24 h",
                         "showarrow": False, "font": {"color": VERMILION, "size": 12}}],
        "margin": {"t": 76},
    }  # fmt: skip
    caption = "Retries included; a curve that ends below 100 % lost reads, or did not answer them before it ended."
    return Picture("latency", "Latency by network", caption, {"data": traces, "layout": layout}, 400)


def trt_picture(facts: DayFacts) -> Picture:
    """Reads within their target by network and mode."""
    rows = attainment_rows(facts)
    traces: list[Figure] = []
    for mode, colour, name in (("scheduled", BLUE, "scheduled"), ("on_demand", ORANGE, "on demand")):
        shares = []
        for network in NETWORKS:
            mine = [(asked, within) for row_network, _, row_mode, asked, within in rows
                    if (row_network, row_mode) == (network, mode)]  # fmt: skip
            asked = sum(asked for asked, _ in mine)
            shares.append(100 * sum(within for _, within in mine) / asked if asked else None)
        traces.append({
            "type": "bar", "name": name, "x": [NETWORK_NAMES[network] for network in NETWORKS], "y": shares,
            "marker": {"color": colour}, "text": ["" if share is None else f"{share:.1f} %" for share in shares],
            "textposition": "outside", "cliponaxis": False, "hoverinfo": "skip",
        })  # fmt: skip
    layout: Figure = {
        "barmode": "group", "bargap": 0.3, "xaxis": {"ticks": ""},
        "yaxis": {"title": axis_title("within their target, %"), "range": [0, 112], "tickvals": [0, 25, 50, 75, 100]},
    }  # fmt: skip
    caption = (
        "Of the reads that were asked and not refused, in each mode by itself; follow-ups are on demand. Together they"
        " make the share of the table by network."
    )
    return Picture("trt", "Target response times", caption, {"data": traces, "layout": layout})


# ---------------------------------------------------------------------- tables


def _count(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2%}"


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else duration(value)


def networks_grid(facts: DayFacts) -> Grid:
    """The day by network."""
    columns = (
        Column("network", "network", lambda name: NETWORK_NAMES[name], "head"),
        Column("meters", "meters", _count, "number"),
        Column("planned", "reads planned", _count, "number"),
        Column("asked", "asked, follow-ups too", _count, "number"),
        Column("answered", "answered", _count, "number"),
        Column("attainment", "within TRT", _share, "number"),
        Column("p50_s", "p50", _seconds, "number"),
        Column("p90_s", "p90", _seconds, "number"),
        Column("p99_s", "p99", _seconds, "number"),
    )
    rows = []
    for one in facts.networks():
        latency = (None,) * 3 if one.latency is None else (one.latency.p50_s, one.latency.p90_s, one.latency.p99_s)
        rows.append((one.network, one.meters, one.planned, one.asked, one.answered, one.attainment, *latency))
    caption = (
        "Within TRT is a share of all that was asked, planned and follow-ups: these go mostly to meters that cannot be"
        " reached."
    )
    return Grid("day_networks", "By network", columns, tuple(rows), caption)


def attainment_grid(facts: DayFacts) -> Grid:
    """Target response times by network, read and mode."""
    columns = (
        Column("network", "network", lambda name: NETWORK_NAMES[name], "head"),
        Column("srv", "SRV"),
        Column("mode", "mode", lambda mode: mode.replace("_", " ")),
        Column("asked", "asked", _count, "number"),
        Column("within_trt", "within TRT", _count, "number"),
        Column("share", "share", _share, "number"),
    )
    rows = tuple((*row, row[4] / row[3]) for row in attainment_rows(facts))
    return Grid("day_attainment", "By service request and mode", columns, rows, folded=True)


def completeness_grid(facts: DayFacts) -> Grid:
    """What settlement expects and has."""
    columns = (
        Column("what", "what", lambda name: name.replace("half_hourly", "half-hourly"), "head"),
        Column("checkpoint", "checkpoint"),
        Column("expected", "MPANs", _count, "number"),
        Column("present", "present", _count, "number"),
        Column("share", "share", _share, "number"),
    )
    rows = tuple((*row, row[3] / row[2]) for row in facts.completeness())
    return Grid("day_completeness", "Settlement completeness", columns, rows)


def motorway_grid(facts: DayFacts, scenario: CapacityScenario) -> Grid:
    """What the parties have to be sized for."""
    lane, peak, smets1 = scenario.dsp.lane_srvs_per_s.value, facts.peak_commands_per_s(), facts.smets1()
    rows: list[tuple[str, float | None, str]] = [
        ("commands a second, busiest minute", peak, "DSP"),
        ("motorway lanes at that", peak / lane, f"DSP, {lane:g} SRV/s a lane (assumed)"),
        ("commands a second, busiest hour", float(facts.per_second_by_hour().sum(axis=0).max()), "DSP"),
    ]
    if smets1 is not None:
        rows += [
            ("SMS a second, busiest minute", smets1.sms_per_s, "SMETS1"),
            ("API calls a second, busiest minute", smets1.api_per_s, "SMETS1"),
            ("sessions at once, at most", smets1.contexts, "SMETS1"),
            ("a session is held, median, s", smets1.held_p50_s, "SMETS1"),
        ]
    columns = (
        Column("what", "what", kind="head"),
        Column("value", "value", lambda value: NOTHING if value is None else f"{value:,.1f}", "number"),
        Column("whose", "whose", kind="text"),
    )
    return Grid("day_peaks", "Peaks", columns, tuple(rows))
