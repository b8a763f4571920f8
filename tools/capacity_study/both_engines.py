"""Both engines on the same meters, side by side: byte for byte, and as statistics."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.cross_check import Comparison, CrossCheck
from emulator.capacity.day.model import NETWORK_NAMES as NETWORKS
from emulator.capacity.day.tally import Tally, bin_edges_s
from tools.capacity_study.figures import NETWORK_COLOURS, NETWORK_NAMES
from tools.report.figure_style import Figure, Picture, axis_title
from tools.report.words import duration
from tools.study.model import Column, Grid, Section

_TICKS_S: Final = (0.1, 1, 2, 5, 10, 20, 60, 600, 3600)


def both_section(checked: CrossCheck) -> Section:
    """The figures beside each other, and the curves on top of each other."""
    meters = int(checked.exact["meters"].sum())
    lead = (
        f"{meters:,} meters of the default farm: a settlement day byte for byte, and {checked.streams} statistical"
        " days of the same reads from random streams of their own. Counts shall agree within 1 %, quantiles of"
        " the planned reads within 5 %; beside each figure stands what chance alone makes of it in a run of this size."
    )
    parts = both_picture(checked), both_grid(checked)
    return Section("both", "Both engines on the same meters", parts, lead, "Both")


def both_grid(checked: CrossCheck) -> Grid:
    """Every figure of both."""
    columns = (
        Column("network", "network", lambda name: NETWORK_NAMES[name], "head"),
        Column("figure", "figure"),
        Column("exact", "byte for byte", _number, "number"),
        Column("model", "statistical", _number, "number"),
        Column("difference", "difference", lambda share: f"{share:+.2%}", "number"),
        Column("limit", "limit", lambda share: f"{share:.0%}", "number"),
        Column("noise", "chance alone", lambda share: f"± {share:.1%}" if share else "", "number"),
        Column("verdict", "verdict", style=lambda verdict: "bad" if verdict == "differs" else ""),
    )  # fmt: skip
    rows = tuple(
        (row.network, row.figure, row.exact, row.model, row.difference, row.limit, row.noise, _verdict(row))
        for row in checked.rows
    )
    return Grid("both_engines", "Counts, and seconds to answer", columns, rows)


def both_picture(checked: CrossCheck) -> Picture:
    """The distribution of latencies by network, of the run as a line and of the statistical day as dots."""
    traces = [
        _line(tally, place, name, dash)
        for place in range(len(NETWORKS))
        for tally, name, dash in ((checked.exact, "byte for byte", "solid"), (checked.model, "statistical", "dot"))
    ]
    layout: Figure = {
        "xaxis": {"title": axis_title("latency, logarithmic"), "type": "log", "range": [-1, 3.6],
                  "tickvals": list(_TICKS_S), "ticktext": [duration(tick) for tick in _TICKS_S], "showgrid": True},
        "yaxis": {"title": axis_title("of the answered planned reads, %"), "range": [0, 102]},
        "margin": {"t": 96},
    }  # fmt: skip
    caption = "Where the dots lie on the line, both engines take as long; the last reads of a line are few, and chance."
    return Picture("both_engines", "Latency, both engines", caption, {"data": traces, "layout": layout}, 420)


def both_as_json(checked: CrossCheck) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "premises": int(checked.exact["meters"].sum()),
        "streams": checked.streams,
        "figures": [
            {
                "network": row.network, "figure": row.figure, "exact": row.exact, "model": row.model,
                "difference": row.difference, "limit": row.limit, "noise": row.noise, "verdict": _verdict(row),
            }
            for row in checked.rows
        ],
    }  # fmt: skip


def _verdict(row: Comparison) -> str:
    return "within" if row.is_within else "within, but for chance" if row.is_explained else "differs"


def _line(tally: Tally, place: int, name: str, dash: str) -> Figure:
    network = NETWORKS[place]
    seconds, shares = _curve(tally, place)
    return {
        "type": "scatter", "mode": "lines", "name": f"{NETWORK_NAMES[network]}, {name}", "x": seconds, "y": shares,
        "line": {"color": NETWORK_COLOURS[network], "width": 2.2, "dash": dash},
        "opacity": 0.55 if dash == "solid" else 1.0,
        "hovertemplate": "%{y:.2f} % within %{x:.3~s} s<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def _curve(tally: Tally, place: int) -> tuple[list[float], list[float]]:
    histogram: NDArray[np.int64] = tally["latency"][place, :, 0].sum(axis=0)
    rising = np.flatnonzero(histogram)
    shares = np.cumsum(histogram)[rising] / max(int(histogram.sum()), 1) * 100
    return bin_edges_s()[rising].round(4).tolist(), shares.round(4).tolist()


def _number(value: float) -> str:
    return f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"
