"""The requests of a block as columns that grow, and the rules of the head-end for all of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.agenda import Agenda
from emulator.capacity.day.model import NOTHING, SETTLED, Block, Floats, Ints, Kind, Reads, Surroundings
from emulator.dcc.lanes import Lane
from emulator.rng import generator
from emulator.run import FOLLOW_UPS_OVER_S
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
    """The rules of :class:`emulator.dcc.lanes.Lane` for whole arrays."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane

    def inside_window(self, at: Floats) -> Floats:
        """See :meth:`emulator.dcc.lanes.Lane.inside_mhhs_window`."""
        starts_s, ends_s = self.lane.window_start_s, self.lane.window_end_s
        midnight = np.floor(at * (1 / DAY_S)) * DAY_S
        second = at - midnight
        opens = midnight + starts_s
        opens[second >= ends_s] += DAY_S
        return np.where((second < starts_s) | (second >= ends_s), opens, at)

    def stop_at(self, started_at: Floats, release_at: Floats, for_settlement: Flags) -> Floats:
        """See :meth:`emulator.dcc.lanes.Lane.stop_at`."""
        stop_at = started_at + self.lane.stop_after_s
        if not self.lane.stops_before_midnight:
            return stop_at
        midnight = (np.floor(release_at * (1 / DAY_S)) + 1) * DAY_S
        return np.where(for_settlement, np.minimum(stop_at, midnight), stop_at)


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
        self.is_expected = np.zeros(len(SETTLED) * hubs, dtype=bool)
        """Whether settlement expects a value: of hub h and expectation e at ``e * hubs + h``."""

    def add(self, hub: Ints, kind: Ints, started_at: Floats, follow_up: Ints | int = 0) -> Ints:
        """New requests; their rows."""
        first, self.count = self.count, self.count + len(hub)
        if self.count > len(self.hub):
            self._grow(self.count + self.count // 4)
        rows = np.arange(first, self.count)
        new = slice(first, self.count)
        self.hub[new], self.kind[new], self.started_at[new] = hub, kind, started_at
        self.follow_up[new] = follow_up
        self.sent_at[new] = self.answered_at[new] = NEVER
        return rows

    def settled(self, settled: Ints, before: float) -> Flags:
        """Which values had come in before an instant; ``settled`` is what each row counts for, or NOTHING."""
        found = np.zeros_like(self.is_expected)
        counts = np.flatnonzero((settled != NOTHING) & (self.answered_at[: self.count] < before))
        found[settled[counts] * self.hubs + self.hub[counts]] = True
        return found

    def expect(self, settled: Ints, hub: Ints) -> None:
        """Values that settlement expects of hubs."""
        counts = np.flatnonzero(settled != NOTHING)
        self.is_expected[settled[counts] * self.hubs + hub[counts]] = True

    def _grow(self, size: int) -> None:
        for name, column in vars(self).items():
            if isinstance(column, np.ndarray) and name != "is_expected":
                longer = np.zeros(size, column.dtype)
                longer[: len(column)] = column
                setattr(self, name, longer)


class Users:
    """Who asks: requests are refused or due, and asked again on demand when they came to nothing."""

    def __init__(self, around: Surroundings, block: Block, planned: Reads) -> None:
        self._around = around
        self._random = generator(around.setting.seed, "day", block.number, "users")
        self.lanes = Lanes(around.lane(block.network))
        self.columns = KindColumns(planned.kinds, around, block.network)
        self.requests, self.due = Requests(block.hubs), Agenda()
        kind = self.columns.given[planned.kind]
        self.ask(planned.hub, kind, planned.due_at)
        self.requests.expect(self.columns.settled[kind], planned.hub)
        self.planned_until = float(planned.due_at.max(initial=0.0))

    def ask(self, hub: Ints, kind: Ints, at: Floats, follow_up: Ints | int = 0) -> None:
        """New requests: refused, or due when their window lets them."""
        requests, columns = self.requests, self.columns
        rows = requests.add(hub, kind, at, follow_up)
        release_at = np.where(columns.in_window[kind], self.lanes.inside_window(at), at)
        requests.stop_at[rows] = self.lanes.stop_at(at, release_at, columns.for_settlement[kind])
        allowed = np.flatnonzero(~columns.refused[kind])
        self.due.add(rows[allowed], release_at[allowed])

    def fail(self, rows: Ints, at: Floats) -> None:
        """Requests end without an answer; their users ask again a while later, before the SF run."""
        if not len(rows):
            return
        requests, lane = self.requests, self.lanes.lane
        requests.is_failed[rows] = True
        requests.answered_at[rows] = NEVER
        due_at = at + lane.follow_up_after_s
        again = np.flatnonzero((requests.follow_up[rows] < lane.follow_ups) & (due_at < self._around.sf_at))
        rows, due_at = rows[again], due_at[again] + self._random.random(len(again)) * FOLLOW_UPS_OVER_S
        kind = self.columns.again[requests.kind[rows]]
        self.ask(requests.hub[rows], kind, due_at, requests.follow_up[rows] + 1)

    def answer(self, rows: Ints, at: Floats) -> None:
        """Answers have come, in order of time; the first one to a request counts, unless it had been given up."""
        requests = self.requests
        timely = ~requests.is_failed[rows]
        # Backwards, so that of two answers to one request the earlier one stays.
        rows, at = rows[timely][::-1], at[timely][::-1]
        requests.answered_at[rows] = np.minimum(requests.answered_at[rows], at)

    def again(self, rows: Ints, at: Floats) -> None:
        """Attempts that came to nothing at an instant: another one, or none if the rules say stop."""
        requests, lane = self.requests, self.lanes.lane
        next_at = at + lane.spacing_s
        over = (requests.attempts[rows] >= lane.attempts) | (next_at + lane.answer_timeout_s > requests.stop_at[rows])
        self.due.add(rows[~over], next_at[~over])
        self.fail(rows[over], at[over])

    def is_open(self, rows: Ints, at: Floats) -> Flags:
        """Which requests have no answer by their instants, and no other outcome."""
        return (self.requests.answered_at[rows] > at) & ~self.requests.is_failed[rows]

    def send(self, rows: Ints, at: Floats) -> None:
        """An attempt is made of each row."""
        requests = self.requests
        requests.attempts[rows] += 1
        requests.sent_at[rows] = np.minimum(requests.sent_at[rows], at)
