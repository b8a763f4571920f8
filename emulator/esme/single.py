"""One meter outside a farm, on energy of its own: for a bench, for an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from emulator.esme.device_clock import DeviceClock
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.firmware import clock_settings, esme_policy, log_settings
from emulator.esme.live import LiveObjects
from firmware_profiles import FirmwareProfile
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole
from gbcs.times import DAY_S

_AGE_DAYS = 800
"""How long a meter has been commissioned: longer than its logs."""

_STRANGERS = frozenset((None, RemotePartyRole.OTHER, RemotePartyRole.ISSUING_AUTHORITY))
"""Parties whose credentials no meter holds: export suppliers, data retrievers, devices, issuers."""


@dataclass(frozen=True, slots=True)
class SingleMeter:
    """What one meter is."""

    eui: Eui64
    seed: int
    firmware: FirmwareProfile
    variant: str = "single_rate"
    gbcs_version: str = "4.3"
    twin: bool = False
    """Whether it has two elements."""

    def objects(self, now: float) -> LiveObjects:
        """What the meter has measured and keeps, at ``now`` and after."""
        commissioned_at = max(int(now) - _AGE_DAYS * DAY_S, 0)
        energy = MeterEnergy(
            energy_model(self.variant, export=True, twin=self.twin), self.seed, commissioned_at=commissioned_at
        )
        return LiveObjects(energy, log_settings(self.firmware))

    def make(self, keys: KeyStore, now: float) -> Esme:
        """The meter as it stands there at ``now``, knowing the parties of a key store.

        With real keys it signs at random, as real devices do. Raises LocalError where the store has no broker.
        """
        known, objects = known_parties(keys), self.objects(now)
        policy = replace(esme_policy(self.firmware, self.gbcs_version), deterministic_signatures=keys.is_test)
        return Esme(
            self.eui,
            keys,
            next(eui for eui, role in known.items() if role is RemotePartyRole.ACCESS_CONTROL_BROKER),
            known,
            objects,
            DeviceClock(clock_settings(self.firmware), self.seed, set_at=objects.energy.commissioned_at),
            policy,
            self.firmware.reads.replay_window.value,
        )


def known_parties(keys: KeyStore) -> Mapping[Eui64, RemotePartyRole]:
    """Whom a meter knows of the parties of a store: the first one, by identifier, of each role.

    Raises LocalError where there is no access control broker among them.
    """
    found: dict[RemotePartyRole, Eui64] = {}
    for eui, role in sorted(keys.parties().items()):
        if role is not None and role not in _STRANGERS:
            found.setdefault(role, eui)
    if RemotePartyRole.ACCESS_CONTROL_BROKER not in found:
        raise LocalError("the key store holds no certificate of an access control broker (role 04)")
    return {eui: role for role, eui in found.items()}
