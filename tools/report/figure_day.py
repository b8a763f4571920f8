"""The picture of one meter's day: what was asked, what came back by channel, what is missing and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from tools.report.figure_style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    UNSEEN,
    VERMILION,
    Figure,
    Picture,
    axis_title,
    when,
)
from tools.report.model import MeterDay, Missing, RunData
from tools.report.words import leg, plain

_HALF_HOUR: Final = timedelta(minutes=30)
_COLOURS: Final = {
    "active_import": BLUE,
    "active_import_secondary": SKY,
    "reactive_import": PURPLE,
    "active_export": ORANGE,
    "reactive_export": GREEN,
}
_ROW_PX, _LANE_PX, _MARGINS_PX, _SPACE_PX = 130, 26, 110, 36

Run = tuple[datetime, datetime, str]
"""(start, end, leg and reason) of half-hours missing in a row."""


def day_picture(data: RunData) -> Picture | None:
    """A row of bars for each channel, and a lane under them for each read; None when there is no such meter."""
    day = data.meter_day
    if day is None:
        return None
    rows = _rows(day)
    if not rows and not day.asked:
        return None
    lanes = max(len(day.asked), 1)
    heights = [_ROW_PX] * len(rows) + [lanes * _LANE_PX + 10]
    figure: Figure = {"data": [], "layout": {"showlegend": False, "bargap": 0.12, "shapes": [], "annotations": []}}
    domains = _domains(heights)
    for place, channel in enumerate(rows):
        _draw_channel(figure, day, channel, place + 1, domains[place])
    _draw_asked(figure, day, len(rows) + 1, domains[-1])
    first, last = day.bounds
    figure["layout"]["xaxis"] = {
        "title": axis_title("UTC"), "type": "date", "range": [when(first), when(last)], "tickformat": "%H:%M",
        "anchor": f"y{len(rows) + 1}" if rows else "y", "dtick": 7_200_000,
    }  # fmt: skip
    caption = (
        f"Premises {day.premises}, meter {day.device}, {day.csp} over {day.wan}, local settlement day {day.day}."
        " Each bar is a half-hour; hatched ones did not come back."
    )
    height = sum(heights) + _SPACE_PX * len(rows) + _MARGINS_PX
    return Picture("meter_day", "A meter's day: asked and got back", caption, figure, height)


def missing_runs(day: MeterDay, channel: str) -> list[Run]:
    """Half-hours missing in a channel and in a row for one reason, those left out that came back after all."""
    got = set(day.channels.get(channel, ([], []))[0])
    missing = [one for one in day.missing if one.mpan_kind in channel and one.stamp not in got]

    def same_run(numbered: tuple[int, Missing]) -> tuple[datetime, str, str]:
        place, one = numbered
        return one.stamp - place * _HALF_HOUR, one.leg, one.reason

    runs = []
    for (_, where, reason), found in groupby(enumerate(missing), same_run):
        stamps = [one.stamp for _, one in found]
        runs.append((stamps[0] - _HALF_HOUR, stamps[-1], f"{leg(where)}: {reason}"))
    return runs


def _rows(day: MeterDay) -> list[str]:
    """Channels that came back, and one for each kind of MPAN of which nothing did."""
    lost = {f"active_{one.mpan_kind}" for one in day.missing if not any(one.mpan_kind in name for name in day.channels)}
    order = list(_COLOURS)
    return sorted({*day.channels, *lost}, key=lambda name: (order.index(name) if name in order else len(order), name))


def _domains(heights: list[int]) -> list[tuple[float, float]]:
    """Where each row stands, from the top down, as shares of the picture."""
    whole = sum(heights) + _SPACE_PX * (len(heights) - 1)
    top, domains = float(whole), []
    for height in heights:
        domains.append((max(top - height, 0.0) / whole, top / whole))
        top -= height + _SPACE_PX
    return domains


def _axis(number: int) -> str:
    return "" if number == 1 else str(number)


def _draw_channel(figure: Figure, day: MeterDay, channel: str, number: int, domain: tuple[float, float]) -> None:
    stamps, values = day.channels.get(channel, ([], []))
    unit = "varh" if channel.startswith("reactive") else "Wh"
    figure["data"].append(
        {
            "type": "bar",
            "name": plain(channel),
            "x": [when(stamp - _HALF_HOUR / 2) for stamp in stamps],
            "y": values,
            "yaxis": f"y{_axis(number)}",
            "width": _HALF_HOUR.total_seconds() * 1000 * 0.86,
            "marker": {"color": _COLOURS.get(channel, BLUE)},
            "customdata": [f"{stamp - _HALF_HOUR:%H:%M} to {stamp:%H:%M}" for stamp in stamps],
            "hovertemplate": "%{customdata} UTC: %{y:,} " + unit + "<extra>%{fullData.name}</extra>",
        }
    )
    top = max(values, default=0) or 1
    figure["layout"][f"yaxis{_axis(number)}"] = {
        "domain": domain, "title": axis_title(unit), "range": [0, top * 1.08], "nticks": 4, "tickformat": "~s",
    }  # fmt: skip
    figure["layout"]["annotations"].append(_heading(plain(channel), domain[1]))
    for run in missing_runs(day, channel):
        _draw_missing(figure, run, number, top)


def _heading(text: str, y: float) -> Figure:
    return {
        "text": f"<b>{text}</b>", "x": 0, "xref": "paper", "xanchor": "left", "y": y, "yref": "paper",
        "yanchor": "bottom", "showarrow": False,
    }  # fmt: skip


def _draw_missing(figure: Figure, run: Run, number: int, top: float) -> None:
    start, end, why = run
    middle = start + (end - start) / 2
    figure["data"].append(
        {
            "type": "bar",
            "name": "missing",
            "x": [when(middle)],
            "y": [top * 1.08],
            "yaxis": f"y{_axis(number)}",
            "width": (end - start).total_seconds() * 1000,
            "marker": {
                "color": "rgba(0,0,0,0)",
                "pattern": {"shape": "/", "fgcolor": VERMILION, "size": 7, "solidity": 0.18},
                "line": {"color": VERMILION, "width": 1},
            },
            "hovertemplate": f"{start:%H:%M} to {end:%H:%M} UTC missing {_safe(why)}<extra></extra>",
        }
    )
    figure["layout"]["annotations"].append(
        {
            "text": _safe(f"missing {why}"), "x": when(middle), "y": top * 1.08, "yref": f"y{_axis(number)}",
            "yanchor": "bottom", "showarrow": False, "font": {"color": VERMILION, "size": 12},
        }
    )  # fmt: skip


def _draw_asked(figure: Figure, day: MeterDay, number: int, domain: tuple[float, float]) -> None:
    """A line from the beginning of the first half-hour asked to the end of the last."""
    for place, one in enumerate(day.asked):
        start, end = max(one.asked_from - _HALF_HOUR, day.bounds[0]), min(one.asked_to, day.bounds[1])
        answered = one.outcome == "answered"
        figure["data"].append(
            {
                "type": "scatter",
                "mode": "lines+markers+text",
                "marker": UNSEEN,
                "x": [when(start), when(start + (end - start) / 2), when(end)],
                "y": [place] * 3,
                "yaxis": f"y{_axis(number)}",
                "line": {"color": BLUE if answered else VERMILION, "width": 2, "dash": "solid" if answered else "dot"},
                "text": ["", _safe(f"{one.srv} for {one.user}: {one.outcome}"), ""],
                "textposition": "top center",
                "textfont": {"size": 12},
                "hoverinfo": "skip",
                "cliponaxis": False,
            }
        )
    figure["layout"][f"yaxis{_axis(number)}"] = {
        "domain": domain, "range": [max(len(day.asked), 1) - 0.4, -0.9], "visible": False, "fixedrange": True,
    }  # fmt: skip
    figure["layout"]["annotations"].append(_heading("asked", domain[1]))


def _safe(text: str) -> str:
    """Plotly reads a few tags in text: a reason that holds one must show it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
