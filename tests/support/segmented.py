"""Reads of many days in a small farm: answers too long for one frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from farm_run import Messages, scenario_file

from emulator.dcc.requests import FinishedRead
from emulator.run import SettlementRun
from emulator.scenario import load_scenario
from gbcs.times import DAY_S, HALF_HOUR_S


@dataclass(slots=True)
class LongReads:
    """What became of the reads; ``run``'s store is closed."""

    run: SettlementRun
    finished: list[FinishedRead]
    messages: list[tuple[float, str, int, bytes]]


def read_days(
    folder: Path,
    text: str,
    *,
    days: int = 31,
    premises: int = 12,
    prepare: Callable[[SettlementRun], object] = lambda _: None,
) -> LongReads:
    """Have every half-hourly import read on demand, so many days at once, and nothing else."""
    run = SettlementRun(load_scenario(scenario_file(folder, text), premises=premises), folder)
    prepare(run)
    messages, finished = Messages([]), list[FinishedRead]()
    run.journey.watch(messages)
    take = run.collector.take

    def kept(one: FinishedRead) -> None:
        finished.append(one)
        take(one)

    run.head_end._finished = kept
    for number, planned in enumerate(request for request in run.plan.requests() if request.srv == "4.8.1"):
        assert planned.last is not None
        first = planned.last - days * DAY_S + HALF_HOUR_S
        asked = replace(planned, id=1_000_000 + number, first=first, mode="on_demand")
        run.kernel.at(asked.due_at, run._submit, asked)
    run.kernel.run()
    run.store.close()
    return LongReads(run, finished, messages.kept)
