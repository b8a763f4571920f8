"""The SM WANs of a farm: one model a preset, with the outages and the injected faults of the scenario around it."""

from __future__ import annotations

from emulator.assumptions import Assumption
from emulator.population import Population, outage_windows
from emulator.scenario import Scenario
from emulator.wan.faults import with_faults
from emulator.wan.model import WanModel
from emulator.wan.outages import InterruptedWan, Outages, outage_parameters
from emulator.wan.registry import NETWORKS, load_parameters, make_wan


class Networks:
    """Which model carries the messages of which hub.

    Does not model: hubs that change their network; traffic of anybody but the farm (see the radio preset's
    ``background_utilisation``).
    """

    def __init__(self, scenario: Scenario, population: Population) -> None:
        self.outages = Outages(
            outage_parameters(),
            scenario.seed,
            population.base_station,
            outage_windows(scenario, population),
            natural=scenario.faults.natural_outages,
        )
        faults = scenario.faults
        overrides = {name: own for name, own in scenario.networks.overrides.items() if name in NETWORKS}
        self.models: list[WanModel] = []
        for preset in population.names.wan:
            parameters = load_parameters(preset, overrides, label=f"scenario {scenario.label}")
            channels = scenario.networks.north_channels_per_base_station
            wan = make_wan(preset, parameters, scenario.seed, population.base_station, channels)
            wan = with_faults(
                InterruptedWan(wan, self.outages),
                scenario.seed,
                message_loss=faults.message_loss,
                duplicate=faults.duplicate,
                reorder=faults.reorder,
                name=preset,
            )
            self.models.append(wan)
        self._names: tuple[str, ...] = tuple(population.names.wan)
        self._index: list[int] = population.wan.tolist()
        self._of: list[WanModel] = [self.models[index] for index in self._index]

    def of(self, premises: int) -> WanModel:
        """The network of a premises' hub."""
        return self._of[premises]

    def preset(self, premises: int) -> str:
        """The name of the preset of that network."""
        return self._names[self._index[premises]]

    def assumptions(self) -> list[Assumption]:
        """Those of every network in use, and of outages."""
        return [one for model in self.models for one in model.assumptions()] + self.outages.assumptions()
