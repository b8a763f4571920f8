"""The whole path of a read in ``meterfarm run``: head-end, networks, hub, HAN, meter, oracle, store."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from emulator.clock import Stopwatch
from emulator.run import SettlementRun
from emulator.scenario import load_scenario
from gbcs.times import DAY_S
from tools.memory import collecting_rarely

DAYS = 3
"""Settlement days of the run: the first one is cold (every pair meets for the first time), the others are warm."""

_FARMS = 150, 450
"""Sizes of the two farms whose memory is compared; small, because counting memory takes time."""

_CALM = 'name = "bench"\n[faults]\nnatural_outages = false\n[population]\nsmets1_share = 0.0\n'
"""GBCS reads alone: those of SMETS1 meters cost what their dialects do."""


@dataclass(frozen=True, slots=True)
class WholeRun:
    """Microseconds a read, cold and warm; the share of encrypted reads; memory that a premises takes."""

    cold_us: float
    warm_us: float
    encrypted_share: float
    bytes_per_premises: float


def whole_run(premises: int, done: Callable[[], None]) -> WholeRun:
    """Read ``DAYS`` days of a farm in virtual time; ``done`` is called after each."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bench.toml"
        file.write_text(_CALM, encoding="utf-8")
        run = SettlementRun(load_scenario(file, premises=premises, days=DAYS), Path(folder))
        run.start()
        per_read = []
        with collecting_rarely():
            for day in run.plan.utc_days():
                per_read.append(_us_per_read(run, float(day + 2 * DAY_S)))
                done()
        run.store.flush()
        [(encrypted,)] = run.store.query(
            "SELECT count(*) FILTER (use_case IN ('ECS17b', 'ECS21a', 'ECS22b', 'ECS66')) / count(*) FROM reads"
        )
        run.store.close()
    cold_us, *warm_us = per_read
    return WholeRun(cold_us, sorted(warm_us)[len(warm_us) // 2], encrypted, _bytes_per_premises())


def _us_per_read(run: SettlementRun, until: float) -> float:
    """One day of reads; writing what waits in the store belongs to it."""
    watch, finished = Stopwatch(), run.collector.finished_reads
    run.kernel.run(until=until)
    run.store.flush()
    return 1e6 * watch.seconds / max(run.collector.finished_reads - finished, 1)


def _bytes_per_premises() -> float:
    """Memory that a premises takes once it was read: what a larger farm holds more than a smaller one."""
    few, many = (_held_bytes(premises) for premises in _FARMS)
    return (many - few) / (_FARMS[1] - _FARMS[0])


def _held_bytes(premises: int) -> int:
    """What Python holds of a farm after a day of reads."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bench.toml"
        file.write_text(_CALM, encoding="utf-8")
        tracemalloc.start()
        try:
            run = SettlementRun(load_scenario(file, premises=premises), Path(folder))
            run.start()
            run.kernel.run(until=float(run.plan.utc_days()[0] + 2 * DAY_S))
            run.store.close()
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
