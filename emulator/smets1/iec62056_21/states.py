"""The states of a mode C session, as one table: what arrives in a state, what is done, and where that leads.

Every state has a row for every event, so nothing that a peer sends is without an answer here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from itertools import product
from typing import Final


class State(Enum):
    """How far a session has come."""

    IDLE = auto()
    """no session, at 300 baud"""
    IDENTIFIED = auto()
    """the identification is out, the option is awaited"""
    READOUT = auto()
    """the readout is out"""
    LOCKED = auto()
    """programming mode, before a password"""
    OPEN = auto()
    """programming mode, after a password"""
    BLOCKS = auto()
    """between partial blocks"""


class Heard(Enum):
    """What a meter meets."""

    SIGN_ON = auto()
    FOREIGN = auto()
    """a sign-on for another meter"""
    WANTS_READOUT = auto()
    WANTS_PROGRAMMING = auto()
    WANTS_OTHER = auto()
    """an option that no meter of this dialect has"""
    PASSWORD = auto()
    """the right one"""
    INTRUDER = auto()
    """a wrong one"""
    REQUEST = auto()
    """a read or a write"""
    BLOCKWISE = auto()
    """a read in partial blocks"""
    UNKNOWN = auto()
    """a block that is whole, but no command that is known"""
    BREAK = auto()
    BAD_CHECK = auto()
    ACKNOWLEDGED = auto()
    REPEAT = auto()
    """a NAK"""
    NOISE = auto()
    """a line that is none"""
    EXHAUSTED = auto()
    """another wrong password, or another NAK, than are put up with"""
    QUIET = auto()
    """nothing for as long as a session lasts"""


class Does(Enum):
    """What a meter does about it."""

    NOTHING = auto()
    IDENTIFY = auto()
    READ_OUT = auto()
    """changes the speed, then sends the data message"""
    CHALLENGE = auto()
    """changes the speed, then asks for the password"""
    ACCEPT = auto()
    REFUSE = auto()
    """an error message"""
    ANSWER = auto()
    FIRST_BLOCK = auto()
    NEXT_BLOCK = auto()
    SAY_AGAIN = auto()
    ASK_AGAIN = auto()
    """a NAK"""
    HANG_UP = auto()
    """ends the session without a word"""
    BREAK_OFF = auto()
    """ends the session with a break"""


_S, _H, _D = State, Heard, Does

_DEFAULTS: Mapping[tuple[State, Heard], tuple[State, Does]] = {
    (state, heard): (state, _D.NOTHING) for state, heard in product(State, Heard)
}
_ANYWHERE: Mapping[tuple[State, Heard], tuple[State, Does]] = {
    **{(state, _H.SIGN_ON): (_S.IDENTIFIED, _D.IDENTIFY) for state in State},
    **{(state, _H.FOREIGN): (_S.IDLE, _D.HANG_UP) for state in State},
    **{(state, _H.QUIET): (_S.IDLE, _D.HANG_UP) for state in State},
    **{(state, _H.BREAK): (_S.IDLE, _D.HANG_UP) for state in State},
    **{(state, _H.EXHAUSTED): (_S.IDLE, _D.BREAK_OFF) for state in State if state is not _S.IDLE},
    **{(state, _H.REPEAT): (state, _D.SAY_AGAIN) for state in State if state is not _S.IDLE},
}
_PROGRAMMING = (_S.LOCKED, _S.OPEN, _S.BLOCKS)

TABLE: Final[Mapping[tuple[State, Heard], tuple[State, Does]]] = {
    **_DEFAULTS,
    **_ANYWHERE,
    (_S.IDENTIFIED, _H.WANTS_READOUT): (_S.READOUT, _D.READ_OUT),
    (_S.IDENTIFIED, _H.WANTS_PROGRAMMING): (_S.LOCKED, _D.CHALLENGE),
    (_S.IDENTIFIED, _H.WANTS_OTHER): (_S.IDLE, _D.HANG_UP),
    (_S.IDENTIFIED, _H.NOISE): (_S.IDLE, _D.HANG_UP),
    (_S.READOUT, _H.ACKNOWLEDGED): (_S.IDLE, _D.HANG_UP),
    # A request leaves partial blocks that were begun; what a password is needed for, the objects say.
    **{(state, _H.REQUEST): (_S.LOCKED if state is _S.LOCKED else _S.OPEN, _D.ANSWER) for state in _PROGRAMMING},
    **{(state, _H.PASSWORD): (_S.OPEN, _D.ACCEPT) for state in _PROGRAMMING},
    **{(state, _H.INTRUDER): (_S.LOCKED, _D.REFUSE) for state in _PROGRAMMING},
    **{(state, _H.UNKNOWN): (state, _D.REFUSE) for state in _PROGRAMMING},
    **{(state, _H.BAD_CHECK): (state, _D.ASK_AGAIN) for state in _PROGRAMMING},
    (_S.LOCKED, _H.BLOCKWISE): (_S.LOCKED, _D.REFUSE),
    (_S.OPEN, _H.BLOCKWISE): (_S.BLOCKS, _D.FIRST_BLOCK),
    (_S.BLOCKS, _H.BLOCKWISE): (_S.BLOCKS, _D.FIRST_BLOCK),
    (_S.BLOCKS, _H.ACKNOWLEDGED): (_S.BLOCKS, _D.NEXT_BLOCK),
}
