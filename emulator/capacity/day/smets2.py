"""The day of a block of SMETS2 meters: what the head-end does of a run, for all requests of a span of time at once.

A span is no longer than the pause before a retry, so that all that is sent in it is known when it begins: queues meet
their messages in order of time. When the planned reads are out, what is left (retries, follow-ups) goes in rounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.agenda import Agenda
from emulator.capacity.day.counting import Counting
from emulator.capacity.day.delivery import Delivery
from emulator.capacity.day.model import Block, Floats, Ints, Source, Surroundings
from emulator.capacity.day.networks import Layout, make_network
from emulator.capacity.day.outages import Outages
from emulator.capacity.day.requests import NEVER, KindColumns, Lanes, Requests
from emulator.capacity.day.tables import Dice
from emulator.capacity.day.tally import Tally
from emulator.esme.logs import DEPTHS
from emulator.rng import generator
from emulator.run import FOLLOW_UPS_OVER_S, RF_SPREAD_S
from emulator.wan.model import Direction
from gbcs.times import DAY_S, HALF_HOUR_S

_REREAD = {0: ("4.8.1", "profile_active_import"), 1: ("4.8.3", "profile_export")}
"""What is read at RF for each half-hourly expectation, and the log that must hold it still."""
_SHORTEST_SPAN_S = 60.0
_READS_AT_ONCE = 1 << 16
"""Columns so short stay in the processor's cache."""

