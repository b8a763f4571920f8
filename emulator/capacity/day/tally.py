"""What is counted of a day: arrays of whole numbers, so that they add up to the same sums in any order.

Seconds are counted in whole milliseconds for that reason. Hours and seconds count from the midnight at which the day of
reads begins; what is later than the last of them is counted there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.capacity.day.model import MODES, NETWORK_NAMES, ROLES, SETTLED, SRVS
from emulator.wan.model import Direction
from gbcs.errors import LocalError
from gbcs.times import DAY_S

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

HOURS, MINUTES = 48, 24 * 60
CHECKPOINTS = ("expected", "D+1", "SF", "RF")
OUTCOMES = ("answered", "refused", "failed")
DIRECTIONS: tuple[Direction, ...] = ("down", "up")
REQUESTS = ("planned", "follow-up")

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
    "latency": (_NETWORK, _SRV, len(REQUESTS), LATENCY_BINS),
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
    """The counts of some blocks, by name; two of them add up. What was never counted is not held."""

    counts: dict[str, Counts]

    def __add__(self, other: Tally) -> Tally:
        added = dict(self.counts)
        for name, counts in other.counts.items():
            added[name] = added[name] + counts if name in added else counts
        return Tally(added)

    def __getitem__(self, name: str) -> Counts:
        """The counts of a name, which may all be 0."""
        found = self.counts.get(name)
        return np.zeros(_AXES[name], np.int64) if found is None else found

    def same_as(self, other: Tally) -> bool:
        """Whether all counts are equal."""
        return all(np.array_equal(self[name], other[name]) for name in _AXES)

    def add(self, name: str, places: tuple[ArrayLike, ...], weights: ArrayLike | None = None) -> None:
        """Count entries at places of an array (one for each axis), each once or by its weight, a whole number."""
        shape = _AXES[name]
        flat: Any = 0
        for place, length in zip(places, shape, strict=True):
            flat = flat * length + np.asarray(place)
        counted = np.bincount(np.atleast_1d(flat), None if weights is None else np.asarray(weights, np.float64))
        self._held(name).ravel()[: len(counted)] += counted.astype(np.int64)

    def spread(self, name: str, places: tuple[int | slice, ...], counts: Counts) -> None:
        """Add counts to a part of an array."""
        self._held(name)[places] += counts

    def _held(self, name: str) -> Counts:
        if name not in self.counts:
            self.counts[name] = np.zeros(_AXES[name], np.int64)
        return self.counts[name]


def empty() -> Tally:
    """Nothing counted yet."""
    return Tally({})


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    return reduce(Tally.__add__, tallies, empty())


def hour_of(at: Floats) -> Counts:
    """The hour of instants, the last one for all that is later."""
    return np.minimum(at * (1 / 3600.0), HOURS - 1).astype(np.int64)


def seconds(at: Floats) -> Counts:
    """How many instants lie in each second of the hours that are counted; what is later counts to the last one."""
    last = HOURS * 3600 - 1
    return np.bincount(np.minimum(at, last).astype(np.int64), minlength=last + 1)


def latency_bin(latency_s: Floats) -> Counts:
    """The bin of latencies."""
    logarithm = np.log(np.maximum(latency_s, FASTEST_S) * (1 / FASTEST_S)) * PER_E
    return np.minimum(logarithm.astype(np.int64) + 1, LATENCY_BINS - 1) * (latency_s > FASTEST_S)


def queue_bin(length: Counts) -> Counts:
    """The bin of queue lengths."""
    return np.minimum(np.frexp(length.astype(np.float64))[1], QUEUE_BINS - 1).astype(np.int64)


def bin_edges_s() -> Floats:
    """The upper edge of each latency bin, seconds."""
    return np.concatenate([[FASTEST_S], FASTEST_S * np.exp(np.arange(1, LATENCY_BINS) / PER_E)])


def quantile_s(histogram: Counts, share: float) -> float:
    """The latency below which a share of the counts lies, to half a percent. Raises LocalError without counts."""
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
