"""From a firmware profile to what the parts of a meter take: made once for all meters of a firmware."""

from __future__ import annotations

from emulator.device.policy import DevicePolicy
from emulator.esme.device_clock import ClockSettings
from emulator.esme.logs import LogSettings
from firmware_profiles import FirmwareProfile
from firmware_profiles.model import ClearProfileAfterPowerCut, DropRowsAfterPowerCut


def log_settings(profile: FirmwareProfile) -> LogSettings:
    """Depths, capture delay and the deviations that touch logs."""
    dropped = [one.parameters.rows for one in profile.deviations if isinstance(one, DropRowsAfterPowerCut)]
    cleared = [one.parameters.longer_than_s for one in profile.deviations if isinstance(one, ClearProfileAfterPowerCut)]
    return LogSettings(
        depths=profile.logs.rows(),
        capture_delay_s=profile.capture.delay_s.value,
        rows_lost_after_power_cut=dropped[0] if dropped else 0,
        cleared_by_power_cut_s=cleared[0] if cleared else None,
    )


def clock_settings(profile: FirmwareProfile) -> ClockSettings:
    """How the clock goes and is put right."""
    clock = profile.clock
    return ClockSettings(
        drift_ppm=clock.drift_ppm.value,
        drift_spread_ppm=clock.drift_spread_ppm.value,
        resync_interval_s=clock.resync_interval_s.value,
        resync_error_s=clock.resync_error_s.value,
        tolerance_s=clock.tolerance_s.value,
        beyond_tolerance=clock.beyond_tolerance.value,
        unreliable_after_s=clock.unreliable_after_s.value,
    )


def esme_policy(profile: FirmwareProfile, gbcs_version: str) -> DevicePolicy:
    """How reads are answered; ``reads.replay_window`` goes to the meter beside it."""
    reads = profile.reads
    empty = reads.empty_range.value
    return DevicePolicy(
        gbcs_version=gbcs_version,
        replay_reads=reads.replay_policy.value == "window",
        no_permission_code=reads.no_permission_code.value,
        unknown_object_code=reads.unknown_object_code.value,
        wrong_access_code=reads.wrong_access_code.value,
        empty_range_code=None if isinstance(empty, str) else empty,
    )
