"""What a server answers: the responses to GET, SET and ACTION, declared once.

The server packs them by hand (:mod:`emulator.smets1.dlms.association`): tests hold that equal to this, and a
client reads answers with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import GreedyBytes, Int8ub, Int32ub, Pass

from emulator.smets1.dlms.apdu import Service
from emulator.smets1.dlms.data import COSEM_DATA, Data
from gbcs.declare import AnyConstruct, Counted, Record, Sized, Tagged
from gbcs.fuse import fuse

_INVOKE = "invoke" / Int8ub


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value (``kind`` 0) or an error (``kind`` 1: an :class:`AccessError`)."""

    kind: int
    value: Data | int


@dataclass(frozen=True, slots=True)
class BlockPart:
    """A part of an encoded value (``kind`` 0) or an error (``kind`` 1)."""

    kind: int
    value: bytes | int


@dataclass(frozen=True, slots=True)
class GetAnswer:
    """The answer to a normal get."""

    invoke: int
    result: Outcome


@dataclass(frozen=True, slots=True)
class GetBlock:
    """One block of a long answer; blocks count from 1."""

    invoke: int
    last: int
    block: int
    part: BlockPart


@dataclass(frozen=True, slots=True)
class GetListAnswer:
    """The answers to a get with list, in its order."""

    invoke: int
    results: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class SetAnswer:
    """Result of a set: 0 or an :class:`AccessError`."""

    invoke: int
    result: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What an action hands back, if anything."""

    present: int
    value: Outcome | None = None


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """Result of an action and what it hands back."""

    invoke: int
    result: int
    returned: Returned


@dataclass(frozen=True, slots=True)
class Answer:
    """Which form of an answer, and what it says."""

    form: int
    value: GetAnswer | GetBlock | GetListAnswer | SetAnswer | ActionAnswer


@dataclass(frozen=True, slots=True)
class Response:
    """One response: its :class:`Service` and the form of it."""

    service: int
    value: Answer


_OUTCOME = Tagged(Outcome, "get result", {0: COSEM_DATA, 1: Int8ub})
_PART = Tagged(BlockPart, "block result", {0: Sized(GreedyBytes), 1: Int8ub})


def _answers(what: str, forms: dict[int, AnyConstruct]) -> Tagged:
    return Tagged(Answer, f"form of {what}", forms)


RESPONSE = Tagged(
    Response,
    "service",
    {
        Service.GET_RESPONSE: _answers(
            "get",
            {
                1: Record(GetAnswer, _INVOKE, "result" / _OUTCOME),
                2: Record(GetBlock, _INVOKE, "last" / Int8ub, "block" / Int32ub, "part" / _PART),
                3: Record(GetListAnswer, _INVOKE, "results" / Counted(_OUTCOME)),
            },
        ),
        Service.SET_RESPONSE: _answers("set", {1: Record(SetAnswer, _INVOKE, "result" / Int8ub)}),
        Service.ACTION_RESPONSE: _answers(
            "action",
            {
                1: Record(
                    ActionAnswer,
                    _INVOKE,
                    "result" / Int8ub,
                    "returned" / Tagged(Returned, "option", {0: Pass, 1: _OUTCOME}),
                )
            },
        ),
    },
)

FUSED_RESPONSE = fuse(RESPONSE, "response")
