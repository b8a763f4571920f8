"""The figures of the PIA that a study is held against, as data (``pia.toml``)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from emulator.dcc.rule_tables import Section

Volume = Literal["A", "B", "C"]
VOLUMES: tuple[Volume, ...] = ("A", "B", "C")


class Volumes(Section):
    """Service requests and bytes a day (Table 5)."""

    srvs: float
    bytes: float


class Option(Section):
    """One way out of a cell of Table 7."""

    channels: int
    compressed: bool


class ChannelRow(Section):
    """A row of Table 7."""

    scenario: Volume
    window_h: int
    options: tuple[Option, ...]

    @property
    def name(self) -> str:
        """Like "A/8"."""
        return f"{self.scenario}/{self.window_h}"

    @property
    def words(self) -> str:
        """As the PIA writes it: "8 / 4, No / Yes"."""
        channels = " / ".join(str(option.channels) for option in self.options)
        return f"{channels}, {' / '.join('Yes' if option.compressed else 'No' for option in self.options)}"


class CostRow(Section):
    """Million pounds: fixed, and variable by scenario (Table 9)."""

    fixed: float
    A: float
    B: float
    C: float

    def variable(self, scenario: Volume) -> float:
        """The variable part of a scenario."""
        part: float = getattr(self, scenario)
        return part


class CostRange(Section):
    """Million pounds, the two ends of Table 8."""

    lower: float
    upper: float


class Costs(Section):
    """Tables 8 and 9."""

    smets2: CostRow
    smets1: CostRow
    total: CostRow
    range: CostRange


class Pia(Section):
    """Everything in the file."""

    volumes: dict[Volume, Volumes]
    channels: tuple[ChannelRow, ...]
    costs: Costs


@cache
def pia() -> Pia:
    """The figures, read once."""
    text = (files("emulator.capacity") / "pia.toml").read_text(encoding="utf-8")
    return Pia.model_validate(tomllib.loads(text))
