"""The logs of a meter: rows over its energy, limited by depth, commissioning and what has been captured yet.

========================  =====================================================  ==========================
log                       columns, all uint32, the stamp first                   use case
========================  =====================================================  ==========================
profile_active_import     import; twin: primary, secondary                       ECS22b (spec sheet 6.6)
profile_reactive_import   reactive import                                        ECS22c (6.10)
profile_export            active export, reactive export                         ECS22a (6.6)
daily_read_import         total, TOU[48], 4 blocks[8]; twin: primary total,      ECS21a (6.4)
                          secondary total, TOU[48], secondary TOU[4], blocks
daily_read_export         active export total                                    ECS21c (6.5)
daily_consumption         active import of the day (both elements)               ECS66 (6.7)
========================  =====================================================  ==========================

Stamps are device time. A half-hour row is stamped at its end, a daily read at its midnight, a day's consumption at the
midnight that ends it. A row exists ``capture_delay_s`` after its stamp: a read at 00:00:00 may miss the last row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emulator.esme.energy import Channel, MeterEnergy
from emulator.esme.overrides import ALL_LOGS, Overrides
from emulator.esme.shapes import Ints
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, MAX_INSTANT

Rows: TypeAlias = NDArray[np.uint32]
"""Rows as they go on the wire: big-endian uint32, shape (rows, columns), stamps in column 0."""

DEPTHS: Mapping[str, int] = {
    "profile_active_import": 19_056,
    "profile_reactive_import": 4_464,
    "profile_export": 4_464,
    "daily_read_import": 31,
    "daily_read_export": 31,
    "daily_consumption": 731,
}
"""Rows that each log holds unless a firmware profile says otherwise: 13 months, 3 months, 31 and 731 days."""

ASSUMPTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("daily_stamp", "a daily row is stamped at the midnight that ends its day", "A", "not shown by the vectors"),
    ("daily_consumption_twin", "sum of both elements", "A", "ECS66 has no twin variant"),
    ("log_depth", "counted in time: missing rows do not make room for older ones", "A", "no source"),
    ("rows_of_a_power_cut", "rows of 0 Wh, filled in when power returns", "A", "no source"),
    ("first_day", "the row of the day of commissioning holds the part after it", "A", "no source"),
)
"""Name, value, confidence and source of what the logs take for granted."""

_WIRE = np.dtype(">u4")
_HALF_HOURLY: Mapping[str, tuple[Channel, ...]] = {
    "profile_active_import": ("active_import",),
    "profile_reactive_import": ("reactive_import",),
    "profile_export": ("active_export", "reactive_export"),
}
_TWIN_IMPORT: tuple[Channel, ...] = ("active_import", "active_import_secondary")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What a firmware decides about logs; one value serves all meters of a firmware.

    ``rows_lost_after_power_cut``: half-hour rows not captured once power is back. ``cleared_by_power_cut_s``: a cut of
    at least so long empties the half-hourly logs (``None``: none does).
    """

    depths: Mapping[str, int]
    capture_delay_s: float = 1.0
    rows_lost_after_power_cut: int = 0
    cleared_by_power_cut_s: float | None = None

    def depth(self, log: str) -> int:
        """Rows that a log holds. Raises LocalError that names an unknown log."""
        try:
            return self.depths[log]
        except KeyError:
            raise LocalError(f"{log!r} is no log (allowed: {', '.join(DEPTHS)})") from None


DEFAULT_SETTINGS = LogSettings(DEPTHS)


def log_channels(log: str, twin: bool) -> tuple[Channel, ...]:
    """The channels of a half-hourly log, in the order of its columns. Raises LocalError for any other log."""
    if log not in _HALF_HOURLY:
        raise LocalError(f"{log!r} is no half-hourly log (allowed: {', '.join(_HALF_HOURLY)})")
    return _TWIN_IMPORT if twin and log == "profile_active_import" else _HALF_HOURLY[log]


