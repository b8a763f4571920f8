"""``meterfarm capacity``: what half-hourly settlement asks of the networks, from bytes to 30 million meters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

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
from tools.output import emit_json, stderr_console, stdout_console
from tools.study.page import write_study


def command(
    scenario: Annotated[str, typer.Option(help="A, B or C of PIA Table 5, or a scenario file.")] = "C",
    premises: Annotated[int, typer.Option(min=0, help="Premises of the byte-exact sample; 0 for none.")] = PREMISES,
    samples: Annotated[int, typer.Option(min=1000, help="Networks drawn for the region of Table 7.")] = SAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random source.")] = 162,
    into: Annotated[Path, typer.Option(help="Where the folder of the study is made.")] = Path(),
    report: Annotated[bool, typer.Option(help="Write study.html and its tables.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Work out volumes, radio channels and costs of half-hourly settlement.

    The study is one HTML page in a new folder Capacity_<date>_<time>, its tables as CSV and Parquet beside it.

    Example: meterfarm capacity --scenario C --into studies/
    """
    with _progress() as step:
        facts = work_out(Asked(scenario, premises, samples, seed), step)
        step("the page")
        page = None
        if report:
            page = write_study(capacity_study(facts), numbered_folder(into, "Capacity", wall_time()))
    if json:
        emit_json({**as_json(facts), "study": None if page is None else str(page)})
    else:
        stdout_console().print(Group(*summary(facts, page)))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being worked out, on standard error."""
    console = stderr_console()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading the scenario", total=None)

        def step(words: str) -> None:
            bar.update(task, description=words)

        yield step
