"""``meterfarm run``: read settlement days of an emulated farm, check every value, and report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from emulator.clock import Stopwatch, wall_time
from emulator.dcc.requests import ServiceRequest
from emulator.run import SettlementRun
from emulator.run_folder import RunFolder, Status, TraceWriter, create
from emulator.run_summary import finished, started
from emulator.scenario import Scenario, dump, load_scenario
from emulator.slots import RealDevice
from emulator.wan.model import Direction
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.keystore import KeyStore
from gbcs.times import iso
from tools.decode import describe_bytes
from tools.interrupt import stopping_at_ctrl_c
from tools.memory import collecting_rarely
from tools.mixed import opened, refuse_listening, rigs_of
from tools.outcome import NotMet
from tools.output import emit_json, stderr_console, stdout_console
from tools.report.data import load
from tools.report.page import write_report
from tools.report.summary import RunSummary

DEFAULT_LISTEN = "tcp://127.0.0.1:0"

Capturing = Callable[[SettlementRun], AbstractContextManager[None]]
"""Captures a run for as long as the context lasts."""


def command(
    scenario: Annotated[
        str | None, typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of a shipped one.")
    ] = None,
    premises: Annotated[int | None, typer.Option(help="Number of premises.")] = None,
    date: Annotated[str | None, typer.Option(help="The (first) settlement day, like 2026-11-23.")] = None,
    days: Annotated[int | None, typer.Option(help="Number of settlement days.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random source.")] = None,
    clock: Annotated[str | None, typer.Option(help="virtual, real or scaled=N (N simulated seconds a second).")] = None,
    compression: Annotated[
        str | None, typer.Option(help="Codec between head-end and hubs, like header_context; none for none.")
    ] = None,
    into: Annotated[Path, typer.Option(help="Where the run folder is made.")] = Path(),
    trace: Annotated[
        bool, typer.Option("--trace", help="Write every message to trace.jsonl, hex and decoded.")
    ] = False,
    pcap: Annotated[
        Path | None, typer.Option(help="Write what crosses the HANs as a capture for Wireshark, its keys to PCAP.keys.")
    ] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the tables as Parquet files too.")] = False,
    rigs: Annotated[
        Path | None, typer.Option(help="The folder of rig files, for slots; else METERFARM_RIGS, else ./bench.")
    ] = None,
    listen: Annotated[
        str | None, typer.Option(help="Where an external head-end connects: tcp://HOST:PORT or pty:LINK.")
    ] = None,
    lasts: Annotated[
        float | None, typer.Option("--for", min=0.1, metavar="SECONDS", help="How long to listen; else until Ctrl-C.")
    ] = None,
    report: Annotated[bool, typer.Option(help="Write report.html.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read settlement days of an emulated farm and check every value.

    Where the scenario says head_end = "external", hubs and meters answer the commands of a head-end of yours, which
    connects to --listen and speaks GFI lines; what arrives is checked and recorded.

    Without a scenario: 1,000 premises, one settlement day, virtual time. Everything is written to a new folder
    Run_<date>_<time>. Ctrl-C ends early and keeps what was done so far.

    Example: meterfarm run --premises 200 --date 2026-03-29 --into runs/
    """
    asked = load_scenario(
        scenario,
        premises=premises,
        date=date,
        days=days,
        seed=seed,
        clock=clock,
        networks=None if compression is None else {"compression": compression},
    )
    refuse_listening(asked, listen, lasts)
    make_capture = _capture_maker(pcap)
    configs = rigs_of(asked, rigs)
    folder = create(into, dump(asked), started=wall_time())
    with opened(configs, folder.path) as devices:
        if asked.head_end == "external":
            summary, status = _serve(asked, folder, devices, listen, lasts)
        else:
            summary, status = _carry_out(asked, folder, devices, trace=trace, parquet=parquet, capturing=make_capture)
    if report:
        write_report(folder.path)
    if json:
        emit_json(summary)
    else:
        stdout_console().print(RunSummary(load(folder.path)))
    if status == "interrupted":
        raise KeyboardInterrupt
    if summary.get("external", {}).get("with_problems"):
        number, first = summary["external"]["with_problems"], summary["external"]["first_problems"][0]
        raise NotMet(f"{number} commands of the external head-end do not hold: {first}")
    if summary.get("value_mismatches"):
        raise NotMet(f"{summary['value_mismatches']} values differ from what the meters measured")


