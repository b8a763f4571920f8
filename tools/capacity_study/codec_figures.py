"""What real codecs make of Table 7: the picture and the table."""

from __future__ import annotations

from typing import Final

from emulator.capacity.codecs import CodecOutcome
from emulator.capacity.pia import VOLUMES
from emulator.capacity.table7 import CHANNELS, broken_rows
from emulator.compression.registry import codec_row
from tools.capacity_study.facts import Facts
from tools.report.figure_style import COLOURS, Figure, Picture, axis_title
from tools.study.model import Column, Grid, Scalar

_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "x")
_GREY: Final = "#8c959f"


def codecs_picture(facts: Facts) -> Picture:
    """Channels that each row needs with each codec."""
    rows = [verdict.row for verdict in facts.table7]
    places = list(range(len(rows)))
    traces: list[Figure] = [
        _points("as they are", [verdict.plain for verdict in facts.table7], _GREY, "line-ns-open", 0)
    ]
    for at, outcome in enumerate(facts.codecs):
        needs = [verdict.compressed for verdict in outcome.verdicts]
        traces.append(_points(codec_row(outcome.codec).title, needs, COLOURS[at % len(COLOURS)], _SYMBOLS[at], at + 1))
    layout: Figure = {
        "xaxis": {"title": axis_title("channels that the busiest site needs"), "range": [0, 11], "dtick": 2,
                  "showgrid": True},
        "yaxis": {"tickvals": places, "ticktext": [f"<b>{row.name}</b><br>PIA: {row.words}" for row in rows],
                  "range": [len(rows) - 0.45, -0.55], "ticks": "", "showgrid": False},
        "shapes": [
            {"type": "line", "x0": limit, "x1": limit, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": _GREY, "width": 1.5, "dash": "dash"}} for limit in CHANNELS
        ] + [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": place + 0.5, "y1": place + 0.5,
             "line": {"color": "rgba(128,128,128,0.25)", "width": 1}} for place in places[:-1]
        ],
        "margin": {"t": 100},
    }  # fmt: skip
    caption = (
        "Each message as large as the codec leaves it, its transport as it is; the baseline shrinks by the same share"
        " as settlement. Carriers are paired: the direction that a codec shortens less decides."
    )
    return Picture("codecs", "Table 7 with real codecs", caption, {"data": traces, "layout": layout}, 560)


def _points(name: str, needs: list[float], colour: str, symbol: str, place: int) -> Figure:
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": needs,
        "y": [row + 0.11 * (place - 3) for row in range(len(needs))],
        "marker": {"color": colour, "symbol": symbol, "size": 9, "line": {"width": 2, "color": colour}},
        "hovertemplate": "%{x:.2f} channels<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def codecs_grid(facts: Facts) -> Grid:
    """Ratios by direction, and the rows of Table 7 that a codec does not give."""
    columns = (
        Column("codec", "codec", kind="head"),
        *(Column(f"{name}_{part}", f"{name} {title}", lambda value: f"{value:.2f}", "number")
          for name in VOLUMES for part, title in (("down", "down"), ("up", "up"), ("total", "both"),
                                                  ("with_transport", "with transport"))),
        Column("broken", "where Table 7 would differ", lambda text: text or "none", "text",
               lambda text: "" if text else "good"),
    )  # fmt: skip
    caption = (
        "Bytes left of the settlement messages of a day, every read at MDR size, the check of the context included."
    )
    return Grid("codecs", "", columns, tuple(_row(outcome) for outcome in facts.codecs), caption)


def _row(outcome: CodecOutcome) -> tuple[Scalar, ...]:
    ratios = [outcome.ratios[name] for name in VOLUMES]
    numbers = [value for one in ratios for value in (one.down, one.up, one.total, one.with_transport)]
    words = ", ".join(
        f"{verdict.row.name} {verdict.words}"
        for verdict in outcome.verdicts
        if verdict.row.name in broken_rows(outcome.verdicts)
    )
    return codec_row(outcome.codec).title, *numbers, words
