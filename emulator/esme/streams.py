"""One stream of energy of one meter: any day, any midnight, straight from a seed, in whole Wh.

Three levels share out the energy exactly, each by the cumulative floor of integer weights, so that parts always add up:

1. the energy from the epoch to the start of a week is closed form: annual energy x season, the boundary moved by a
   bounded hash of (meter, week);
2. the seven days share their week by one of 256 patterns, chosen by the same hash;
3. the 48 half-hours share their day by the curve of the meter's habit x a stretch of noise that a hash of (meter, day)
   chooses. A load with a power instead runs at it until the energy of its day is used up.

Nothing is remembered: a day costs the same in 2001 and in 2100. Scalars serve one day, numpy a range; both give the
same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from emulator.esme import shapes
from emulator.esme.households import Stream, households
from emulator.esme.mixing import mix, mix_many
from emulator.esme.shapes import HABITS, ROM_BITS, SHARE_BITS, YEAR_BITS, Ints, ShapeKind
from gbcs.errors import LocalError

_ROM_MASK = (1 << ROM_BITS) - 1
_ANNUAL_LIMIT_WH = 1 << 27
"""Above it the products of the vectorised form would leave 64 bits."""

_accumulate, _minimum = np.add.accumulate, np.minimum

NOTHING = np.zeros(48, dtype=np.int64)
_NO_NOISE = np.zeros(49, dtype=np.int64)
NOTHING.setflags(write=False)


class StreamTables:
    """What all meters of a variant share of one stream; the large parts are shared between variants too."""

    def __init__(self, stream: Stream, sun_dip: float) -> None:
        week = households().week[stream.week]
        self.name, self.channel, self.register = stream.name, stream.channel, stream.register_key
        self.key = _digest(f"stream {stream.name}")
        self.annual_wh, self.scaled = (stream.annual_kwh or 0.0) * 1000, stream.scaled
        self.own_spread = households().meters.stream_spread
        self.shared_week_key = _digest(f"week {stream.week}") if week.shared else None
        self.runs_at_power = stream.power_kw is not None
        self.season, self.season_table = _listed(shapes.season_table, stream.season)
        self.swing, self.swing_table = _listed(shapes.swing_table, stream.season, week.swing)
        self.patterns, self.pattern_table = _listed(shapes.week_patterns, stream.week)
        dip = sun_dip if stream.self_use else 0.0
        self.shapes = shapes.day_shapes(ShapeKind(stream.curve, stream.mask, stream.power_kw, stream.late_slots, dip))
        self.noise = shapes.noise_sequence(stream.noise) if stream.noise else _NO_NOISE
        self.noise_windows: Ints = sliding_window_view(self.noise, 49)
        self.classes, self.class_table = shapes.day_classes(), _class_table()


@cache
def _listed(table: Callable[..., Ints], *of_what: object) -> tuple[list[Any], Ints]:
    """A table as plain numbers, for one day, and as an array, for many."""
    made = table(*of_what)
    return made.tolist(), made


@cache
def _class_table() -> Ints:
    return np.frombuffer(shapes.day_classes(), np.uint8).astype(np.int64)


class Lanes:
    """The streams of one channel of one meter.

    All streams of a meter draw from the same keys, so that its habits, busy weeks and busy half-hours show in all of
    them (and reactive energy goes with active energy), unless a week is shared by all meters (weather).

    Does not model: what a household does across streams (a car charged elsewhere, an absence), real weather, trends
    over years.
    """

    __slots__ = ("annual_wh", "day_key", "habit", "rows", "tables", "week_key")

    def __init__(self, tables: tuple[StreamTables, ...], seed: int, scale: float) -> None:
        """Raises LocalError where a scaled annual energy is beyond what the arithmetic holds (134 MWh)."""
        self.tables = tables
        self.week_key, self.day_key, self.habit = mix(seed, 1), mix(seed, 2), mix(seed, 3) % HABITS
        self.annual_wh = tuple([_own_annual_wh(each, seed, scale) for each in tables])
        self.rows = tuple([each.shapes.rows[self.habit] for each in tables])

    # ------------------------------------------------------------------ one day

    def midnights_of_each(self, day: int) -> list[int]:
        """Energy of each stream from the epoch to the start of a day."""
        week, weekday = divmod(day, 7)
        return [
            before + (total * pattern[weekday] >> SHARE_BITS) for before, total, pattern in self._weeks_of_each(week)
        ]

    def until(self, half_hours: int) -> list[int]:
        """Energy of each stream in the first so many half-hours since the epoch."""
        day, slot = divmod(half_hours, 48)
        before = self.midnights_of_each(day)
        if not slot:
            return before
        return [start + int(shares[slot]) for start, shares in zip(before, self._shares_of_each(day), strict=True)]

    def day(self, day: int) -> Ints:
        """The 48 half-hours of a UTC day, all streams together."""
        shares = self._shares_of_each(day)
        if not shares:
            return NOTHING
        together = shares[0]
        for more in shares[1:]:
            together = together + more
        return together[1:] - together[:-1]

    def _weeks_of_each(self, week: int) -> list[tuple[int, int, list[int]]]:
        """Of each stream its energy before a week, in it, and how the days share it."""
        drawn, following = mix(self.week_key, week), mix(self.week_key, week + 1)
        weeks = []
        for tables, annual_wh in zip(self.tables, self.annual_wh, strict=True):
            here, there = drawn, following
            if tables.shared_week_key is not None:
                here, there = mix(tables.shared_week_key, week), mix(tables.shared_week_key, week + 1)
            starts = tables.season[week] + (tables.swing[week] * ((here & 0xFFFF) - 0x8000) >> 15)
            ends = tables.season[week + 1] + (tables.swing[week + 1] * ((there & 0xFFFF) - 0x8000) >> 15)
            before = annual_wh * starts >> YEAR_BITS
            weeks.append((before, (annual_wh * ends >> YEAR_BITS) - before, tables.patterns[here >> 56]))
        return weeks

    def _shares_of_each(self, day: int) -> list[Ints]:
        """Of each stream its energy from the start of a day to each of the 49 bounds of its half-hours."""
        week, weekday = divmod(day, 7)
        start = mix(self.day_key, day) & _ROM_MASK
        every = []
        for tables, rows, (_, in_week, pattern) in zip(self.tables, self.rows, self._weeks_of_each(week), strict=True):
            total = (in_week * pattern[weekday + 1] >> SHARE_BITS) - (in_week * pattern[weekday] >> SHARE_BITS)
            moving, steady = rows[tables.classes[day]]
            if tables.runs_at_power:
                whole = moving.item(48)
                every.append(_minimum(moving, total) if whole >= total else moving * total // whole)
                continue
            shares = moving * tables.noise[start : start + 49]
            shares += steady
            _accumulate(shares, 0, None, shares)
            whole = shares.item(48)
            shares *= total
            shares //= whole
            every.append(shares)
        return every

    # ------------------------------------------------------------------ many days

    def midnights(self, first: int, last: int) -> Ints:
        """:meth:`midnights_of_each` of the days ``first`` to ``last``, both included; shape (streams, days)."""
        week, until = first // 7, last // 7
        own = mix_many(self.week_key, week, until + 1)
        every = np.empty((len(self.tables), last - first + 1), np.int64)
        for number, tables in enumerate(self.tables):
            shared = tables.shared_week_key
            drawn = own if shared is None else mix_many(shared, week, until + 1)
            moved = tables.swing_table[week : until + 2] * ((drawn & 0xFFFF) - 0x8000) >> 15
            starts = (tables.season_table[week : until + 2] + moved) * self.annual_wh[number] >> YEAR_BITS
            patterns = tables.pattern_table[(drawn[:-1] >> 56) & 0xFF, :7]
            within = (starts[1:] - starts[:-1])[:, None] * patterns >> SHARE_BITS
            every[number] = (starts[:-1, None] + within).ravel()[first - 7 * week : last - 7 * week + 1]
        return every

    def days(self, first: int, last: int) -> Ints:
        """:meth:`day` of the days ``first`` to ``last``, both included; shape (days, 48)."""
        together = np.zeros((last - first + 1, 49), np.int64)
        every = np.diff(self.midnights(first, last + 1))
        starts = mix_many(self.day_key, first, last) & _ROM_MASK
        for tables, totals in zip(self.tables, every[:, :, None], strict=True):
            classes = tables.class_table[first : last + 1]
            moving = tables.shapes.moving[self.habit, classes]
            if tables.runs_at_power:
                whole = moving[:, 48:]
                together += np.where(whole >= totals, np.minimum(moving, totals), moving * totals // whole)
                continue
            steady = tables.shapes.steady[self.habit, classes]
            shares = np.cumsum(moving * tables.noise_windows[starts] + steady, axis=1)
            together += shares * totals // shares[:, 48:]
        return together[:, 1:] - together[:, :-1]


def _own_annual_wh(tables: StreamTables, seed: int, scale: float) -> int:
    own = 1 + tables.own_spread * ((mix(seed ^ tables.key, 4) >> 32) / 2**31 - 1)
    annual_wh = round(tables.annual_wh * own * (scale if tables.scaled else 1.0))
    if not 0 <= annual_wh < _ANNUAL_LIMIT_WH:
        raise LocalError(f"stream {tables.name}: {annual_wh} Wh a year is outside 0 to {_ANNUAL_LIMIT_WH}")
    return annual_wh


def _digest(label: str) -> int:
    return int.from_bytes(hashlib.blake2b(label.encode(), digest_size=8).digest())
