"""``meterfarm report``: the HTML report of a run, and the summary that a run ends with."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from tools.output import emit_json, stderr_console, stdout_console


def command(
    folder: Annotated[Path, typer.Argument(metavar="RUN_FOLDER", help="Made by meterfarm run.")],
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object: the report's path.")] = False,
) -> None:
    """Write the HTML report of a run again, from its folder.

    Works on the folder of an interrupted or killed run too: the report then says that it is incomplete.

    Example: meterfarm report Run_2026-11-24_15-04-05 --open
    """
    from tools.report.page import write_report  # noqa: PLC0415 - the help does not need the database

    report = write_report(folder).resolve()
    if json:
        emit_json({"report": str(report)})
    else:
        stdout_console().print(str(report), soft_wrap=True)
    if show and not webbrowser.open(report.as_uri()):
        stderr_console().print("no browser found: open the file yourself")
