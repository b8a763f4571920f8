"""``meterfarm bench``: what things cost, as ratios that were measured in one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Protocol, cast

import typer
from rich.progress import Progress
from rich.table import Table

from gbcs.errors import LocalError
from tools.output import emit_json, stderr_console, stdout_console

BENCHES = {
    "reads": "tools.benchmarks.whole_reads",
    "codec": "tools.benchmarks.codec",
    "smets1": "tools.benchmarks.smets1",
}
"""What can be measured, and the module that does it: a :class:`Bench`. A new one is a module and a row."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options ask for."""

    meters: int
    rounds: int
    premises: int
    rtds: Path | None


class Bench(Protocol):
    """A module that measures one thing."""

    def steps(self, settings: Settings) -> int:
        """How many steps :meth:`measure` reports."""

    def measure(self, settings: Settings, step: Callable[[], None]) -> dict[str, Any]:
        """The figures that ``--json`` prints."""

    def table(self, found: dict[str, Any]) -> Table:
        """The same for a person."""


def command(
    what: Annotated[str, typer.Argument(metavar="reads|codec|smets1", help="What to measure.")] = "reads",
    meters: Annotated[int, typer.Option(min=1, max=100_000, help="Meters that are read, one after the other.")] = 1000,
    rounds: Annotated[int, typer.Option(min=1, max=101, help="Rounds; the median counts.")] = 7,
    premises: Annotated[int, typer.Option(min=100, max=200_000, help="Premises of the whole run.")] = 3000,
    rtds: Annotated[
        Path | None, typer.Option(envvar="RTDS_HOME", help="The reference set that the codec is measured on.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure cryptography, codec and whole run, as ratios.

    reads: a read is 48 half-hours of one meter, plain (ECS22a) and encrypted (ECS22b). The floor is the cryptography
    alone, of both ends, with the agreed secrets at hand. The loop builds the command, verifies it, answers, verifies
    the response and decodes it. The whole run reads the default farm for three days, networks, store and oracle
    included: the first day is cold, the others are warm.

    codec: messages a second of the reference set, structure alone and with keys.

    smets1: CPU time of the server for a DLMS read of 48 rows, and rows a second of the codec, beside other people's
    libraries, which are the extra "peers".

    Absolute times are those of this machine at this moment; compare the ratios.

    Example: meterfarm bench --json
    """
    if what not in BENCHES:
        raise LocalError(f"{what!r} cannot be measured (allowed: {', '.join(BENCHES)})")
    bench, settings = cast("Bench", import_module(BENCHES[what])), Settings(meters, rounds, premises, rtds)
    with Progress(console=stderr_console(), transient=True) as progress:
        task = progress.add_task("measuring", total=bench.steps(settings))
        found = bench.measure(settings, lambda: progress.advance(task))
    if json:
        emit_json(found)
    else:
        stdout_console().print(bench.table(found))
