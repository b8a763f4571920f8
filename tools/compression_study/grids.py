"""Tables of ratios."""

from __future__ import annotations

from typing import Final

from emulator.compression.findings import needs
from emulator.compression.mixes import Place
from emulator.compression.placements import PLACEMENTS
from emulator.compression.registry import CODECS
from tools.compression.framing import links
from tools.compression.results import srv_of
from tools.compression.tally import Tally, grouped
from tools.compression_study.facts import Facts
from tools.report.words import NOTHING
from tools.study.model import Column, Grid, Scalar

MICRO: Final = "\N{MICRO SIGN}"


def _ratio(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"


def _bytes(value: float) -> str:
    return f"{value:.0f}"


def _us(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def ratios_grid(facts: Facts) -> Grid:
    """Every ratio that was measured."""
    columns = (
        Column("srv", "read", kind="head"),
        Column("use_case", "use case"),
        Column("role", "by"),
        Column("kind", "meter"),
        Column("direction", "direction"),
        Column("codec", "codec"),
        Column("n", "messages", lambda value: f"{value:,}", "number"),
        Column("raw_bytes", "bytes each", lambda value: f"{value:.0f}", "number"),
        Column("ratio", "ratio", _ratio, "number"),
        Column("floor", "floor", _ratio, "number"),
        Column("encode_us", f"encode, {MICRO}s", _us, "number"),
        Column("decode_us", f"decode, {MICRO}s", _us, "number"),
    )
    rows: list[tuple[Scalar, ...]] = []
    for key, tally in sorted(facts.outcome.measured.tallies.items()):
        rows.append((srv_of(key.use_case), key.use_case, key.role, key.kind, key.direction, key.codec, tally.n,
                     tally.raw_bytes / tally.n, tally.ratio, tally.floor, *_times(tally)))  # fmt: skip
    return Grid(
        "ratios", "Every ratio", columns, tuple(rows), "Microseconds are Python's, on this machine.", folded=True
    )


def header_context_grid(facts: Facts) -> Grid:
    """Header context read by read, single-element meters."""
    columns = (
        Column("srv", "read", kind="head"),
        Column("use_case", "use case"),
        Column("role", "by"),
        *(Column(name, title, _bytes, "number")
          for name, title in (("command", "command"), ("command_b", "coded"), ("answer", "answer"),
                              ("answer_b", "coded"), ("answer_floor", "floor"))),
        Column("ratio", "both ways", _ratio, "number"),
    )  # fmt: skip
    sizes, rows = facts.sizes, list[tuple[Scalar, ...]]()
    for use_case, role in dict.fromkeys((place.use_case, place.role) for place in sizes.raw):
        down, up = (Place(use_case, role, "single", direction) for direction in ("down", "up"))
        coded = sizes.sent.get("header_context", {})
        if down in coded and up in coded:
            rows.append((srv_of(use_case), use_case, role, sizes.raw[down], coded[down], sizes.raw[up], coded[up],
                         sizes.floor[up], sizes.ratio("header_context", use_case, role)))  # fmt: skip
    caption = "Mean bytes; coded with header context at the hub (b), the context check included."
    return Grid("header_context", "Header context, read by read", columns, tuple(rows), caption)


def needs_grid(facts: Facts) -> Grid:
    """What 50 % needs."""
    columns = (
        Column("mix", "mix", kind="head"),
        Column("part", "of"),
        *(Column(place.letter, place.letter, _ratio, "number") for place in PLACEMENTS),
        Column("needs", "50 % needs", kind="text"),
        Column("against", "against", kind="text"),
    )
    rows: list[tuple[Scalar, ...]] = []
    for row in needs(facts.sizes):
        ratios = (row.reached.get(place.letter) for place in PLACEMENTS)
        title, conflicts = (row.placement.title, row.placement.conflicts) if row.placement else ("out of reach", ())
        rows.append((row.mix, row.part, *ratios, title, ", ".join(conflicts)))
    caption = "Ratios by placement; DA3: no changes to meters, A4: no changes to hubs (PIA)."
    return Grid("needs", "", columns, tuple(rows), caption)


def codecs_grid(facts: Facts) -> Grid:
    """Each codec over the whole corpus."""
    columns = (
        Column("codec", "codec", lambda name: CODECS[name].title if name in CODECS else name, "head"),
        Column("direction", "direction"),
        Column("ratio", "ratio", _ratio, "number"),
        Column("floor", "floor", _ratio, "number"),
        *(Column(f"on_air_{link}", f"on the air, {link}", _ratio, "number") for link in links()),
        Column("encode_us", f"encode, {MICRO}s", _us, "number"),
        Column("decode_us", f"decode, {MICRO}s", _us, "number"),
    )
    tallies = grouped(facts.outcome.measured.tallies, lambda key: (key.codec, key.direction))
    rows: tuple[tuple[Scalar, ...], ...] = tuple(
        (codec, direction, tally.ratio, tally.floor, *(tally.on_air_ratio(link) for link in links()), *_times(tally))
        for (codec, direction), tally in tallies.items()
    )
    return Grid("codecs", "", columns, rows, "Over all messages of the corpus, the context check included.")


def _times(tally: Tally) -> tuple[float, float]:
    return tally.encode_s / tally.n * 1e6, tally.decode_s / tally.n * 1e6
