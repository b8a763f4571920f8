"""What is asked of both sides, as a table (``probes.toml``), and the windows it names."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from emulator.oracle import step_of
from firmware_profiles import FirmwareProfile
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S

Bounds = tuple[int, int] | None

_DAYS = 5
_BEYOND_ROWS = 2


class Probe(BaseModel):
    """One question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    use_case: str
    role: Literal["IS", "ES", "NO", "MDR"]
    window: Literal["none", "yesterday", "last_days", "tomorrow", "oldest"]
    log: str = ""

    @model_validator(mode="after")
    def _has_its_log(self) -> Probe:
        if self.window == "oldest" and not self.log:
            raise LocalError("window oldest needs its log")
        return self

    def bounds(self, now: float, firmware: FirmwareProfile) -> Bounds:
        """First and last stamp to ask for at ``now``; None for registers."""
        midnight = int(now // DAY_S) * DAY_S
        if self.window == "yesterday":
            return midnight - DAY_S + HALF_HOUR_S, midnight
        if self.window == "last_days":
            return midnight - (_DAYS - 1) * DAY_S, midnight
        if self.window == "tomorrow":
            return midnight + DAY_S + HALF_HOUR_S, midnight + 2 * DAY_S
        if self.window == "oldest":
            step = step_of(self.use_case)
            end = newest_row(now, firmware, step) - (firmware.logs.rows()[self.log] - 1) * step
            return end - _BEYOND_ROWS * step, end + _BEYOND_ROWS * step
        return None


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    probe: tuple[Probe, ...]


def newest_row(now: float, firmware: FirmwareProfile, step: int) -> int:
    """The stamp of the newest row that a log with a row every ``step`` seconds can hold."""
    return int((now - firmware.capture.delay_s.value) // step) * step


@cache
def probes() -> tuple[Probe, ...]:
    """All questions, in order."""
    text = files("rigs.comparing").joinpath("probes.toml").read_text(encoding="utf-8")
    return _Table.model_validate(tomllib.loads(text)).probe
