"""What the terminal says of a capacity study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tools.capacity_study.facts import Facts
from tools.capacity_study.findings import findings
from tools.report.words import duration, size

_SIGNS = {"good": ("✓", "green"), "bad": ("!", "yellow"), "note": ("·", "dim")}


def summary(facts: Facts, page: Path | None) -> Iterator[RenderableType]:
    """Findings, Table 5, Table 7, and where the study lies."""
    yield Text(f"capacity, scenario {facts.scenario.title}", style="bold")
    yield ""
    for finding in findings(facts):
        sign, style = _SIGNS[finding.kind]
        line = Table.grid(padding=(0, 1))
        line.add_row(Text(sign, style=style), finding.text)
        yield line
    yield ""
    yield _table5(facts)
    yield ""
    yield _table7(facts)
    yield ""
    yield f"took      {duration(facts.effort.wall_s)}, {size(facts.effort.peak_rss_bytes)} of memory"
    if page is not None:
        yield Text(f"study     {page}", overflow="fold")


def _table5(facts: Facts) -> Table:
    table = _plain("Table 5", "PIA", "ours", "error", "its own user's size")
    for one, split in zip(facts.table5.figures, facts.role_split.figures, strict=True):
        unit, name = (1e9, " GB") if "bytes" in one.figure else (1e6, "m")
        table.add_row(
            one.figure, f"{one.pia / unit:.1f}{name}", f"{one.ours / unit:.1f}{name}", f"{one.error:+.1%}",
            f"{split.error:+.1%}",
        )  # fmt: skip
    return table


def _table7(facts: Facts) -> Table:
    table = _plain("Table 7", "channels", "compressed", "ours", "PIA", "margin")
    for verdict in facts.table7:
        table.add_row(
            verdict.row.name, f"{verdict.plain:.2f}", f"{verdict.compressed:.2f}", verdict.words, verdict.row.words,
            f"{verdict.margin:.1%}",
        )  # fmt: skip
    return table


def _plain(first: str, *rest: str) -> Table:
    table = Table(first, *rest, box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    return table
