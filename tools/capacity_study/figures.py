"""Pictures of the demand: Table 5 asked and got, rates by window, load over the day, costs."""

from __future__ import annotations

from typing import Any, Final

from emulator.capacity.pia import VOLUMES, pia
from emulator.capacity.table5 import WINDOWS_H, Table5
from emulator.scenario_names import SMETS1
from tools.capacity_study.facts import Facts
from tools.report.figure_style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SHADE,
    SKY,
    VERMILION,
    Figure,
    Picture,
    axis_title,
)

NETWORK_COLOURS: Final = {"csp_north": BLUE, "csp_south": ORANGE, "csp_central": GREEN, SMETS1: PURPLE}
NETWORK_NAMES: Final = {
    "csp_north": "CSP North",
    "csp_south": "CSP South",
    "csp_central": "CSP Central",
    SMETS1: "SMETS1",
}
SCENARIO_COLOURS: Final = {"A": SKY, "B": BLUE, "C": VERMILION}
_ASKED, _GOT, _SPLIT = "#8c959f", BLUE, ORANGE
_TOLERANCE: Final = 2.0


def table5_picture(facts: Facts) -> Picture:
    """Asked and got, reads and bytes side by side."""
    tables = ((facts.table5, _GOT, "every read at MDR size"), (facts.role_split, _SPLIT, "each at its own user's size"))
    traces = [_bars(facts.table5, "PIA", _ASKED, asked=True, axis=axis) for axis in ("", "2")]
    traces += [
        _bars(table, name, colour, asked=False, axis=axis) for table, colour, name in tables for axis in ("", "2")
    ]
    layout: Figure = {
        "barmode": "group", "bargap": 0.28, "uniformtext": {"minsize": 9, "mode": "hide"},
        "xaxis": {"domain": [0, 0.46], "title": axis_title("million service requests a day"), "ticks": ""},
        "xaxis2": {"domain": [0.54, 1], "anchor": "y2", "title": axis_title("gigabytes a day"), "ticks": ""},
        "yaxis": {"range": [0, 84], "showticklabels": False, "ticks": ""},
        "yaxis2": {"anchor": "x2", "range": [0, 104], "showticklabels": False, "ticks": ""},
        "margin": {"l": 20},
    }  # fmt: skip
    caption = (
        "Both hypotheses ask for the same reads and differ in bytes: the PIA's figures fit where every read is as large"
        " as a data retriever's, whose commands carry a certificate."
    )
    return Picture("table5", "Table 5, asked and got", caption, {"data": traces, "layout": layout})


