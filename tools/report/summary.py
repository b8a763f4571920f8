"""The summary that a run ends with on the terminal: the report's tables, as wide as the terminal is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.console import Group as Stack
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from emulator.run_folder import REPORT_FILE
from tools.report import smets1
from tools.report.findings import Kind, findings
from tools.report.model import Cause, Group, RunData
from tools.report.words import NOTHING, count, duration, durations, leg, percent, plain, size

_WIDE: Final = 118
"""Columns from which counts and latencies fit into one table."""

_CAUSES_SHOWN: Final = 8
_SIGNS: Final[dict[Kind, tuple[str, str]]] = {"good": ("✓", "green"), "note": ("·", "dim"), "bad": ("!", "yellow")}


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Callable[[Group], str]


_COUNTS: Final = (
    _Column("asked", lambda group: count(group.asked)),
    _Column("answered", lambda group: percent(group.answered_share)),
    _Column("in TRT", lambda group: percent(group.within_share)),
    _Column("retries", lambda group: count(group.retries)),
    _Column("down", lambda group: size(group.bytes_down)),
    _Column("up", lambda group: size(group.bytes_up)),
)
_LATENCIES: Final = (
    _Column("p50", lambda group: duration(group.p50_s)),
    _Column("p90", lambda group: duration(group.p90_s)),
    _Column("p99", lambda group: duration(group.p99_s)),
    _Column("TRT", lambda group: durations(group.trts_s)),
    _Column("of TRT", lambda group: NOTHING if group.max_of_trt is None else percent(group.max_of_trt)),
)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Prints itself on a rich console: ``console.print(RunSummary(load(folder)))``."""

    data: RunData

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _WIDE
        yield _title(self.data)
        yield _findings(self.data)
        if self.data.total.asked:
            for columns in [(*_COUNTS, *_LATENCIES)] if wide else [_COUNTS, _LATENCIES]:
                yield _groups(self.data, columns)
            yield _beside(wide, [*_completeness(self.data), *_gaps(self.data)])
            yield from _smets1(self.data)
        yield _last_lines(self.data)


def _title(data: RunData) -> Text:
    summary = data.summary
    status = str(summary.get("status", "unknown"))
    title = Text(str(summary.get("scenario", "run")), style="bold")
    parts = (("settlement day ", "date"), ("seed ", "seed"), ("premises ", "premises"), ("clock ", "clock"))
    rest = " · ".join(f"{label}{summary[key]}" for label, key in parts if key in summary)
    title.append(f"  {rest}  ", style="not bold dim")
    return title.append(status, style="green" if status == "complete" else "bold black on yellow")


def _findings(data: RunData) -> RenderableType:
    lines = Table.grid(padding=(0, 1))
    lines.add_column(no_wrap=True)
    lines.add_column()
    for finding in findings(data):
        sign, style = _SIGNS[finding.kind]
        lines.add_row(Text(sign, style=style), Text(finding.text, style="dim" if finding.kind == "note" else ""))
    return Padding(lines, (1, 0))


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold", show_edge=False)


def _groups(data: RunData, columns: Sequence[_Column]) -> RenderableType:
    table = _table()
    table.add_column("reads")
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    sections: tuple[tuple[str, list[Group], Callable[[Group], str]], ...] = (
        ("SRV", data.by_srv, lambda group: f"{group.label} {group.detail}"),
        ("CSP", data.by_csp, lambda group: group.label),
        ("user", data.by_user, lambda group: f"{group.detail} {group.label}"),
        ("", [data.total], lambda group: group.label),
    )
    for _, groups, name in sections:
        for group in groups:
            table.add_row(name(group), *(column.cell(group) for column in columns))
        table.add_section()
    return Padding(table, (0, 0, 1, 0))


def _completeness(data: RunData) -> list[Table]:
    if not data.completeness:
        return []
    table = _table()
    table.add_column("complete")
    checkpoints = list(dict.fromkeys(row.checkpoint for row in data.completeness))
    for checkpoint in checkpoints:
        table.add_column(checkpoint, justify="right")
    for granularity, kind in dict.fromkeys((row.granularity, row.mpan_kind) for row in data.completeness):
        shares = {
            row.checkpoint: percent(row.share)
            for row in data.completeness
            if (row.granularity, row.mpan_kind) == (granularity, kind)
        }
        table.add_row(f"{plain(granularity)} {kind}", *(shares.get(point, NOTHING) for point in checkpoints))
    return [table]


def _gaps(data: RunData) -> list[Table]:
    if not data.gap_causes:
        return []
    table = _table()
    table.add_column("missing at D+1")
    for name in ("values", "for good"):
        table.add_column(name, justify="right")
    table.add_column("premises", justify="right")
    for cause in data.gap_causes[:_CAUSES_SHOWN]:
        table.add_row(_cause(cause), count(cause.values), count(cause.never_came), count(cause.premises))
    rest = data.gap_causes[_CAUSES_SHOWN:]
    if rest:
        values, never = (
            sum(numbers) for numbers in zip(*((cause.values, cause.never_came) for cause in rest), strict=True)
        )
        table.add_row(f"{len(rest)} more causes", count(values), count(never), "")
    return [table]


def _cause(cause: Cause) -> str:
    return f"{leg(cause.leg)}: {cause.reason}"


def _beside(wide: bool, tables: list[Table]) -> RenderableType:
    if not wide:
        return Stack(*(Padding(table, (0, 0, 1, 0)) for table in tables))
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_row(*tables)
    return Padding(grid, (0, 0, 1, 0))


def _smets1(data: RunData) -> Iterator[RenderableType]:
    """The five questions of SMETS1, if there were such meters."""
    found = smets1.table(data)
    if found is None:
        return
    table = _table()
    table.title, table.title_justify = "SMETS1: the five questions of PIA 5.4.1", "left"
    table.add_column("", no_wrap=True)
    for heading in found.headings:
        table.add_column(heading.replace(", ", "\n"), justify="right")
    for line in found.lines:
        if line.is_long:
            continue
        if line.question:
            table.add_section()
        table.add_row(f"{line.question}: {line.what}" if line.question else f"  {line.what}", *line.cells)
    yield Padding(table, (0, 0, 1, 0))


def _last_lines(data: RunData) -> Text:
    summary = data.summary
    lines = []
    wall, speed = summary.get("wall_s"), summary.get("reads_per_s")
    if isinstance(wall, int | float) and isinstance(speed, int | float):
        lines.append(f"run       {duration(wall)} of wall time, {count(speed)} reads/s")
    report = data.folder / REPORT_FILE
    lines.append(f"folder    {data.folder}")
    lines.append(f"report    {report if report.exists() else 'not written: meterfarm report writes it'}")
    return Text("\n".join(lines), overflow="fold")
