"""The pictures of a run: arrivals, latency, bytes, a meter's day, completeness."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import floor, log10
from typing import Final

from tools.report import smets1
from tools.report.figure_day import day_picture
from tools.report.figure_style import (
    BLUE,
    DASHES,
    ORANGE,
    SHADE,
    SKY,
    UNSEEN,
    VERMILION,
    Figure,
    Picture,
    axis_title,
    colours,
    when,
)
from tools.report.model import Arrivals, RunData
from tools.report.words import SRV_TITLES, count, duration, percent, plain, size

_LATENCY_TICKS_S: Final = (0.01, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600)
_LEAST_S: Final = 0.001
"""Left end of a logarithmic axis, which has no place for nothing."""

_ARRIVALS_PX, _LANE_PX, _MARGINS_PX = 250, 28, 90
_CHECKPOINT_COLOURS: Final = {"D+1": SKY, "SF": BLUE, "RF": ORANGE}

Window = tuple[str, str, datetime, datetime]
"""(CSP, kind, from, to), UTC without a zone."""


def pictures(data: RunData) -> list[Picture]:
    """Every picture that the run has data for."""
    makers: tuple[Callable[[RunData], Picture | None], ...] = (_arrivals, _latency, _bytes, day_picture, _completeness)
    return [picture for maker in makers if (picture := maker(data)) is not None] + smets1.pictures(data)


def windows(data: RunData) -> list[Window]:
    """The scheduling windows that the summary names; an entry that cannot be read is left out."""
    found = []
    listed = data.summary.get("windows")
    for entry in listed if isinstance(listed, list) else []:
        try:
            ends = (datetime.fromisoformat(entry[key]) for key in ("from", "to"))
            start, end = (end.astimezone(UTC).replace(tzinfo=None) for end in ends)
            found.append((str(entry["csp"]), str(entry.get("kind", "")), start, end))
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return found


# ---------------------------------------------------------------------------------------------------------- arrivals


def _arrivals(data: RunData) -> Picture | None:
    arrivals = data.arrivals
    if not arrivals.starts:
        return None
    shown = windows(data)
    colour = colours(sorted({*arrivals.by_csp, *(csp for csp, *_ in shown)}))
    lanes_px = _LANE_PX * len(shown)
    drawn_px = _ARRIVALS_PX + lanes_px
    layout: Figure = {
        "barmode": "stack",
        "bargap": 0,
        "xaxis": {"title": axis_title("time of request, UTC"), "type": "date", "range": _span(arrivals, shown)},
        "yaxis": {
            "title": axis_title(f"reads in {arrivals.bin_s // 60} minutes"),
            "domain": [0, _ARRIVALS_PX / drawn_px],
        },
        "legend": {"traceorder": "normal"},
    }
    traces = [_stack(arrivals, csp, colour[csp]) for csp in arrivals.by_csp]
    if shown:
        traces += [_lane(place, window, colour[window[0]]) for place, window in enumerate(shown)]
        layout["yaxis2"] = {
            "domain": [(_ARRIVALS_PX + 8) / drawn_px, 1], "range": [len(shown) - 0.5, -0.9], "visible": False,
            "fixedrange": True,
        }  # fmt: skip
        layout["shapes"] = [_shaded(start, end) for start, end in _merged(shown)]
    caption = "Reads made for D+1 by the time of their request."
    if shown:
        caption += " Grey: a scheduling window is open; the lines above say whose."
    return Picture(
        "arrivals", "Arrivals over the day", caption, {"data": traces, "layout": layout}, drawn_px + _MARGINS_PX
    )


def _stack(arrivals: Arrivals, csp: str, colour: str) -> Figure:
    middle = timedelta(seconds=arrivals.bin_s / 2)
    return {
        "type": "bar",
        "name": csp,
        "x": [when(start + middle) for start in arrivals.starts],
        "y": arrivals.by_csp[csp],
        "width": arrivals.bin_s * 1000,
        "marker": {"color": colour, "line": {"width": 0}},
        "customdata": [f"{start:%H:%M} to {start + 2 * middle:%H:%M}" for start in arrivals.starts],
        "hovertemplate": "%{customdata} UTC: %{y} reads<extra>%{fullData.name}</extra>",
    }


def _lane(place: int, window: Window, colour: str) -> Figure:
    csp, kind, start, end = window
    text = " ".join(filter(None, (csp, kind, f"{start:%H:%M} to {end:%H:%M}")))
    return {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": [when(start), when(start + (end - start) / 2), when(end)],
        "y": [place] * 3,
        "yaxis": "y2",
        "marker": UNSEEN,
        "line": {"color": colour, "width": 3},
        "text": ["", text, ""],
        "textposition": "top center",
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }


def _span(arrivals: Arrivals, shown: list[Window]) -> list[str]:
    bin_width = timedelta(seconds=arrivals.bin_s)
    first = min([arrivals.starts[0], *(window[2] for window in shown)])
    last = max([arrivals.starts[-1] + bin_width, *(window[3] for window in shown)])
    return [when(first - 2 * bin_width), when(last + 2 * bin_width)]


def _merged(shown: list[Window]) -> list[tuple[datetime, datetime]]:
    """The times at which any window is open: overlapping ones must not darken one another."""
    merged: list[tuple[datetime, datetime]] = []
    for _, _, start, end in sorted(shown, key=lambda window: window[2]):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _shaded(start: datetime, end: datetime) -> Figure:
    return {
        "type": "rect", "xref": "x", "x0": when(start), "x1": when(end), "yref": "y domain", "y0": 0, "y1": 1,
        "fillcolor": SHADE, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- latency


def _latency(data: RunData) -> Picture | None:
    if not data.cdfs:
        return None
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": cdf.wan,
            "x": [max(latency, _LEAST_S) for latency in cdf.latency_s],
            "y": [share * 100 for share in cdf.share],
            "line": {"width": 2.2, "dash": DASHES[place % len(DASHES)]},
            "hovertemplate": "%{y:.2f} % within %{x:.3~s} s<extra>%{fullData.name}</extra>",
        }
        for place, cdf in enumerate(data.cdfs)
    ]
    trts = data.total.trts_s
    seconds = [max(cdf.latency_s[0], _LEAST_S) for cdf in data.cdfs] + [cdf.latency_s[-1] for cdf in data.cdfs]
    low, high = log10(min(seconds)), log10(max(*seconds, *trts, 2 * min(seconds)))
    ticks = [tick for tick in _LATENCY_TICKS_S if floor(low) <= log10(tick) <= high + 0.1]
    layout: Figure = {
        "xaxis": {
            "title": axis_title("latency, logarithmic"), "type": "log", "range": [low - 0.05, high + 0.12],
            "tickvals": ticks, "ticktext": [duration(tick) for tick in ticks], "showgrid": True,
        },
        "yaxis": {"title": axis_title("answered, % of reads sent"), "range": [0, 102]},
        "shapes": [_trt_line(trt) for trt in trts],
        "annotations": [_trt_label(trt, lift=place % 2) for place, trt in enumerate(trts)],
        "margin": {"t": 76},
        "legend": {"y": 1.12},
    }  # fmt: skip
    caption = (
        "Share of the reads sent over each network that were answered within so long, retries included; a curve that"
        " ends below 100 % lost reads. Dashed: target response times (TRT)."
    )
    return Picture("latency", "Latency against the target", caption, {"data": traces, "layout": layout}, 420)


def _trt_line(trt_s: float) -> Figure:
    return {
        "type": "line", "x0": trt_s, "x1": trt_s, "yref": "paper", "y0": 0, "y1": 1,
        "line": {"color": VERMILION, "width": 1.5, "dash": "dash"},
    }  # fmt: skip


def _trt_label(trt_s: float, lift: int) -> Figure:
    """Every other label stands a line higher: 16 s and 30 s are close."""
    return {
        "x": log10(trt_s), "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False,
        "yshift": 14 * lift, "text": f"TRT {duration(trt_s)}", "font": {"color": VERMILION, "size": 12},
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- bytes


def _bytes(data: RunData) -> Picture | None:
    groups = list(reversed(data.by_srv))
    if not any(group.bytes_down or group.bytes_up for group in groups):
        return None
    names = [f"<b>{group.label}</b>" for group in groups]
    ways = (
        ("up, responses", ORANGE, [(group, group.bytes_up) for group in groups]),
        ("down, commands", BLUE, [(group, group.bytes_down) for group in groups]),
    )
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": names,
            "x": [number for _, number in numbers],
            "marker": {"color": colour},
            "text": [f"{size(number)}, {size(number / group.asked)} a read" for group, number in numbers],
            "textposition": "outside",
            "cliponaxis": False,
            "customdata": [SRV_TITLES.get(group.label, "") for group in groups],
            "hovertemplate": "%{customdata}: %{text}<extra>%{fullData.name}</extra>",
        }
        for name, colour, numbers in ways
    ]
    most = max(number for _, _, numbers in ways for _, number in numbers)
    layout: Figure = {
        "barmode": "group",
        "bargap": 0.3,
        "xaxis": {"title": axis_title("bytes on the SM WAN"), "tickformat": "~s", "ticksuffix": "B", "showgrid": True,
                  "range": [0, most * 1.22]},
        "yaxis": {"type": "category", "ticks": ""},
        "legend": {"traceorder": "reversed"},
    }  # fmt: skip
    caption = "GBCS messages, and for SMETS1 those of the dialects, as they crossed the SM WAN, retries included."
    return Picture(
        "bytes", "Bytes by service request", caption, {"data": traces, "layout": layout}, 130 + 62 * len(groups)
    )


# ------------------------------------------------------------------------------------------------------ completeness


def _completeness(data: RunData) -> Picture | None:
    rows = data.completeness
    if not rows:
        return None
    checkpoints = list(dict.fromkeys(row.checkpoint for row in rows))
    colour = {**colours(checkpoints), **_CHECKPOINT_COLOURS}
    traces = []
    for checkpoint in checkpoints:
        here = [row for row in rows if row.checkpoint == checkpoint]
        traces.append(
            {
                "type": "bar",
                "name": checkpoint,
                "x": [f"{plain(row.granularity)}<br>{row.mpan_kind}" for row in here],
                "y": [row.share * 100 for row in here],
                "marker": {"color": colour[checkpoint]},
                "text": [percent(row.share) for row in here],
                "textposition": "outside",
                "cliponaxis": False,
                "customdata": [f"{count(row.present)} of {count(row.expected)}" for row in here],
                "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
            }
        )
    layout: Figure = {
        "barmode": "group",
        "bargap": 0.28,
        "xaxis": {"type": "category", "ticks": ""},
        "yaxis": {"title": axis_title("present, % of expected"), "range": [0, 112], "tickvals": [0, 25, 50, 75, 100]},
    }
    caption = "Values that settlement expects and has: at the end of D+1, at SF and at RF."
    return Picture("completeness", "Settlement completeness", caption, {"data": traces, "layout": layout})
