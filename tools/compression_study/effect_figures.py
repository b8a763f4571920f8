"""Pictures and tables of what a codec changes in a run, and of what lengths tell."""

from __future__ import annotations

from typing import Final

from emulator.compression.hub_costs import hub_cost
from emulator.compression.leakage import PADDINGS, Leak
from emulator.compression.registry import CODECS, codec_row
from tools.compression.effects import LATENCIES, LAYERS, Effects, Estimate
from tools.compression_study.facts import Facts
from tools.report.figure_style import BLUE, ORANGE, VERMILION, Figure, Picture, axis_title
from tools.report.words import NOTHING, size
from tools.study.model import Column, Grid, Scalar

_DIRECTION_COLOURS: Final = {"down": BLUE, "up": ORANGE}


def layers_picture(effects: Effects) -> Picture:
    """What a codec leaves of each layer, by network and direction, with its interval over seeds."""
    networks = effects.networks()
    layers = [name for name in LAYERS if name != "message_bytes"]
    traces: list[Figure] = []
    layout: Figure = {"margin": {"l": 170, "t": 60}, "shapes": []}
    for at, layer in enumerate(layers):
        suffix = "" if at == 0 else str(at + 1)
        left = at / len(layers) + (0.012 if at else 0)
        layout[f"xaxis{suffix}"] = {
            "domain": [left, (at + 1) / len(layers) - 0.012], "range": [0, 1.12], "dtick": 0.5, "showgrid": True,
            "title": axis_title(LAYERS[layer].replace("frames on the SM WAN", "frames")),
        }  # fmt: skip
        for place, direction in enumerate(("down", "up")):
            estimates = [effects.ratio(network, direction, layer) for network in networks]
            traces.append(_with_interval(estimates, direction, place, f"x{suffix}", first=at == 0))
    layout["yaxis"] = {
        "tickvals": list(range(len(networks))), "ticktext": networks, "range": [len(networks) - 0.4, -0.6],
        "ticks": "", "showgrid": False,
    }  # fmt: skip
    pairs = len(effects.pairs)
    caption = (
        f"What {codec_row(effects.codec).title} leaves of each layer of the same run without it"
        f" ({pairs} pair{'s' if pairs != 1 else ''} of runs; bars: 95 % interval over seeds). Frames are whole: small"
        " messages gain less on the air than in bytes."
    )
    title = f"Effects of {effects.codec}, layer by layer"
    return Picture(f"layers_{effects.codec}", title, caption, {"data": traces, "layout": layout}, 420)