class MeterLogs:
    """A view of one meter's energy as logs; it holds nothing itself, so make one whenever it is needed.

    Does not model: the time that a meter takes to search a log; rows rewritten after a change of the clock; registers
    above 2**32 - 1 Wh (they roll over).
    """

    __slots__ = ("energy", "settings")

    def __init__(self, energy: MeterEnergy, settings: LogSettings = DEFAULT_SETTINGS) -> None:
        self.energy, self.settings = energy, settings

    def rows(self, log: str, first: int, last: int, now: float) -> Rows:
        """Rows with ``first <= stamp <= last`` that the log holds at device time ``now``, oldest first.

        Raises LocalError that names an unknown log.
        """
        half_hourly = log in _HALF_HOURLY
        step = HALF_HOUR_S if half_hourly else DAY_S
        oldest, newest = self.held(log, step, now)
        first, last = max(first, oldest), min(last, newest)
        first, last = -(-first // step) * step, last // step * step
        if half_hourly:
            rows = self._profile(log, first, last)
        elif log == "daily_read_import":
            rows = self._daily_import(first // DAY_S, last // DAY_S)
        elif log == "daily_read_export":
            rows = self._daily(("active_export",), first // DAY_S, last // DAY_S)
        else:
            rows = self._consumption(first // DAY_S, last // DAY_S)
        overrides = self.energy.overrides
        return rows if overrides is None or not len(rows) else self._without_missing(rows, log, overrides, now)

    def held(self, log: str, step: int, now: float) -> tuple[int, int]:
        """Oldest and newest stamp that a log with a row every ``step`` seconds can hold; none if oldest is later."""
        newest = int((now - self.settings.capture_delay_s) // step) * step
        oldest = newest - (self.settings.depth(log) - 1) * step
        return max(oldest, self.energy.commissioned_at + 1), min(newest, MAX_INSTANT // step * step)

    def drop(self, log: str, first: int, last: int) -> None:
        """Lose the rows stamped ``first`` to ``last``, both included, from a log or :data:`ALL_LOGS`; registers stay.

        Raises LocalError that names an unknown log.
        """
        if log != ALL_LOGS:
            self.settings.depth(log)
        energy = self.energy
        lost = range(-(-first // HALF_HOUR_S) * HALF_HOUR_S, last + 1, HALF_HOUR_S)
        energy.overridden().missing.setdefault(log, set()).update(lost)

    # ------------------------------------------------------------------ half-hourly logs

    def _profile(self, log: str, first: int, last: int) -> Rows:
        energy = self.energy
        channels = _TWIN_IMPORT if energy.model.twin and log == "profile_active_import" else _HALF_HOURLY[log]
        if last < first:
            return np.empty((0, 1 + len(channels)), _WIRE)
        rows = _stamped(first, last, 1 + len(channels)).copy()
        for column, channel in enumerate(channels, 1):
            rows[:, column] = energy.half_hours(channel, first, last)
        return rows

    def _without_missing(self, rows: Rows, log: str, overrides: Overrides, now: float) -> Rows:
        stamps = rows[:, 0].astype(np.int64)
        lost = overrides.missing.get(log, set()) | overrides.missing.get(ALL_LOGS, set())
        keep = np.ones(len(stamps), np.bool_)
        if log in _HALF_HOURLY:
            for cut in overrides.power_cuts:
                back = -int(-cut.ends_at // HALF_HOUR_S) * HALF_HOUR_S
                lost = lost | {back + n * HALF_HOUR_S for n in range(self.settings.rows_lost_after_power_cut)}
                clears = self.settings.cleared_by_power_cut_s
                if clears is not None and cut.ends_at - cut.starts_at >= clears and now >= cut.ends_at:
                    keep &= stamps >= back
        keep &= ~np.isin(stamps, list(lost))
        return rows[keep]

    # ------------------------------------------------------------------ daily logs

    def _daily(self, channels: tuple[Channel, ...], first_day: int, last_day: int) -> Rows:
        rows = _day_rows(first_day, last_day, 1 + len(channels))
        if len(rows):
            for column, channel in enumerate(channels, 1):
                rows[:, column] = self.energy.at_midnights(channel, first_day, last_day)
        return rows

    def _daily_import(self, first_day: int, last_day: int) -> Rows:
        energy = self.energy
        twin = energy.model.twin
        channels = _TWIN_IMPORT if twin else _TWIN_IMPORT[:1]
        banks = ("tou", "secondary", "block") if twin else ("tou", "block")
        totals = self._daily(channels, first_day, last_day)
        if not len(totals):
            return np.empty((0, 87 if twin else 82), _WIRE)
        registers: list[Ints] = [energy.bank_at_midnights(bank, first_day, last_day) for bank in banks]
        return np.concatenate([totals, *(bank.astype(_WIRE) for bank in registers)], axis=1, dtype=_WIRE)

    def _consumption(self, first_day: int, last_day: int) -> Rows:
        rows = _day_rows(first_day, last_day, 2)
        if len(rows):
            used = self.energy.day_totals("active_import", first_day - 1, last_day - 1)
            if self.energy.model.twin:
                used = used + self.energy.day_totals("active_import_secondary", first_day - 1, last_day - 1)
            rows[:, 1] = used
        return rows


@lru_cache(maxsize=256)
def _stamped(first: int, last: int, columns: int) -> Rows:
    """Rows of half-hours whose stamps alone are filled in. All meters are asked for the same days."""
    rows = np.zeros(((last - first) // HALF_HOUR_S + 1, columns), _WIRE)
    rows[:, 0] = np.arange(first, last + 1, HALF_HOUR_S)
    rows.setflags(write=False)
    return rows


def _day_rows(first_day: int, last_day: int, columns: int) -> Rows:
    rows = np.empty((max(0, last_day - first_day + 1), columns), _WIRE)
    rows[:, 0] = np.arange(first_day, last_day + 1, dtype=np.int64)[: len(rows)] * DAY_S
    return rows
