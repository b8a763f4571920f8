"""What the length of an answer tells of a home when its rows are coded before encryption, and what padding helps.

Encryption hides values, not lengths. Rows of a fixed width give every day the same length; coded rows of a day on which
nobody is at home are shorter. Whoever sees lengths on the air (and knows what is usual for a home) can tell such days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.assumptions import Assumption
from emulator.compression.payload.rows import pack_rows
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.rng import generator, subseed
from gbcs.times import DAY_S, HALF_HOUR_S

HOMES, DAYS = 120, 28
AWAY_SHARE = 1 / 7
_QUIET_PERCENTILE, _QUIET_SPREAD = 20, 0.15

ASSUMPTIONS = (
    Assumption("leakage.homes", f"{HOMES} single-rate homes, {DAYS} days each", "A", "households.toml"),
    Assumption("leakage.away_share", "one day in seven nobody is at home", "A", "no survey at hand"),
    Assumption(
        "leakage.away_day",
        f"a home's {_QUIET_PERCENTILE}th percentile of half-hours, lognormal spread {_QUIET_SPREAD}",
        "A",
        "what is always on stays on: fridge and standby",
    ),
    Assumption("leakage.observer", "sees lengths only, and knows the median of each home", "A", "worst likely case"),
)

LONGEST = -1
PADDINGS: Mapping[int, str] = {
    0: "none",
    8: "to 8 bytes",
    16: "to 16 bytes",
    32: "to 32 bytes",
    LONGEST: "to the longest day",
}
"""How a coded payload is padded before it is encrypted."""

Lengths = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Leak:
    """What lengths under one padding say.

    ``auc``: how often a day away is the shorter one of a day away and a day at home (0.5: chance, 1: always).
    ``bits``: mutual information between the length and whether somebody was at home; ``correlation``: with the day's
    energy, within a home. ``mean_bytes``: of the coded rows, padding included.
    """

    padding: int
    mean_bytes: float
    auc: float
    bits: float
    correlation: float


@dataclass(frozen=True, slots=True)
class Days:
    """Days of homes: a row a home, a column a day. ``fixed_bytes``: the length of every day without coding."""

    lengths: Lengths
    is_away: NDArray[np.bool_]
    energy_wh: Lengths
    fixed_bytes: int


def leaks(days: Days) -> list[Leak]:
    """What is told under each padding."""
    return [_leak(days, padding) for padding in PADDINGS]


def made_days(homes: int = HOMES, days: int = DAYS, seed: int = 162, first_day: int = 9_770) -> Days:
    """Days of emulated homes, coded. ``first_day`` counts from 2000-01-01."""
    random = generator(seed, "leakage", "away")
    is_away = random.random((homes, days)) < AWAY_SHARE
    model = energy_model("single_rate")
    lengths, energy = np.zeros((homes, days), np.int64), np.zeros((homes, days), np.int64)
    for home in range(homes):
        meter = MeterEnergy(model, subseed(seed, "leakage", home), commissioned_at=float((first_day - 500) * DAY_S))
        first = first_day * DAY_S
        rows = meter.half_hours("active_import", first + HALF_HOUR_S, first + days * DAY_S).reshape(days, -1)
        quiet = np.percentile(rows, _QUIET_PERCENTILE) * random.lognormal(0, _QUIET_SPREAD, rows.shape)
        lived = np.where(is_away[home][:, None], quiet.astype(np.int64), rows)
        energy[home] = lived.sum(axis=1)
        lengths[home] = [_coded_bytes(day, first + n * DAY_S) for n, day in enumerate(lived)]
    return Days(lengths, is_away, energy, 8 * rows.shape[1])


def _coded_bytes(values: Lengths, midnight: int) -> int:
    stamps = midnight + HALF_HOUR_S * np.arange(1, len(values) + 1)
    packed = np.stack((stamps, values), axis=1).astype(">u4").tobytes()
    return len(pack_rows(packed, 2) or packed)


def _leak(days: Days, padding: int) -> Leak:
    lengths = padded(days.lengths, padding)
    usual = np.median(lengths, axis=1, keepdims=True)
    seen = lengths - usual
    return Leak(
        padding,
        float(lengths.mean()),
        auc(seen[days.is_away], seen[~days.is_away]),
        mutual_bits(seen.ravel(), days.is_away.ravel()),
        _correlation(seen, days.energy_wh),
    )


def padded(lengths: Lengths, padding: int) -> Lengths:
    """Lengths as an observer sees them."""
    if padding == LONGEST:
        return np.full_like(lengths, lengths.max())
    return lengths if padding == 0 else -(-lengths // padding) * padding


def auc(shorter: NDArray[np.float64], longer: NDArray[np.float64]) -> float:
    """The share of pairs in which the first is the shorter one, ties as half: the area under the ROC curve."""
    order = np.sort(longer)
    above = len(order) - np.searchsorted(order, shorter, "right")
    equal = np.searchsorted(order, shorter, "right") - np.searchsorted(order, shorter, "left")
    return float((above + equal / 2).sum() / (len(shorter) * len(longer)))


def mutual_bits(seen: NDArray[np.float64], is_away: NDArray[np.bool_]) -> float:
    """Mutual information of two columns, in bits, with the correction of Miller and Madow for few samples."""
    values, index = np.unique(seen, return_inverse=True)
    table = np.zeros((len(values), 2))
    np.add.at(table, (index, is_away.astype(np.int64)), 1)
    both = _entropy(table.ravel())
    return max(0.0, _entropy(table.sum(axis=1)) + _entropy(table.sum(axis=0)) - both)


def _entropy(counts: NDArray[np.float64]) -> float:
    total, filled = counts.sum(), counts[counts > 0]
    shares = filled / total
    return float(-(shares * np.log2(shares)).sum() + (len(filled) - 1) / (2 * total * np.log(2)))


def _correlation(seen: NDArray[np.float64], energy: Sequence[Sequence[int]] | Lengths) -> float:
    """Of lengths and energy, each against what is usual for its home."""
    relative = energy - np.mean(energy, axis=1, keepdims=True)
    if not seen.any():
        return 0.0
    return float(np.corrcoef(seen.ravel(), relative.ravel())[0, 1])