class Smets2Day:
    """One block: make it, :meth:`run` it once.

    Does not model: values (each answer holds what was asked for), clocks and logs of meters, anti-replay; retries that
    are due within the span in which their first attempt was sent wait for the next span; a duplicate of a message.
    """

    def __init__(self, source: Source, block: Block, around: Surroundings) -> None:
        setting, scenario = source.setting, source.setting.scenario
        self._around, self._block = around, block
        self._random = generator(setting.seed, "day", block.number, "rest")
        dice = Dice(generator(setting.seed, "day", block.number, "draws"))
        background = {way: np.array(shares) for way, shares in setting.background.items()}
        channels = scenario.networks.north_channels_per_base_station
        self._layout = Layout(source.stations(block), block.stations, channels, background)
        self._outages = self._make_outages("now", int(around.sf_at // DAY_S) + 1)
        planned = source.reads(block)
        self._columns = columns = KindColumns(planned.kinds, around, block.network)
        self._lanes = _lanes(around, block)
        self._counting = Counting(block.network, self._layout)
        sizes: dict[Direction, Ints] = {"down": columns.down_bytes, "up": columns.up_bytes}
        air_sizes = {way: np.ceil(size * setting.ratio[way]).astype(np.int64) for way, size in sizes.items()}
        network = make_network(around.preset(block.preset), dice, self._layout)
        self._delivery, self._later = (
            Delivery(network, around.han, sizes, air_sizes, dice, counting)
            for counting in (self._counting, Counting(block.network, self._layout))
        )
        self._requests = Requests(block.hubs)
        self._due, self._waiting, self._uplink = Agenda(), Agenda(), Agenda()
        self._ask(planned.hub, columns.given[planned.kind], planned.due_at)
        self._requests.expect(columns.settled[self._requests.kind], planned.hub)
        self._planned_until = float(planned.due_at.max(initial=0.0))

    def run(self) -> Tally:
        """What the day came to."""
        span_s = self._span_s()
        at = 0.0
        while at <= self._planned_until:
            at += span_s
            self._span(at)
        self._rounds()
        self._settle()
        self._counting.requests(self._requests, self._columns)
        self._counting.finish()
        return self._counting.tally

    def _span_s(self) -> float:
        """No longer than the pause before a retry where messages queue, and no more reads in it than are quickly done."""
        batches = -(-self._requests.count // _READS_AT_ONCE)
        span_s = (self._planned_until + 1.0) / max(batches, 1)
        if not self._delivery.network.queues:
            return span_s
        return min(span_s, max(self._lanes.lane.spacing_s, _SHORTEST_SPAN_S))

    # ------------------------------------------------------------------ requests

    def _ask(self, hub: Ints, kind: Ints, at: Floats, follow_up: Ints | int = 0) -> None:
        """New requests: refused, or due when their window lets them."""
        requests, columns = self._requests, self._columns
        rows = requests.add(hub, kind, at, follow_up)
        release_at = np.where(columns.in_window[kind], self._lanes.inside_window(at), at)
        requests.stop_at[rows] = self._lanes.stop_at(at, release_at, columns.for_settlement[kind])
        allowed = np.flatnonzero(~columns.refused[kind])
        self._due.add(rows[allowed], release_at[allowed])

    def _fail(self, rows: Ints, at: Floats) -> None:
        """Requests end without an answer; their users ask again, on demand, a while later."""
        requests, lane = self._requests, self._lanes.lane
        requests.is_failed[rows] = True
        requests.answered_at[rows] = NEVER
        due_at = at + lane.follow_up_after_s
        again = np.flatnonzero((requests.follow_up[rows] < lane.follow_ups) & (due_at < self._around.sf_at))
        rows, due_at = rows[again], due_at[again] + self._random.random(len(again)) * FOLLOW_UPS_OVER_S
        if len(rows):
            kind = self._columns.again[requests.kind[rows]]
            self._ask(requests.hub[rows], kind, due_at, requests.follow_up[rows] + 1)

    # ------------------------------------------------------------------ time

    def _span(self, until: float) -> None:
        """All that happens before an instant."""
        rows, at = self._due.take(until)
        self._attempt(rows, at)
        self._answer(until)
        self._time_out(until)

    def _rounds(self) -> None:
        """All that is left, one round of attempts after the other; channels are taken for free when a round begins."""
        self._answer(NEVER)
        self._time_out(NEVER)
        while self._due:
            self._delivery.network.rest()
            self._span(NEVER)

    def _attempt(self, rows: Ints, at: Floats) -> None:
        """Send commands, but for requests that are answered by now, or that the rate limit held back too long."""
        requests, lane = self._requests, self._lanes.lane
        at = self._lanes.released(at)
        open_ = (requests.answered_at[rows] > at) & ~requests.is_failed[rows]
        late = open_ & (requests.attempts[rows] > 0) & (at + lane.answer_timeout_s > requests.stop_at[rows])
        self._fail(rows[late], at[late])
        sent = open_ & ~late
        rows, at = rows[sent], at[sent]
        requests.attempts[rows] += 1
        requests.sent_at[rows] = np.minimum(requests.sent_at[rows], at)
        self._counting.commands(at)
        hub, kind = requests.hub[rows], requests.kind[rows]
        reached, back_at = self._delivery.to_meter(hub, kind, at, self._outages)
        self._uplink.add(rows[reached], back_at)
        self._waiting.add(rows, at + lane.answer_timeout_s)

    def _answer(self, until: float) -> None:
        """Take answers from the hubs to the head-end: of a network with queues, those that set out before ``until``."""
        rows, at = self._uplink.take(self._known(until))
        requests = self._requests
        arrived, answered_at = self._delivery.to_head_end(
            requests.hub[rows], requests.kind[rows], at, self._outages
        )
        rows = rows[arrived]
        self._counting.answers(answered_at)
        timely = ~requests.is_failed[rows]
        # Backwards, so that of two answers to one request the earlier one stays.
        rows, answered_at = rows[timely][::-1], answered_at[timely][::-1]
        requests.answered_at[rows] = np.minimum(requests.answered_at[rows], answered_at)

    def _time_out(self, until: float) -> None:
        """Attempts whose time is up without an answer: another one, or none if the rules say stop."""
        rows, at = self._waiting.take(self._known(until))
        requests, lane = self._requests, self._lanes.lane
        quiet = (requests.answered_at[rows] > at) & ~requests.is_failed[rows]
        rows, at = rows[quiet], at[quiet]
        next_at = at + lane.spacing_s
        over = (requests.attempts[rows] >= lane.attempts) | (
            next_at + lane.answer_timeout_s > requests.stop_at[rows]
        )
        self._due.add(rows[~over], next_at[~over])
        self._fail(rows[over], at[over])

    # ------------------------------------------------------------------ settlement

    def _settle(self) -> None:
        """Count what was in at D+1 and SF, and read at RF what is missing then."""
        requests, columns, around = self._requests, self._columns, self._around
        answered = np.flatnonzero(np.isfinite(requests.answered_at[: requests.count]))
        requests.settle(columns.settled[requests.kind[answered]], answered)
        at_rf = requests.settled_at < around.sf_at
        for settled, (srv, log) in _REREAD.items():
            if around.rf_at - around.d1_at <= _held_s(log):
                self._reread(settled, srv, at_rf)
        self._counting.settled(requests, (around.d1_at, around.sf_at), at_rf)

    def _reread(self, settled: int, srv: str, at_rf: NDArray[np.bool_]) -> None:
        """Ask once more for each half-hourly day that is missing at SF, with all attempts that the rules allow."""
        requests, around, lane = self._requests, self._around, self._lanes.lane
        kind = next((at for at, one in enumerate(self._columns.kinds) if one.srv == srv), None)
        first = settled * requests.hubs
        hub = np.flatnonzero((requests.is_expected & ~at_rf)[first : first + requests.hubs])
        if kind is None or not len(hub):
            return
        outages = self._make_outages("rf", 1, around.rf_at, self._outages.uncovered)
        at = self._lanes.inside_window(around.rf_at + RF_SPREAD_S * (np.arange(len(hub)) + 0.5) / len(hub))
        for _ in range(lane.attempts):
            kinds = np.full(len(hub), kind)
            reached, back_at = self._later.to_meter(hub, kinds, at, outages)
            order = np.argsort(back_at, kind="stable")
            reached, back_at = reached[order], back_at[order]
            arrived, _ = self._later.to_head_end(hub[reached], kinds[reached], back_at, outages)
            at_rf[first + hub[reached[arrived]]] = True
            left = ~at_rf[first + hub]
            hub, at = hub[left], at[left] + lane.answer_timeout_s + lane.spacing_s

    def _known(self, until: float) -> float:
        """Of a network without queues all is known at once, of others what is before ``until``."""
        return until if self._delivery.network.queues else NEVER

    def _make_outages(
        self, when: str, days: int, begins_at: float = 0.0, uncovered: NDArray[np.bool_] | None = None
    ) -> Outages:
        around, block, setting = self._around, self._block, self._around.setting
        random = generator(setting.seed, "day", block.number, "outages", when)
        natural = setting.scenario.faults.natural_outages
        made = Outages(around.outages, random, self._layout, days, natural=natural, begins_at=begins_at)
        if uncovered is not None:
            made.uncovered = uncovered
        return made


def _held_s(log: str) -> float:
    """For how long a log holds its half-hours."""
    return float(DEPTHS[log] * HALF_HOUR_S)


def _lanes(around: Surroundings, block: Block) -> Lanes:
    limit = around.rules.rates.csp[block.network]
    burst = max(1, round(limit.burst.value * block.share))
    return Lanes(around.lane(block.network), limit.per_s.value * block.share, burst)
