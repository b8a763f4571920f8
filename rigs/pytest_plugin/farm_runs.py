"""Runs of emulated farms from a test: a scenario in, what came of it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.run import SettlementRun
from emulator.run_summary import finished
from emulator.scenario import load_scenario
from rigs.pytest_plugin.options import Options


@dataclass(frozen=True, slots=True)
class FarmRun:
    """A run that is over: its summary, as ``meterfarm run --json`` prints it, and its result store."""

    summary: dict[str, Any]
    run: SettlementRun

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the result store."""
        return self.run.store.query(sql)


@dataclass(frozen=True, slots=True)
class FarmRuns:
    """Makes farms and runs them, with the seed of the command line."""

    options: Options
    folder: Path

    def run(self, scenario: str | Path | None = None, **overrides: Any) -> FarmRun:
        """Carry a scenario out: a shipped name, a file, or (None) the default with 50 premises.

        ``overrides`` replace its top-level keys. Raises ScenarioError, one line, for a mistake.
        """
        given = {"premises": 50} if scenario is None else {}
        asked = load_scenario(scenario, **{**given, "seed": self.options.seed, **overrides})
        run = SettlementRun(asked, self.folder)
        run.execute()
        run.close()
        return FarmRun(finished(run, run.stopwatch.seconds), run)
