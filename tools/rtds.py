"""``meterfarm rtds``: conformance with the reference test data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from gbcs.security import Check
from tools.outcome import NotMet
from tools.output import emit_json, stderr_console, stdout_console
from tools.rtds_answer import AnswerReport, AnswerTally, answer_all
from tools.rtds_check import CheckReport, Tally
from tools.rtds_check import check as check_vectors
from tools.rtds_files import pairs, read_keys, read_vectors

app = typer.Typer(help="Conformance with the reference test data set.", no_args_is_help=True)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Holds RTDS-*/ and keystore/.")]
_HEADINGS = (
    "\nmessages", "\nparsed", "\nrebuilt", "\ndecoded", "\nvalues", "\nopened", "MAC\nverified", "\nnone", "\nno key",
    "\nfailed", "signature\nverified", "\nnone", "\nno key", "\nfailed",
)  # fmt: skip
_WIDE = 132
"""Columns of a terminal from which one table holds all."""
_WHOLE, _HALVES = slice(0, 14), (slice(0, 6), slice(6, 14))

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def check(directory: Directory, json: Json = False) -> None:
    """Parse, rebuild, verify and decrypt every message; exit 0 only if nothing fails.

    Example: meterfarm rtds check rtds/
    """
    keys = read_keys(directory)
    for note in keys.notes:
        stderr_console().print(f"key store: {note}", style="dim", highlight=False)
    report = check_vectors(read_vectors(directory), keys)
    if json:
        emit_json(report.as_json())
    else:
        console = stdout_console()
        console.print(*_check_tables(report, console.width))
        for name in report.no_key:
            stdout_console().print(f"no key: {name}", style="dim", highlight=False)
        for name, parts in report.without_fields:
            stdout_console().print(f"not to the field: {name}: {parts}", style="dim", highlight=False)
    for name, reason in report.failures:
        stderr_console().print(f"{name}: {reason}", style="red", highlight=False)
    if report.failures:
        raise NotMet(f"{len(report.failures)} failures")


@app.command()
def answer(directory: Directory, json: Json = False) -> None:
    """Let an emulated device answer every command that has a response; exit 0 only if all answers are the reference's.

    Answers with a MAC are compared byte for byte, signed ones up to the signature, which must be valid under the key
    of the emulated device.

    Example: meterfarm rtds answer rtds/
    """
    report = answer_all(pairs(read_vectors(directory)), read_keys(directory))
    if json:
        emit_json(report.as_json())
    else:
        stdout_console().print(_answer_table(report))
        for name in report.no_key:
            stdout_console().print(f"no key: {name}", style="dim", highlight=False)
    for name, reason in report.failures:
        stderr_console().print(f"{name}: {reason}", style="red", highlight=False)
    if report.failures:
        raise NotMet(f"{len(report.failures)} answers differ")
    if not report.total.answered:
        raise NotMet("no command of this set has a response that a device could answer")


def _check_tables(report: CheckReport, width: int) -> list[Table]:
    """One table, or two below each other where the terminal is narrow."""
    everything = _WHOLE if width >= _WIDE else None
    return [_check_table(report, everything)] if everything else [_check_table(report, part) for part in _HALVES]


def _check_table(report: CheckReport, shown: slice) -> Table:
    table = Table(title="Reference messages", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("\nfamily", "\nuse case"):
        table.add_column(heading, no_wrap=True)
    for heading in _HEADINGS[shown]:
        table.add_column(heading, justify="right", no_wrap=True)
    for (family, use_case), tally in sorted(report.by_use_case.items()):
        table.add_row(family, use_case, *_cells(tally)[shown])
    table.add_section()
    for family, tally in sorted(report.by_family().items()):
        table.add_row(family, "all", *_cells(tally)[shown])
    table.add_section()
    table.add_row("total", "", *_cells(report.total)[shown], style="bold")
    table.caption = "decoded: to fields; values: rebuilt from them; opened: encrypted parts; none: by design; ·: 0"
    table.caption_justify = "left"
    return table


def _cells(tally: Tally) -> list[str]:
    counts = [tally.messages, tally.parsed, tally.rebuilt, tally.decoded, tally.rebuilt_from_values, tally.decrypted]
    for checks in (tally.mac, tally.signature):
        counts += [checks[kind] for kind in (Check.VERIFIED, Check.NONE, Check.NO_KEY, Check.FAILED)]
    return [str(count) if count else "·" for count in counts]


def _answer_table(report: AnswerReport) -> Table:
    table = Table(title="Answers of emulated devices", title_justify="left")
    table.add_column("use case")
    for column in ("answered", "identical", "identical up to\nthe signature"):
        table.add_column(column, justify="right")
    for use_case, tally in sorted(report.use_cases.items()):
        table.add_row(use_case, *_answer_cells(tally))
    table.add_section()
    table.add_row("total", *_answer_cells(report.total), style="bold")
    table.caption = f"{report.surplus_rows} rows outside the asked ranges were in the devices' logs"
    return table


def _answer_cells(tally: AnswerTally) -> list[str]:
    counts = [str(count) if count else "·" for count in (tally.identical, tally.signed_equal)]
    return [f"{tally.answered} of {tally.pairs}", *counts]
