"""What the pictures share: colours that colour-blind readers tell apart (Okabe and Ito, 2008), two themes, axes.

A picture is a plain mapping as plotly.js reads it: making one needs no plotly in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
COLOURS: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
SHADE: Final = "rgba(128,128,128,0.13)"
"""Reads on a light and on a dark page."""

UNSEEN: Final = {"size": 7, "opacity": 0}
"""A marker that keeps the text above a line off the line."""

DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

CONFIG: Final = {"displaylogo": False, "displayModeBar": False, "responsive": True}

FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

Figure = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with its heading, the sentence under it, and how high it is drawn (px)."""

    key: str
    title: str
    caption: str
    figure: Figure
    height_px: int = 360


def theme(*, dark: bool) -> Figure:
    """A plotly template: ink, grid and margins for a light or a dark page."""
    ink, line, grid, ground = (
        ("#d5dae0", "#77808a", "#333a42", "#1b1f24") if dark else ("#24292f", "#8c959f", "#e5e8eb", "#ffffff")
    )
    axis = {
        "gridcolor": grid,
        "linecolor": line,
        "tickcolor": line,
        "ticks": "outside",
        "ticklen": 4,
        "zeroline": False,
        "automargin": True,
        "title": {"standoff": 10},
    }
    layout = {
        "font": {"family": FONT, "size": 13, "color": ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": list(COLOURS),
        "margin": {"l": 64, "r": 20, "t": 36, "b": 52},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "hoverlabel": {"bgcolor": ground, "bordercolor": line, "font": {"family": FONT, "color": ink}},
        "xaxis": {**axis, "showline": True, "showgrid": False},
        "yaxis": {**axis, "showline": False},
    }
    return {"layout": layout}


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in order, from the beginning again when they run out."""
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}


def when(moment: datetime) -> str:
    """A UTC time as plotly reads it. A zone is dropped: plotly shows the digits that it is given."""
    return moment.replace(tzinfo=None).isoformat()


def axis_title(text: str) -> Mapping[str, Any]:
    """The title of an axis."""
    return {"text": text}
