"""The states of a block transfer, as two tables: what happens in a state, what is done, and where that leads.

Every state has a row for every event, so nothing that a peer sends is without an answer here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class Sending(Enum):
    """States of the side that has the message."""

    SENDING = auto()
    DONE = auto()
    GIVEN_UP = auto()


class Heard(Enum):
    """What a sender meets."""

    ALL = auto()
    """every block is acknowledged"""
    PROGRESS = auto()
    """more blocks than before are acknowledged"""
    GAP = auto()
    """no more than before: the block after them is missing"""
    STALE = auto()
    """older than what is known, sooner than it could be, or of blocks that were never sent"""
    SILENCE = auto()
    """no acknowledgement in time"""
    EXHAUSTED = auto()
    """no progress, as often as it is tried"""
    ABORT = auto()
    """the receiver gave up"""


class SenderDoes(Enum):
    """What a sender does about it."""

    NOTHING = auto()
    SEND_WINDOW = auto()
    """the blocks after the last acknowledged one, as many as the window allows"""
    PROBE = auto()
    """the block again that asks for an acknowledgement: the answer says what is missing"""
    FINISH = auto()
    TELL_AND_FAIL = auto()
    FAIL = auto()


class Receiving(Enum):
    """States of the side that puts the message together."""

    RECEIVING = auto()
    WAITING = auto()
    """asked for an acknowledgement while a block was missing, which others may just have overtaken"""
    COMPLETE = auto()
    GIVEN_UP = auto()


class Came(Enum):
    """What a receiver meets."""

    STREAMED = auto()
    """a block that asks for nothing"""
    ASKED = auto()
    """an acknowledgement is wanted, and no block before it is missing"""
    ASKED_GAP = auto()
    """an acknowledgement is wanted, and a block is missing"""
    LAST_MISSING = auto()
    """the block that completes the message"""
    GAP_STAYS = auto()
    """the block that was missing has not come in time"""
    QUIET = auto()
    """no block for as long as a sender may go on trying"""
    ABORT = auto()
    """the sender gave up"""
    NONSENSE = auto()
    """a block that contradicts those before it, or makes the message too long"""


class ReceiverDoes(Enum):
    """What a receiver does about it."""

    NOTHING = auto()
    ACKNOWLEDGE = auto()
    WAIT = auto()
    DELIVER = auto()
    """hand the message over, once, and acknowledge it"""
    FORGET = auto()
    TELL_AND_FAIL = auto()
    FAIL = auto()


_S, _H, _D = Sending, Heard, SenderDoes

SENDER: Final[Mapping[tuple[Sending, Heard], tuple[Sending, SenderDoes]]] = {
    (_S.SENDING, _H.ALL): (_S.DONE, _D.FINISH),
    (_S.SENDING, _H.PROGRESS): (_S.SENDING, _D.SEND_WINDOW),
    (_S.SENDING, _H.GAP): (_S.SENDING, _D.SEND_WINDOW),
    (_S.SENDING, _H.STALE): (_S.SENDING, _D.NOTHING),
    (_S.SENDING, _H.SILENCE): (_S.SENDING, _D.PROBE),
    (_S.SENDING, _H.EXHAUSTED): (_S.GIVEN_UP, _D.TELL_AND_FAIL),
    (_S.SENDING, _H.ABORT): (_S.GIVEN_UP, _D.FAIL),
    **{(state, heard): (state, _D.NOTHING) for state in (_S.DONE, _S.GIVEN_UP) for heard in _H},
}

_R, _C, _DO = Receiving, Came, ReceiverDoes

RECEIVER: Final[Mapping[tuple[Receiving, Came], tuple[Receiving, ReceiverDoes]]] = {
    (_R.RECEIVING, _C.STREAMED): (_R.RECEIVING, _DO.NOTHING),
    (_R.RECEIVING, _C.ASKED): (_R.RECEIVING, _DO.ACKNOWLEDGE),
    (_R.RECEIVING, _C.ASKED_GAP): (_R.WAITING, _DO.WAIT),
    (_R.RECEIVING, _C.LAST_MISSING): (_R.COMPLETE, _DO.DELIVER),
    (_R.RECEIVING, _C.GAP_STAYS): (_R.RECEIVING, _DO.NOTHING),
    (_R.RECEIVING, _C.QUIET): (_R.GIVEN_UP, _DO.FAIL),
    (_R.RECEIVING, _C.ABORT): (_R.GIVEN_UP, _DO.FAIL),
    (_R.RECEIVING, _C.NONSENSE): (_R.GIVEN_UP, _DO.TELL_AND_FAIL),
    (_R.WAITING, _C.STREAMED): (_R.WAITING, _DO.NOTHING),
    (_R.WAITING, _C.ASKED): (_R.RECEIVING, _DO.ACKNOWLEDGE),
    (_R.WAITING, _C.ASKED_GAP): (_R.WAITING, _DO.NOTHING),
    (_R.WAITING, _C.LAST_MISSING): (_R.COMPLETE, _DO.DELIVER),
    (_R.WAITING, _C.GAP_STAYS): (_R.RECEIVING, _DO.ACKNOWLEDGE),
    (_R.WAITING, _C.QUIET): (_R.GIVEN_UP, _DO.FAIL),
    (_R.WAITING, _C.ABORT): (_R.GIVEN_UP, _DO.FAIL),
    (_R.WAITING, _C.NONSENSE): (_R.GIVEN_UP, _DO.TELL_AND_FAIL),
    # A completed transfer is remembered for a while: its last acknowledgement may have been lost.
    (_R.COMPLETE, _C.STREAMED): (_R.COMPLETE, _DO.NOTHING),
    (_R.COMPLETE, _C.ASKED): (_R.COMPLETE, _DO.ACKNOWLEDGE),
    (_R.COMPLETE, _C.ASKED_GAP): (_R.COMPLETE, _DO.ACKNOWLEDGE),
    (_R.COMPLETE, _C.LAST_MISSING): (_R.COMPLETE, _DO.ACKNOWLEDGE),
    (_R.COMPLETE, _C.GAP_STAYS): (_R.COMPLETE, _DO.NOTHING),
    (_R.COMPLETE, _C.QUIET): (_R.GIVEN_UP, _DO.FORGET),
    (_R.COMPLETE, _C.ABORT): (_R.COMPLETE, _DO.NOTHING),
    (_R.COMPLETE, _C.NONSENSE): (_R.COMPLETE, _DO.NOTHING),
    **{(_R.GIVEN_UP, came): (_R.GIVEN_UP, _DO.NOTHING) for came in _C},
}
