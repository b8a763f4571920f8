"""What a day is made of: kinds of reads, blocks of hubs, and the rules and parameters around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.dcc.lanes import Lane
from emulator.dcc.rule_tables import Generation, Mode
from emulator.dcc.rules import Rules
from emulator.dcc.settlement import local_midnight, rf_at, sf_at, utc_day_start
from emulator.han import load_han_parameters
from emulator.han.air import HanParameters
from emulator.links.presets import Preset
from emulator.scenario import Scenario
from emulator.scenario_names import CSPS, SMETS1
from emulator.wan.model import Direction
from emulator.wan.outages import OutageParameters, outage_parameters
from emulator.wan.registry import NETWORKS, load_parameters
from gbcs.times import DAY_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NETWORK_NAMES = (*CSPS, SMETS1)
SRVS = ("4.1.1", "4.2", "4.6.1", "4.6.2", "4.8.1", "4.8.3", "4.17")
ROLES = ("IS", "ES", "NO", "MDR")
MODES: tuple[Mode, ...] = ("scheduled", "on_demand")
SETTLED = ("half_hourly import", "half_hourly export", "daily import", "monthly import")
"""What settlement expects of an MPAN, each at most once a day of reads."""

NOTHING = -1
HOURS = 24


@dataclass(frozen=True, slots=True)
class Kind:
    """Reads that differ only in hub and time. ``settled`` is a position in SETTLED, or NOTHING.

    ``refused`` is a read that access control refuses; bytes are those of the GBCS messages.
    """

    srv: str
    role: str
    mode: Mode
    for_settlement: bool
    down_bytes: int
    up_bytes: int
    settled: int = NOTHING
    refused: bool = False

    def asked_again(self) -> Kind:
        """The same read as a user makes it on demand after a failure."""
        return replace(self, mode="on_demand")


@dataclass(frozen=True, slots=True)
class Reads:
    """The reads planned for a block: the hub (from 0), the kind and the due time of each, by due time.

    ``due_at`` counts from the midnight at which the day of reads begins.
    """

    kinds: tuple[Kind, ...]
    hub: Ints
    kind: Ints
    due_at: Floats


@dataclass(frozen=True, slots=True)
class Block:
    """Hubs that have nothing to do with those of any other block: whole base stations, or hubs that share no channel.

    ``preset`` is that of their SM WAN; of SMETS1 meters ``cohort`` is theirs. ``share`` is that of the meters of their
    network (a region, or SMETS1): the part of its limits that is theirs. ``first_station`` and ``stations`` place them
    among all base stations.
    """

    number: int
    network: str
    preset: str
    hubs: int
    share: float
    cohort: str = ""
    first_station: int = 0
    stations: int = 0


class Source(Protocol):
    """Where the blocks of a day come from; it travels to the workers, so it is small and can be pickled."""

    @property
    def setting(self) -> Setting:
        """What all blocks share."""

    def blocks(self) -> tuple[Block, ...]:
        """All blocks, in order."""

    def stations(self, block: Block) -> Ints:
        """The base station of each hub of a block, from 0."""

    def background(self, block: Block) -> dict[Direction, Floats]:
        """The share of the channels' time that other traffic takes, by direction: base station, hour of the day."""

    def reads(self, block: Block) -> Reads:
        """What is asked of a block."""


def no_background(block: Block) -> dict[Direction, Floats]:
    """Channels that carry nothing else."""
    return {"down": np.zeros((block.stations, HOURS)), "up": np.zeros((block.stations, HOURS))}


@dataclass(frozen=True, slots=True)
class Setting:
    """What all blocks of a day share. ``ratio`` is what compression leaves of a message, by direction."""

    scenario: Scenario
    ratio: Mapping[Direction, float] = field(default_factory=lambda: {"down": 1.0, "up": 1.0})

    @property
    def seed(self) -> int:
        """What every random source hangs off."""
        return self.scenario.seed


class Surroundings:
    """Rules and parameters of a setting, read once in each process: those of a run, from the same files."""

    def __init__(self, setting: Setting) -> None:
        """Raises ScenarioError for a mistake in the scenario's own values."""
        scenario = setting.scenario
        self.setting, self.rules = setting, Rules(scenario)
        overrides, label = scenario.networks.overrides, f"scenario {scenario.label}"
        self.han: HanParameters = load_han_parameters(overrides, label=label)
        self.outages: OutageParameters = outage_parameters()
        self._overrides = {name: own for name, own in overrides.items() if name in NETWORKS}
        self._label = label
        self._presets: dict[str, Preset] = {}
        self.epoch = utc_day_start(scenario.date) + DAY_S
        """The midnight that is 0: the day after the settlement day, when its last row exists."""
        checkpoints = scenario.checkpoints
        self.d1_at = float(local_midnight(scenario.date) + 2 * DAY_S - self.epoch)
        self.sf_at = float(sf_at(scenario.date, checkpoints.sf_working_days) - self.epoch)
        self.rf_at = float(rf_at(scenario.date, checkpoints.rf_months) - self.epoch)

    def preset(self, name: str) -> Preset:
        """The parameters of a network."""
        if name not in self._presets:
            self._presets[name] = load_parameters(name, self._overrides, label=self._label)
        return self._presets[name]

    def lane(self, network: str) -> Lane:
        """The retry rules and windows of a network."""
        return Lane(self.rules, network)

    def trt_s(self, kind: Kind, network: str) -> float:
        """The target response time of a kind of read; 0 for one that does not exist there."""
        generation: Generation = "smets1" if network == SMETS1 else "smets2"
        if getattr(self.rules.row(kind.srv).trt_s.value, generation) is None:
            return 0.0
        return self.rules.trt_s(kind.srv, kind.mode, kind.for_settlement, generation)
