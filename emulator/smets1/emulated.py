"""A meter of a dialect profile on emulated energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from emulator.esme.logs import DEFAULT_SETTINGS
from emulator.rng import subseed
from emulator.smets1.meter import Smets1Meter, Window, emulated_meter
from emulator.smets1.profile import DialectProfile
from gbcs.times import DAY_S

_DEFAULT_AGE_DAYS = 400
"""How long before the first half-hour of interest a meter was commissioned: longer than its logs."""


def meter_of(
    profile: DialectProfile, seed: int, *, now: float, window: Window | None = None, serial_number: str | None = None
) -> Smets1Meter:
    """A meter of the family; ``window`` limits its profile, ``serial_number`` is that of the profile unless given.

    Its energy hangs off the seed and nothing else. Raises LocalError for a serial number that cannot be.
    """
    identity = profile.meter
    depth = identity.profile_depth.value
    oldest = now if window is None else float(window.first)
    settings = replace(DEFAULT_SETTINGS, depths={**DEFAULT_SETTINGS.depths, "profile_active_import": depth})
    passwords: Mapping[str, str] = identity.passwords.value
    return emulated_meter(
        subseed(seed, "smets1 meter"),
        serial_number=identity.serial_number.value if serial_number is None else serial_number,
        manufacturer=identity.manufacturer.value,
        passwords={name: password.encode() for name, password in passwords.items()},
        commissioned_at=max(oldest - _DEFAULT_AGE_DAYS * DAY_S, 0.0),
        settings=settings,
        window=window,
    )
