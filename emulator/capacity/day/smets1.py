"""The day of a block of SMETS1 meters, all of one cohort: DSP, provider with its cache, DCO, SMS, sessions, meters.

Time goes by in spans about as short as a session lives, so that a hub is hardly woken twice in one. In each of them
first the reads come, then contexts are opened, then dialogues are held.
"""

from __future__ import annotations

import numpy as np

from emulator.capacity.day.agenda import Agenda
from emulator.capacity.day.counting import Counting
from emulator.capacity.day.model import Block, Floats, Ints, Source, Surroundings
from emulator.capacity.day.networks import Layout
from emulator.capacity.day.outages import make_outages
from emulator.capacity.day.requests import NEVER, Users
from emulator.capacity.day.smets1_limits import limits_of
from emulator.capacity.day.smets1_sessions import Sessions, Wishes
from emulator.capacity.day.tables import Dice
from emulator.capacity.day.tally import MOST_ATTEMPTS, Tally
from emulator.rng import generator
from emulator.smets1.cohorts import SRVS, load_cohorts
from emulator.smets1.s1sp import AHEAD_OF
from gbcs.times import DAY_S

_SPAN_S, _LATER_SPAN_S = 300.0, 7200.0
_SETTLES_S = 4 * 3600.0
_EXPORT = ("4.2", "4.8.3")
_NONE = -NEVER