def _carry_out(
    scenario: Scenario,
    folder: RunFolder,
    devices: Mapping[str, RealDevice],
    *,
    trace: bool,
    parquet: bool,
    capturing: Capturing,
) -> tuple[dict[str, Any], Status]:
    """Run, and leave a summary that says how it ended, however it ends."""
    with _progress(stderr_console()) as (expect, step), stopping_at_ctrl_c() as ctrl_c:
        run = SettlementRun(scenario, folder.path, progress=step, devices=devices)
        ctrl_c.stops(run.kernel)
        folder.write_summary(started(run), status="running")
        expect(run.planned_reads)
        with _tracing(run, folder, wanted=trace), capturing(run), run.store:
            status, execute_s = _execute(run)
            run.close()
            if parquet:
                run.store.export_parquet(folder.path / "parquet")
            summary = {**finished(run, execute_s), "run_folder": str(folder.path)}
    folder.write_summary(summary, status=status)
    return {"status": status, **summary}, status


def _serve(
    scenario: Scenario,
    folder: RunFolder,
    devices: Mapping[str, RealDevice],
    listen: str | None,
    lasts_s: float | None,
) -> tuple[dict[str, Any], Status]:
    """Answer an external head-end. Runs that have their own do without the line it comes on."""
    from tools.external import serve  # noqa: PLC0415

    return serve(scenario, folder, devices, listen=listen or DEFAULT_LISTEN, lasts_s=lasts_s, console=stderr_console())


def _execute(run: SettlementRun) -> tuple[Status, float]:
    watch = Stopwatch()
    with collecting_rarely():
        run.execute()
    return "interrupted" if run.kernel.is_stopped else "complete", watch.seconds


# ---------------------------------------------------------------------- what a person watches


@contextmanager
def _progress(console: Console) -> Iterator[tuple[Callable[[int], None], Callable[[int, float], None]]]:
    """A progress bar on standard error: one function that takes the number of reads, one for each step."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("reads"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("making the farm", total=None)

        def expect(reads: int) -> None:
            bar.update(task, total=reads)

        def step(done: int, now: float) -> None:
            total = bar.tasks[task].total or 0
            bar.update(task, completed=done, total=max(total, done), description=iso(now).replace("T", " "))

        yield expect, step


# ---------------------------------------------------------------------- trace


class _Trace:
    """Writes every message of a run to its trace, decoded and decrypted: with the farm's test keys, or the rig's."""

    def __init__(self, out: TraceWriter, run: SettlementRun) -> None:
        self._out, self._keys = out, run.farm.keys
        self._own: dict[int, KeyStore] = {premises: device.keys for premises, device in run.devices.items()}

    def message(self, now: float, direction: Direction, request: ServiceRequest, message: bytes) -> None:
        decoded: Mapping[str, Any] = describe_bytes(message, self._own.get(request.premises, self._keys))
        device, use_case = eui64.show(request.device), request.use_case.use_case
        self._out.write(now, direction, request.premises, device, request.srv, use_case, message, decoded)


@contextmanager
def _tracing(run: SettlementRun, folder: RunFolder, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    with folder.trace() as out:
        run.journey.watch(_Trace(out, run))
        yield


# ---------------------------------------------------------------------- capture


def _capture_maker(path: Path | None) -> Capturing:
    """What captures a run into a file. Raises LocalError where scapy is missing or the file cannot be written."""
    if path is None:
        return lambda _: nullcontext()
    # The one option that needs scapy pays for it, and learns that it is missing before anything is run.
    from tools.capture import HanCapture  # noqa: PLC0415

    if not path.parent.is_dir():
        raise LocalError(f"{path}: there is no such directory to write it to")

    @contextmanager
    def capturing(run: SettlementRun) -> Iterator[None]:
        capture = HanCapture(path, run.journey.air.keys)
        run.journey.air.watch(capture)
        try:
            yield
        finally:
            capture.close()

    return capturing
