"""The table of session states: whole, closed, and with the ways that the design names."""

from __future__ import annotations

from collections import deque

import pytest

from emulator.smets1.session import _ENTER
from emulator.smets1.states import TRANSITIONS, Event, State, follow
from gbcs.errors import LocalError


def reached_from(start: State) -> set[State]:
    seen, waiting = {start}, deque([start])
    while waiting:
        here = waiting.popleft()
        for (before, _), after in TRANSITIONS.items():
            if before is here and after not in seen:
                seen.add(after)
                waiting.append(after)
    return seen


def test_every_state_is_reached_from_idle_and_comes_back_to_it() -> None:
    assert reached_from(State.IDLE) == set(State)
    assert all(State.IDLE in reached_from(state) for state in State)


def test_every_event_happens_somewhere_and_every_state_does_something() -> None:
    assert {event for _, event in TRANSITIONS} == set(Event)
    assert set(_ENTER) == set(State)


@pytest.mark.parametrize("state", list(State))
def test_a_request_and_a_late_sms_are_taken_in_every_state(state: State) -> None:
    assert follow(state, Event.WANTED) in State
    assert follow(state, Event.WOKEN) in State


def test_a_request_in_the_linger_needs_no_sms_and_one_while_closing_does() -> None:
    assert follow(State.LINGERING, Event.WANTED) is State.ASSOCIATING
    after = follow(follow(State.CLOSING, Event.WANTED), Event.CLOSED)
    assert follow(after, Event.WANTED) is State.WAITING


def test_what_cannot_happen_names_state_and_event() -> None:
    with pytest.raises(LocalError, match="idle cannot be linger"):
        follow(State.IDLE, Event.LINGERED)
