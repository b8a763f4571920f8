"""Real devices in the slots of a run: what the emulator asks of one, and how it is reached through an emulated hub.

Nothing here knows what a rig is made of: whoever starts the run hands the devices in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from emulator.dcc.brokers import Broker
from emulator.errors import ScenarioError
from emulator.hub import CommsHub
from emulator.population import NONE, Population
from emulator.scenario import Scenario
from emulator.wan.model import WanModel
from gbcs.eui64 import Eui64
from gbcs.keystore import KeyStore

Heard = Callable[[bytes], None]
Lost = Callable[[str], None]


class RealDevice(Protocol):
    """The device of a rig. ``broker`` has its keys and its counters, which outlive the run."""

    rig: str
    eui: Eui64
    broker: Broker
    keys: KeyStore

    @property
    def trouble(self) -> str:
        """What is wrong with the way to the device just now; empty where nothing is."""

    def connect(self, heard: Heard, lost: Lost) -> None:
        """Have what the device says brought to ``heard``, and to ``lost``, once, why it is gone for good.

        Both are called in any thread, also for what came before.
        """

    def send(self, message: bytes) -> None:
        """Hand a message over; returns at once and never raises."""


class RigHome:
    """The emulated hub of a premises whose meter is real.

    Does not model: anything between the hub and the device: the HAN, or the line in its place, is real too.
    """

    __slots__ = ("_asked", "device", "hub", "lost", "premises", "unasked", "wan")

    def __init__(self, premises: int, hub: CommsHub, device: RealDevice, wan: WanModel) -> None:
        self.premises, self.hub, self.device, self.wan = premises, hub, device, wan
        self.lost = ""
        self.unasked = 0
        """Messages of the device that answer no request: alerts, and what came too late."""
        self._asked: set[int] = set()

    @property
    def silence(self) -> str:
        """What is said of a command that the device has and has not answered."""
        return f"rig {self.device.rig}: {self.device.trouble or 'its device did not answer'}"

    def to_meter(self, _device: Eui64, message: bytes, _now: float) -> None:
        """Give the device a message."""
        self.device.send(message)

    def asks(self, request_id: int) -> None:
        """Remember a request until the rig is lost."""
        self._asked.add(request_id)

    def is_lost(self, reason: str) -> set[int]:
        """The rig is gone for good; the requests that were asked of it."""
        self.lost = f"rig {self.device.rig} was lost: {reason}"
        return self._asked

    def discards(self) -> dict[str, int]:
        """Nothing: a real device does not say what it drops."""
        return {}


def placed(population: Population, scenario: Scenario, devices: Mapping[str, RealDevice]) -> dict[int, RealDevice]:
    """The real devices by their premises, which then bear their identifiers in the population.

    Raises ScenarioError for a rig that was not handed in and for a premises that cannot hold a device.
    """
    found: dict[int, RealDevice] = {}
    for premises, rig in scenario.rigs.items():
        if rig not in devices:
            raise ScenarioError(f"scenario {scenario.label}: key slot: rig {rig} is not open: meterfarm run opens it")
        if population.cohort[premises] != NONE:
            raise ScenarioError(
                f"scenario {scenario.label}: key slot: premises {premises} is a SMETS1 one in this population: "
                f"take another, or set population.smets1_share = 0"
            )
        found[premises] = devices[rig]
        _name(population, premises, devices[rig].eui)
    return found


def _name(population: Population, premises: int, eui: Eui64) -> None:
    """Give a premises' device its identifier; an emulated meter that has the same one takes that which was here."""
    identifiers, number = population.esme_eui, int.from_bytes(eui, "big")
    identifiers[identifiers == number] = identifiers[premises]
    identifiers[premises] = number
