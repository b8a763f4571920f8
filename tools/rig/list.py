"""``meterfarm rig list``: the rigs of a bench, and who has them."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from rigs.loading import rigs_folder
from rigs.overview import RigStatus, overview
from tools.output import emit_json, stderr_console, stdout_console
from tools.rig.options import RigsFolder


def command(
    rigs: RigsFolder = None, json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """List the rigs: free, leased by whom and until when, broken since when and why, or with a mistake in the file.

    Example: meterfarm rig list --rigs bench
    """
    statuses = asyncio.run(overview(rigs))
    if json:
        emit_json({"folder": str(rigs_folder(rigs)), "rigs": [status.content() for status in statuses]})
        return
    if not statuses:
        where = rigs_folder(rigs)
        stderr_console().print(
            f"no rig in {where}: meterfarm rig suggest > {where}/bench-1.toml writes the file of what is plugged in"
        )
        return
    table = Table(title=f"Rigs of {rigs_folder(rigs)}", title_justify="left")
    for column in ("rig", "device", "link", "ports", "state"):
        table.add_column(column)
    for status in statuses:
        table.add_row(*_row(status))
    stdout_console().print(table)


def _row(status: RigStatus) -> tuple[str, ...]:
    if status.config is None:
        return status.name, "-", "-", "-", status.state
    config = status.config
    return status.name, config.device.kind, config.link.kind, " ".join(config.ports), status.state
