"""The states of an EDMI connection, as one table: what arrives in a state, what is done, and where that leads.

Every state has a row for every event, so nothing that a peer sends is without an answer here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class State(Enum):
    """Whether a user is logged in."""

    LOGGED_OUT = auto()
    LOGGED_IN = auto()


class Heard(Enum):
    """What a meter meets."""

    NOISE = auto()
    """a frame whose CRC or stuffing is wrong: a client repeats what is not answered"""
    FOREIGN = auto()
    """a frame for another serial number"""
    ATTENTION = auto()
    LOGIN = auto()
    """the right password"""
    INTRUDER = auto()
    """a wrong password, or a user that is not known"""
    LOGOUT = auto()
    REQUEST = auto()
    """a read, a write, or a question about a survey"""
    UNIMPLEMENTED = auto()
    """a letter that is unknown, or known as a letter only"""
    MISSHAPEN = auto()
    """a known letter, but too much or too little behind it"""
    QUIET = auto()
    """nothing for as long as a login lasts"""


class Does(Enum):
    """What a meter does about it."""

    NOTHING = auto()
    ACKNOWLEDGE = auto()
    ANSWER = auto()
    DENY = auto()
    REFUSE_STRANGER = auto()
    REFUSE_LETTER = auto()
    REFUSE_LENGTH = auto()


_S, _H, _D = State, Heard, Does

TABLE: Final[Mapping[tuple[State, Heard], tuple[State, Does]]] = {
    (_S.LOGGED_OUT, _H.NOISE): (_S.LOGGED_OUT, _D.NOTHING),
    (_S.LOGGED_OUT, _H.FOREIGN): (_S.LOGGED_OUT, _D.NOTHING),
    (_S.LOGGED_OUT, _H.ATTENTION): (_S.LOGGED_OUT, _D.ACKNOWLEDGE),
    (_S.LOGGED_OUT, _H.LOGIN): (_S.LOGGED_IN, _D.ACKNOWLEDGE),
    (_S.LOGGED_OUT, _H.INTRUDER): (_S.LOGGED_OUT, _D.DENY),
    (_S.LOGGED_OUT, _H.LOGOUT): (_S.LOGGED_OUT, _D.ACKNOWLEDGE),
    (_S.LOGGED_OUT, _H.REQUEST): (_S.LOGGED_OUT, _D.REFUSE_STRANGER),
    (_S.LOGGED_OUT, _H.UNIMPLEMENTED): (_S.LOGGED_OUT, _D.REFUSE_STRANGER),
    (_S.LOGGED_OUT, _H.MISSHAPEN): (_S.LOGGED_OUT, _D.REFUSE_STRANGER),
    (_S.LOGGED_OUT, _H.QUIET): (_S.LOGGED_OUT, _D.NOTHING),
    (_S.LOGGED_IN, _H.NOISE): (_S.LOGGED_IN, _D.NOTHING),
    (_S.LOGGED_IN, _H.FOREIGN): (_S.LOGGED_IN, _D.NOTHING),
    (_S.LOGGED_IN, _H.ATTENTION): (_S.LOGGED_IN, _D.ACKNOWLEDGE),
    (_S.LOGGED_IN, _H.LOGIN): (_S.LOGGED_IN, _D.ACKNOWLEDGE),
    (_S.LOGGED_IN, _H.INTRUDER): (_S.LOGGED_OUT, _D.DENY),
    (_S.LOGGED_IN, _H.LOGOUT): (_S.LOGGED_OUT, _D.ACKNOWLEDGE),
    (_S.LOGGED_IN, _H.REQUEST): (_S.LOGGED_IN, _D.ANSWER),
    (_S.LOGGED_IN, _H.UNIMPLEMENTED): (_S.LOGGED_IN, _D.REFUSE_LETTER),
    (_S.LOGGED_IN, _H.MISSHAPEN): (_S.LOGGED_IN, _D.REFUSE_LENGTH),
    (_S.LOGGED_IN, _H.QUIET): (_S.LOGGED_OUT, _D.NOTHING),
}
