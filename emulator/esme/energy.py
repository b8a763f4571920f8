"""The energy of a meter: half-hours, days and registers of any time, consistent with each other to the Wh.

A half-hour row is stamped at its END and instants are seconds since 2000-01-01 UTC, so the row stamped 00:00 closes
the day before. A register holds its opening reading and all half-hours completed since commissioning, so that:

* register = opening reading + sum of half-hours; day = sum of 48; reading at midnight = register at midnight;
* total = sum of the 48 TOU and 32 block registers; total of the second element = sum of its 4.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from emulator.esme.energy_model import EnergyModel, energy_assumptions, energy_model
from emulator.esme.households import BANKS, CHANNELS, Channel, Register, households, variants
from emulator.esme.mixing import mix
from emulator.esme.overrides import Overrides, Planted, PowerCut, split
from emulator.esme.shapes import DAYS, Ints, lognormal
from emulator.esme.streams import NOTHING, Lanes
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, iso

__all__ = ["CHANNELS", "Channel", "EnergyModel", "MeterEnergy", "energy_assumptions", "energy_model", "variants"]

_SHORT_RANGE_DAYS = 2
"""Up to so many days are made and cached one by one; more are made together."""
_BANK_SIZES = {"tou": 48, "block": 32, "secondary": 4}
_MAX_VALUE = 0xFFFF_FFFF
_LAST_HALF_HOUR = (DAYS - 8) * 48


class MeterEnergy:
    """The energy of one meter. Until it is asked, and unless something is overridden, it holds a seed and little else.

    Does not model: the pulse within the running half-hour (a register moves when a half-hour is complete); the meter's
    measuring error; energy on one element that another records.
    """

    __slots__ = ("_bases", "_lanes", "_midnights", "commissioned_at", "model", "overrides", "scale", "seed")

    def __init__(self, model: EnergyModel, seed: int, *, commissioned_at: float, scale: float | None = None) -> None:
        """``commissioned_at`` is rounded down to a half-hour: there is no energy before it.

        ``scale`` multiplies the consumption (``None``: drawn from the seed, median 1).

        Raises LocalError for a commissioning time or a scale that cannot be.
        """
        self.model, self.seed = model, seed
        self.commissioned_at = int(commissioned_at) // HALF_HOUR_S * HALF_HOUR_S
        if not 0 <= self.commissioned_at <= _LAST_HALF_HOUR * HALF_HOUR_S:
            raise LocalError(f"a meter cannot be commissioned at {commissioned_at}: give seconds since 2000")
        if scale is None:
            quantiles = lognormal(households().meters.spread)
            scale = int(quantiles[mix(seed, 0) % len(quantiles)]) / 1024
        if not 0 < scale < float("inf"):
            raise LocalError(f"the scale of a meter's consumption must be above 0, not {scale}")
        self.scale = float(scale)
        self.overrides: Overrides | None = None
        self._lanes: dict[Channel, Lanes] | None = None
        self._midnights: tuple[tuple[Channel, int, int], Ints] | None = None
        self._bases: dict[Channel, list[int]] | None = None

    # ------------------------------------------------------------------ half-hours and days

    def half_hours(self, channel: Channel, first_stamp: int, last_stamp: int) -> Ints:
        """Wh (varh) of the half-hours stamped ``first_stamp`` to ``last_stamp``, both included; empty if none are.

        The array may be shared: do not write to it. Raises LocalError for stamps off the half-hour or out of range.
        """
        if first_stamp % HALF_HOUR_S or last_stamp % HALF_HOUR_S:
            raise LocalError(f"stamps {first_stamp} and {last_stamp} are not both on a half-hour")
        start, end = first_stamp // HALF_HOUR_S - 1, last_stamp // HALF_HOUR_S
        if start < 0 or end > _LAST_HALF_HOUR:
            raise LocalError(f"{iso(first_stamp)} to {iso(last_stamp)} is outside 2000-01-01 00:30 to 2136")
        if end <= start:
            return NOTHING[:0]
        values = self._natural(channel, start, end)
        if first_stamp <= self.commissioned_at:
            values = values.copy()
            values[: self.commissioned_at // HALF_HOUR_S - start] = 0
        if self.overrides is not None and channel in self.overrides.planted:
            values = values.copy()
            for stamp, planted in self.overrides.planted[channel].items():
                if first_stamp <= stamp <= last_stamp:
                    values[(stamp - first_stamp) // HALF_HOUR_S] = planted.value
        return values

    def day_total(self, channel: Channel, day: int) -> int:
        """Wh (varh) of one UTC day, counted from 2000-01-01 as 0."""
        return int(self.day_totals(channel, day, day)[0])

    def day_totals(self, channel: Channel, first_day: int, last_day: int) -> Ints:
        """:meth:`day_total` of a range of days, both included."""
        at = self.at_midnights(channel, first_day, last_day + 1)
        totals: Ints = at[1:] - at[:-1]
        return totals

    def _natural(self, channel: Channel, start: int, end: int) -> Ints:
        """Half-hours ``start`` (included) to ``end`` (not), as the streams give them."""
        day, slot = divmod(start, 48)
        last_day = (end - 1) // 48
        if last_day == day:
            return self._day(channel, day)[slot : end - day * 48]
        joined: Ints
        if last_day - day < _SHORT_RANGE_DAYS:
            joined = np.concatenate([self._day(channel, each) for each in range(day, last_day + 1)])
        else:
            joined = self._lanes_of(channel).days(day, last_day).ravel()
        return joined[slot : end - day * 48]

    def _day(self, channel: Channel, day: int) -> Ints:
        """One day through the model's cache; read-only."""
        model = self.model
        days, key = model.days, (self.seed, self.scale, channel, day)
        values = days.pop(key, None)
        if values is None:
            values = self._lanes_of(channel).day(day)
            values.setflags(write=False)
            if len(days) >= model.cached_days:
                del days[next(iter(days))]
        days[key] = values
        return values

    # ------------------------------------------------------------------ registers

    def register(self, channel: Channel, at: float) -> int:
        """The channel's total register at an instant: opening reading and completed half-hours."""
        value = sum(self._counted(channel, _half_hours_until(at)))
        if self.overrides is not None:
            stamps = self.overrides.planted.get(channel, {}).items()
            value += sum(planted.delta for stamp, planted in stamps if stamp <= at)
            value += self.overrides.opening.get(channel, 0)
        return value

    def at_midnights(self, channel: Channel, first_day: int, last_day: int) -> Ints:
        """:meth:`register` at the start of the days ``first_day`` to ``last_day``, both included."""
        _check_days(first_day, last_day)
        values: Ints = self._counted_at_midnights(channel, first_day, last_day).sum(axis=0)
        if self.overrides is not None:
            values += self.overrides.opening.get(channel, 0)
            for stamp, planted in self.overrides.planted.get(channel, {}).items():
                values[_days_after(stamp, first_day) :] += planted.delta
        return values

    def tou_registers(self, at: float) -> Ints:
        """The 48 time-of-use registers at an instant."""
        return self._bank("tou", at)

    def block_registers(self, at: float) -> Ints:
        """The 4 x 8 block registers at an instant, block by block; all 0 but for a block tariff."""
        return self._bank("block", at)

    def secondary_registers(self, at: float) -> Ints:
        """The 4 time-of-use registers of the second element at an instant."""
        return self._bank("secondary", at)

    def bank_at_midnights(self, bank: str, first_day: int, last_day: int) -> Ints:
        """The registers of a bank ("tou", "block", "secondary") at the start of each day; shape (days, registers)."""
        _check_days(first_day, last_day)
        channel = _bank_channel(bank)
        values = np.zeros((last_day - first_day + 1, _BANK_SIZES[bank]), np.int64)
        counted = self._counted_at_midnights(channel, first_day, last_day)
        for tables, series in zip(self.model.tables[channel], counted, strict=True):
            if tables.register is not None and tables.register[0] == bank:
                values[:, tables.register[1]] += series
        for stamp, (_, position), delta in self._register_parts(channel, bank):
            values[_days_after(stamp, first_day) :, position] += delta
        return values

    def _bank(self, bank: str, at: float) -> Ints:
        channel = _bank_channel(bank)
        values = np.zeros(_BANK_SIZES[bank], np.int64)
        counted = self._counted(channel, _half_hours_until(at))
        for tables, energy_wh in zip(self.model.tables[channel], counted, strict=True):
            if tables.register is not None and tables.register[0] == bank:
                values[tables.register[1]] += energy_wh
        for stamp, (_, position), delta in self._register_parts(channel, bank):
            if stamp <= at:
                values[position] += delta
        return values

    def _register_parts(self, channel: Channel, bank: str) -> Iterable[tuple[int, Register, int]]:
        """What planted values and the opening reading add to a bank: from which stamp on, where, how much."""
        if self.overrides is None:
            return
        for stamp, planted in self.overrides.planted.get(channel, {}).items():
            for register, delta in planted.parts:
                if register[0] == bank:
                    yield stamp, register, delta
        first = self._first_register(channel)
        if first is not None and first[0] == bank:
            yield 0, first, self.overrides.opening.get(channel, 0)

    def _first_register(self, channel: Channel) -> Register | None:
        tables = self.model.tables[channel]
        return tables[0].register if tables else None

    # ------------------------------------------------------------------ overrides

    def plant(self, channel: Channel, stamp: int, value: int) -> None:
        """Make ``value`` the truth of one half-hour; registers shift with it from its stamp on.

        Raises LocalError where the meter has no such channel, was not there yet, or a uint32 cannot hold the value.
        """
        if stamp % HALF_HOUR_S or not self.commissioned_at < stamp <= _LAST_HALF_HOUR * HALF_HOUR_S:
            raise LocalError(f"{stamp} is no half-hour after the meter's commissioning, {iso(self.commissioned_at)}")
        if not 0 <= value <= _MAX_VALUE:
            raise LocalError(f"a half-hour holds 0 to {_MAX_VALUE} Wh, not {value}")
        if channel not in CHANNELS or (channel == "active_import_secondary" and not self.model.twin):
            raise LocalError(f"the meter does not measure {channel!r}")
        day, slot = divmod(stamp // HALF_HOUR_S - 1, 48)
        lanes = self._lanes_of(channel)
        start, end = lanes.until(48 * day + slot), lanes.until(48 * day + slot + 1)
        natural = [
            (tables.register, after - before) for tables, before, after in zip(lanes.tables, start, end, strict=True)
        ]
        delta = value - sum(wh for _, wh in natural)
        registers = [(register, wh) for register, wh in natural if register is not None]
        self.overridden().planted.setdefault(channel, {})[stamp] = Planted(value, delta, split(delta, registers))

    def open_at(self, channel: Channel, value: int) -> None:
        """Set the opening reading of a channel's register (0 if never set); its first tariff register takes it."""
        if not 0 <= value <= _MAX_VALUE:
            raise LocalError(f"a register holds 0 to {_MAX_VALUE} Wh, not {value}")
        self.overridden().opening[channel] = value

    def power_cut(self, starts_at: float, ends_at: float) -> None:
        """No supply for a while: nothing flows in that part of each half-hour, and the logs know of it.

        Raises LocalError where the end is not after the start or the meter was not there yet.
        """
        if not self.commissioned_at <= starts_at < ends_at:
            raise LocalError(f"a power cut from {iso(starts_at)} to {iso(ends_at)} cannot be on this meter")
        first = int(starts_at // HALF_HOUR_S + 1) * HALF_HOUR_S
        last = -int(-ends_at // HALF_HOUR_S) * HALF_HOUR_S
        channels = [channel for channel in CHANNELS if self.model.tables[channel]]
        for channel in channels:
            for number, wh in enumerate(self.half_hours(channel, first, last).tolist()):
                stamp = first + number * HALF_HOUR_S
                dark = min(stamp, ends_at) - max(stamp - HALF_HOUR_S, starts_at)
                self.plant(channel, stamp, int(wh * (1 - dark / HALF_HOUR_S)))
        self.overridden().power_cuts.append(PowerCut(starts_at, ends_at))

    def overridden(self) -> Overrides:
        """The meter's overrides, made when there are none yet."""
        if self.overrides is None:
            self.overrides = Overrides()
        return self.overrides

    # ------------------------------------------------------------------ streams

    def _lanes_of(self, channel: Channel) -> Lanes:
        if self._lanes is None:
            self._lanes = {}
        lanes = self._lanes.get(channel)
        if lanes is None:
            if channel not in self.model.tables:
                raise LocalError(f"{channel!r} is no channel (allowed: {', '.join(CHANNELS)})")
            lanes = self._lanes[channel] = Lanes(self.model.tables[channel], self.seed, self.scale)
        return lanes

    def _bases_of(self, channel: Channel) -> list[int]:
        """The energy of each stream of a channel at commissioning."""
        if self._bases is None:
            self._bases = {}
        bases = self._bases.get(channel)
        if bases is None:
            bases = self._bases[channel] = self._lanes_of(channel).until(self.commissioned_at // HALF_HOUR_S)
        return bases

    def _counted(self, channel: Channel, half_hours: int) -> list[int]:
        """Of each stream what it has counted since commissioning, so many half-hours after the epoch."""
        until = self._lanes_of(channel).until(half_hours)
        return [max(0, energy_wh - base) for energy_wh, base in zip(until, self._bases_of(channel), strict=True)]

    def _counted_at_midnights(self, channel: Channel, first_day: int, last_day: int) -> Ints:
        """:meth:`_counted` at the start of each day; shape (streams, days); read-only.

        The last answer is kept: a daily read asks for the same days once for its totals and once for every bank.
        """
        key = channel, first_day, last_day
        if self._midnights is None or self._midnights[0] != key:
            bases = np.array(self._bases_of(channel), np.int64)[:, None]
            counted: Ints = np.maximum(self._lanes_of(channel).midnights(first_day, last_day) - bases, 0)
            counted.setflags(write=False)
            self._midnights = key, counted
        return self._midnights[1]


def _half_hours_until(at: float) -> int:
    completed = int(at // HALF_HOUR_S)
    if not 0 <= completed <= _LAST_HALF_HOUR:
        raise LocalError(f"instant {at} is outside 2000 to 2136")
    return completed


def _check_days(first_day: int, last_day: int) -> None:
    if not 0 <= first_day <= last_day <= _LAST_HALF_HOUR // 48:
        raise LocalError(f"days {first_day} to {last_day} are outside 2000 to 2136 or not in order")


def _days_after(stamp: int, first_day: int) -> int:
    """Position, among midnights from ``first_day`` on, of the first one not before ``stamp``."""
    return max(0, -(-stamp // DAY_S) - first_day)


def _bank_channel(bank: str) -> Channel:
    if bank not in BANKS:
        raise LocalError(f"{bank!r} is no bank of registers (allowed: {', '.join(BANKS)})")
    return "active_import_secondary" if bank == "secondary" else "active_import"
