"""First come, first served with several channels a site: the queue of the run's long-range radio, for whole arrays.

A message starts when the fewest channels are in its way: not before it comes, and not before all but ``channels - 1``
of the messages before it have left. That is the fixed point of a running maximum, reached from below: nobody waits at
first, and every round lets those wait who must. Rounds that do not end (a site that is overloaded for hours) are ended
by the heap of the run itself, for those sites alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapreplace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 24
"""Rounds before the heap takes over: beyond that it is the quicker one."""

_APART_S = float(2**26)
"""Sites stand so far apart on one axis of time that a message of one never waits for that of another."""


class Channels:
    """The channels of every site in one direction, from one batch of messages to the next.

    Does not model: messages that give up while they wait; a channel that takes the later message first.
    """

    __slots__ = ("_count", "_free_at", "rounds")

    def __init__(self, sites: int, channels: int) -> None:
        self._count = channels
        self._free_at = np.zeros((sites, channels))
        self.rounds = 0
        """The most rounds that a batch took."""

    def reset(self) -> None:
        """Forget what was sent: all channels are free."""
        self._free_at[:] = 0.0

    def start(self, site: Ints, at: Floats, busy_s: Floats) -> Floats:
        """When each message starts; they come by site and, at a site, by time, and so do all of later batches."""
        if not len(at):
            return at
        sites, first = np.unique(site, return_index=True)
        place = np.arange(len(at)) + self._count * (np.searchsorted(sites, site) + 1)
        held = _Held(self._count, len(sites), first, place, at, busy_s, self._free_at[sites])
        settled = held.settle(ROUNDS)
        self.rounds = max(self.rounds, held.rounds)
        starts = held.starts
        if not settled:
            _finish(starts, site, at, busy_s, held.unsettled(), self._free_at)
        self._free_at[sites] = held.latest(starts)
        return starts


def waiting_before(site: Ints, at: Floats, starts_at: Floats) -> Ints:
    """How many messages of its site and batch waited when each came; they come by site and, at a site, by time."""
    if (starts_at <= at).all():
        return np.zeros(len(at), np.int64)
    apart = site * _APART_S
    started = np.searchsorted(starts_at + apart, at + apart, side="right")
    waiting: Ints = np.maximum(np.arange(len(at)) - started, 0)
    return waiting


class _Held:
    """One batch on the way to its fixed point; in front of each site's messages stand those that hold its channels."""

    def __init__(
        self, count: int, sites: int, first: Ints, place: Ints, at: Floats, busy_s: Floats, free_at: Floats
    ) -> None:
        self._count, self._place, self._at, self._busy_s = count, place, at, busy_s
        self._apart = _APART_S * np.repeat(np.arange(1, sites + 1), np.diff(np.append(first, len(at))))
        self._leaves = np.empty(len(at) + sites * count)
        fronts = (first[:, None] + count * np.arange(sites)[:, None] + np.arange(count)).ravel()
        self._leaves[fronts] = (free_at + _APART_S * np.arange(1, sites + 1)[:, None]).ravel()
        self._ends = np.append(first[1:], len(at)) + count * np.arange(1, sites + 1) - 1
        self.starts = at.copy()
        self._moved = np.zeros(len(at), dtype=bool)
        self.rounds = 0

    def settle(self, rounds: int) -> bool:
        """Let those wait who must, until nobody else has to; False where that takes more rounds."""
        for self.rounds in range(1, rounds + 1):
            self._leaves[self._place] = self.starts + self._busy_s + self._apart
            starts = np.maximum(self._at, self._free()[self._place - 1] - self._apart)
            self._moved = starts > self.starts
            if not self._moved.any():
                return True
            self.starts = np.where(self._moved, starts, self.starts)
        return False

    def unsettled(self) -> NDArray[np.bool_]:
        """The messages that still moved in the last round."""
        return self._moved

    def latest(self, starts: Floats) -> Floats:
        """Of each site, its latest departures, the earliest of them first: its channels are busy until then."""
        self._leaves[self._place] = starts + self._busy_s + self._apart
        apart_s = _APART_S * np.arange(1, len(self._ends) + 1)
        return np.stack([ranked[self._ends] - apart_s for ranked in self._ranks()], axis=1)[:, ::-1]

    def _free(self) -> Floats:
        """After each message, when the next one could start: the so-many-th latest departure so far."""
        *_, last = self._ranks()
        return last

    def _ranks(self) -> Iterator[Floats]:
        """After each message, the latest departure so far, the second latest, and so on."""
        rest = self._leaves
        for _ in range(self._count - 1):
            latest = np.maximum.accumulate(rest)
            yield latest
            # Whoever does not stay the latest falls to the next rank: the newcomer, or the one it overtook.
            fallen = np.empty_like(rest)
            fallen[0] = -np.inf
            np.minimum(latest[:-1], rest[1:], out=fallen[1:])
            rest = fallen
        yield np.maximum.accumulate(rest)


def _finish(starts: Floats, site: Ints, at: Floats, busy_s: Floats, moved: NDArray[np.bool_], free_at: Floats) -> None:
    """Serve the sites that have not settled one message after the other, as the run does."""
    for one in np.unique(site[moved]).tolist():
        members = np.flatnonzero(site == one)
        free = free_at[one].tolist()
        served = []
        for now, busy in zip(at[members].tolist(), busy_s[members].tolist(), strict=True):
            begins = max(now, free[0])
            heapreplace(free, begins + busy)
            served.append(begins)
        starts[members] = served
