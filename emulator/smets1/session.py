"""The data session of one hub: what happens in each state of :mod:`emulator.smets1.states`, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from emulator.kernel import Kernel
from emulator.smets1.access_point import AccessPoint
from emulator.smets1.cohorts import CohortRow, OperatorRow
from emulator.smets1.exchange import Ask, Dialogue, Exchange, Reading, Round, Values, sizes
from emulator.smets1.gate import Gate
from emulator.smets1.measures import Measures
from emulator.smets1.radio import Radio
from emulator.smets1.states import Event, State, follow
from gbcs.times import DAY_S

LATE_SMS, DUPLICATE, STRAY, RACE, BROKEN = (
    "late SMS",
    "duplicate SMS",
    "stray wake-up",
    "request raced with a closing session",
    "session broken in an exchange",
)
APN_FULL, NO_WAKE, OVER_QUOTA = "access point full", "wake-up without answer", "SMS held back beyond the quota"
FAULTS = (LATE_SMS, DUPLICATE, STRAY, RACE, BROKEN, APN_FULL, NO_WAKE, OVER_QUOTA)
"""Names of what goes wrong, as the report counts them."""

_MONTH_S = 30 * DAY_S
_TRIES = 2
"""Sessions that a read may break before it is given up."""
_CLOSE_RTTS = 1.5


class Wish:
    """A read that waits for a session, or is under way."""

    __slots__ = ("ask", "bytes_down", "bytes_up", "done", "priority", "tries")

    def __init__(self, ask: Ask, priority: int, done: Done) -> None:
        """``done`` is called once, with the values or with leg and reason."""
        self.ask, self.priority, self.done = ask, priority, done
        self.tries = self.bytes_down = self.bytes_up = 0


Done: TypeAlias = Callable[[Wish, Values | None, str, str, float], None]
"""``done(wish, values or None, leg, reason, now)``."""


class Way:
    """What the hubs of one cohort and operator share: the parties, their limits, and the network between."""

    __slots__ = (
        "access_point", "api", "cohort", "dialogue", "kernel", "measures", "operator", "operator_place", "radio",
        "reachable", "sms", "wake_timeout_s", "wakes",
    )  # fmt: skip

    def __init__(
        self,
        kernel: Kernel,
        radio: Radio,
        measures: Measures,
        dialogue: Dialogue,
        cohort: CohortRow,
        operator: tuple[int, OperatorRow],
        access_point: AccessPoint,
        gates: tuple[Gate, Gate],
        wakes: tuple[int, float],
        reachable: Callable[[int, float], bool],
    ) -> None:
        """``gates``: that of the cohort's SMS and that of the operator's interface.

        ``wakes``: wake-ups and how long each may take.
        """
        self.kernel, self.radio, self.measures, self.dialogue = kernel, radio, measures, dialogue
        self.cohort, self.access_point = cohort, access_point
        self.operator_place, self.operator = operator
        self.sms, self.api = gates
        self.wakes, self.wake_timeout_s = wakes
        self.reachable = reachable


class HubSession:
    """One hub and the session with it, driven by the table of states.

    Does not model: a hub that restarts; more than one connection at a time; reads of others on the same session.
    """

    __slots__ = (
        "_arrived", "_batch", "_context_since", "_exchange", "_heard_at", "_month", "_sms_in_month", "_turn", "_waits",
        "_wakes", "_woken_from", "hub", "state", "way",
    )  # fmt: skip

    def __init__(self, hub: int, way: Way) -> None:
        self.hub, self.way, self.state = hub, way, State.IDLE
        self._waits: list[Wish] = []
        self._batch: list[tuple[Wish, Reading]] = []
        self._exchange: Exchange | None = None
        self._turn = self._wakes = self._arrived = self._month = self._sms_in_month = 0
        self._heard_at = float("-inf")
        self._context_since: float | None = None
        self._woken_from: float | None = None

    def want(self, wish: Wish) -> None:
        """Read something of this hub's meter: at once where a session stands, else after a wake-up."""
        self._waits.append(wish)
        if self.state is State.CLOSING:
            self.way.measures.faults[RACE] += 1
        self._on(Event.WANTED)

    # ------------------------------------------------------------------ the table at work

    def _on(self, event: Event) -> None:
        """Follow the table; entering a state does what is due there, an event that changes nothing does not."""
        before, self.state = self.state, follow(self.state, event)
        if self.state is not before or event is Event.ANSWERED:
            self._turn += 1
            _ENTER[self.state](self)

    def _later(self, seconds: float, event: Event) -> None:
        """Let an event happen unless the state is another one by then."""
        kernel = self.way.kernel
        kernel.at(kernel.now + seconds, self._happen, self._turn, event)

    def _happen(self, turn: int, event: Event) -> None:
        if turn == self._turn:
            self._on(event)

    # ------------------------------------------------------------------ wake-up

    def _idle(self) -> None:
        """Give the context back; begin anew where requests came while it went down."""
        if self._context_since is not None:
            way = self.way
            way.access_point.give_back()
            way.measures.context(self._context_since, way.kernel.now, way.access_point.place)
            self._context_since = None
        if self._waits:
            self._later(self.way.radio.parameters.race_s.value, Event.WANTED)

    def _waiting(self) -> None:
        """Queue for the rate of SMS, then for the operator's interface."""
        way = self.way
        if self._wakes >= way.wakes:
            way.measures.faults[NO_WAKE] += 1
            self._give_up(Event.GIVEN_UP, "sms", f"no answer to {several(self._wakes, 'wake-up')}")
        elif not self._may_send():
            way.measures.faults[OVER_QUOTA] += 1
            self._give_up(Event.GIVEN_UP, "sms", OVER_QUOTA)
        else:
            priority = min(wish.priority for wish in self._waits)
            way.sms.enter(way.kernel.now, priority, self._admitted, self._turn)

    def _may_send(self) -> bool:
        cohort, month = self.way.cohort, int(self.way.kernel.now // _MONTH_S)
        if month != self._month:
            self._month, self._sms_in_month = month, 0
        allowed = cohort.sms_quota_per_month.value
        return cohort.beyond_quota.value == "charge" or self._sms_in_month + cohort.sms_per_wake.value <= allowed

    def _admitted(self, turn: int, now: float) -> None:
        if turn == self._turn:
            self.way.api.enter(now, 0, self._send_sms, turn)

    def _send_sms(self, turn: int, _now: float) -> None:
        if turn == self._turn:
            self._on(Event.ADMITTED)

    def _sms_sent(self) -> None:
        """Hand over as many SMS as a wake-up takes."""
        way = self.way
        kernel, now = way.kernel, way.kernel.now
        self._wakes += 1
        self._arrived = 0
        if self._woken_from is None:
            self._woken_from = now
        for _ in range(way.cohort.sms_per_wake.value):
            self._sms_in_month += 1
            way.measures.sms(now, self.hub, way.operator_place)
            for try_s, arrival_s in way.radio.deliveries(self.hub, way.operator.sms_validity_s.value):
                if way.reachable(self.hub, now + try_s):
                    kernel.at(now + arrival_s, self._sms_arrives, self._turn)
                    break
            twice_s = way.radio.duplicate_s()
            if twice_s is not None:
                kernel.at(now + twice_s, self._sms_again)
        self._later(way.wake_timeout_s, Event.NO_ANSWER)

    def _sms_arrives(self, turn: int) -> None:
        self._arrived += 1
        if turn != self._turn and self.state in _UNCONNECTED:
            self.way.measures.faults[LATE_SMS] += 1
        if self._arrived >= self.way.cohort.sms_per_wake.value:
            self._on(Event.WOKEN)

    def _sms_again(self) -> None:
        self.way.measures.faults[DUPLICATE] += 1
        if self.way.cohort.sms_per_wake.value == 1 and self.way.reachable(self.hub, self.way.kernel.now):
            self._on(Event.WOKEN)

    # ------------------------------------------------------------------ context and connection

    def _activating(self) -> None:
        self._activate(1, self._turn)

    def _activate(self, number: int, turn: int) -> None:
        """Ask for a context; one that is turned away asks again, as often as the hub does."""
        if turn != self._turn:
            return
        way, parameters = self.way, self.way.radio.parameters
        if way.access_point.take():
            self._context_since = way.kernel.now
            self._later(way.radio.pdp_s(), Event.CONTEXT_UP)
            return
        way.measures.faults[APN_FULL] += 1
        if number >= parameters.pdp_tries.value:
            self._give_up(Event.NO_CONTEXT, "apn", f"{APN_FULL}, asked {several(number, 'time')}")
            return
        # A refusal is heard at once; silence is only told by the hub's timer, which starts over.
        wait_s = parameters.pdp_retry_s.value * (2.0 if way.access_point.is_silent else 1.0)
        way.kernel.at(way.kernel.now + wait_s, self._activate, number + 1, turn)

    def _connecting(self) -> None:
        """TCP: the server looks the hub's address up and connects, or the hub calls home with an extra round."""
        way = self.way
        rtt_s, parameters = way.radio.rtt_s(), way.radio.parameters
        seconds = parameters.tcp_rtts.value * rtt_s
        if way.cohort.session.value == "device":
            seconds += rtt_s
        else:
            way.measures.api(way.kernel.now, way.operator_place)
        size = parameters.session_bytes.value
        seconds = max(seconds, way.radio.air_s(self.hub, size))
        way.measures.data(way.kernel.now, seconds, size, self.hub)
        self._heard_at = way.kernel.now + seconds
        self._wakes = 0
        if not self._waits:
            way.measures.faults[STRAY] += 1
        self._later(seconds, Event.CONNECTED if self._waits else Event.NOTHING_ASKED)

    # ------------------------------------------------------------------ the dialogue

    def _associating(self) -> None:
        """Hold the dialogue with all that waits, and let its opening take its time."""
        way = self.way
        wishes, self._waits = self._waits, []
        way.measures.read_at.extend([way.kernel.now] * len(wishes))
        self._exchange = exchange = way.dialogue.hold(self.hub, [wish.ask for wish in wishes], way.kernel.now)
        first_s = self._round_s(exchange.opening[0]) if exchange.opening else 0.0
        seconds = first_s + self._rounds_s(exchange.opening[1:])
        self._transfer(exchange.opening, seconds)
        if self._woken_from is not None:
            at = way.kernel.now + first_s
            way.measures.first_byte(at, at - self._woken_from)
            self._woken_from = None
        if exchange.refused:
            self._later(seconds, Event.REFUSED)
            self._tell(wishes, "esme", f"the meter refused the association: {exchange.refused}")
            return
        self._batch = list(zip(wishes, exchange.readings, strict=True))
        self._later(seconds, Event.ASSOCIATED)

    def _exchanging(self) -> None:
        """Let the next read take its time; now and then the link breaks in the middle of it."""
        way = self.way
        wish, reading = self._batch[0]
        seconds = self._rounds_s(reading.rounds)
        down, up = sizes(reading.rounds)
        wish.bytes_down += way.radio.size_on_air(down)
        wish.bytes_up += way.radio.size_on_air(up)
        self._transfer(reading.rounds, seconds)
        turn = self._turn
        if way.radio.is_exchange_lost() or not way.reachable(self.hub, way.kernel.now):
            way.kernel.at(way.kernel.now + seconds * way.radio.share(), self._break, turn)
        else:
            way.kernel.at(way.kernel.now + seconds, self._answer, turn)

    def _answer(self, turn: int) -> None:
        if turn != self._turn:
            return
        wish, reading = self._batch.pop(0)
        now = self.way.kernel.now
        self._on(Event.ANSWERED if self._batch else Event.LAST_ANSWERED)
        wish.done(wish, reading.values, "esme" if reading.error else "", reading.error, now)

    def _break(self, turn: int) -> None:
        if turn != self._turn:
            return
        self.way.measures.faults[BROKEN] += 1
        wishes, self._batch = [wish for wish, _ in self._batch], []
        for wish in wishes:
            wish.tries += 1
        self._waits = [wish for wish in wishes if wish.tries < _TRIES] + self._waits
        self._on(Event.BROKEN)
        self._tell([wish for wish in wishes if wish.tries >= _TRIES], "apn", f"{BROKEN}, {several(_TRIES, 'time')}")

    def _releasing(self) -> None:
        closing = self._exchange.closing if self._exchange is not None else ()
        seconds = self._rounds_s(closing)
        self._transfer(closing, seconds)
        self.way.kernel.at(self.way.kernel.now + seconds, self._released, self._turn)

    def _released(self, turn: int) -> None:
        if turn == self._turn:
            self._exchange = None
            self._on(Event.MORE_ASKED if self._waits else Event.RELEASED)

    # ------------------------------------------------------------------ the end

    def _lingering(self) -> None:
        if self._waits:
            self._on(Event.WANTED)
        else:
            self._later(self.way.radio.parameters.linger_s.value, Event.LINGERED)

    def _closing(self) -> None:
        self._later(_CLOSE_RTTS * self.way.radio.rtt_s(), Event.CLOSED)

    def _give_up(self, event: Event, leg: str, reason: str) -> None:
        """Nothing that waits is read. The session moves on first: whoever is told may ask again at once."""
        waits, self._waits = self._waits, []
        self._wakes, self._woken_from = 0, None
        self._on(event)
        self._tell(waits, leg, reason)

    def _tell(self, wishes: list[Wish], leg: str, reason: str) -> None:
        for wish in wishes:
            wish.done(wish, None, leg, reason, self.way.kernel.now)

    # ------------------------------------------------------------------ time

    def _rounds_s(self, rounds: tuple[Round, ...]) -> float:
        return sum(map(self._round_s, rounds))

    def _round_s(self, sent: Round) -> float:
        """Seconds of one round: there and back, its bytes, the hub in between, and the channel after a pause."""
        radio = self.way.radio
        size = radio.size_on_air(sent[0]) + radio.size_on_air(sent[1])
        seconds = radio.rtt_s() + radio.air_s(self.hub, size) + self.way.cohort.behind_hub_s.value
        penalty, now = radio.parameters.idle_penalty, self.way.kernel.now
        if now - self._heard_at > penalty.after_s:
            seconds += penalty.more_s
            self._heard_at = now
        return seconds

    def _transfer(self, rounds: tuple[Round, ...], seconds: float) -> None:
        if rounds:
            radio = self.way.radio
            size = sum(radio.size_on_air(down) + radio.size_on_air(up) for down, up in rounds)
            self.way.measures.data(self.way.kernel.now, seconds, size, self.hub)
            self._heard_at = self.way.kernel.now + seconds


def several(number: int, one: str) -> str:
    """Number and noun: "1 time", "2 times"."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


_UNCONNECTED = (State.IDLE, State.WAITING)

_ENTER: dict[State, Callable[[HubSession], None]] = {
    State.IDLE: HubSession._idle,
    State.WAITING: HubSession._waiting,
    State.SMS_SENT: HubSession._sms_sent,
    State.ACTIVATING: HubSession._activating,
    State.CONNECTING: HubSession._connecting,
    State.ASSOCIATING: HubSession._associating,
    State.EXCHANGING: HubSession._exchanging,
    State.RELEASING: HubSession._releasing,
    State.LINGERING: HubSession._lingering,
    State.CLOSING: HubSession._closing,
}
"""What entering a state does."""
