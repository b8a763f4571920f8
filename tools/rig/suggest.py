"""``meterfarm rig suggest``: the rig files that fit what is plugged in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rigs.suggesting import PluggedIn, plugged_in, stanza
from tools.outcome import NotMet
from tools.output import emit_json


def command(
    root: Annotated[Path, typer.Option(help="Look for dev/serial and sys here in place of /.")] = Path("/"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the rig file that fits each serial line that is plugged in, to be redirected to one and filled in.

    The exit code is 1 where nothing is plugged in.

    Example: meterfarm rig suggest > bench/bench-1.toml
    """
    lines = plugged_in(root)
    if json:
        emit_json({"lines": [_row(line, f"bench-{number}") for number, line in enumerate(lines, 1)]})
    if not lines:
        raise NotMet(
            f"nothing is plugged in that has a name in {root / 'dev/serial'}: plug an adapter in and try again"
        )
    if not json:
        typer.echo("\n".join(stanza(line, f"bench-{number}") for number, line in enumerate(lines, 1)), nl=False)


def _row(line: PluggedIn, name: str) -> dict[str, object]:
    return {
        "device": line.device,
        "url": line.url,
        "usb": line.usb,
        "adapter": line.adapter.title if line.adapter else None,
        "confidence": line.adapter.confidence if line.adapter else None,
        "link": line.adapter.link if line.adapter else None,
        "stanza": stanza(line, name),
        "names": [name for name in (line.by_id, line.by_path) if name],
    }
