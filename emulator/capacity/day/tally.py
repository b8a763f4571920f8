"""What is counted of a day: arrays of whole numbers, so that they add up to the same sums in any order.

Seconds are counted in whole milliseconds for that reason. Hours and seconds count from the midnight at which the day of
reads begins; what is later than the last of them is counted there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.capacity.day.model import MODES, NETWORK_NAMES, ROLES, SETTLED, SRVS
from gbcs.errors import LocalError
from gbcs.times import DAY_S

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

HOURS, MINUTES = 48, 24 * 60
CHECKPOINTS = ("expected", "D+1", "SF", "RF")
OUTCOMES = ("answered", "refused", "failed")
DIRECTIONS = ("down", "up")

FASTEST_S, PER_E = 0.01, 100
"""Latencies fall into bins that are 1 % wide, from 10 ms up."""
LATENCY_BINS = 1 + int(np.ceil(np.log(10_000_000 / FASTEST_S) * PER_E))
QUEUE_BINS = 24
"""Bins of queue lengths: nobody, then 1, 2-3, 4-7 and so on."""
LOAD_BINS = 201
"""Bins of how much of its channels' time a base station used in an hour: 1 % each; the last one is 200 % and more."""
MOST_ATTEMPTS = 16

_NETWORK, _SRV = len(NETWORK_NAMES), len(SRVS)
_AXES: Mapping[str, tuple[int, ...]] = {
    "meters": (_NETWORK,),
    "asked": (_NETWORK, _SRV, len(ROLES), len(MODES), HOURS),
    "outcomes": (_NETWORK, _SRV, len(MODES), len(OUTCOMES)),
    "answered": (_NETWORK, HOURS),
    "within_trt": (_NETWORK, _SRV, len(MODES)),
    "planned": (_NETWORK, _SRV),
    "attempts": (_NETWORK, MOST_ATTEMPTS),
    "commands": (_NETWORK, HOURS),
    "commands_per_minute": (_NETWORK, MINUTES),
    "commands_per_second": (DAY_S,),
    "answers_per_second": (DAY_S,),
    "messages": (_NETWORK, len(DIRECTIONS), HOURS),
    "bytes": (_NETWORK, len(DIRECTIONS), HOURS),
    "bytes_on_air": (_NETWORK, len(DIRECTIONS), HOURS),
    "latency": (_NETWORK, _SRV, LATENCY_BINS),
    "waited": (len(DIRECTIONS), LATENCY_BINS),
    "queue": (len(DIRECTIONS), HOURS, QUEUE_BINS),
    "busy_ms": (len(DIRECTIONS), HOURS),
    "channel_hours": (HOURS,),
    "station_load": (len(DIRECTIONS), HOURS, LOAD_BINS),
    "sms_per_second": (DAY_S,),
    "api_per_second": (DAY_S,),
    "contexts_change": (DAY_S,),
    "contexts_held_s": (LATENCY_BINS,),
    "from_cache": (HOURS,),
    "settled": (len(SETTLED), len(CHECKPOINTS)),
}


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of some blocks, by name; two of them add up."""

    counts: dict[str, Counts]

    def __add__(self, other: Tally) -> Tally:
        return Tally({name: self.counts[name] + other.counts[name] for name in _AXES})

    def __getitem__(self, name: str) -> Counts:
        return self.counts[name]

    def same_as(self, other: Tally) -> bool:
        """Whether all counts are equal."""
        return all(np.array_equal(self.counts[name], other.counts[name]) for name in _AXES)

    def add(self, name: str, places: tuple[ArrayLike, ...], weights: ArrayLike | None = None) -> None:
        """Count entries at places of an array, each once or by its weight, a whole number."""
        shape = _AXES[name]
        flat = np.ravel_multi_index(np.broadcast_arrays(*(np.asarray(place, np.int64) for place in places)), shape)
        counted = np.bincount(np.atleast_1d(flat), None if weights is None else np.asarray(weights, np.float64))
        self.counts[name].ravel()[: len(counted)] += counted.astype(np.int64)


def empty() -> Tally:
    """Nothing counted yet."""
    return Tally({name: np.zeros(shape, np.int64) for name, shape in _AXES.items()})


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    return reduce(Tally.__add__, tallies, empty())


def hour_of(at: Floats) -> Counts:
    """The hour of instants, the last one for all that is later."""
    return np.clip(at // 3600.0, 0, HOURS - 1).astype(np.int64)


def minute_of(at: Floats) -> Counts:
    """The minute of instants, the last one of the day for all that is later."""
    return np.clip(at // 60.0, 0, MINUTES - 1).astype(np.int64)


def second_of(at: Floats) -> Counts:
    """The second of instants, the last one of the day for all that is later."""
    return np.clip(at, 0, DAY_S - 1).astype(np.int64)


def latency_bin(seconds: Floats) -> Counts:
    """The bin of latencies."""
    logarithm = np.log(np.maximum(seconds, FASTEST_S) * (1 / FASTEST_S)) * PER_E
    return np.minimum(logarithm.astype(np.int64) + 1, LATENCY_BINS - 1) * (seconds > FASTEST_S)


def queue_bin(length: Counts) -> Counts:
    """The bin of queue lengths."""
    return np.minimum(np.frexp(length.astype(np.float64))[1], QUEUE_BINS - 1).astype(np.int64)


def bin_edges_s() -> Floats:
    """The upper edge of each latency bin, seconds."""
    return np.concatenate([[FASTEST_S], FASTEST_S * np.exp(np.arange(1, LATENCY_BINS) / PER_E)])


def quantile_s(histogram: Counts, share: float) -> float:
    """The latency below which a share of the counts lies, to within half a percent. Raises LocalError if there is none."""
    counted = int(histogram.sum())
    if not counted:
        raise LocalError("nothing was counted that a quantile could be of")
    ends = np.cumsum(histogram)
    place = int(np.searchsorted(ends, share * counted))
    edges = bin_edges_s()
    before = float(ends[place - 1]) if place else 0.0
    part = (share * counted - before) / max(float(histogram[place]), 1.0)
    lower = edges[place - 1] if place else 0.0
    return float(lower + (edges[place] - lower) * part)
