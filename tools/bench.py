"""``meterfarm bench``: what a read costs, as ratios that were measured in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from gbcs.errors import DecodeError
from tools.benchmarks.floor import floor
from tools.benchmarks.reads import ENCRYPTED, PLAIN, ROWS, Bench, Read
from tools.benchmarks.rounds import medians_us
from tools.benchmarks.whole import DAYS, whole_run
from tools.output import emit_json, stderr_console, stdout_console

_LABELS = {
    "crypto_floor_plain_us": "cryptography of a plain read",
    "crypto_floor_encrypted_us": "cryptography of an encrypted read",
    "loop_plain_us": "codec and cryptography, plain",
    "loop_encrypted_us": "codec and cryptography, encrypted",
    "crypto_floor_run_us": "cryptography of the mean read of a run",
    "run_us_per_read": "whole run, warm",
    "run_cold_us_per_read": "whole run, cold (pairs meet for the first time)",
}
_FLOOR_OF = {
    "loop_plain_us": "crypto_floor_plain_us",
    "loop_encrypted_us": "crypto_floor_encrypted_us",
    "run_us_per_read": "crypto_floor_run_us",
    "run_cold_us_per_read": "crypto_floor_run_us",
}


def command(
    meters: Annotated[int, typer.Option(min=1, max=100_000, help="Meters that are read, one after the other.")] = 1000,
    rounds: Annotated[int, typer.Option(min=1, max=101, help="Rounds; the median counts.")] = 7,
    premises: Annotated[int, typer.Option(min=100, max=200_000, help="Premises of the whole run.")] = 3000,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure cryptography, codec and whole run, as ratios.

    A read is 48 half-hours of one meter, plain (ECS22a) and encrypted (ECS22b). The floor is the cryptography alone, of
    both ends, with the agreed secrets at hand. The loop builds the command, verifies it, answers, verifies the response
    and decodes it. The whole run reads the default farm for three days, networks, store and oracle included: the first
    day is cold, the others are warm. Absolute times are those of this machine at this moment; compare the ratios.

    Example: meterfarm bench --json
    """
    found = measure(meters, rounds, premises)
    if json:
        emit_json(found)
    else:
        stdout_console().print(_table(found))


def measure(meters: int, rounds: int, premises: int) -> dict[str, float]:
    """Every figure of ``bench --json``; progress goes to standard error.

    The floor is taken again right beside the whole run, because machines do not keep their pace.
    """
    bench = Bench(meters)
    parts = _parts(bench)
    with Progress(console=stderr_console(), transient=True) as progress:
        task = progress.add_task("measuring", total=(rounds + 1) * (len(parts) + 2) + DAYS)

        def step() -> None:
            progress.advance(task)

        found = medians_us(parts, rounds, step)
        floors = {name: part for name, part in parts.items() if name.startswith("crypto")}
        before = medians_us(floors, max(1, rounds // 2), step)
        whole = whole_run(premises, step)
        after = medians_us(floors, max(1, rounds // 2), step)
    plain, encrypted = ((before[name] + after[name]) / 2 for name in floors)
    found |= {
        "crypto_floor_run_us": plain + (encrypted - plain) * whole.encrypted_share,
        "run_us_per_read": whole.warm_us,
        "run_cold_us_per_read": whole.cold_us,
        "run_reads_per_s": 1e6 / whole.warm_us,
        "bytes_per_premises": whole.bytes_per_premises,
    }
    return {name: round(value, 3) for name, value in found.items()}


def _parts(bench: Bench) -> dict[str, Callable[[], int]]:
    """The two floors first, then the two loops."""
    reads = (("plain", PLAIN), ("encrypted", ENCRYPTED))
    floors = {f"crypto_floor_{name}_us": _floor_part(bench, read) for name, read in reads}
    return {**floors, **{f"loop_{name}_us": _loop_part(bench, read) for name, read in reads}}


def _floor_part(bench: Bench, read: Read) -> Callable[[], int]:
    one, count = floor(bench.shape(read)), len(bench.meters)

    def part() -> int:
        for counter in range(count):
            one(counter)
        return count

    return part


def _loop_part(bench: Bench, read: Read) -> Callable[[], int]:
    def part() -> int:
        for meter in bench.meters:
            values = bench.read(meter, read)
            if values.rows is None or len(values.rows) != ROWS:
                raise DecodeError(f"{read.use_case.use_case} brought no {ROWS} half-hours")
        return len(bench.meters)

    return part


def _table(found: dict[str, float]) -> Table:
    table = Table(title="What a read costs", title_justify="left")
    table.add_column("part")
    for column in ("us a read", "reads a second", "times the floor"):
        table.add_column(column, justify="right")
    for name, label in _LABELS.items():
        took_us = found[name]
        ratio = f"{took_us / found[_FLOOR_OF[name]]:.2f}" if name in _FLOOR_OF else "1"
        table.add_row(label, f"{took_us:.1f}", f"{1e6 / took_us:,.0f}", ratio)
    table.caption = f"memory: {found['bytes_per_premises'] / 1024:,.1f} KiB a premises that is read"
    table.caption_justify = "left"
    return table
