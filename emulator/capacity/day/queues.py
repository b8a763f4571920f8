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
        rank = np.repeat(np.arange(len(sites)), np.diff(np.append(first, len(at))))
        batch = _Batch(self._count, rank, at, busy_s, self._free_at[sites])
        starts = self._settled(batch, sites)
        self._free_at[sites] = batch.latest(starts)
        return starts

    def _settled(self, batch: _Batch, sites: Ints) -> Floats:
        """Round after round, of those sites alone that have not settled."""
        starts = batch.at.copy()
        members = np.arange(len(starts))
        for number in range(1, ROUNDS + 1):
            self.rounds = max(self.rounds, number)
            later = batch.next(starts[members])
            moved = later > starts[members]
            if not moved.any():
                return starts
            starts[members] = np.where(moved, later, starts[members])
            unsettled = np.zeros(batch.sites, dtype=bool)
            unsettled[batch.rank[moved]] = True
            if 2 * unsettled.sum() <= batch.sites:
                members, batch = members[unsettled[batch.rank]], batch.of(unsettled)
                sites = sites[unsettled]
        _finish(starts, members, batch.rank, batch, self._free_at[sites])
        return starts


def waiting_before(site: Ints, at: Floats, starts_at: Floats) -> Ints:
    """How many messages of its site and batch waited when each came; they come by site and, at a site, by time."""
    if (starts_at <= at).all():
        return np.zeros(len(at), np.int64)
    apart = site * _APART_S
    started = np.searchsorted(starts_at + apart, at + apart, side="right")
    waiting: Ints = np.maximum(np.arange(len(at)) - started, 0)
    return waiting


class _Batch:
    """Messages by site; in front of each site's messages stand those that hold its channels when the batch begins."""

    def __init__(self, count: int, rank: Ints, at: Floats, busy_s: Floats, free_at: Floats) -> None:
        """``rank`` is the place of each message's site in ``free_at``."""
        self._count, self.rank, self.at, self.busy_s, self._free_at = count, rank, at, busy_s, free_at
        self.sites = len(free_at)
        self._place = np.arange(len(at)) + count * (rank + 1)
        self._apart = _APART_S * (rank + 1)
        first = np.searchsorted(rank, np.arange(self.sites))
        self._leaves = np.empty(len(at) + self.sites * count)
        fronts = first[:, None] + count * np.arange(self.sites)[:, None] + np.arange(count)
        self._leaves[fronts] = free_at + _APART_S * np.arange(1, self.sites + 1)[:, None]
        self._ends = np.append(first[1:], len(at)) + count * np.arange(1, self.sites + 1) - 1

    def of(self, chosen: NDArray[np.bool_]) -> _Batch:
        """The messages of some sites."""
        mine = chosen[self.rank]
        rank = (np.cumsum(chosen) - 1)[self.rank[mine]]
        return _Batch(self._count, rank, self.at[mine], self.busy_s[mine], self._free_at[chosen])

    def next(self, starts: Floats) -> Floats:
        """When each message could start if all started when they do so far."""
        self._leaves[self._place] = starts + self.busy_s + self._apart
        *_, free = self._ranks()
        at: Floats = np.maximum(self.at, free[self._place - 1] - self._apart)
        return at

    def latest(self, starts: Floats) -> Floats:
        """Of each site, its latest departures, the earliest of them first: its channels are busy until then."""
        self._leaves[self._place] = starts + self.busy_s + self._apart
        apart_s = _APART_S * np.arange(1, self.sites + 1)
        return np.stack([ranked[self._ends] - apart_s for ranked in self._ranks()], axis=1)[:, ::-1]

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


def _finish(starts: Floats, members: Ints, rank: Ints, batch: _Batch, free_at: Floats) -> None:
    """Serve the sites that have not settled one message after the other, as the run does."""
    for one, channels in enumerate(free_at):
        mine = np.flatnonzero(rank == one)
        free = channels.tolist()
        served = []
        for now, busy in zip(batch.at[mine].tolist(), batch.busy_s[mine].tolist(), strict=True):
            begins = max(now, free[0])
            heapreplace(free, begins + busy)
            served.append(begins)
        starts[members[mine]] = served
