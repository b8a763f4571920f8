"""Tables that all meters share: calendar, seasons, weeks, day shapes and noise, as integers.

Only integers reach the arithmetic of :mod:`emulator.esme.streams`, so that values do not hang on the order of additions
or on the machine. Days and weeks count from 2000-01-01, a Saturday: a week runs from Saturday to Friday.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emulator.esme.households import Curve, Noise, Sun, Week, households, mask_slots
from gbcs.times import DAY_S, MAX_INSTANT

Ints: TypeAlias = NDArray[np.int64]

DAYS = MAX_INSTANT // DAY_S + 9
"""Days that the tables hold: past the last instant of a log row, in whole weeks."""
WEEKS = DAYS // 7

YEAR_BITS = 28
"""Seasons count in 2**-28 of a year's energy."""
SHARE_BITS = 20
"""The days of a week share it in 2**-20."""
ONE_BITS = 10
"""Noise 1.0 is 2**10."""
ROM_BITS = 16
"""Noise starts at one of 2**16 places of its sequence."""
PATTERNS = 256
HABITS = 16
"""Ways to live: a household's curve is early or late, and its constant part small or large."""

_WEIGHT_ONE = 256
_SHIFTS = (-2, -1, 0, 1, 2)
_STEADY_FACTORS = (0.7, 1.0, 1.4, 1.0)
_TILT = 0.12
_DAYS_IN_YEAR = 365.25
_QUANTILES = 4096
_WEEKEND = 2


@cache
def _dates() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Year and month (from 0) of each day, and how far through its month its noon is (0 to 1)."""
    days = np.datetime64("2000-01-01") + np.arange(DAYS)
    months = days.astype("datetime64[M]")
    starts, ends = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    position = ((days - starts).astype(np.int64) + 0.5) / (ends - starts).astype(np.int64)
    number = months.astype(np.int64)
    return number // 12 + 1970, number % 12, position


@cache
def _summer_time() -> NDArray[np.bool_]:
    """For each day, whether clocks show BST at its noon: last Sunday of March to last Sunday of October."""
    _, months, _ = _dates()
    days = np.arange(DAYS)
    summer = (months > 2) & (months < 9)
    next_sunday = days + (1 - days % 7) % 7  # today where it is one; day 1 of 2000 was a Sunday
    month_ahead = np.append(months, months[:7])
    still_ahead = month_ahead[np.minimum(next_sunday, DAYS + 6)] == months
    sunday_today = days % 7 == 1
    another_ahead = month_ahead[np.minimum(days + 7, DAYS + 6)] == months
    last_sunday = sunday_today & ~another_ahead
    before_last = still_ahead & ~last_sunday
    in_march, in_october = months == 2, months == 9
    return np.asarray(summer | (in_march & ~before_last) | (in_october & before_last))


@cache
def day_classes() -> bytes:
    """The class of each day: month, summer time and weekend, as a position in :func:`class_list`."""
    _, months, _ = _dates()
    weekend = np.arange(DAYS) % 7 < _WEEKEND
    key = months * 4 + _summer_time() * 2 + weekend
    return bytes(np.searchsorted(np.unique(key), key).astype(np.uint8).tolist())


@cache
def class_list() -> tuple[tuple[int, bool, bool], ...]:
    """Month (from 0), summer time and weekend of each class of days."""
    _, months, _ = _dates()
    weekend = np.arange(DAYS) % 7 < _WEEKEND
    keys = np.unique(months * 4 + _summer_time() * 2 + weekend)
    return tuple((int(key) // 4, bool(key & 2), bool(key & 1)) for key in keys)


@cache
def season_table(name: str) -> Ints:
    """Energy from the epoch to the start of each week, in 2**-YEAR_BITS of an average year's; WEEKS + 1 entries."""
    monthly = np.array(households().season[name])
    monthly = monthly / monthly.mean()
    _, months, position = _dates()
    before, after = monthly[(months + 11) % 12], monthly[(months + 1) % 12]
    neighbour, pull = np.where(position < 0.5, before, after), np.abs(position - 0.5)
    daily = (monthly[months] * (1 - pull) + neighbour * pull) / _DAYS_IN_YEAR
    weekly = daily[: WEEKS * 7].reshape(WEEKS, 7).sum(axis=1)
    return np.concatenate([[0], np.rint(np.cumsum(weekly) * (1 << YEAR_BITS))]).astype(np.int64)


@cache
def swing_table(season: str, swing: float) -> Ints:
    """How far the start of each week may move either way, so that a week keeps at least ``1 - swing`` of its energy."""
    weekly = np.diff(season_table(season))
    room = np.minimum(weekly[:-1], weekly[1:]) * (swing / 2)
    return np.concatenate([[0], np.floor(room), [0]]).astype(np.int64)


@cache
def _normal_quantiles() -> tuple[float, ...]:
    normal = NormalDist()
    return tuple(normal.inv_cdf((number + 0.5) / _QUANTILES) for number in range(_QUANTILES))


@cache
def lognormal(sigma: float) -> Ints:
    """Quantiles of a lognormal with median 1, in 2**-ONE_BITS; :data:`_QUANTILES` entries."""
    values = [round(math.exp(sigma * z) * (1 << ONE_BITS)) for z in _normal_quantiles()]
    return np.clip(np.array(values, dtype=np.int64), 16, 1 << 14)


def _random_words(label: str, count: int) -> NDArray[np.uint16]:
    """A fixed sequence of 16-bit numbers: the same on every machine and with every numpy."""
    return np.frombuffer(hashlib.shake_128(b"meterfarm energy " + label.encode()).digest(2 * count), np.dtype("<u2"))