def _with_interval(estimates: list[Estimate], direction: str, place: int, axis: str, *, first: bool) -> Figure:
    return {
        "type": "scatter", "mode": "markers", "name": direction, "legendgroup": direction, "showlegend": first,
        "x": [one.mean for one in estimates], "y": [at + 0.22 * (place - 0.5) for at in range(len(estimates))],
        "error_x": {"type": "data", "array": [one.half_width or 0 for one in estimates], "thickness": 1.5},
        "marker": {"color": _DIRECTION_COLOURS[direction], "size": 8}, "xaxis": axis,
        "hovertemplate": "%{x:.3f}<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def layers_grid(effects: Effects) -> Grid:
    """The same in numbers."""
    columns = (
        Column("network", "network", kind="head"),
        Column("direction", "direction"),
        *(column
          for layer, title in LAYERS.items() if layer != "message_bytes"
          for column in (Column(layer, title, _number, "number"),
                         Column(f"{layer}_half_width", "±", _number, "number"))),
    )  # fmt: skip
    rows: list[tuple[Scalar, ...]] = []
    for network in effects.networks():
        for direction in ("down", "up"):
            found = [effects.ratio(network, direction, layer) for layer in LAYERS if layer != "message_bytes"]
            rows.append((network, direction, *(v for one in found for v in (one.mean, one.half_width))))
    caption = "Bytes, frames and seconds left of one, with the half-width of the 95 % interval."
    return Grid(f"layers_{effects.codec}", "", columns, tuple(rows), caption, folded=True)


def latency_grid(effects: Effects) -> Grid:
    """Seconds to the answer without the codec, and what it changes."""
    columns = (
        Column("network", "network", kind="head"),
        *(column
          for name, title in LATENCIES.items()
          for column in (Column(name, title, _seconds, "number"),
                         Column(f"{name}_change", "change, s", _seconds, "number"),
                         Column(f"{name}_half_width", "±", _seconds, "number"))),
    )  # fmt: skip
    rows: list[tuple[Scalar, ...]] = []
    for network in effects.networks():
        if all(network in arm.latencies for pair in effects.pairs for arm in pair):
            found = [effects.latency_change_s(network, name) for name in LATENCIES]
            rows.append(
                (network, *(v for before, change in found for v in (before.mean, change.mean, change.half_width)))
            )
    within = [(without.within_trt, with_.within_trt) for without, with_ in effects.pairs]
    before, after = (sum(values) / len(within) for values in zip(*within, strict=True))
    caption = (
        "Scheduled reads answered at the first attempt, in seconds. Within their target response time: "
        f"{before:.2%} without the codec, {after:.2%} with it."
    )
    return Grid(f"latency_{effects.codec}", f"Seconds to the answer, {effects.codec}", columns, tuple(rows), caption)


def hub_grid(facts: Facts) -> Grid:
    """What each codec asks of a hub."""
    contexts = {effects.codec: effects.pairs[0][1].compression for effects in facts.effects}
    measured = (
        Column("context", "context, measured", lambda value: NOTHING if value is None else size(value), "number"),
    )
    columns = (
        Column("codec", "codec", lambda name: CODECS[name].title, "head"),
        Column("ram", "RAM", size, "number"),
        *(measured if contexts else ()),
        Column("flash", "code", size, "number"),
        Column("cycles", "cycles a byte", lambda value: f"{value:,}", "number"),
        Column("seconds_per_kilobyte", "s for 1,000 bytes", lambda value: f"{value:.3f}", "number"),
        Column("confidence", "", kind="mark"),
        Column("source", "source", kind="text"),
    )
    rows: list[tuple[Scalar, ...]] = []
    for name in facts.outcome.codecs:
        cost = hub_cost(name)
        context = (contexts.get(name, {}).get("hub_context_bytes_mean"),) if contexts else ()
        rows.append((name, cost.ram_bytes, *context, cost.flash_bytes, cost.cycles_per_byte, cost.seconds_per_kilobyte,
                     cost.confidence, cost.source))  # fmt: skip
    caption = "Processor cycles are an assumption by name: what Python takes on a server says nothing of a hub."
    return Grid("hub_costs", "What it costs in a hub", columns, tuple(rows), caption)


def leak_picture(facts: Facts) -> Picture | None:
    """Lengths of days away and at home, without padding and with it."""
    if facts.days is None or not facts.leaks:
        return None
    days = facts.days
    away, home = days.lengths[days.is_away], days.lengths[~days.is_away]
    names = [PADDINGS[leak.padding] for leak in facts.leaks]
    traces: list[Figure] = [
        {"type": "histogram", "name": name, "x": values.tolist(), "histnorm": "probability", "opacity": 0.65,
         "marker": {"color": colour}, "xbins": {"size": 2},
         "hovertemplate": "%{x} bytes: %{y:.1%}<extra>%{fullData.name}</extra>"}
        for name, values, colour in (("somebody at home", home, BLUE), ("nobody at home", away, VERMILION))
    ]  # fmt: skip
    traces.append(
        {"type": "bar", "name": "told apart", "x": names, "y": [leak.auc for leak in facts.leaks], "xaxis": "x2",
         "yaxis": "y2", "marker": {"color": ORANGE}, "text": [f"{leak.auc:.2f}" for leak in facts.leaks],
         "textposition": "outside", "showlegend": False, "hovertemplate": "%{x}: %{y:.3f}<extra></extra>"}
    )  # fmt: skip
    layout: Figure = {
        "barmode": "overlay",
        "xaxis": {"domain": [0, 0.46], "title": axis_title("bytes of the coded day, which the ciphertext has too")},
        "yaxis": {"title": axis_title("share of days"), "tickformat": ".0%"},
        "xaxis2": {"domain": [0.56, 1], "anchor": "y2", "title": axis_title("padding"), "ticks": ""},
        "yaxis2": {"anchor": "x2", "range": [0.45, 1.08], "dtick": 0.1,
                   "title": axis_title("days away told from others (0.5: chance)")},
    }  # fmt: skip
    fixed = f"Without coding every day has {days.fixed_bytes:,} bytes of rows and tells nothing."
    caption = f"{fixed} Coded before encryption, its length does; padding buys the secret back with bytes."
    return Picture("leakage", "What lengths tell of a home", caption, {"data": traces, "layout": layout}, 380)


def leak_grid(leaks: tuple[Leak, ...]) -> Grid:
    """The same in numbers."""
    columns = (
        Column("padding", "padding", kind="head"),
        Column("mean_bytes", "mean bytes of a day", lambda value: f"{value:.1f}", "number"),
        Column("auc", "days away told from others", _number, "number"),
        Column("bits", "bits of information on whether anybody is at home", _number, "number"),
        Column("correlation", "correlation with the day's energy", _number, "number"),
    )
    rows = tuple((PADDINGS[leak.padding], leak.mean_bytes, leak.auc, leak.bits, leak.correlation) for leak in leaks)
    return Grid("leakage", "", columns, rows, "0.5 is chance, 1 is certainty.")
