"""Pictures of the radio: Table 7 with margins, the region in which it holds, channels over the day."""

from __future__ import annotations

from typing import Final

import numpy as np

from emulator.capacity.demand import hour_shares
from emulator.capacity.pia import VOLUMES
from emulator.capacity.radio import DayOfMessages, Quantity, RadioModel, channels_needed, on_air_ratio
from emulator.capacity.region import READINGS, Reading, Spread, priors
from emulator.capacity.table7 import CHANNELS, Verdict
from tools.capacity_study.facts import Facts
from tools.capacity_study.figures import SCENARIO_COLOURS
from tools.report.figure_style import BLUE, GREEN, ORANGE, SKY, VERMILION, Figure, Picture, axis_title

_POINTS: Final = 1500
"""Samples drawn of each reading: more would hide one another."""

_STYLE: Final[dict[Reading, tuple[str, str, float]]] = {
    "loose": (SKY, "loose: what is listed suffices", 0.45),
    "strict": (BLUE, "strict: and what is not listed saves nothing", 0.75),
}
_HALF: Final = 0.5


def table7_picture(facts: Facts) -> Picture:
    """Channels that each row needs, as they are and compressed, against the limits."""
    rows = list(reversed(facts.table7))
    names = [_row_words(verdict) for verdict in rows]
    traces: list[Figure] = [
        {
            "type": "scatter", "mode": "lines", "x": [verdict.compressed, verdict.plain], "y": [name, name],
            "line": {"color": "rgba(128,128,128,0.5)", "width": 3}, "hoverinfo": "skip", "showlegend": False,
        }
        for name, verdict in zip(names, rows, strict=True)
    ]  # fmt: skip
    for label, colour, values in (
        ("messages as they are", VERMILION, [verdict.plain for verdict in rows]),
        (f"compressed to {facts.scenario.radio.message_ratio.value:g}", BLUE, [verdict.compressed for verdict in rows]),
    ):
        traces.append({
            "type": "scatter", "mode": "markers+text", "name": label, "x": values, "y": names,
            "marker": {"color": colour, "size": 12}, "text": [f"{value:.2f}" for value in values],
            "textposition": "top center", "textfont": {"size": 11},
            "hovertemplate": "%{x:.2f} channels<extra>%{fullData.name}</extra>",
        })  # fmt: skip
    layout: Figure = {
        "xaxis": {"title": axis_title("channels that the busiest site needs"), "range": [0, 11], "dtick": 2},
        "yaxis": {"type": "category", "ticks": "", "range": [-0.6, len(rows) - 0.3]},
        "shapes": [_limit(limit) for limit in CHANNELS],
        "margin": {"t": 60},
    }  # fmt: skip
    caption = (
        "Scenario and hours of the window. Dashed: 4 channels, the baseline, and 8. A cell lists the fewest channels"
        " that do, and compression where it saves some. Margin: how far a need may move before the verdict changes."
    )
    return Picture("table7", "Table 7 and its margins", caption, {"data": traces, "layout": layout}, 440)


def _row_words(verdict: Verdict) -> str:
    """The row, what comes out, whether that is what the PIA has, and the margin."""
    said = "as the PIA" if verdict.holds else f"PIA: {verdict.row.words}"
    colour = GREEN if verdict.holds else VERMILION
    margin = f"<span style='color:{colour}'>{said}, margin {verdict.margin:.1%}</span>"
    return f"<b>{verdict.row.name}</b>   {verdict.words}<br>{margin}"


def _limit(channels: int) -> Figure:
    return {
        "type": "line", "x0": channels, "x1": channels, "yref": "paper", "y0": 0, "y1": 1,
        "line": {"color": "#8c959f", "width": 1.5, "dash": "dash"},
    }  # fmt: skip


def region_picture(facts: Facts) -> Picture:
    """Accepted samples by baseline and by the ratio on the air, and the point of the scenario."""
    traces: list[Figure] = []
    for reading in READINGS:
        colour, name, opacity = _STYLE[reading]
        columns = facts.region.accepted[reading]
        traces.append({
            "type": "scatter", "mode": "markers", "name": name,
            "x": np.round(columns["baseline_gb_per_hour"][:_POINTS], 3).tolist(),
            "y": np.round(columns["on_air_ratio"][:_POINTS], 4).tolist(),
            "marker": {"color": colour, "size": 5, "opacity": opacity},
            "hovertemplate": "baseline %{x:.2f} GB/h, ratio %{y:.3f}<extra>%{fullData.name}</extra>",
        })  # fmt: skip
    ratio = float(on_air_ratio(facts.model, facts.messages["B"], 12))
    traces.append({
        "type": "scatter", "mode": "markers", "name": "this scenario",
        "x": [float(facts.model.baseline_bytes_per_hour) / 1e9], "y": [ratio],
        "marker": {"color": ORANGE, "size": 15, "symbol": "star", "line": {"color": "#24292f", "width": 1}},
        "hovertemplate": "baseline %{x:.2f} GB/h, ratio %{y:.3f}<extra>%{fullData.name}</extra>",
    })  # fmt: skip
    layout: Figure = {
        "xaxis": {"title": axis_title("baseline in the window, all networks, GB/h"), "range": [2, 12],
                  "showgrid": True},
        "yaxis": {"title": axis_title("ratio on the air with compression"), "range": [0.33, 0.84]},
        "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": _HALF, "y1": _HALF,
                    "line": {"color": VERMILION, "dash": "dash", "width": 1.5}}],
        "annotations": [{"xref": "paper", "x": 1, "y": _HALF, "xanchor": "right", "yanchor": "bottom",
                         "showarrow": False, "text": "50 %", "font": {"color": VERMILION}}],
        "margin": {"t": 60},
    }  # fmt: skip
    share = facts.region.share
    caption = (
        f"Of {facts.region.samples:,} networks drawn from wide priors, {share['loose']:.2%} give all six rows in the"
        f" loose reading and {share['strict']:.2%} in the strict one, which never holds at exactly one half: there"
        " eight plain channels and four compressed ones are the same."
    )
    return Picture("region", "Networks that give the table", caption, {"data": traces, "layout": layout}, 460)


