"""The emulated twin of a device on a rig: its firmware profile, its identifier, and energy of its own."""

from __future__ import annotations

from emulator.esme.device_clock import DeviceClock
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.firmware import clock_settings, esme_policy, log_settings
from emulator.esme.live import LiveObjects
from emulator.esme.single import known_parties
from firmware_profiles import FirmwareProfile
from gbcs.eui64 import Eui64
from gbcs.keystore import KeyStore
from gbcs.times import DAY_S
from rigs.users import broker_of

_AGE_DAYS = 1_000
"""Older than any log is long."""


def make_twin(
    device: Eui64, keys: KeyStore, firmware: FirmwareProfile, now: float, *, two_elements: bool = False, seed: int = 1
) -> Esme:
    """A meter that answers what the device is asked, with the secrets of the rig's key folder.

    Its values are of its own making; it has no power cuts. Raises LocalError where the folder has no broker.
    """
    commissioned_at = int(now) - _AGE_DAYS * DAY_S
    energy = MeterEnergy(energy_model("single_rate", True, two_elements), seed, commissioned_at=commissioned_at)
    return Esme(
        device,
        keys,
        broker_of(keys),
        known_parties(keys),
        LiveObjects(energy, log_settings(firmware)),
        DeviceClock(clock_settings(firmware), seed, set_at=now),
        esme_policy(firmware, "4.3"),
        firmware.reads.replay_window.value,
    )


def clock_error_s(firmware: FirmwareProfile) -> float:
    """How far the clock of a meter with this firmware may be off between two comparisons with its hub."""
    clock = firmware.clock
    drift_ppm = abs(clock.drift_ppm.value) + clock.drift_spread_ppm.value
    return drift_ppm * 1e-6 * clock.resync_interval_s.value + clock.resync_error_s.value
