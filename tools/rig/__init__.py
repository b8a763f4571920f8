"""``meterfarm rig``: real devices on a bench. A sub-verb is a file here and a row of ``VERBS``."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import typer

VERBS: Final[tuple[str, ...]] = (
    "suggest",
    "list",
    "check",
    "lease",
    "release",
    "compare",
    "soak",
    "fake_ezsp",
    "read",
    "power",
)
"""The sub-verbs: ``fake_ezsp`` is ``meterfarm rig fake-ezsp``, ``command`` of ``tools/rig/fake_ezsp.py``."""

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
for _name in VERBS:
    app.command(_name.replace("_", "-"))(import_module(f"tools.rig.{_name}").command)


@app.callback()
def _rig() -> None:
    """Lease, read, compare and soak real meters and hubs on a bench."""
