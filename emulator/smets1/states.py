"""The states of a hub's data session, and every transition there is, in one table.

::

    idle -> waiting -> sms_sent -> activating -> connecting -> associating -> exchanging -> releasing -> lingering
      ^                                                                                                      |
      +-------------------------------------------- closing <------------------------------------------------+

An SMS that arrives although nobody waits for it opens a context all the same; a request that comes while the session
lingers needs no SMS; one that comes while it closes is a race, and is told from the others by its fault.
"""

from __future__ import annotations

from enum import Enum, auto

from gbcs.errors import LocalError


class State(Enum):
    """Where the session of a hub stands."""

    IDLE = auto()
    """No context, nothing asked."""
    WAITING = auto()
    """A request waits for a place in the rate of SMS."""
    SMS_SENT = auto()
    """The wake-up is on its way."""
    ACTIVATING = auto()
    """The hub asks for a PDP context."""
    CONNECTING = auto()
    """The context is up, TCP is not yet."""
    ASSOCIATING = auto()
    """The dialect opens its association."""
    EXCHANGING = auto()
    """A read is under way."""
    RELEASING = auto()
    """The dialect closes its association."""
    LINGERING = auto()
    """Nothing to do; the context is kept for a while."""
    CLOSING = auto()
    """The context goes down."""


class Event(Enum):
    """What can happen to a session."""

    WANTED = auto()
    """A request for the hub has come."""
    ADMITTED = auto()
    """The rate of SMS allows the wake-up."""
    WOKEN = auto()
    """As many SMS have arrived as the hub needs."""
    NO_ANSWER = auto()
    """The wake-up took too long, and another one may be sent."""
    GIVEN_UP = auto()
    """No other wake-up may be sent, or none is allowed."""
    CONTEXT_UP = auto()
    NO_CONTEXT = auto()
    """The access point was full, or silent, as often as the hub asks."""
    CONNECTED = auto()
    """TCP stands and there is something to ask."""
    NOTHING_ASKED = auto()
    """TCP stands and nobody wants anything: a stray wake-up."""
    ASSOCIATED = auto()
    REFUSED = auto()
    """The meter refuses the association."""
    ANSWERED = auto()
    """A read is done and another one of the same association follows."""
    LAST_ANSWERED = auto()
    """All reads of the association are done."""
    BROKEN = auto()
    """The link fails in the middle of it."""
    RELEASED = auto()
    MORE_ASKED = auto()
    """The association is closed and requests have come meanwhile."""
    LINGERED = auto()
    """Nothing was asked for as long as the context is kept."""
    CLOSED = auto()


_S, _E = State, Event

TRANSITIONS: dict[tuple[State, Event], State] = {
    (_S.IDLE, _E.WANTED): _S.WAITING,
    (_S.IDLE, _E.WOKEN): _S.ACTIVATING,
    (_S.WAITING, _E.WANTED): _S.WAITING,
    (_S.WAITING, _E.ADMITTED): _S.SMS_SENT,
    (_S.WAITING, _E.GIVEN_UP): _S.IDLE,
    (_S.WAITING, _E.WOKEN): _S.ACTIVATING,
    (_S.SMS_SENT, _E.WANTED): _S.SMS_SENT,
    (_S.SMS_SENT, _E.WOKEN): _S.ACTIVATING,
    (_S.SMS_SENT, _E.NO_ANSWER): _S.WAITING,
    (_S.SMS_SENT, _E.GIVEN_UP): _S.IDLE,
    (_S.ACTIVATING, _E.WANTED): _S.ACTIVATING,
    (_S.ACTIVATING, _E.WOKEN): _S.ACTIVATING,
    (_S.ACTIVATING, _E.CONTEXT_UP): _S.CONNECTING,
    (_S.ACTIVATING, _E.NO_CONTEXT): _S.IDLE,
    (_S.CONNECTING, _E.WANTED): _S.CONNECTING,
    (_S.CONNECTING, _E.WOKEN): _S.CONNECTING,
    (_S.CONNECTING, _E.CONNECTED): _S.ASSOCIATING,
    (_S.CONNECTING, _E.NOTHING_ASKED): _S.LINGERING,
    (_S.ASSOCIATING, _E.WANTED): _S.ASSOCIATING,
    (_S.ASSOCIATING, _E.WOKEN): _S.ASSOCIATING,
    (_S.ASSOCIATING, _E.ASSOCIATED): _S.EXCHANGING,
    (_S.ASSOCIATING, _E.REFUSED): _S.RELEASING,
    (_S.EXCHANGING, _E.WANTED): _S.EXCHANGING,
    (_S.EXCHANGING, _E.WOKEN): _S.EXCHANGING,
    (_S.EXCHANGING, _E.ANSWERED): _S.EXCHANGING,
    (_S.EXCHANGING, _E.LAST_ANSWERED): _S.RELEASING,
    (_S.EXCHANGING, _E.BROKEN): _S.CLOSING,
    (_S.RELEASING, _E.WANTED): _S.RELEASING,
    (_S.RELEASING, _E.WOKEN): _S.RELEASING,
    (_S.RELEASING, _E.RELEASED): _S.LINGERING,
    (_S.RELEASING, _E.MORE_ASKED): _S.ASSOCIATING,
    (_S.LINGERING, _E.WANTED): _S.ASSOCIATING,
    (_S.LINGERING, _E.WOKEN): _S.LINGERING,
    (_S.LINGERING, _E.LINGERED): _S.CLOSING,
    (_S.CLOSING, _E.WANTED): _S.CLOSING,
    (_S.CLOSING, _E.WOKEN): _S.CLOSING,
    (_S.CLOSING, _E.CLOSED): _S.IDLE,
}
"""Everything else cannot happen; :func:`follow` says so by name."""


def follow(state: State, event: Event) -> State:
    """The state after an event. Raises LocalError that names both where the table has no such transition."""
    after = TRANSITIONS.get((state, event))
    if after is None:
        raise LocalError(f"a session that is {state.name.lower()} cannot be {event.name.lower()}")
    return after
