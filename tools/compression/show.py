"""What ``meterfarm compress`` prints for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from emulator.compression.findings import PARTS, Finding, findings, needed
from emulator.compression.mixes import Place, Sizes, load_mixes, mix_ratios
from emulator.compression.placements import PLACEMENTS
from emulator.compression.registry import CODECS
from tools.compression.engine import Outcome
from tools.compression.framing import links
from tools.compression.known import PEERS
from tools.compression.measuring import BACKHAUL, HUB
from tools.compression.reading import Corpus
from tools.compression.results import sizes_of, srv_of
from tools.compression.tally import BatchKey, Tally, grouped, names
from tools.report.words import NOTHING

_SHOWN = ("uplink_floor", "command_sizes", "without_context", "twin", "conflicts")
_MIXES_SHOWN = ("b", "e", "d")
_ORDER = {"single": 0, "twin": 1, "": 2}


@dataclass(frozen=True, slots=True)
class Shown:
    """Prints itself on a rich console."""

    outcome: Outcome
    corpus: Corpus
    wall_s: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        measured = self.outcome.measured
        sizes = sizes_of(measured)
        yield self._title()
        yield ""
        for finding in _findings(sizes):
            yield Text(f"· {finding.text}")
        for note in (*self.outcome.notes, *self._skipped()):
            yield Text(f"! {note}", style="yellow")
        for table in self._tables(sizes):
            yield ""
            yield table

    def _title(self) -> Text:
        measured = self.outcome.measured
        coded = sum(tally.n for tally in measured.tallies.values())
        state = "" if self.outcome.is_complete else "  interrupted"
        return Text.assemble(
            (self.corpus.title, "bold"),
            f" · {measured.messages:,} messages of {measured.conversations:,} hubs · every one back byte for byte"
            f" · {coded:,} codings in {self.wall_s:.1f} s",
            (state, "bold yellow"),
        )

    def _skipped(self) -> Iterator[str]:
        if self.corpus.skipped:
            yield f"{self.corpus.skipped:,} entries of the corpus are no GBCS messages and were left out."

    def _tables(self, sizes: Sizes) -> Iterator[RenderableType]:
        yield _by_use_case(sizes)
        yield _by_codec(self.outcome)
        if self.outcome.measured.batches:
            yield _by_batch(self.outcome)
        if mix_ratios(sizes, PLACEMENTS[1].measured):
            yield _by_mix(sizes)
            yield _by_need(sizes)


def _findings(sizes: Sizes) -> list[Finding]:
    """Those that no table shows."""
    return [finding for finding in findings(sizes) if finding.name in _SHOWN]


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        title_justify="left",
        title_style="bold",
        header_style="dim",
    )
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def _ratio(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _by_use_case(sizes: Sizes) -> RenderableType:
    """Bytes, floor, and what each placement leaves of command and answer. Errors are in the JSON alone."""
    placed = [place for place in PLACEMENTS if place.measured in sizes.sent]
    table = _table(
        "Bytes sent for a byte of message, command and answer together",
        "read", "who", "meter", "down", "up", "floor up", *(place.letter for place in placed),
    )  # fmt: skip
    for use_case, role, kind in _rows(sizes):
        down, up = (Place(use_case, role, kind, direction) for direction in ("down", "up"))
        raw_up = sizes.raw.get(up)
        table.add_row(
            f"{srv_of(use_case)} {use_case}".strip(),
            role,
            kind or NOTHING,
            _size(sizes.raw.get(down)),
            _size(raw_up),
            _ratio(sizes.floor[up] / raw_up if raw_up else None),
            *(_ratio(_placed(sizes, place.measured, use_case, role, kind)) for place in placed),
        )
    legend = (Text(f"  {place.letter}  {place.title}", style="dim") for place in placed)
    return Group(table, *legend)


def _placed(sizes: Sizes, measured: str, use_case: str, role: str, kind: str) -> float | None:
    """Both directions, or the one that there is."""
    whole = sizes.ratio(measured, use_case, role, "", kind)
    if whole is not None:
        return whole
    ways = [sizes.ratio(measured, use_case, role, direction, kind) for direction in ("down", "up")]
    return next((way for way in ways if way is not None), None)


def _rows(sizes: Sizes) -> Sequence[tuple[str, str, str]]:
    """Use case, role and kind of what was measured, sorted for reading."""
    found = dict.fromkeys((place.use_case, place.role, place.kind) for place in sizes.raw if place.kind in _ORDER)
    return sorted(found, key=lambda row: (_ORDER[row[2]], row[1] != "supplier", row[1], row[0]))


def _size(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def _by_codec(outcome: Outcome) -> Table:
    table = _table(
        "Codecs, each message by itself: before framing, and on the air of each link",
        "codec", "down", "up", *(f"{link} {way}" for link in links() for way in ("down", "up")), "µs out", "µs in",
    )  # fmt: skip
    sums = grouped(outcome.measured.tallies, lambda key: (key.codec, key.direction))
    for codec in outcome.measured.codecs():
        ways = [sums.get((codec, way), Tally()) for way in ("down", "up")]
        n = sum(way.n for way in ways) if codec in CODECS or codec in PEERS else 0
        table.add_row(
            codec,
            *(_ratio(way.ratio if way.n else None) for way in ways),
            *(_ratio(way.on_air_ratio(link) if way.n else None) for link in links() for way in ways),
            f"{sum(way.encode_s for way in ways) / n * 1e6:,.0f}" if n else NOTHING,
            f"{sum(way.decode_s for way in ways) / n * 1e6:,.0f}" if n else NOTHING,
        )
    return table


def _by_batch(outcome: Outcome) -> Table:
    places = (BACKHAUL, HUB)
    table = _table(
        "Codecs, messages in batches (a hub sends one message up: batches form on the backhaul, or of a hub's day)",
        "codec",
        *(f"{place}, {way}" for place in places for way in ("down", "up")),
    )
    batches = outcome.measured.batches
    for codec in names(key.codec for key in batches):
        keys = [BatchKey(codec, way, place) for place in places for way in ("down", "up")]
        table.add_row(codec, *(_ratio(batches[key].ratio if key in batches else None) for key in keys))
    return table


def _by_mix(sizes: Sizes) -> Table:
    """Ratios of each mix; "with transport" adds that of each message to both sides."""
    letters = sorted((p for p in PLACEMENTS if p.letter in _MIXES_SHOWN), key=lambda p: _MIXES_SHOWN.index(p.letter))
    parts = ("down", "up", "both", f"+{load_mixes().transport_bytes} B")
    headings = (f"{place.letter} {part}" for place in letters for part in parts)
    table = _table(
        f"Mixes of reads, a meter and day; +{load_mixes().transport_bytes} B: with the transport of each message",
        "mix", "bytes", *headings,
    )  # fmt: skip
    for row in zip(*(mix_ratios(sizes, place.measured) for place in letters), strict=False):
        cells = (_ratio(value) for each in row for value in (each.down, each.up, each.total, each.with_transport))
        table.add_row(row[0].mix.name, f"{row[0].raw_bytes:,.0f}", *cells)
    return table


def _by_need(sizes: Sizes) -> Table:
    """The placement with the fewest conflicts that reaches half."""
    table = _table("What 50 % needs: the least placement that reaches it", "mix", *PARTS)
    ratios = {place.letter: mix_ratios(sizes, place.measured) for place in PLACEMENTS}
    for position, one in enumerate(ratios["b"]):
        cells = []
        for value in PARTS.values():
            reached = {letter: value(rows[position]) for letter, rows in ratios.items() if len(rows) > position}
            place = needed(reached)
            cells.append("out of reach" if place is None else f"{place.letter} {reached[place.letter]:.2f}")
        table.add_row(one.mix.name, *cells)
    return table
