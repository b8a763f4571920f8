"""``bench reads``: from the cryptography of a read to the whole run, each as a multiple of the floor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.table import Table

from gbcs.errors import DecodeError
from tools.benchmarks.floor import floor
from tools.benchmarks.reads import ENCRYPTED, PLAIN, ROWS, Bench, Read
from tools.benchmarks.rounds import medians_us
from tools.benchmarks.whole import DAYS, whole_run

if TYPE_CHECKING:
    from tools.bench import Settings

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
_PARTS, _FLOORS = 4, 2


def steps(settings: Settings) -> int:
    """Rounds of all parts, of the floors before and after the run, and days of the run."""
    return (settings.rounds + 1) * _PARTS + 2 * (_few(settings) + 1) * _FLOORS + DAYS


def measure(settings: Settings, step: Callable[[], None]) -> dict[str, Any]:
    """Every figure of ``bench --json``.

    The floor is taken again right before and after the whole run, because machines do not keep their pace.
    """
    parts = _parts(Bench(settings.meters))
    found = medians_us(parts, settings.rounds, step)
    floors = {name: part for name, part in parts.items() if name.startswith("crypto")}
    before = medians_us(floors, _few(settings), step)
    whole = whole_run(settings.premises, step)
    after = medians_us(floors, _few(settings), step)
    plain, encrypted = ((before[name] + after[name]) / 2 for name in floors)
    found |= {
        "crypto_floor_run_us": plain + (encrypted - plain) * whole.encrypted_share,
        "run_us_per_read": whole.warm_us,
        "run_cold_us_per_read": whole.cold_us,
        "run_reads_per_s": 1e6 / whole.warm_us,
        "bytes_per_premises": whole.bytes_per_premises,
    }
    return {name: round(value, 3) for name, value in found.items()}


def table(found: dict[str, Any]) -> Table:
    """Each part with its multiple of the floor."""
    shown = Table(title="What a read costs", title_justify="left")
    shown.add_column("part")
    for column in ("us a read", "reads a second", "times the floor"):
        shown.add_column(column, justify="right")
    for name, label in _LABELS.items():
        took_us = found[name]
        ratio = f"{took_us / found[_FLOOR_OF[name]]:.2f}" if name in _FLOOR_OF else "1"
        shown.add_row(label, f"{took_us:.1f}", f"{1e6 / took_us:,.0f}", ratio)
    shown.caption = f"memory: {found['bytes_per_premises'] / 1024:,.1f} KiB a premises that is read"
    shown.caption_justify = "left"
    return shown


def _few(settings: Settings) -> int:
    return max(1, settings.rounds // 2)


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