@cache
def noise_sequence(name: str) -> Ints:
    """2**ROM_BITS + 48 factors, 2**ONE_BITS = 1: a meter's day starts at a place of its own."""
    noise: Noise = households().noise[name]
    count = (1 << ROM_BITS) + 48
    reach = noise.smooth - 1
    words = _random_words(f"noise {name}", 2 * (count + reach)).astype(np.int64).reshape(2, -1)
    values = lognormal(noise.spread)[words[0] % _QUANTILES]
    heavy = words[1] < round(noise.heavy_share * 65536)
    values = np.where(heavy, values * round(noise.heavy_factor * 1024) // 1024, values)
    smoothed = np.sum([values[step : step + count] for step in range(noise.smooth)], axis=0) // noise.smooth
    return np.asarray(np.clip(smoothed, 16, 1 << 14))


@cache
def week_patterns(name: str) -> Ints:
    """PATTERNS ways to share a week: the part before each of its days, in 2**-SHARE_BITS; shape (PATTERNS, 8)."""
    week: Week = households().week[name]
    words = _random_words(f"week {name}", 2 * 7 * PATTERNS).astype(np.int64).reshape(2, PATTERNS, 7)
    weights = lognormal(week.spread)[words[0] % _QUANTILES]
    weights[:, :_WEEKEND] = weights[:, :_WEEKEND] * round(week.weekend * 1024) // 1024
    idle = words[1] < round(week.idle * 65536)
    rows = np.arange(PATTERNS)
    idle[rows, rows % 7] &= ~idle.all(axis=1)
    before = np.concatenate([np.zeros((PATTERNS, 1), np.int64), np.cumsum(np.where(idle, 0, weights), axis=1)], axis=1)
    return np.asarray((before << SHARE_BITS) // before[:, -1:])


def daylight(month: int, tilt: float = 0.0) -> NDArray[np.float64]:
    """Clear-sky output of an array for the 48 half-hours of a UTC day; 0 in every one that is not wholly in daylight.

    ``tilt`` moves it towards the afternoon (positive) or the morning.
    """
    sun: Sun = households().sun
    rise, fall = sun.rise[month], sun.set[month]
    start = np.arange(48) / 2
    across = (start + 0.25 - (rise + fall) / 2) / ((fall - rise) / 2)
    height = np.where((start >= rise) & (start + 0.5 <= fall), 1 - across * across, 0.0)
    return np.asarray(height * np.sqrt(height) * (1 + tilt * across))


def _half_hourly(hourly: tuple[float, ...]) -> NDArray[np.float64]:
    """48 values on straight lines between the middles of 24 hours."""
    value = np.array(hourly)
    first, second = 0.75 * value + 0.25 * np.roll(value, 1), 0.75 * value + 0.25 * np.roll(value, -1)
    return np.stack([first, second], axis=1).ravel()


def _activity(curve: Curve, habit: int, day: tuple[int, bool, bool]) -> NDArray[np.float64]:
    month, summer_time, weekend = day
    shift = _SHIFTS[habit % len(_SHIFTS)]
    if curve.clock == "sun":
        return daylight(month, _TILT * shift)
    local = _half_hourly(curve.weekend if weekend else curve.weekday)
    return np.roll(local, shift - 2 * summer_time) if curve.clock == "local" else local


def _mask(kind: ShapeKind, habit: int) -> NDArray[np.int64]:
    inside = np.array(mask_slots(households(), kind.mask), dtype=np.int64)
    slots = np.flatnonzero(inside)
    late = min(habit % (kind.late_slots + 1), len(slots) - 1)
    inside[slots[:late]] = 0
    return inside


@dataclass(frozen=True, slots=True)
class ShapeKind:
    """What decides the shape of a stream's days; streams alike in it share their tables.

    ``sun_dip``: the part of the activity that an array takes over at noon in full sun.
    """

    curve: str
    mask: str
    power_kw: float | None
    late_slots: int
    sun_dip: float


@dataclass(frozen=True, slots=True)
class DayShapes:
    """Moving and constant weights of a day, each of shape (HABITS, classes, 49); entry 0 of a day is always 0.

    For a kind with a power the moving ones are instead the Wh that it takes, from the start of the day to each bound of
    a half-hour, while it runs. ``rows`` holds the same arrays day by day, by habit and class, for reads of one day.
    """

    moving: Ints
    steady: Ints
    rows: tuple[tuple[tuple[Ints, Ints], ...], ...]


@cache
def day_shapes(kind: ShapeKind) -> DayShapes:
    """The shapes of a kind of stream, made once."""
    curve, classes = households().curve[kind.curve], class_list()
    moving, steady = np.zeros((2, HABITS, len(classes), 49), dtype=np.int64)
    for habit in range(HABITS):
        inside = _mask(kind, habit)
        factor = _STEADY_FACTORS[habit // len(_SHIFTS)]
        for number, day in enumerate(classes):
            if kind.power_kw is not None:
                moving[habit, number, 1:] = np.cumsum(round(kind.power_kw * 500) * inside)
                continue
            activity = _activity(curve, habit, day)
            constant = curve.steady * factor * activity.mean()
            if kind.sun_dip:
                activity = activity * (1 - kind.sun_dip * households().sun.strength[day[0]] * daylight(day[0]))
            moving[habit, number, 1:] = np.ceil(activity * _WEIGHT_ONE).astype(np.int64) * inside
            steady[habit, number, 1:] = round(constant * (_WEIGHT_ONE << ONE_BITS)) * inside
    rows = tuple(tuple(zip(*by_class, strict=True)) for by_class in zip(moving, steady, strict=True))
    return DayShapes(moving, steady, rows)
