"""``meterfarm rig check``: whether a rig is ready, and what is missing."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import typer

from rigs.checking import Finding, check
from rigs.loading import load_rig
from tools.outcome import NotMet
from tools.output import emit_json, stdout_console
from tools.rig.options import RigName, RigsFolder

_MARKS: Final = {True: "✓", False: "✗", None: "·"}


def command(
    rig: RigName,
    rigs: RigsFolder = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look whether a rig is ready: keys, lease, power, its port for us alone, and what the link says.

    A rig that broke counts as mended where nothing is missing.

    Example: meterfarm rig check bench-3
    """
    config = load_rig(rig, rigs)
    console = stdout_console()

    def show(finding: Finding) -> None:
        if not json:
            console.print(f"{_MARKS[finding.passed]} {finding.what:<7} {finding.says}", soft_wrap=True)

    findings = asyncio.run(check(config, show))
    missing = [finding for finding in findings if finding.passed is False]
    if json:
        rows = [{"what": one.what, "passed": one.passed, "says": one.says} for one in findings]
        emit_json({"rig": rig, "ready": not missing, "findings": rows})
    if missing:
        raise NotMet(f"{rig} is not ready: {missing[0].what}: {missing[0].says}")
