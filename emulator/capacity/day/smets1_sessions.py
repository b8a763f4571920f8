"""The data sessions of the hubs of one cohort, for whole arrays; see :class:`emulator.smets1.session.HubSession`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.agenda import Agenda
from emulator.capacity.day.counting import Counting
from emulator.capacity.day.dialogues import dialogues
from emulator.capacity.day.model import Block, Floats, Ints
from emulator.capacity.day.smets1_limits import Limits
from emulator.capacity.day.smets1_radio import NEVER, Reachable, Rounds, Smets1Radio
from emulator.capacity.day.tables import Dice
from emulator.scenario import Scenario
from emulator.smets1.cohorts import SRVS, Cohorts
from emulator.smets1.radio import load_radio

_TRIES, _CLOSE_RTTS = 2, 1.5
_SILENT_FACTOR = 2.0
_TRIES_BASE = 16


def _none() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Reads of meters: rows of requests (-1: read ahead) with an instant each, hub, service request, tries so far.

    Of answers ``read_at`` is when the meter was read.
    """

    rows: Ints
    at: Floats
    hub: Ints = field(default_factory=_none)
    srv: Ints = field(default_factory=_none)
    tries: Ints = field(default_factory=_none)
    read_at: Floats = field(default_factory=lambda: np.zeros(0))

    def some(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Wishes:
        """Those at the places."""
        return Wishes(*(getattr(self, name)[chosen] for name in _COLUMNS))


_COLUMNS = ("rows", "at", "hub", "srv", "tries", "read_at")


def together(parts: Sequence[Wishes]) -> Wishes:
    """All of them; columns that one lacks are zeros."""
    parts = [each for each in parts if len(each.rows)]
    if len(parts) == 1 and len(parts[0].read_at):
        return parts[0]
    columns: list[Any] = []
    for name in _COLUMNS:
        filled = [getattr(each, name) if len(getattr(each, name)) else np.zeros(len(each.rows)) for each in parts]
        whole = np.concatenate(filled) if filled else np.zeros(0)
        columns.append(whole if name in ("at", "read_at") else whole.astype(np.int64))
    return Wishes(*columns)


NOTHING = together([])


class Sessions:
    """Wake-ups, contexts, associations, reads.

    Does not model: late and double SMS; the quota of SMS; a context that is turned away at its very instant (it asks
    again with the next span); hubs of another block at the same access point.
    """

    def __init__(
        self, scenario: Scenario, cohorts: Cohorts, block: Block, dice: Dice, limits: Limits, counting: Counting,
        reachable: Reachable,
    ) -> None:  # fmt: skip
        row = cohorts.cohort[block.cohort]
        provider = cohorts.s1sp[row.s1sp]
        label = f"scenario {scenario.label}"
        self._parameters = load_radio(scenario.smets1.sms_preset, scenario.networks.overrides, label=label)
        self._row, self._limits, self._counting, self._reachable = row, limits, counting, reachable
        self._radio = Smets1Radio(self._parameters, row, dice, block.hubs)
        self._dice, self._wakes, self._wake_s = dice, provider.wakes.value, provider.wake_timeout_s.value
        operators = [cohorts.operator[name] for name in row.operators.value]
        self._validity_s = min(operator.sms_validity_s.value for operator in operators)
        talk = dialogues(row.profile.value)
        self._opening, self._closing = (Rounds([rounds], self._parameters) for rounds in (talk.opening, talk.closing))
        self._reading = Rounds([talk.reads[srv] for srv in SRVS], self._parameters)
        hubs = block.hubs
        self._is_pending, self._has_context = np.zeros(hubs, dtype=bool), np.zeros(hubs, dtype=bool)
        self._busy_until, self._open_until = np.full(hubs, -NEVER), np.full(hubs, -NEVER)
        self._until = np.full(hubs, -NEVER)
        """Scratch: an instant for some hubs, never for the others between two uses."""
        self._closed_at, self._up_at, self._heard_at = np.full(hubs, -NEVER), np.zeros(hubs), np.zeros(hubs)
        self._wants: list[Wishes] = []
        self._waiting = together([])
        self._starts, self._activations, self._dialogues, self._ends = Agenda(), Agenda(), Agenda(), Agenda()

    def want(self, wishes: Sequence[Wishes]) -> None:
        """Reads that are wanted from their instants on."""
        self._wants += [each for each in wishes if len(each.rows)]

    def next_at(self) -> float:
        """When something happens next."""
        wanted = min((float(each.at.min()) for each in self._wants), default=NEVER)
        agendas = (self._starts, self._activations, self._dialogues, self._ends)
        return min(wanted, *(agenda.next_at() for agenda in agendas))

    def span(self, until: float) -> tuple[Wishes, Wishes]:
        """All that happens before an instant: answers, and what came to nothing."""
        self._arrive(until)
        self._wake(*self._starts.take(until))
        self._activate(*self._activations.take(until))
        failures = [self._give_up(*self._ends.take(until))]
        answers: list[Wishes] = []
        while self._dialogues.next_at() < until:
            answered, failed = self._hold(*self._dialogues.take(until))
            answers.append(answered)
            failures.append(failed)
        self._close(until)
        return together(answers), together(failures)

    def finish(self) -> None:
        """Close what is still open when the day is over."""
        self._close(NEVER)

    # ------------------------------------------------------------------ wake-up

    def _arrive(self, until: float) -> None:
        """Reads find a session on its way, or open, or start one."""
        if not self._wants:
            return
        wants = together(self._wants)
        now = wants.at < until
        later = wants.some(~now)
        self._wants = [later] if len(later.rows) else []
        wants = wants.some(now)
        self._waiting = together([self._waiting, wants])
        self._begin(wants.hub, wants.at)

    def _begin(self, hub: Ints, at: Floats) -> None:
        """The first read of each hub that has nothing on its way begins something."""
        order = np.argsort(at, kind="stable")
        hub, first = np.unique(hub[order], return_index=True)
        at = at[order][first]
        idle = ~self._is_pending[hub]
        hub, at = hub[idle], at[idle]
        self._is_pending[hub] = True
        is_open = at <= self._open_until[hub]
        self._dialogues.add(hub[is_open], np.maximum(at, self._busy_until[hub])[is_open])
        hub, at = hub[~is_open], at[~is_open]
        races = at < self._closed_at[hub]
        self._starts.add(hub, np.where(races, self._closed_at[hub] + self._parameters.race_s.value, at))

    def _wake(self, hub: Ints, at: Floats) -> None:
        """Send SMS, again where the hub does not come, as often as the provider does."""
        if not len(hub):
            return
        at = self._limits.api.released(self._limits.sms.released(at))
        for _ in range(self._wakes):
            if not len(hub):
                return
            self._counting.sms(np.repeat(at, self._row.sms_per_wake.value))
            woken_at = self._radio.sms_arrive_at(hub, at, self._validity_s, self._reachable)
            awake = woken_at <= at + self._wake_s
            self._activations.add(hub[awake] * _TRIES_BASE, woken_at[awake])
            hub, at = hub[~awake], at[~awake] + self._wake_s
        self._ends.add(hub, at)

    def _give_up(self, hub: Ints, at: Floats) -> Wishes:
        """Nothing that waits for these hubs is read; what comes later begins anew."""
        self._is_pending[hub] = False
        if not len(hub):
            return NOTHING
        given_up = self._taken(hub, at)
        ended_at = dict(zip(hub.tolist(), at.tolist(), strict=True))
        self._begin_left(hub)
        return Wishes(given_up.rows, np.array([ended_at[one] for one in given_up.hub.tolist()]))

    # ------------------------------------------------------------------ contexts

    def _activate(self, packed: Ints, at: Floats) -> None:
        """Open contexts, as many as the access point holds; who is turned away asks again."""
        if not len(packed):
            return
        hub, tries = packed // _TRIES_BASE, packed % _TRIES_BASE + 1
        allowed = self._admitted(at)
        turned_away = np.flatnonzero(~allowed)
        if len(turned_away):
            self._ask_again(hub[turned_away], tries[turned_away], at[turned_away])
        hub, at = hub[allowed], at[allowed]
        self._has_context[hub], self._up_at[hub] = True, at
        up_at = at + self._dice.draw(self._radio.pdp_s, len(at))
        connected_at = up_at + self._radio.connected_s(hub)
        if self._row.session.value == "server":
            self._counting.api(up_at)
        half = np.full(len(hub), self._parameters.session_bytes.value // 2)
        self._counting.on_air(up_at, half, half)
        self._heard_at[hub] = connected_at
        self._dialogues.add(hub, connected_at)

    def _admitted(self, at: Floats) -> NDArray[np.bool_]:
        held = int(self._has_context.sum())
        if held + len(at) <= self._limits.contexts:
            return np.ones(len(at), dtype=bool)
        idle = np.flatnonzero(self._has_context & ~self._is_pending)
        ended = np.searchsorted(np.sort(self._open_until[idle]), at)
        over = np.maximum(held + np.arange(1, len(at) + 1) - ended - self._limits.contexts, 0)
        turned_away = np.maximum.accumulate(np.ceil(over))
        return np.diff(turned_away, prepend=0.0) <= 0

    def _ask_again(self, hub: Ints, tries: Ints, at: Floats) -> None:
        wait_s = self._parameters.pdp_retry_s.value * (_SILENT_FACTOR if self._limits.is_silent else 1.0)
        over = tries >= self._parameters.pdp_tries.value
        self._activations.add(hub[~over] * _TRIES_BASE + tries[~over], at[~over] + wait_s)
        self._ends.add(hub[over], at[over])

    def _close(self, until: float) -> None:
        """Give back the contexts of sessions that nobody asked anything of for too long."""
        hub = np.flatnonzero(self._has_context & ~self._is_pending & (self._open_until < until))
        if not len(hub):
            return
        self._shut(hub, self._open_until[hub])

    def _shut(self, hub: Ints, at: Floats) -> None:
        closed_at = at + _CLOSE_RTTS * self._radio.rtt_s(len(hub))
        self._has_context[hub], self._open_until[hub], self._closed_at[hub] = False, -NEVER, closed_at
        self._counting.context(self._up_at[hub], closed_at)

    # ------------------------------------------------------------------ the dialogue

    def _hold(self, hub: Ints, at: Floats) -> tuple[Wishes, Wishes]:
        """Read what waits for each hub, one after the other; now and then the link breaks in the middle of it."""
        order = np.argsort(hub, kind="stable")
        hub, at = hub[order], at[order]
        self._is_pending[hub] = False
        wishes = self._taken(hub, at)
        place = np.searchsorted(hub, wishes.hub)
        opening_s = self._radio.seconds(hub, self._opening, np.zeros(len(hub), np.int64))
        idle = self._parameters.idle_penalty
        opening_s += np.where(at - self._heard_at[hub] > idle.after_s, idle.more_s, 0.0)
        self._counting.on_air(at, *self._sizes(self._opening, np.zeros(len(hub), np.int64)))
        seconds = self._radio.seconds(wishes.hub, self._reading, wishes.srv)
        sums = np.cumsum(seconds)
        first = np.searchsorted(wishes.hub, hub)
        before = np.concatenate([[0.0], sums])[first]
        begins = at[place] + opening_s[place] + sums - seconds - before[place]
        breaks = self._dice.chance(self._parameters.exchange_lost.value, len(seconds))
        breaks |= ~self._reachable(wishes.hub, begins)
        broken = np.cumsum(breaks)
        good = broken == np.concatenate([[0], broken])[first][place]
        answered = wishes.some(good)
        ends = (begins + seconds)[good]
        self._counting.on_air(ends, *self._sizes(self._reading, answered.srv))
        asked = answered.rows >= 0
        self._counting.read(ends[asked], *self._reading.counted[answered.srv[asked]].T)
        self._release(hub, at + opening_s, place[good], ends, place[~good])
        break_at = begins[breaks] + seconds[breaks] * self._dice.random.random(int(breaks.sum()))
        failures = self._break(hub, place[breaks], break_at, wishes.some(~good), place[~good])
        self._begin_left(hub)
        return Wishes(answered.rows, ends, answered.hub, answered.srv, answered.tries, at[place[good]]), failures

    def _release(self, hub: Ints, opened_at: Floats, place: Ints, ends: Floats, not_done: Ints) -> None:
        """Associations close, and sessions linger; those that broke are dealt with elsewhere."""
        done_at = opened_at.copy()
        np.maximum.at(done_at, place, ends)
        whole = np.ones(len(hub), dtype=bool)
        whole[not_done] = False
        hub, done_at = hub[whole], done_at[whole]
        kind = np.zeros(len(hub), np.int64)
        released_at = done_at + self._radio.seconds(hub, self._closing, kind)
        self._counting.on_air(done_at, *self._sizes(self._closing, kind))
        self._busy_until[hub] = self._heard_at[hub] = released_at
        self._open_until[hub] = released_at + self._parameters.linger_s.value

    def _break(self, hub: Ints, place: Ints, break_at: Floats, cut: Wishes, cut_place: Ints) -> Wishes:
        """The first break ends a session: what was not read waits for another one, or has failed."""
        place, first = np.unique(place, return_index=True)
        at = np.full(len(hub), NEVER)
        at[place] = break_at[first]
        self._shut(hub[place], at[place])
        tries = cut.tries + 1
        again = tries < _TRIES
        waits = Wishes(cut.rows, cut.at, cut.hub, cut.srv, tries, cut.read_at).some(again)
        self._waiting = together([self._waiting, waits])
        return Wishes(cut.rows[~again], at[cut_place[~again]])

    def _taken(self, hub: Ints, at: Floats) -> Wishes:
        """Take what waits for hubs by their instants, by hub and time."""
        waiting, known = self._waiting, self._until
        known[hub] = at
        now = waiting.at <= known[waiting.hub]
        known[hub] = -NEVER
        self._waiting = waiting.some(~now)
        taken = waiting.some(now)
        return taken.some(np.lexsort((taken.at, taken.hub)))

    def _begin_left(self, hub: Ints) -> None:
        """What still waits for hubs whose session has moved on begins something new."""
        if not len(self._waiting.rows):
            return
        known = self._until
        known[hub] = NEVER
        left = self._waiting.some(known[self._waiting.hub] == NEVER)
        known[hub] = -NEVER
        if not len(left.rows):
            return
        # What was cut off has waited since before the session broke: it comes as soon as that has gone down.
        self._begin(left.hub, np.maximum(left.at, np.nextafter(self._closed_at[left.hub], -NEVER)))

    @staticmethod
    def _sizes(rounds: Rounds, kind: Ints) -> tuple[Ints, Ints]:
        return rounds.down[kind], rounds.up[kind]