class Smets1Day:
    """One block: make it, :meth:`run` it once.

    Does not model: what :class:`~emulator.capacity.day.smets1_sessions.Sessions` does not; priorities in queues; the
    documents of providers; a request that the provider refuses although the DSP did not.
    """

    def __init__(self, source: Source, block: Block, around: Surroundings) -> None:
        setting, scenario = source.setting, source.setting.scenario
        self._around, self._block = around, block
        nothing = np.zeros((0, 24))
        self._layout = Layout(source.stations(block), 0, 1, {"down": nothing, "up": nothing})
        self._outages = make_outages(around, block, self._layout)
        self._users = users = Users(around, block, source.reads(block))
        cohorts = load_cohorts(scenario.smets1.overrides, label=f"scenario {scenario.label}")
        self._limits = limits_of(block, scenario.population.smets1_cohorts, cohorts, around.rules)
        self._dco = cohorts.dco
        provider = cohorts.s1sp[cohorts.cohort[block.cohort].s1sp]
        is_cached = scenario.smets1.cache
        self._age_s = np.array([provider.cache_age_s.value.get(srv, _NONE) if is_cached else _NONE for srv in SRVS])
        self._hits_consult = scenario.smets1.cache_hits_consult_dco
        self._ahead = provider.read_ahead.value if is_cached else ()
        self._srv = np.array([SRVS.index(kind.srv) for kind in users.columns.kinds], np.int64)
        self._scheduled = np.array([kind.mode == "scheduled" for kind in users.columns.kinds])
        exports = np.isin(self._srv[users.requests.kind], [SRVS.index(srv) for srv in _EXPORT])
        self._exports = np.zeros(block.hubs, dtype=bool)
        self._exports[users.requests.hub[: users.requests.count][exports[: users.requests.count]]] = True
        none: Ints = np.zeros(0, np.int64)
        self._counting = Counting(block.network, self._layout, {"down": none, "up": none})
        dice = Dice(generator(setting.seed, "day", block.number, "draws"))
        self._sessions = Sessions(
            scenario,
            cohorts,
            block,
            dice,
            self._limits,
            self._counting,
            lambda hub, at: ~self._outages.blocked(hub, at),
        )
        self._read_at = np.full((len(SRVS), block.hubs), _NONE)
        """When the value was read that the provider keeps, by service request and hub."""
        self._timeouts = Agenda()

    def run(self) -> Tally:
        """What the day came to."""
        busy_until = self._users.planned_until + _SETTLES_S
        while (at := min(self._users.due.next_at(), self._sessions.next_at(), self._timeouts.next_at())) < NEVER:
            span_s = _SPAN_S if at < busy_until else _LATER_SPAN_S
            self._span(np.floor(at / span_s) * span_s + span_s)
        self._settle()
        self._sessions.finish()
        self._counting.requests(self._users.requests, self._users.columns)
        return self._counting.finish()

    def _span(self, until: float) -> None:
        self._send(*self._users.due.take(until))
        answers, failures = self._sessions.span(until)
        self._keep(answers)
        self._hand_over(answers.rows, answers.at)
        self._give_up(failures)
        self._time_out(until)

    # ------------------------------------------------------------------ DSP and provider

    def _send(self, rows: Ints, at: Floats) -> None:
        """Attempts on their way to the cache or to the session of their hub."""
        users, limits = self._users, self._limits
        wanted = users.is_open(rows, at)
        rows, at = rows[wanted], at[wanted]
        if limits.apn is not None:
            by_schedule = np.flatnonzero(self._scheduled[users.requests.kind[rows]])
            at[by_schedule] = limits.apn.released(at[by_schedule])
        order = np.argsort(at, kind="stable")
        rows, at = rows[order], limits.dsp.released(at[order])
        users.send(rows, at)
        self._counting.commands(at)
        self._timeouts.add(rows * MOST_ATTEMPTS + users.requests.attempts[rows], at + users.lanes.lane.answer_timeout_s)
        at = limits.provider.released(at)
        hub, srv = users.requests.hub[rows], self._srv[users.requests.kind[rows]]
        hit = at - self._read_at[srv, hub] <= self._age_s[srv]
        consulted = ~hit | self._hits_consult
        consulted_at = at.copy()
        consulted_at[consulted] = limits.dco.released(at[consulted]) + self._dco.service_s.value
        patient = consulted_at - at <= self._dco.gives_up_after_s.value
        self._give_up(Wishes(rows[~patient], at[~patient] + self._dco.gives_up_after_s.value))
        self._counting.from_cache(consulted_at[hit & patient])
        self._hand_over(rows[hit & patient], consulted_at[hit & patient])
        read = ~hit & patient
        self._want(rows[read], hub[read], srv[read], consulted_at[read])

    def _want(self, rows: Ints, hub: Ints, srv: Ints, at: Floats) -> None:
        """Have meters read, and what the provider reads ahead with it."""
        wishes = [Wishes(rows, at, hub, srv)]
        for name in self._ahead:
            place = SRVS.index(name)
            along = np.isin(srv, [SRVS.index(one) for one in AHEAD_OF if one != name])
            along &= self._exports[hub] | (name not in _EXPORT)
            wishes.append(
                Wishes(np.full(int(along.sum()), -1), at[along], hub[along], np.full(int(along.sum()), place))
            )
        self._sessions.want(wishes)

    def _keep(self, answers: Wishes) -> None:
        """What the provider keeps of what was read; a later answer is the newer one."""
        self._read_at[answers.srv, answers.hub] = np.maximum(self._read_at[answers.srv, answers.hub], answers.read_at)

    def _hand_over(self, rows: Ints, at: Floats) -> None:
        asked = rows >= 0
        rows, at = rows[asked], at[asked]
        order = np.argsort(at, kind="stable")
        self._counting.answers(at)
        self._users.answer(rows[order], at[order])

    def _give_up(self, failures: Wishes) -> None:
        """The provider says that nothing came: the DSP tries again, or the request has failed."""
        asked = failures.rows >= 0
        rows, at = failures.rows[asked], failures.at[asked]
        wanted = self._users.is_open(rows, at)
        rows, first = np.unique(rows[wanted], return_index=True)
        self._users.again(rows, at[wanted][first])

    def _time_out(self, until: float) -> None:
        """Attempts that the provider did not answer in time."""
        packed, at = self._timeouts.take(until)
        rows, attempt = packed // MOST_ATTEMPTS, packed % MOST_ATTEMPTS
        quiet = self._users.is_open(rows, at) & (self._users.requests.attempts[rows] == attempt)
        self._users.again(rows[quiet], at[quiet])

    # ------------------------------------------------------------------ settlement

    def _settle(self) -> None:
        """Count what was in at D+1 and SF; at RF, imports of hubs that can be reached are read again."""
        requests, around = self._users.requests, self._around
        settled = self._users.columns.settled[requests.kind[: requests.count]]
        at_d1, at_sf = (requests.settled(settled, at) for at in (around.d1_at, around.sf_at))
        at_rf = at_sf.copy()
        outages = make_outages(around, self._block, self._layout, later=self._outages)
        hub = np.arange(requests.hubs)
        at_rf[: requests.hubs] |= ~outages.blocked(hub, np.full(requests.hubs, around.rf_at + DAY_S / 3))
        self._counting.settled(requests, (at_d1, at_sf, at_rf))