def _bars(table: Table5, name: str, colour: str, *, asked: bool, axis: str) -> Figure:
    figures, unit = (table.figures[3:], 1e9) if axis else (table.figures[:3], 1e6)
    values = [(one.pia if asked else one.ours) / unit for one in figures]
    return {
        "type": "bar", "name": name, "x": list(VOLUMES), "y": values, "xaxis": f"x{axis}", "yaxis": f"y{axis}",
        "marker": {"color": colour}, "legendgroup": name, "showlegend": not axis,
        "text": [f"{value:.1f}" for value in values], "textposition": "outside", "cliponaxis": False,
        "hovertemplate": "%{x}: %{y:.2f}<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def errors_picture(facts: Facts) -> Picture:
    """The error of each figure under each hypothesis, and without itself in the fit."""
    figures = facts.table5.figures
    rows: list[tuple[list[float | None], str, str, str]] = [
        ([one.error for one in figures], "every read at MDR size", _GOT, "circle"),
        ([one.left_out for one in figures], "the same, fitted without this figure", _GOT, "circle-open"),
        ([one.error for one in facts.role_split.figures], "each at its own user's size", _SPLIT, "square"),
        ([one.error for one in facts.role_split_refitted.figures], "the same, transport fitted anew", GREEN, "diamond"),
    ]
    names = [one.figure for one in figures]
    traces = [_dots(names, place, *row) for place, row in enumerate(rows)]
    layout: Figure = {
        "xaxis": {"title": axis_title("error"), "zeroline": True, "showgrid": True, "range": [-7.6, 4.6],
                  "ticksuffix": " %"},
        "yaxis": {"tickvals": list(range(len(names))), "ticktext": names, "range": [len(names) - 0.5, -0.5],
                  "ticks": "", "showgrid": False},
        "shapes": [{"type": "rect", "x0": -_TOLERANCE, "x1": _TOLERANCE, "yref": "paper", "y0": 0, "y1": 1,
                    "fillcolor": SHADE, "line": {"width": 0}, "layer": "below"}],
        "margin": {"l": 110, "t": 60},
    }  # fmt: skip
    caption = (
        f"Grey: within 2 %. Three numbers are fitted to the six figures ({', '.join(facts.table5.fitted)}). Hollow:"
        " what each figure would be if it were not used for the fit."
    )
    return Picture("errors", "Errors of Table 5", caption, {"data": traces, "layout": layout}, 420)


def _dots(names: list[str], place: int, values: list[float | None], name: str, colour: str, symbol: str) -> Figure:
    """One hypothesis; each stands a little lower than the one before."""
    return {
        "type": "scatter", "mode": "markers", "name": name,
        "y": [at + 0.18 * (place - 1.5) for at in range(len(names))],
        "x": [None if value is None else value * 100 for value in values], "customdata": names,
        "marker": {"color": colour, "symbol": symbol, "size": 9, "line": {"width": 2, "color": colour}},
        "hovertemplate": "%{customdata}: %{x:+.2f} %<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def rates_picture(facts: Facts) -> Picture:
    """Mean reads a second by the length of the window."""
    hours = [4 + number / 4 for number in range(81)]
    traces: list[Figure] = []
    for name in VOLUMES:
        day = facts.demands[name].total_srvs
        traces.append(_line(hours, [day / (hour * 3600) for hour in hours], name, SCENARIO_COLOURS[name]))
        marked = [rate for rate in facts.rates if rate.scenario == name]
        traces.append({
            "type": "scatter", "mode": "markers+text", "x": [rate.window_h for rate in marked],
            "y": [rate.srvs_per_s for rate in marked], "text": [f"{rate.srvs_per_s:,.0f}" for rate in marked],
            "textposition": "top right", "textfont": {"size": 11},
            "marker": {"color": SCENARIO_COLOURS[name], "size": 7},
            "showlegend": False, "hoverinfo": "skip", "cliponaxis": False,
        })  # fmt: skip
    layout: Figure = {
        "xaxis": {"title": axis_title("length of the window, h"), "range": [4, 25.4], "tickvals": [4, *WINDOWS_H]},
        "yaxis": {"title": axis_title("service requests a second"), "rangemode": "tozero"},
    }
    caption = (
        "A day's settlement reads spread evenly over a window: 6 h is today's, 8 and 12 h are CSP North's, 13 h is that"
        " of South and Central."
    )
    return Picture("rates", "Mean rate by window", caption, {"data": traces, "layout": layout})


def _line(x: list[float], y: list[float], name: str, colour: str) -> Figure:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": {"color": colour, "width": 2.2},
        "hovertemplate": "%{x} h: %{y:,.0f}/s<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def load_picture(facts: Facts) -> Picture:
    """Reads a second over the day by network, for each scenario."""
    traces: list[Figure] = []
    layout: Figure = {"barmode": "stack", "bargap": 0.06, "margin": {"t": 60}}
    for place, name in enumerate(VOLUMES):
        axis = "" if not place else str(place + 1)
        demand = facts.demands[name]
        hourly = demand.by_hour(demand.srvs) / 3600
        for at, network in enumerate(demand.networks):
            traces.append({
                "type": "bar", "name": NETWORK_NAMES[network], "x": [hour + 0.5 for hour in range(24)],
                "y": hourly[at].tolist(), "xaxis": f"x{axis}", "yaxis": f"y{axis}", "legendgroup": network,
                "showlegend": not place, "marker": {"color": NETWORK_COLOURS[network]},
                "hovertemplate": "%{x:.0f} h: %{y:,.0f}/s<extra>%{fullData.name}</extra>",
            })  # fmt: skip
        low, high = place / 3 + (0.02 if place else 0), (place + 1) / 3 - 0.015
        layout[f"xaxis{axis}"] = {"domain": [low, high], "anchor": f"y{axis}", "range": [0, 24], "dtick": 6,
                                  "title": axis_title(f"{name}: hour of the day, UTC")}  # fmt: skip
        layout[f"yaxis{axis}"] = {"anchor": f"x{axis}", "range": [0, _top(facts)], "showticklabels": not place}
    layout["yaxis"]["title"] = axis_title("service requests a second")
    caption = (
        "Released uniformly over each network's window. What suppliers re-use of their own reads lies in the existing"
        " window, 00:00 to 06:00, and is no extra traffic."
    )
    return Picture("load", "Service requests a second, by network", caption, {"data": traces, "layout": layout}, 380)


def _top(facts: Facts) -> float:
    return 1.06 * max(
        float((demand.by_hour(demand.srvs) / 3600).sum(axis=0).max()) for demand in facts.demands.values()
    )


def costs_picture(facts: Facts) -> Picture:
    """Tables 8 and 9 as bars, with pounds for each million reads a day."""
    parts: tuple[tuple[str, str, Any], ...] = (
        ("fixed", _ASKED, lambda cost: cost.fixed),
        ("variable, SMETS2", BLUE, lambda cost: cost.variable_smets2),
        ("variable, SMETS1", PURPLE, lambda cost: cost.variable_smets1),
    )
    names = [f"{cost.scenario}<br>£{cost.per_million_srvs:.2f}m a daily million" for cost in facts.costs]
    traces = [
        {
            "type": "bar", "name": name, "x": names, "y": [part(cost) for cost in facts.costs],
            "marker": {"color": colour}, "text": [f"{part(cost):.1f}" for cost in facts.costs],
            "textposition": "inside", "insidetextanchor": "middle",
            "hovertemplate": "£%{y:.1f}m<extra>%{fullData.name}</extra>",
        }
        for name, colour, part in parts
    ]  # fmt: skip
    layout: Figure = {
        "barmode": "stack", "bargap": 0.45, "uniformtext": {"minsize": 10, "mode": "hide"}, "xaxis": {"ticks": ""},
        "yaxis": {"title": axis_title("million pounds"), "range": [0, 66]},
        "annotations": [
            {"x": name, "y": cost.total, "text": f"<b>{cost.total:.1f}</b>", "showarrow": False, "yanchor": "bottom"}
            for name, cost in zip(names, facts.costs, strict=True)
        ],
    }  # fmt: skip
    caption = (
        "Rough order of magnitude, PIA Tables 8 and 9; below, variable pounds for each million daily requests"
        f" of Table 5 ({', '.join(f'{name} {pia().volumes[name].srvs / 1e6:.1f}m' for name in VOLUMES)})."
    )
    return Picture("costs", "Costs beside the load", caption, {"data": traces, "layout": layout})
