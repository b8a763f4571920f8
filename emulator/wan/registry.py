"""The networks there are: a new one is a file with its parameters and its model, a preset, and a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ScenarioError
from emulator.links.presets import NO_OVERRIDES, Overrides, Preset, load_preset
from emulator.wan.cellular import Cellular, CellularParameters
from emulator.wan.long_range_radio import LongRangeRadio, LongRangeRadioParameters
from emulator.wan.mesh import Mesh, MeshParameters
from emulator.wan.model import PACKAGE, WanModel
from emulator.wan.sms_wake_up import SmsWakeUp, SmsWakeUpParameters


@dataclass(frozen=True, slots=True)
class Network:
    """One row: how to read the preset, how to make the model, and the preset of the network behind it, if any."""

    parameters: type[Preset]
    make: Callable[[Any, int, NDArray[np.int32], int], WanModel]
    base: str = ""


NETWORKS: dict[str, Network] = {
    "csp_north_lrr": Network(LongRangeRadioParameters, LongRangeRadio),
    "csp_sc_cellular_2g": Network(CellularParameters, Cellular),
    "csp_sc_cellular_3g": Network(CellularParameters, Cellular),
    "cellular_ltem": Network(CellularParameters, Cellular),
    "csp_sc_mesh_868": Network(MeshParameters, Mesh, base="csp_sc_cellular_2g"),
    "smets1_sms": Network(SmsWakeUpParameters, SmsWakeUp),
}


def load_parameters(preset: str, overrides: Overrides = NO_OVERRIDES, *, label: str = "scenario") -> Preset:
    """The parameters of a network with the scenario's overrides; ``label`` is what a mistake is blamed on.

    Raises ScenarioError, one line that names preset and key.
    """
    network = _network(preset, label)
    for name in overrides:
        _network(name, label)
    behind = {"base": load_parameters(network.base, overrides, label=label)} if network.base else {}
    return load_preset(network.parameters, PACKAGE, preset, overrides, label=label, **behind)


def make_wan(
    preset: str, parameters: Preset, seed: int, base_station: NDArray[np.int32], channels_per_base_station: int
) -> WanModel:
    """The model of a network: ``base_station`` holds one entry a hub (-1: none), whichever network that hub is on."""
    network = _network(preset, "scenario")
    if not isinstance(parameters, network.parameters):
        raise ScenarioError(f"network {preset} cannot be made from the parameters of {parameters.name}")
    return network.make(parameters, seed, base_station, channels_per_base_station)


def _network(preset: str, label: str) -> Network:
    network = NETWORKS.get(preset)
    if network is None:
        raise ScenarioError(f"{label}: network {preset!r} is not known (allowed: {', '.join(NETWORKS)})")
    return network
