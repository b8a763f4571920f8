"""Scenarios without SMETS1 meters, for tests of what only SMETS2 meters do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.scenario import Scenario, load_scenario


def smets2_only(path: Path | str | None = None, **overrides: Any) -> Scenario:
    """The scenario of :func:`load_scenario` with a share of SMETS1 meters of 0."""
    scenario = load_scenario(path, **overrides)
    section = scenario.population.model_copy(update={"smets1_share": 0.0})
    return scenario.model_copy(update={"population": section})
