"""Hubs, HANs and meters without our head-end: messages come from outside and go back there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from emulator.external.inspection import Arrival, Inspector
from emulator.external.station import EmulatedStation, RealStation, Station
from emulator.farm import Farm
from emulator.han import Air, load_han_parameters
from emulator.han.frames import HEADER_BYTES
from emulator.hub import Action, HubLimits, Refused, ToHan, load_hub_parameters
from emulator.hub.addresses import COUNTER_AT, NOT_GBCS, RECIPIENT_AT, header_start
from emulator.kernel import Kernel
from emulator.population import Population
from emulator.scenario import Scenario
from emulator.segmentation import load_segmentation_parameters
from emulator.slots import RealDevice
from gbcs.eui64 import Eui64
from gbcs.gbt import is_block

Record = Callable[[Arrival], None]
"""Takes an arrival when nothing more can become of it."""

_PROBLEMS_KEPT = 20


class DeviceSide:
    """Answers an external head-end, and keeps what it sent.

    The line stands in place of the SM WAN: a message is at its hub as soon as it is here.

    Does not model: the SM WAN; the CSP's systems in front of a real hub, which are closed: a real comms hub cannot be
    driven this way.
    """

    def __init__(
        self,
        scenario: Scenario,
        population: Population,
        farm: Farm,
        kernel: Kernel,
        devices: Mapping[int, RealDevice],
        say: Callable[[bytes], None],
        record: Record,
    ) -> None:
        """``say`` takes what goes to the head-end; ``devices`` are the real ones, by premises."""
        self.kernel = kernel
        label, overrides = f"scenario {scenario.label}", scenario.networks.overrides
        limits = HubLimits(load_hub_parameters(overrides, label=label))
        air = Air(
            load_han_parameters(overrides, label=label), scenario.seed, kernel.at, self._lost_on_han, scenario.key_seed
        )
        blocks = load_segmentation_parameters(overrides, label=label).settings(limits.message_bytes)
        self._make: Callable[[int], Station] = lambda premises: (
            EmulatedStation(farm.meter(premises), population.hub(premises), air, limits, blocks, kernel, self._from_han)
            if premises not in devices
            else RealStation(devices[premises], population.hub(premises), limits, kernel, self._from_han, self._lost)
        )
        real = {device.eui: device.keys for device in devices.values()}
        self._premises = {population.esme(premises): premises for premises in range(len(population))}
        known = dict.fromkeys(self._premises, farm.keys)
        self._inspector = Inspector(known | real, farm.acb, scenario.gbcs_version)
        self._stations: dict[int, Station] = {}
        self._open: dict[bytes, Arrival] = {}
        self._say, self._record = say, record
        self.outcomes: Counter[str] = Counter()
        self.use_cases: Counter[str] = Counter()
        self.commands = self.resends = self.alerts = self.with_problems = 0
        self.first_problems: list[str] = []

    # ------------------------------------------------------------------ down

    def arrived(self, message: bytes) -> None:
        """Take a message of the external head-end; blocks of one are checked when the meter has put it together."""
        now = self.kernel.now
        device = _field(message, RECIPIENT_AT)
        premises = self._premises.get(device)
        if premises is None or not is_block(message):
            arrival = self._inspector.inspect(message, now)
            if premises is None:
                self._closed(arrival, "dropped: nobody here has this identifier")
                return
            self._opened(device + _field(message, COUNTER_AT), arrival)
        station = self._station(premises)
        self._carry_out(station, station.hub.from_wan(message, now))

    def close(self) -> None:
        """Record what was never answered."""
        for arrival in self._open.values():
            self._closed(arrival, arrival.outcome)
        self._open.clear()

    def summary(self) -> dict[str, Any]:
        """What came, and what became of it."""
        return {
            "commands": self.commands,
            "resends": self.resends,
            "alerts_sent": self.alerts,
            "with_problems": self.with_problems,
            "first_problems": self.first_problems,
            "outcomes": dict(self.outcomes.most_common()),
            "use_cases": dict(self.use_cases.most_common()),
        }

    def _station(self, premises: int) -> Station:
        station = self._stations.get(premises)
        if station is None:
            station = self._stations[premises] = self._make(premises)
        return station

    # ------------------------------------------------------------------ up

    def _from_han(self, station: Station, message: bytes, dropped: str) -> None:
        """What a device says; or, without a message, why it dropped the command that it was given last."""
        if dropped:
            arrival = self._open.get(station.device + _field(message, COUNTER_AT))
            if arrival is not None:
                arrival.outcome = f"dropped by the meter: {dropped}"
            return
        name = station.device + _field(message, COUNTER_AT)
        arrival = self._open.pop(name, None)
        if arrival is not None:
            arrival.answered_after_s = self.kernel.now - arrival.at
            self._closed(arrival, "answered")
        elif not is_block(message):
            self.alerts += 1
        self._carry_out(station, station.hub.from_han(message, self.kernel.now))

    def _carry_out(self, station: Station, actions: tuple[Action, ...]) -> None:
        for action in actions:
            if isinstance(action, ToHan):
                station.to_device(action.message, self.kernel.now)
            elif isinstance(action, Refused):
                self._outcome(action.message, f"refused by the hub: {action.reason}")
            else:
                self._say(action.message)
        deadline = station.hub.next_deadline()
        if deadline is not None:
            self.kernel.at(deadline, self._tick, station)

    def _tick(self, station: Station) -> None:
        self._carry_out(station, station.hub.tick(self.kernel.now))

    def _lost_on_han(self, reason: str, payload: bytes) -> None:
        self._outcome(payload[HEADER_BYTES:], f"lost on the HAN: {reason}")

    def _lost(self, station: Station, reason: str) -> None:
        for name, arrival in self._open.items():
            if name.startswith(station.device):
                arrival.outcome = reason

    # ------------------------------------------------------------------ what is kept

    def _opened(self, name: bytes, arrival: Arrival) -> None:
        earlier = self._open.get(name)
        if earlier is not None:
            self.resends += 1
            return
        self._open[name] = arrival

    def _outcome(self, message: bytes, outcome: str) -> None:
        arrival = self._open.get(_field(message, RECIPIENT_AT) + _field(message, COUNTER_AT))
        if arrival is not None:
            arrival.outcome = outcome

    def _closed(self, arrival: Arrival, outcome: str) -> None:
        arrival.outcome = outcome
        self.commands += 1
        self.outcomes[outcome] += 1
        self.use_cases[arrival.use_case or "none"] += 1
        if arrival.problems:
            self.with_problems += 1
            if len(self.first_problems) < _PROBLEMS_KEPT:
                self.first_problems.append(f"{arrival.use_case or 'a message'}: {arrival.problems[0]}")
        self._record(arrival)


def _field(message: bytes, at: int) -> Eui64:
    """Eight bytes of the grouping header; empty where the bytes are no message."""
    start = header_start(message)
    return b"" if start == NOT_GBCS else message[start + at : start + at + 8]
