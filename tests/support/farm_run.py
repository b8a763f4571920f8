"""Whole runs of small farms, for tests that look at what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smets2_only import smets2_only

from emulator.run import SettlementRun
from emulator.scenario import load_scenario


@dataclass(slots=True)
class Messages:
    """Keeps every message of a run: time, direction, request number, bytes."""

    kept: list[tuple[float, str, int, bytes]]

    def message(self, now: float, direction: str, request: Any, message: bytes) -> None:
        self.kept.append((now, direction, request.id, message))


@dataclass(slots=True)
class Finished:
    """A run that is over, its store still open for questions."""

    run: SettlementRun
    messages: list[tuple[float, str, int, bytes]]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.run.store.query(sql)


def scenario_file(folder: Path, text: str) -> Path:
    """A scenario that differs from the default in what ``text`` says."""
    file = folder / "scenario.toml"
    file.write_text('name = "test"\n' + text, encoding="utf-8")
    return file


def carry_out(folder: Path, text: str = "", scenario: str | None = None, **overrides: Any) -> Finished:
    """Run a scenario (a shipped name, or the default with ``text`` laid over it) in a folder.

    SMETS1 meters are in it only where the scenario says so itself.
    """
    given = scenario if scenario is not None else scenario_file(folder, text)
    load = load_scenario if "smets1" in (scenario or text) else smets2_only
    run = SettlementRun(load(given, **overrides), folder)
    messages = Messages([])
    run.journey.watch(messages)
    run.execute()
    run.close()
    return Finished(run, messages.kept)
