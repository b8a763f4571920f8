"""A SMETS1 meter behind its dialects: identity, passwords, clock, registers and half-hours, whatever is spoken.

Energy and logs are those of :mod:`emulator.esme`: a SMETS1 and a SMETS2 meter of one seed have used the same energy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emulator.assumptions import Assumption
from emulator.esme.energy import Channel, MeterEnergy, energy_model
from emulator.esme.logs import DEFAULT_SETTINGS, LogSettings, MeterLogs
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, MAX_INSTANT

ROWS = np.dtype([("stamp", "i8"), ("active_import", "i8"), ("active_export", "i8")])
"""A half-hour: the end of it in seconds since 2000-01-01 UTC, and Wh of both directions."""

ASSUMPTIONS = (
    Assumption("smets1_stamp", "a half-hour is stamped at its end, in UTC", "A", "SMETS1 text not at hand"),
    Assumption("smets1_export_depth", "export is kept as long as import", "A", "one profile holds both columns"),
)

_REGISTER_MODULUS = 1 << 32


@dataclass(frozen=True, slots=True)
class Window:
    """The half-hours that a profile holds: stamps from ``first`` to ``last``, both included."""

    first: int
    last: int


def day_window(day: int) -> Window:
    """The 48 half-hours of a UTC day, counted from 2000-01-01 as 0."""
    return Window(day * DAY_S + HALF_HOUR_S, (day + 1) * DAY_S)


@dataclass(slots=True)
class Smets1Meter:
    """One meter. ``passwords`` holds secrets by who may know them (a client SAP's name, a user name).

    ``clock_error_s`` is how far its clock is ahead of UTC; ``window`` limits the profile (``None``: the depth of the
    log does).

    Does not model: gas, the comms hub in front of the meter, tariffs and prepayment, events, a clock that drifts.
    """

    energy: MeterEnergy
    serial_number: str
    manufacturer: str
    passwords: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    settings: LogSettings = DEFAULT_SETTINGS
    window: Window | None = None
    clock_error_s: float = 0.0

    def clock(self, now: float) -> float:
        """What the meter's clock shows, in seconds since 2000-01-01 UTC; it knows no time before or after its range."""
        return min(max(now + self.clock_error_s, 0.0), float(MAX_INSTANT))

    def set_clock(self, shown: float, now: float) -> None:
        """Let the clock show ``shown`` from now on."""
        self.clock_error_s = shown - now

    def register_wh(self, channel: Channel, now: float) -> int:
        """A total register, Wh or varh; it rolls over at 2**32."""
        return self.energy.register(channel, self.clock(now)) % _REGISTER_MODULUS

    def held(self, now: float) -> Window | None:
        """The oldest and the newest half-hour that the profile can hold now; None for an empty profile."""
        log = MeterLogs(self.energy, self.settings)
        first, last = log.held("profile_active_import", HALF_HOUR_S, self.clock(now))
        if self.window is not None:
            first, last = max(first, self.window.first), min(last, self.window.last)
        first, last = -(-first // HALF_HOUR_S) * HALF_HOUR_S, last // HALF_HOUR_S * HALF_HOUR_S
        return Window(first, last) if first <= last else None

    def profile(self, now: float, first: int = 0, last: int | None = None) -> NDArray[np.void]:
        """The rows of the half-hourly profile stamped ``first`` to ``last``, oldest first, as :data:`ROWS`."""
        held = self.held(now)
        if held is None:
            return np.empty(0, ROWS)
        first, last = max(first, held.first), held.last if last is None else min(last, held.last)
        log = MeterLogs(self.energy, self.settings)
        imported = log.rows("profile_active_import", first, last, self.clock(now))
        rows = np.empty(len(imported), ROWS)
        rows["stamp"], rows["active_import"] = imported[:, 0], imported[:, 1]
        rows["active_export"] = self._export(first, last, rows["stamp"])
        return rows

    def _export(self, first: int, last: int, stamps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Wh sent back in the half-hours of these stamps, which lie between two others and may have gaps."""
        first, last = -(-first // HALF_HOUR_S) * HALF_HOUR_S, last // HALF_HOUR_S * HALF_HOUR_S
        if not len(stamps):
            return stamps
        every = self.energy.half_hours("active_export", first, last)
        return every if len(every) == len(stamps) else every[(stamps - first) // HALF_HOUR_S]


def emulated_meter(
    seed: int,
    *,
    serial_number: str,
    manufacturer: str,
    passwords: Mapping[str, bytes],
    commissioned_at: float,
    settings: LogSettings = DEFAULT_SETTINGS,
    window: Window | None = None,
) -> Smets1Meter:
    """A meter on the energy of a single-rate home with panels, from a seed.

    Raises LocalError for a serial number or a manufacturer that no protocol can carry.
    """
    if not (manufacturer.isascii() and manufacturer.isalpha() and len(manufacturer) == 3):
        raise LocalError(f"a manufacturer is three letters, not {manufacturer!r}")
    if not (serial_number.isascii() and serial_number.isalnum() and len(serial_number) <= 16):
        raise LocalError(f"a serial number is up to 16 letters and digits, not {serial_number!r}")
    energy = MeterEnergy(energy_model("single_rate", export=True), seed, commissioned_at=commissioned_at)
    return Smets1Meter(energy, serial_number, manufacturer, passwords, settings, window)
