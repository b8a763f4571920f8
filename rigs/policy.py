"""How often and how long a device on a rig is asked: data, with its sources (``presets/reading.toml``)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from emulator.links.distributions import Stated
from emulator.links.presets import NO_OVERRIDES, Overrides, PositiveValue, Preset, Value, load_preset


class Attempts(Stated):
    """How many commands are sent for one read at most."""

    value: int = Field(ge=1, strict=True)


class Resend(Stated):
    """How an attempt is repeated."""

    value: Literal["same_bytes", "new_counter"]


class ReadingParameters(Preset):
    """The parameters of reading a device."""

    attempts: Attempts
    answer_timeout_s: PositiveValue
    spacing_s: Value
    resend: Resend


def load_reading_parameters(overrides: Overrides = NO_OVERRIDES, *, label: str = "rig") -> ReadingParameters:
    """The shipped parameters with overrides. Raises ScenarioError, one line, for a mistake in them."""
    return load_preset(ReadingParameters, "rigs", "reading", overrides, label=label)
