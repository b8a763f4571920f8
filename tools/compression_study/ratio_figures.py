"""Pictures of ratios: by read and placement with floors, by mix, by codec before and after framing."""

from __future__ import annotations

from typing import Final

from emulator.compression.mixes import mix_ratios
from emulator.compression.placements import PLACEMENTS, Placement
from emulator.compression.registry import CODECS
from gbcs.catalogue import by_use_case
from tools.compression.framing import links
from tools.compression.tally import grouped
from tools.compression_study.facts import Facts
from tools.report.figure_style import COLOURS, Figure, Picture, axis_title

_GREY: Final = "#8c959f"
_SYMBOLS: Final = ("circle", "square", "diamond", "cross", "triangle-up")
_HALF: Figure = {
    "type": "line", "x0": 0.5, "x1": 0.5, "yref": "paper", "y0": 0, "y1": 1,
    "line": {"color": _GREY, "width": 1.5, "dash": "dash"},
}  # fmt: skip
_RATIO: Figure = {"range": [0, 1.04], "dtick": 0.1, "showgrid": True}
_DIRECTIONS: Final = {"down": "command, down", "up": "answer, up", "": "both ways"}


def placement_picture(facts: Facts, direction: str) -> Picture | None:
    """What each placement leaves of each read in a direction, the floor beside it."""
    reads = [
        (use_case, role)
        for use_case, role in dict.fromkeys((place.use_case, place.role) for place in facts.sizes.raw)
        if facts.sizes.ratio("header_context", use_case, role, direction) is not None
    ]
    if not reads:
        return None
    reads.sort(key=lambda read: (read[1], by_use_case(read[0]).srvs[0]))
    places = list(range(len(reads)))
    traces: list[Figure] = []
    for at, placement in enumerate(PLACEMENTS):
        ratios = [facts.sizes.ratio(placement.measured, *read, direction) for read in reads]
        traces.append(_dots(_named(placement), ratios, COLOURS[at], _SYMBOLS[at], at - 2))
    floors = [_floor(facts, *read, direction) for read in reads]
    traces.append(
        {"type": "scatter", "mode": "markers", "name": "floor: ciphertext, tag and MAC", "x": floors, "y": places,
         "marker": {"symbol": "line-ns-open", "size": 24, "color": _GREY, "line": {"width": 2, "color": _GREY}},
         "hovertemplate": "%{x:.3f}<extra>floor</extra>"}
    )  # fmt: skip
    layout: Figure = {
        "xaxis": {**_RATIO, "title": axis_title("bytes left of one byte")},
        "yaxis": {"tickvals": places, "ticktext": [f"{by_use_case(u).srvs[0]} by {role}" for u, role in reads],
                  "range": [len(reads) - 0.4, -0.6], "ticks": "", "showgrid": False},
        "shapes": [_HALF, *_rules(len(reads))], "margin": {"l": 130, "t": 130},
    }  # fmt: skip
    caption = (
        "Mean over single-element meters, the context check included. Dashed: one half. What lies left of the floor"
        " needs keys: it was coded before it was encrypted, or was never encrypted."
    )
    title = f"Ratio by read and placement, {_DIRECTIONS[direction]}"
    return Picture(f"placement_{direction or 'both'}", title, caption, {"data": traces, "layout": layout}, 620)


def _named(placement: Placement) -> str:
    """A placement in a legend, which has to fit narrow pages."""
    return f"{placement.letter}  {placement.title.partition(' (')[0]}"


def _dots(name: str, ratios: list[float | None], colour: str, symbol: str, place: int) -> Figure:
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": ratios,
        "y": [at + 0.13 * place for at in range(len(ratios))],
        "marker": {"color": colour, "symbol": symbol, "size": 8},
        "hovertemplate": "%{x:.3f}<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def _floor(facts: Facts, use_case: str, role: str, direction: str) -> float:
    wanted = [
        place
        for place in facts.sizes.raw
        if (place.use_case, place.role, place.kind) == (use_case, role, "single") and direction in {"", place.direction}
    ]
    return sum(facts.sizes.floor[place] for place in wanted) / sum(facts.sizes.raw[place] for place in wanted)


def _rules(rows: int) -> list[Figure]:
    return [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at + 0.5, "y1": at + 0.5,
         "line": {"color": "rgba(128,128,128,0.25)", "width": 1}} for at in range(rows - 1)
    ]  # fmt: skip


def mix_picture(facts: Facts) -> Picture | None:
    """Command and answer of whole mixes, with the transport around each message and without."""
    by_placement = {placement: mix_ratios(facts.sizes, placement.measured) for placement in PLACEMENTS}
    mixes = [ratios.mix.name for ratios in by_placement[PLACEMENTS[1]]]
    if not mixes:
        return None
    traces: list[Figure] = []
    for at, (placement, ratios) in enumerate(by_placement.items()):
        if len(ratios) != len(mixes):
            continue
        name = _named(placement)
        for part, hollow in (("total", False), ("with_transport", True)):
            dots = _dots(name, [getattr(one, part) for one in ratios], COLOURS[at], _SYMBOLS[at], at - 2)
            if hollow:
                dots["marker"]["symbol"] += "-open"
            traces.append({**dots, "legendgroup": name, "showlegend": not hollow})
    layout: Figure = {
        "xaxis": {**_RATIO, "title": axis_title("bytes left of one byte, down and up together")},
        "yaxis": {"tickvals": list(range(len(mixes))), "ticktext": mixes, "range": [len(mixes) - 0.4, -0.6],
                  "ticks": "", "showgrid": False},
        "shapes": [_HALF, *_rules(len(mixes))], "margin": {"l": 190, "t": 130},
    }  # fmt: skip
    caption = "Filled: messages alone. Hollow: with the transport around each message, which no codec here touches."
    return Picture("mixes", "What 50 % would need, by mix", caption, {"data": traces, "layout": layout}, 480)


def framing_picture(facts: Facts) -> Picture | None:
    """Ratios of each codec before and after framing, uplink and downlink."""
    tallies = grouped(facts.outcome.measured.tallies, lambda key: (key.codec, key.direction))
    names = [name for name in CODECS if (name, "up") in tallies]
    if not names:
        return None
    places = list(range(len(names)))
    traces: list[Figure] = []
    for at, direction in enumerate(("down", "up")):
        shown: dict[str, list[float | None]] = {
            "messages": [tallies[name, direction].ratio for name in names],
            **{link: [tallies[name, direction].on_air_ratio(link) for name in names] for link in links()},
        }
        for number, (title, ratios) in enumerate(shown.items()):
            dots = _dots(title, ratios, COLOURS[number % len(COLOURS)], _SYMBOLS[number % 5], number - 2)
            traces.append({**dots, "xaxis": f"x{at + 1}", "legendgroup": title, "showlegend": not at})
    layout: Figure = {
        "xaxis": {**_RATIO, "domain": [0, 0.48], "dtick": 0.25, "title": axis_title("down")},
        "xaxis2": {**_RATIO, "domain": [0.52, 1], "dtick": 0.25, "title": axis_title("up")},
        "yaxis": {"tickvals": places, "ticktext": [CODECS[name].title for name in names],
                  "range": [len(names) - 0.4, -0.6], "ticks": "", "showgrid": False},
        "shapes": _rules(len(names)), "margin": {"l": 240, "t": 70},
    }  # fmt: skip
    caption = "Messages: before framing. Others: bytes on the air of that link; each frame has a price of its own."
    height = 160 + 44 * len(names)
    return Picture("framing", "Codecs before and after framing", caption, {"data": traces, "layout": layout}, height)
