"""``meterfarm rig soak``: read a meter without end while its line misbehaves, and account for every read."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from emulator.clock import utc_now, wall_time
from gbcs.errors import LocalError
from rigs.config import Esme
from rigs.loading import load_rig
from rigs.record import Record, recording
from rigs.session import OpenRig, open_rig
from rigs.soak import FaultProxy, Ledger, Soak, connection, fault_plan, questions
from rigs.soak.writing import write_ledger
from tools.outcome import NotMet
from tools.output import emit_json, stderr_console, stdout_console
from tools.report.words import duration
from tools.rig.options import RigName, RigsFolder, seconds_of

_COLUMNS = ("reads", "answered", "retried", "lost", "interrupted")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for. ``fault_every_s`` None: no faults."""

    lasts_s: float
    pause_s: float
    fault_every_s: float | None
    seed: int


@dataclass(slots=True)
class Soaked:
    """What came of it."""

    ledger: Ledger
    took_s: float = 0.0
    was_interrupted: bool = False
    was_opened: bool = False
    """Whether there was a line to read over; without one there is nothing to account for."""


def command(
    rig: RigName,
    rigs: RigsFolder = None,
    lasts: Annotated[str, typer.Option("--for", help="How long: 45s, 30m, 2h, 1d.")] = "30m",
    faults: Annotated[bool, typer.Option("--faults", help="Inject faults into the bytes of the line.")] = False,
    fault_every: Annotated[str, typer.Option(help="How often, on average.")] = "5s",
    every: Annotated[str, typer.Option(help="The pause between two reads; none unless said.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Faults and days that are read hang off it.")] = 162,
    ledger: Annotated[Path | None, typer.Option(help="Where to write the ledger; else into the state folder.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read a meter without end while its line misbehaves, and account for every read.

    Every read ends in the ledger: answered, retried (answered after attempts that failed), lost with its cause, or
    interrupted by the end of the soak. With faults, the line is closed, stopped, filled with garbage, and bytes are
    dropped and changed on the way. Ctrl-C ends the soak early and keeps the ledger so far. The exit code is 0 only if
    no read was lost.

    Example: meterfarm rig soak bench-1 --for 30m --faults
    """
    pause_s, fault_every_s = seconds_of(every) if every else 0.0, seconds_of(fault_every)
    wanted = Wanted(seconds_of(lasts), pause_s, fault_every_s if faults else None, seed)
    config = load_rig(rig, rigs)
    if not isinstance(config.device, Esme):
        raise LocalError(f"rig {rig}: a soak reads an electricity meter, not a device of kind {config.device.kind!r}")
    soaked = Soaked(Ledger())
    into = ledger or config.state_folder / f"{rig}.soak-{wall_time():%Y%m%d-%H%M%S}.json"
    with recording(config) as record:
        try:
            asyncio.run(_soak(config, wanted, soaked))
        finally:
            if soaked.was_opened:
                described = _kept(rig, wanted, soaked, into, record)
        _print(described, into, json=json)
        if soaked.was_interrupted:
            raise KeyboardInterrupt
    if described["lost"]:
        raise NotMet(
            f"{described['lost']} of {described['reads']} reads were lost: {_because(described['lost_because'])}"
        )


def _kept(rig: str, wanted: Wanted, soaked: Soaked, into: Path, record: Record) -> dict[str, Any]:
    """The ledger, written down and told to the record."""
    particulars = {"rig": rig, "seed": wanted.seed, "faults_every_s": wanted.fault_every_s, "took_s": soaked.took_s}
    described = soaked.ledger.as_json(**particulars, ended_early=soaked.was_interrupted)
    write_ledger(into, described)
    record.attach(into)
    record.measure("soak.reads", described["reads"], "reads")
    record.measure("soak.lost", described["lost"], "reads", high=0)
    return described


# ---------------------------------------------------------------------- the soak


async def _soak(config: Any, wanted: Wanted, soaked: Soaked) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with _progress(wanted.lasts_s) as show:
        try:
            async with open_rig(config) as rig:
                soaked.was_opened = True
                await _reads(rig, wanted, soaked, lambda ledger: show(loop.time() - began, ledger))
        finally:
            soaked.took_s = round(loop.time() - began, 1)


async def _reads(rig: OpenRig, wanted: Wanted, soaked: Soaked, progress: Callable[[Ledger], None]) -> None:
    proxy = FaultProxy(rig.port) if wanted.fault_every_s is not None else None
    if proxy is not None:
        await proxy.start()
    plan = fault_plan(wanted.seed, wanted.fault_every_s) if wanted.fault_every_s is not None else iter(())
    soak = Soak(
        connection(rig, proxy),
        questions(rig.users, utc_now(), wanted.seed),
        plan,
        proxy,
        wanted.pause_s,
        soaked.ledger,
        progress,
    )

    def interrupted() -> None:
        soaked.was_interrupted = True
        soak.stop()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted)
    try:
        await soak.run(wanted.lasts_s)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        if proxy is not None:
            await proxy.close()


# ---------------------------------------------------------------------- what a person sees


@contextmanager
def _progress(lasts_s: float) -> Iterator[Callable[[float, Ledger], None]]:
    """A progress bar on standard error: a function that takes the seconds gone by and the ledger."""
    console = stderr_console()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("opening the rig", total=lasts_s)

        def show(gone_s: float, ledger: Ledger) -> None:
            totals = ledger.totals()
            text = ", ".join(f"{totals[verdict]} {verdict}" for verdict in ("answered", "retried", "lost"))
            bar.update(task, completed=min(gone_s, lasts_s), description=f"{text}; {len(ledger.faults)} faults")

        yield show


def _print(described: dict[str, Any], into: Path, *, json: bool) -> None:
    if json:
        emit_json({**{key: value for key, value in described.items() if key != "entries"}, "ledger": str(into)})
        return
    table = Table(title=f"soak of {described['rig']}, {duration(described['took_s'])}", title_justify="left")
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    table.add_row(*(f"{described[column]:,}" for column in _COLUMNS))
    console = stdout_console()
    console.print(table)
    for label in ("retried", "lost"):
        if described[f"{label}_because"]:
            console.print(f"{label}: {_because(described[f'{label}_because'])}")
    if described["faults"]:
        console.print(f"faults injected: {_because(described['faults'])}; seed {described['seed']}")
    console.print(f"ledger: {into}")


def _because(causes: dict[str, int]) -> str:
    return ", ".join(f"{cause} ({count})" for cause, count in causes.items())
