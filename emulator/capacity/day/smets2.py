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
from emulator.capacity.day.outages import make_outages
from emulator.capacity.day.rates import RateLimit
from emulator.capacity.day.requests import NEVER, Users
from emulator.capacity.day.tables import Dice
from emulator.capacity.day.tally import Tally
from emulator.esme.logs import DEPTHS
from emulator.rng import generator
from emulator.run import RF_SPREAD_S
from emulator.wan.model import Direction
from gbcs.times import HALF_HOUR_S

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
        dice = Dice(generator(setting.seed, "day", block.number, "draws"))
        channels = scenario.networks.north_channels_per_base_station
        self._layout = Layout(source.stations(block), block.stations, channels, source.background(block))
        self._outages = make_outages(around, block, self._layout)
        self._users = users = Users(around, block, source.reads(block))
        limit = around.rules.rates.csp[block.network]
        self._limit = RateLimit(limit.per_s.value * block.share, limit.burst.value * block.share)
        sizes: dict[Direction, Ints] = {"down": users.columns.down_bytes, "up": users.columns.up_bytes}
        air_sizes = {way: np.ceil(size * setting.ratio[way]).astype(np.int64) for way, size in sizes.items()}
        network = make_network(around.preset(block.preset), dice, self._layout, air_sizes)
        self._counting = Counting(block.network, self._layout, sizes)
        self._delivery, self._later = (
            Delivery(network, around.han, sizes, dice, counting)
            for counting in (self._counting, Counting(block.network, self._layout, sizes))
        )
        self._waiting, self._uplink = Agenda(), Agenda()

    def run(self) -> Tally:
        """What the day came to."""
        users, span_s, at = self._users, self._span_s(), 0.0
        while at <= users.planned_until:
            at += span_s
            self._span(at)
        self._rounds()
        self._settle()
        self._counting.requests(users.requests, users.columns)
        return self._counting.finish()

    def _span_s(self) -> float:
        """No longer than the pause before a retry where messages queue, and with no more reads than a cache holds."""
        batches = -(-self._users.requests.count // _READS_AT_ONCE)
        span_s = (self._users.planned_until + 1.0) / max(batches, 1)
        if not self._delivery.network.queues:
            return span_s
        return min(span_s, max(self._users.lanes.lane.spacing_s, _SHORTEST_SPAN_S))

    # ------------------------------------------------------------------ time

    def _span(self, until: float) -> None:
        """All that happens before an instant."""
        self._attempt(*self._users.due.take(until))
        self._answer(until)
        self._time_out(until)

    def _rounds(self) -> None:
        """All that is left, one round of attempts after the other; channels are taken for free when a round begins."""
        self._answer(NEVER)
        self._time_out(NEVER)
        while self._users.due:
            self._delivery.network.rest()
            self._span(NEVER)

    def _attempt(self, rows: Ints, at: Floats) -> None:
        """Send commands, but for requests that are answered by now, or that the rate limit held back too long."""
        users = self._users
        requests, timeout_s = users.requests, users.lanes.lane.answer_timeout_s
        at = self._limit.released(at)
        wanted = users.is_open(rows, at)
        late = wanted & (requests.attempts[rows] > 0) & (at + timeout_s > requests.stop_at[rows])
        users.fail(rows[late], at[late])
        sent = wanted & ~late
        rows, at = rows[sent], at[sent]
        users.send(rows, at)
        self._counting.commands(at)
        reached, back_at = self._delivery.to_meter(requests.hub[rows], requests.kind[rows], at, self._outages)
        self._uplink.add(rows[reached], back_at)
        self._waiting.add(rows, at + timeout_s)

    def _answer(self, until: float) -> None:
        """Take answers from the hubs to the head-end: of a network with queues, those that set out before ``until``."""
        rows, at = self._uplink.take(self._known(until))
        requests = self._users.requests
        arrived, answered_at = self._delivery.to_head_end(requests.hub[rows], requests.kind[rows], at, self._outages)
        self._counting.answers(answered_at)
        self._users.answer(rows[arrived], answered_at)

    def _time_out(self, until: float) -> None:
        """Attempts whose time is up without an answer."""
        rows, at = self._waiting.take(self._known(until))
        quiet = self._users.is_open(rows, at)
        self._users.again(rows[quiet], at[quiet])

    def _known(self, until: float) -> float:
        """Of a network without queues all is known at once, of others what is before ``until``."""
        return until if self._delivery.network.queues else NEVER

    # ------------------------------------------------------------------ settlement

    def _settle(self) -> None:
        """Count what was in at D+1 and SF, and read at RF what is missing then."""
        requests, around = self._users.requests, self._around
        settled = self._users.columns.settled[requests.kind[: requests.count]]
        at_d1, at_sf = (requests.settled(settled, at) for at in (around.d1_at, around.sf_at))
        at_rf = at_sf.copy()
        for expected, (srv, log) in _REREAD.items():
            if around.rf_at - around.d1_at <= held_s(log):
                self._reread(expected, srv, at_rf)
        self._counting.settled(requests, (at_d1, at_sf, at_rf))

    def _reread(self, settled: int, srv: str, at_rf: NDArray[np.bool_]) -> None:
        """Ask once more for each half-hourly day that is missing at SF, with all attempts that the rules allow."""
        users, around = self._users, self._around
        lane, hubs = users.lanes.lane, users.requests.hubs
        kind = next((at for at, one in enumerate(users.columns.kinds) if one.srv == srv), None)
        hub = np.flatnonzero((users.requests.is_expected & ~at_rf)[settled * hubs : (settled + 1) * hubs])
        if kind is None or not len(hub):
            return
        outages = make_outages(around, self._block, self._layout, later=self._outages)
        at = users.lanes.inside_window(around.rf_at + RF_SPREAD_S * (np.arange(len(hub)) + 0.5) / len(hub))
        for _ in range(lane.attempts):
            kinds = np.full(len(hub), kind)
            reached, back_at = self._later.to_meter(hub, kinds, at, outages)
            order = np.argsort(back_at, kind="stable")
            reached, back_at = reached[order], back_at[order]
            arrived, _ = self._later.to_head_end(hub[reached], kinds[reached], back_at, outages)
            at_rf[settled * hubs + hub[reached[arrived]]] = True
            left = ~at_rf[settled * hubs + hub]
            hub, at = hub[left], at[left] + lane.answer_timeout_s + lane.spacing_s


def held_s(log: str) -> float:
    """For how long a log of a meter holds its half-hours."""
    return float(DEPTHS[log] * HALF_HOUR_S)
