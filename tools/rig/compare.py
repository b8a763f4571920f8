"""``meterfarm rig compare``: a device on a rig beside its emulated twin."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from emulator.clock import utc_now
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.times import iso
from rigs.capture import CaptureWriter
from rigs.comparing import Comparison, Difference, compare, write_stub
from rigs.comparing.comparison import Progress as Step
from rigs.config import Esme, RigConfig
from rigs.loading import load_rig
from rigs.record import Record, recording
from rigs.session import open_rig
from tools.outcome import NotMet
from tools.output import emit_json, stderr_console, stdout_console
from tools.rig.options import RigName, RigsFolder

_COMPARED = "results, MAC, header, types, units, rows and their stamps, counters, time"


def command(
    rig: RigName,
    stub: Annotated[
        Path | None,
        typer.Option(help="Where to write a draft of a firmware profile that says so; else RIG-as-found.toml."),
    ] = None,
    capture: Annotated[Path | None, typer.Option(help="Write every message, a line of JSON each.")] = None,
    rigs: RigsFolder = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask a real meter and its emulated twin the same, and say where they first differ.

    The twin has the firmware profile of the rig file. Values that move are not compared: what results, MAC, header,
    types, units, rows, counters and time say is. The exit code is 0 only if nothing differs; else a draft of a
    firmware profile with what was found is written.

    Example: meterfarm rig compare bench-3 --stub found.toml
    """
    config = load_rig(rig, rigs)
    if not isinstance(config.device, Esme):
        raise LocalError(f"rig {rig}: a device of kind 'esme' has a twin, {config.device.kind!r} has none")
    found, record = _compared(config, capture)
    written = write_stub(found, stub or Path(f"{rig}-as-found.toml"), (config.file.parent,))
    if json:
        emit_json({**_content(found), "stub": str(written) if written else None, "record": str(record.path)})
    else:
        _show(found, written, record)
    if found.differences():
        number = len(found.differences())
        raise NotMet(f"rig {rig}: the device differs from its twin in {number} place{'s' if number > 1 else ''}")


def _compared(config: RigConfig, capture: Path | None) -> tuple[Comparison, Record]:
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    console = stderr_console()
    with ExitStack() as stack:
        record = stack.enter_context(recording(config))
        bar = stack.enter_context(Progress(*columns, console=console, transient=True, disable=not console.is_terminal))
        task = bar.add_task(f"opening {config.link.port}", total=None)

        def step(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=name)

        writer = stack.enter_context(CaptureWriter(capture)) if capture is not None else None
        found = asyncio.run(_compare(config, step, writer))
        record.measure("compare.differences", len(found.differences()), "fields", high=0)
    return found, record


async def _compare(config: RigConfig, step: Step, writer: CaptureWriter | None) -> Comparison:
    async with open_rig(config) as opened, opened.reader(sink=writer) as reader:
        return await compare(reader, opened.firmware, opened.users, utc_now, step)


# ---------------------------------------------------------------------- what is printed


def _content(found: Comparison) -> dict[str, Any]:
    clock = found.clock
    return {
        "rig": found.rig,
        "device": eui64.show(found.device),
        "firmware": found.firmware.name,
        "at_utc": iso(found.at_utc),
        "differs": bool(found.differences()),
        "differences": [{"probe": name, **_difference(one)} for name, one in found.differences()],
        "probes": [
            {
                "name": one.probe.name,
                "use_case": one.probe.use_case,
                "role": one.probe.role,
                "first_difference": _difference(one.first_difference) if one.first_difference else None,
            }
            for one in found.probed
        ],
        "skipped": [{"name": name, "reason": reason} for name, reason in found.skipped],
        "clock": None if clock is None else {"low_s": round(clock.low_s, 3), "high_s": round(clock.high_s, 3)},
    }


def _difference(one: Difference) -> dict[str, str]:
    return {"field": one.field, "device": one.device, "twin": one.twin}


def _show(found: Comparison, written: Path | None, record: Record) -> None:
    console = stdout_console()
    table = Table(title=f"{eui64.show(found.device)} beside its twin, {found.firmware.name}", title_justify="left")
    for column in ("asked", "use case", "by", "first difference", "device", "twin"):
        table.add_column(column)
    for one in found.probed:
        first = one.first_difference
        shown = ("none", "", "") if first is None else (first.field, first.device, first.twin)
        table.add_row(one.probe.name, one.probe.use_case, one.probe.role, *shown)
    console.print(table)
    for name, difference in found.differences():
        if name in ("clock", "own counter"):
            console.print(f"{difference.field}: device {difference.device}, twin {difference.twin}")
    for name, reason in found.skipped:
        console.print(f"not asked: {name}: {reason}")
    console.print(f"compared: {_COMPARED}; not compared: energy and registers, which are each meter's own")
    if written is not None:
        console.print(f"draft     {written}")
    console.print(f"record    {record.path}")
