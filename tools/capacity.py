"""``meterfarm capacity``: what half-hourly settlement asks of the networks, from bytes to 30 million meters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Group
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from emulator.capacity.region import SAMPLES
from emulator.capacity.sample import PREMISES
from emulator.clock import wall_time
from emulator.run_folder import numbered_folder
from tools.capacity_study.facts import Asked, work_out
from tools.capacity_study.plainly import as_json
from tools.capacity_study.study import capacity_study
from tools.capacity_study.summary import summary
from tools.interrupt import stopping_at_ctrl_c
from tools.output import emit_json, stderr_console, stdout_console
from tools.study.page import write_study


def command(
    scenario: Annotated[str, typer.Option(help="A, B or C of PIA Table 5, or a scenario file.")] = "C",
    premises: Annotated[int, typer.Option(min=0, help="Premises of the byte-exact sample; 0 for none.")] = PREMISES,
    part: Annotated[
        float, typer.Option(min=0, max=1, help="Part of the country's meters in the statistical day; 0 for none.")
    ] = 1.0,
    engine: Annotated[
        str, typer.Option(help="What works the day out: pool, pool:N, here, dask, dask://HOST:PORT.")
    ] = "pool",
    both: Annotated[
        int, typer.Option(min=0, help="Premises that both engines are run on, byte for byte and as statistics.")
    ] = 0,
    samples: Annotated[int, typer.Option(min=1000, help="Networks drawn for the region of Table 7.")] = SAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random source.")] = 162,
    into: Annotated[Path, typer.Option(help="Where the folder of the study is made.")] = Path(),
    report: Annotated[bool, typer.Option(help="Write study.html and its tables.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Work out volumes, radio channels and costs of half-hourly settlement.

    The study is one HTML page in a new folder Capacity_<date>_<time>, its tables as CSV and Parquet beside it. A
    statistical day of all meters is part of it; Ctrl-C ends the day early and keeps what was done so far.

    Example: meterfarm capacity --scenario C --into studies/
    """
    with _progress(quiet=json) as progress, stopping_at_ctrl_c() as ctrl_c:
        ctrl_c.stops(progress)
        facts = work_out(Asked(scenario, premises, samples, seed, part, engine, both), progress.step, progress)
        progress.step("the page")
        page = None
        if report:
            page = write_study(capacity_study(facts), numbered_folder(into, "Capacity", wall_time()))
    if json:
        emit_json({**as_json(facts), "study": None if page is None else str(page)})
    else:
        stdout_console().print(Group(*summary(facts, page)))
    if progress.stops():
        raise KeyboardInterrupt


_SAID_EVERY: Final = 3_000_000
"""Meters: about a tenth of the country."""


class _Following:
    """Shows what is being worked out, counts the blocks of the day, and ends it when asked to."""

    def __init__(self, bar: Progress, say: Callable[[str], None]) -> None:
        self._bar, self._say, self._stopped, self._done = bar, say, False, 0
        self._task = bar.add_task("reading the scenario", total=None)

    def step(self, words: str) -> None:
        """Something else is worked out now."""
        self._say(words)
        self._bar.update(self._task, description=words)

    def done(self, item: Any) -> None:
        """A block of the day is done."""
        before, self._done = self._done, self._done + item.hubs
        words = f"the day: {self._done / 1e6:.1f} million meters"
        if self._done // _SAID_EVERY > before // _SAID_EVERY:
            self._say(words)
        self._bar.update(self._task, description=words)

    def stop(self) -> None:
        """Come to an end soon."""
        self._stopped = True

    def stops(self) -> bool:
        """Whether to come to an end with what is done."""
        return self._stopped


def _no_lines(_: str) -> None:
    """Says nothing."""


@contextmanager
def _progress(*, quiet: bool) -> Iterator[_Following]:
    """What is being worked out, on standard error; there a line each where it is no terminal, unless ``quiet``."""
    console = stderr_console()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield _Following(bar, _no_lines if quiet or console.is_terminal else console.print)
