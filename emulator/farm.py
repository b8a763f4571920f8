"""The meters of a farm, made when they are first needed.

A premises that nobody reads is an entry in the columns of :mod:`emulator.population` and nothing else.
"""

from __future__ import annotations

from dataclasses import replace

from emulator.assumptions import Assumption
from emulator.device.assumptions import ASSUMPTIONS as DEVICE_ASSUMPTIONS
from emulator.device.policy import DevicePolicy
from emulator.esme.device_clock import ClockSettings, DeviceClock
from emulator.esme.energy import MeterEnergy, energy_assumptions, energy_model
from emulator.esme.esme import Esme
from emulator.esme.firmware import clock_settings, esme_policy, log_settings
from emulator.esme.live import LiveObjects, energy_of
from emulator.esme.logs import ASSUMPTIONS as LOG_ASSUMPTIONS
from emulator.esme.logs import LogSettings
from emulator.esme.mixing import mix
from emulator.esme.overrides import PowerCut
from emulator.esme.supply import power_cuts
from emulator.population import NONE, Population
from emulator.rng import subseed
from emulator.scenario import Scenario
from firmware_profiles import FirmwareProfile, assumptions, load
from gbcs.eui64 import Eui64
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S

ROLES = {
    "IS": RemotePartyRole.SUPPLIER,
    "NO": RemotePartyRole.NETWORK_OPERATOR,
    "ES": RemotePartyRole.OTHER,
    "MDR": RemotePartyRole.OTHER,
}
"""Remote party role of the certificate of each kind of user. PIA Appendix D names 127 for MDR; for ES it is assumed."""

REFERENCE_FIRMWARE = "smets2-reference"
_YOUNGEST_DAYS, _OLDEST_DAYS = 430, 1_800


class Firmware:
    """One firmware profile, resolved once for all its meters."""

    __slots__ = ("clock", "logs", "policy", "profile", "window")

    def __init__(self, profile: FirmwareProfile, scenario: Scenario) -> None:
        policy = esme_policy(profile, scenario.gbcs_version)
        self.profile = profile
        self.policy: DevicePolicy = replace(policy, replay_reads=policy.replay_reads and scenario.replay.check_reads)
        self.logs: LogSettings = log_settings(profile)
        self.clock: ClockSettings = clock_settings(profile)
        self.window = min(profile.reads.replay_window.value, scenario.replay.window)


class Farm:
    """The SMETS2 electricity meters of a scenario, with the keys of everybody in it.

    Does not model: meters that are exchanged, that change their supplier in the middle of a run, or that share a hub.
    """

    def __init__(self, scenario: Scenario, population: Population, first_day: int, last_day: int) -> None:
        """``first_day`` and ``last_day`` (UTC, from 2000-01-01 as 0) are the days that are read."""
        self.scenario, self.population = scenario, population
        self.first_day, self.last_day = first_day, last_day
        self.acb = DCC_ACB
        organisations = {party.eui: ROLES[party.role] for party in population.parties()}
        organisations[self.acb] = RemotePartyRole.ACCESS_CONTROL_BROKER
        self.keys = SeededKeyStore(scenario.key_seed, organisations)
        self.firmware = [Firmware(load(name), scenario) for name in population.names.firmware]
        self._users = {(party.role, party.name): party.eui for party in population.parties()}
        self._parties: dict[tuple[int, int], dict[Eui64, RemotePartyRole]] = {}
        self._meters: dict[int, Esme] = {}

    def __len__(self) -> int:
        """Meters made so far."""
        return len(self._meters)

    def meter(self, premises: int) -> Esme:
        """The meter of a premises."""
        meter = self._meters.get(premises)
        if meter is None:
            meter = self._meters[premises] = self._make(premises)
        return meter

    def energy(self, premises: int) -> MeterEnergy:
        """What the meter of a premises truly measured: the oracle's side."""
        return energy_of(self.meter(premises))

    def make_energy(self, premises: int) -> MeterEnergy:
        """What a meter in a premises measures, of whatever generation it is; made anew each time."""
        population = self.population
        seed = subseed(self.scenario.seed, "meter", premises)
        age_days = _YOUNGEST_DAYS + mix(seed, 1) % (_OLDEST_DAYS - _YOUNGEST_DAYS)
        commissioned_at = max(0, self.first_day - age_days) * DAY_S + mix(seed, 2) % DAY_S
        model = energy_model(
            population.names.variant[population.variant[premises]],
            bool(population.has_export[premises]),
            bool(population.twin[premises]),
        )
        energy = MeterEnergy(model, seed, commissioned_at=commissioned_at, scale=float(population.scale[premises]))
        for cut in self.cuts(premises):
            energy.power_cut(cut.starts_at, cut.ends_at)
        return energy

    def cuts(self, premises: int) -> list[PowerCut]:
        """The power cuts of a premises from the day before the first that is read until a day after the last."""
        if not self.scenario.faults.natural_outages:
            return []
        seed = subseed(self.scenario.seed, "supply", premises)
        return power_cuts(seed, self.first_day - 1, self.last_day + 1)

    def assumptions(self) -> list[Assumption]:
        """What meters take for granted: as devices, logs, energy, each firmware where it departs from the reference."""
        reference = load(REFERENCE_FIRMWARE)
        found = [*LOG_ASSUMPTIONS, *energy_assumptions(), *assumptions(reference)]
        for firmware in self.firmware:
            if firmware.profile.name != REFERENCE_FIRMWARE:
                found += assumptions(firmware.profile, beyond=reference)
        return [*DEVICE_ASSUMPTIONS, *(Assumption(*row) for row in found)]

    def _make(self, premises: int) -> Esme:
        population = self.population
        firmware = self.firmware[population.firmware[premises]]
        energy = self.make_energy(premises)
        return Esme(
            population.esme(premises),
            self.keys,
            self.acb,
            self._known_parties(premises),
            LiveObjects(energy, firmware.logs),
            DeviceClock(firmware.clock, energy.seed, set_at=energy.commissioned_at),
            firmware.policy,
            firmware.window,
        )

    def _known_parties(self, premises: int) -> dict[Eui64, RemotePartyRole]:
        """The parties whose credentials the meter holds: the broker, its import supplier and its network operator."""
        population = self.population
        pair = int(population.import_supplier[premises]), int(population.network_operator[premises])
        known = self._parties.get(pair)
        if known is None:
            known = self._parties[pair] = {self.acb: RemotePartyRole.ACCESS_CONTROL_BROKER}
            for role, names, position in (
                ("IS", population.names.import_supplier, pair[0]),
                ("NO", population.names.network_operator, pair[1]),
            ):
                if position != NONE:
                    known[self._users[role, names[position]]] = ROLES[role]
        return known