def priors_picture(facts: Facts) -> Picture:
    """What Table 7 says of each parameter: the accepted spread on the scale of its prior."""
    names = list(priors())[::-1]
    titles = [priors()[name].title for name in names]
    traces: list[Figure] = []
    for reading in READINGS:
        colour, label, _ = _STYLE[reading]
        spreads = facts.region.spreads[reading]
        ends = [_on_prior(name, spreads[name]) for name in names]
        traces.append({
            "type": "scatter", "mode": "markers", "name": label.split(":", maxsplit=1)[0],
            "x": [middle for _, middle, _ in ends], "y": titles,
            "marker": {"color": colour, "size": 9},
            "error_x": {"type": "data", "symmetric": False, "array": [high - middle for _, middle, high in ends],
                        "arrayminus": [middle - low for low, middle, _ in ends], "color": colour, "width": 5,
                        "thickness": 2.5},
            "customdata": [[spreads[name].p5, spreads[name].p50, spreads[name].p95] for name in names],
            "hovertemplate": "%{customdata[0]:.4g} to %{customdata[2]:.4g}, median %{customdata[1]:.4g}"
                             "<extra>%{y}</extra>",
        })  # fmt: skip
    layout: Figure = {
        "xaxis": {"title": axis_title("within its prior"), "range": [-0.02, 1.02], "tickvals": [0, 0.5, 1],
                  "ticktext": ["lower end", "middle", "upper end"], "showgrid": True},
        "yaxis": {"type": "category", "ticks": "", "automargin": True},
        "margin": {"t": 60},
    }  # fmt: skip
    caption = (
        "5th to 95th percentile of the accepted samples. Table 7 pins the baseline and the ratio; of the radio only"
        " load over net rate is identified, so rate, frame and sites keep their priors: do not take them for known."
    )
    return Picture("priors", "What Table 7 says of each parameter", caption, {"data": traces, "layout": layout}, 520)


def _on_prior(name: str, spread: Spread) -> tuple[float, float, float]:
    """The three percentiles from 0 to 1 between the ends of the prior."""
    lo, width = priors()[name].lo, priors()[name].hi - priors()[name].lo
    return (spread.p5 - lo) / width, (spread.p50 - lo) / width, (spread.p95 - lo) / width


def channels_picture(facts: Facts) -> Picture:
    """Channels that the busiest site needs over the day, for each scenario."""
    traces: list[Figure] = []
    hours = list(range(25))
    for name in VOLUMES:
        for compressed in (False, True):
            values = _over_day(facts, facts.messages[name], compressed=compressed)
            traces.append({
                "type": "scatter", "mode": "lines", "name": f"{name}{', compressed' if compressed else ''}",
                "x": hours, "y": [*values, values[-1]],
                "line": {"color": SCENARIO_COLOURS[name], "width": 2.2, "shape": "hv",
                         "dash": "dot" if compressed else "solid"},
                "hovertemplate": "%{x} h: %{y:.2f} channels<extra>%{fullData.name}</extra>",
            })  # fmt: skip
    layout: Figure = {
        "xaxis": {"title": axis_title("hour of the day, UTC"), "range": [0, 24], "dtick": 3},
        "yaxis": {"title": axis_title("channels, busiest site"), "rangemode": "tozero"},
        "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": limit, "y1": limit,
                    "line": {"color": "#8c959f", "width": 1.5, "dash": "dash"}} for limit in CHANNELS],
        "margin": {"t": 60},
    }  # fmt: skip
    window = facts.demand.window("csp_north")
    caption = (
        f"CSP North with its window from {window.start} to {window.end} and every scenario as large as Table 5 has it."
        " Dashed: 4 and 8 channels."
    )
    return Picture("channels", "Channels over the day", caption, {"data": traces, "layout": layout})


def _over_day(facts: Facts, day: DayOfMessages, *, compressed: bool) -> list[float]:
    """A share of an hour's settlement reads is a share of its window."""
    shares = hour_shares(facts.demand.window("csp_north"))
    return [float(_hour(facts.model, day, float(share), compressed=compressed)) for share in shares]


def _hour(model: RadioModel, day: DayOfMessages, share: float, *, compressed: bool) -> Quantity:
    return channels_needed(model, day, 1 / share if share else float("inf"), compressed=compressed)
