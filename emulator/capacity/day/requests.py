"""The requests of a block as columns that grow, and the rules that say when one is sent, sent again and given up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.model import NOTHING, SETTLED, Floats, Ints, Kind, Reads, Surroundings
from emulator.dcc.lanes import Lane
from gbcs.times import DAY_S

NEVER = float("inf")
Flags = NDArray[np.bool_]


class KindColumns:
    """Kinds of reads as columns, with the kind that each turns into when a user asks again."""

    def __init__(self, kinds: tuple[Kind, ...], around: Surroundings, network: str) -> None:
        every = list(dict.fromkeys([*kinds, *(kind.asked_again() for kind in kinds)]))
        place = {kind: at for at, kind in enumerate(every)}
        self.kinds = tuple(every)
        self.given = np.array([place[kind] for kind in kinds], np.int64)
        """The place of each of the kinds that were given."""
        self.again = np.array([place[kind.asked_again()] for kind in every], np.int64)
        self.trt_s = np.array([around.trt_s(kind, network) for kind in every])
        self.down_bytes = np.array([kind.down_bytes for kind in every], np.int64)
        self.up_bytes = np.array([kind.up_bytes for kind in every], np.int64)
        self.in_window = np.array([kind.role == "MDR" for kind in every])
        self.for_settlement = np.array([kind.for_settlement for kind in every])
        self.settled = np.array([kind.settled for kind in every], np.int64)
        self.refused = np.array([kind.refused for kind in every]) | (self.trt_s == 0)


class Lanes:
    """The rules of :class:`emulator.dcc.lanes.Lane` for whole arrays, and the rate limit of the release queue.

    Does not model: the priority of reads without a day to go, where the rate limit makes requests wait.
    """

    def __init__(self, lane: Lane, per_s: float, burst: int) -> None:
        self.lane = lane
        self._interval_s = 1 / per_s
        self._slack_s = (burst - 1) / per_s
        self._full_at = self._last_at = -NEVER

    def inside_window(self, at: Floats) -> Floats:
        """See :meth:`emulator.dcc.lanes.Lane.inside_mhhs_window`."""
        starts_s, ends_s = self.lane.window_start_s, self.lane.window_end_s
        second = at % DAY_S
        midnight = at - second
        opens = np.where(second < starts_s, midnight + starts_s, midnight + DAY_S + starts_s)
        return np.where((second < starts_s) | (second >= ends_s), opens, at)

    def stop_at(self, started_at: Floats, release_at: Floats, for_settlement: Flags) -> Floats:
        """See :meth:`emulator.dcc.lanes.Lane.stop_at`."""
        stop_at = started_at + self.lane.stop_after_s
        if not self.lane.stops_before_midnight:
            return stop_at
        midnight = release_at - release_at % DAY_S + DAY_S
        return np.where(for_settlement, np.minimum(stop_at, midnight), stop_at)

    def released(self, at: Floats) -> Floats:
        """When requests that come at ``at``, in that order, may go; see :mod:`emulator.dcc.release_queue`."""
        if not len(at):
            return at
        if at[0] < self._last_at:  # another round over the same time
            self._full_at = -NEVER
        self._last_at = float(at[-1])
        turn = np.arange(len(at)) * self._interval_s
        full_at = np.maximum.accumulate(np.maximum(at - turn, self._full_at)) + turn
        before = np.concatenate([[self._full_at], full_at[:-1] + self._interval_s])
        self._full_at = float(full_at[-1]) + self._interval_s
        return np.maximum(at, before - self._slack_s)


class Requests:
    """One row a request, follow-ups included; see :class:`emulator.dcc.lanes.Pending`. Columns grow by doubling."""

    def __init__(self, hubs: int) -> None:
        self.count = 0
        self.hub, self.kind = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.started_at, self.stop_at, self.sent_at = np.zeros(0), np.zeros(0), np.zeros(0)
        self.answered_at = np.zeros(0)
        self.attempts, self.follow_up = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.is_failed = np.zeros(0, dtype=bool)
        self.hubs = hubs
        self.settled_at = np.full(len(SETTLED) * hubs, NEVER)
        """When the value of each MPAN came in: of hub h and expectation e at ``e * hubs + h``."""
        self.is_expected = np.zeros(len(SETTLED) * hubs, dtype=bool)

    def add(self, hub: Ints, kind: Ints, started_at: Floats, follow_up: Ints | int = 0) -> Ints:
        """New requests; their rows."""
        first, self.count = self.count, self.count + len(hub)
        if self.count > len(self.hub):
            self._grow(self.count if not first else 2 * self.count)
        rows = np.arange(first, self.count)
        new = slice(first, self.count)
        self.hub[new], self.kind[new], self.started_at[new] = hub, kind, started_at
        self.follow_up[new] = follow_up
        self.sent_at[new] = self.answered_at[new] = NEVER
        return rows

    def settle(self, settled: Ints, rows: Ints) -> None:
        """Enter the answers of rows; ``settled`` is what each row is expected for, or NOTHING."""
        counts = np.flatnonzero(settled != NOTHING)
        place = settled[counts] * self.hubs + self.hub[rows[counts]]
        np.minimum.at(self.settled_at, place, self.answered_at[rows[counts]])

    def expect(self, settled: Ints, hub: Ints) -> None:
        """Values that settlement expects of hubs."""
        counts = np.flatnonzero(settled != NOTHING)
        self.is_expected[settled[counts] * self.hubs + hub[counts]] = True

    def _grow(self, size: int) -> None:
        for name, column in vars(self).items():
            if isinstance(column, np.ndarray) and name not in ("settled_at", "is_expected"):
                longer = np.zeros(size, column.dtype)
                longer[: len(column)] = column
                setattr(self, name, longer)
