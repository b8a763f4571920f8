"""The SMETS1 part of a report: the five questions of PIA 5.4.1, setting by setting, and three pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gbcs.times import EPOCH
from tools.report.figure_style import COLOURS, DASHES, VERMILION, Figure, Picture, axis_title, when
from tools.report.model import RunData
from tools.report.words import NOTHING, count, duration, percent, size

Entry = Mapping[str, Any]

_PRESETS: Final = {"sms_reference": "reference SMS", "sms_pessimistic": "pessimistic SMS"}
_TARGET_S: Final = 16.0
_FAULTS: Final = "faults"
_WIDTH_BITS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the table: which question of the PIA it belongs to, what is counted, a cell a setting."""

    question: str
    what: str
    cells: tuple[str, ...]

    @property
    def is_long(self) -> bool:
        """Whether its cells are lists, which no terminal has room for."""
        return self.what == _FAULTS


@dataclass(frozen=True, slots=True)
class Smets1Table:
    """The answers side by side; ``headings`` name the settings."""

    headings: tuple[str, ...]
    lines: tuple[Question, ...]
    cohorts: tuple[Entry, ...]
    providers: tuple[Entry, ...]
    note: str


_Cell = Callable[[Entry], str]

_LINES: Final[tuple[tuple[str, str, _Cell], ...]] = (
    ("Data volume", "per hub and month", lambda one: size(one["data_bytes_per_hub_month"])),
    ("SMS volume", "MT SMS per hub and month", lambda one: _decimal(one["sms_per_hub_month"])),
    ("", "over the quota, per hub and month", lambda one: _decimal(one["sms_over_quota_per_hub_month"])),
    ("", "their price a month, all hubs", lambda one: f"GBP {one['over_quota_gbp_per_month']:,.2f}"),
    ("Data rate", "busiest minute, all hubs", lambda one: _bit_rate(one["peak_data_rate_bps"])),
    ("API rate", "calls in the busiest second", lambda one: count(one["api_calls_per_s_peak"])),
    ("Connections", "PDP contexts at a time, at most", lambda one: count(one["contexts_peak"])),
    ("", "how long one lasts, mean", lambda one: duration(one["context_mean_s"])),
    ("", "95 % last no longer than", lambda one: duration(one["context_p95_s"])),
    ("Beside them", "wake-up to first byte, median", lambda one: duration(one["first_byte_p50_s"])),
    ("", "first byte within 16 s", lambda one: _share(one["first_byte_within_16_s"])),
    ("", "reads answered within their target", lambda one: _of(one["reads"], "within_trt", "asked")),
    ("", "reads served from a cache", lambda one: _of(one["reads"], "from_cache", "asked")),
    ("", "reads of meters", lambda one: count(one["meter_reads"])),
    ("", "DCO answers later than 4 s", lambda one: _of(one, "dco_late", "dco_requests")),
    ("", _FAULTS, lambda one: ", ".join(f"{name} {number}" for name, number in one["faults"].items()) or NOTHING),
)
"""The five questions, and what explains their answers."""


def table(data: RunData) -> Smets1Table | None:
    """The answers, or None for a run without SMETS1 meters or one that ended before it could answer."""
    found = data.summary.get("smets1")
    if not isinstance(found, dict) or "variants" not in found:
        return None
    columns: list[Entry] = [found["this_run"], *found["variants"]]
    lines = tuple(
        Question(question, what, tuple(cell(column) for column in columns)) for question, what, cell in _LINES
    )
    note = (
        f"{count(found['premises'])} hubs; a month is 30 days like the one read. The first column is this run, with all"
        " that was asked again; the others are models of its first requests, on the same seed. Meters speak"
        f" {found['label']}, not the protocols of their makers."
    )
    headings = ("this run", *map(_setting, found["variants"]))
    return Smets1Table(headings, lines, tuple(found["cohorts"]), tuple(found["providers"]), note)


def pictures(data: RunData) -> list[Picture]:
    """Sessions over time, SMS over time, and wake-to-first-byte."""
    found = data.summary.get("smets1")
    drawn = found.get("series", []) if isinstance(found, dict) else []
    if not drawn:
        return []
    return [
        _over_time(drawn, "sessions", "Data sessions over time", "most PDP contexts at a time"),
        _over_time(drawn, "sms", "SMS over time", "MT SMS in 10 minutes"),
        *_first_byte(drawn),
    ]


def _over_time(drawn: list[Entry], key: str, title: str, axis: str) -> Picture:
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": _setting(one),
            "x": _instants(one, len(one[key])),
            "y": one[key],
            "line": {**_line(one, place), "shape": "hv"},
            "hovertemplate": "%{x|%H:%M}: %{y}<extra>%{fullData.name}</extra>",
        }
        for place, one in enumerate(drawn)
    ]
    layout: Figure = {
        "xaxis": {"title": axis_title("time, UTC"), "type": "date"},
        "yaxis": {"title": axis_title(axis), "rangemode": "tozero"},
    }
    caption = (
        "In spans of ten minutes; models of the run's first requests under each setting. Solid: with the cache; dotted:"
        " without."
    )
    return Picture(f"smets1_{key}", title, caption, {"data": traces, "layout": layout})


def _first_byte(drawn: list[Entry]) -> list[Picture]:
    shown = [(place, one) for place, one in enumerate(drawn) if one["first_byte_s"]]
    if not shown:
        return []
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": _setting(one),
            "x": one["first_byte_s"],
            "y": [share * 100 for share in one["first_byte_shares"]],
            "line": _line(one, place),
            "hovertemplate": "%{y:.1f} % within %{x:.1f} s<extra>%{fullData.name}</extra>",
        }
        for place, one in shown
    ]
    layout: Figure = {
        "xaxis": {
            "title": axis_title("seconds from wake-up to the first byte, logarithmic"), "type": "log", "showgrid": True,
        },
        "yaxis": {"title": axis_title("answered, % of wake-ups"), "range": [0, 102]},
        "shapes": [
            {"type": "line", "x0": _TARGET_S, "x1": _TARGET_S, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": VERMILION, "width": 1.5, "dash": "dash"}},
        ],
    }  # fmt: skip
    caption = "Dashed: 16 s, the target of a SMETS1 read on demand, of which the first byte is only a part."
    return [Picture("smets1_first_byte", "Wake-up to first byte", caption, {"data": traces, "layout": layout})]


def _line(one: Entry, place: int) -> Figure:
    preset = list(_PRESETS).index(one["sms_preset"]) if one["sms_preset"] in _PRESETS else place
    return {"width": 2, "color": COLOURS[preset % len(COLOURS)], "dash": DASHES[0 if one["cache"] else 2]}


def _instants(one: Entry, number: int) -> list[str]:
    start: datetime = EPOCH + timedelta(seconds=float(one["start"]))
    return [when(start + place * timedelta(seconds=int(one["bin_s"]))) for place in range(number)]


def _setting(one: Entry) -> str:
    return f"{_PRESETS.get(one['sms_preset'], one['sms_preset'])}, {'with' if one['cache'] else 'without'} cache"


def _of(entry: Entry, part: str, whole: str) -> str:
    return _share(entry[part] / entry[whole] if entry[whole] else None)


def _share(share: float | None) -> str:
    return NOTHING if share is None else percent(share)


def _decimal(number: float) -> str:
    return f"{number:,.1f}"


def _bit_rate(bps: float) -> str:
    return f"{bps / _WIDTH_BITS:,.1f} kbit/s"
