"""A meter's twin: load an object model with the state that a captured exchange shows.

The request says which objects were read, the opened response what they held. The state goes through the object model,
attribute by attribute and row by row, so that the twin answers any other request about it too.
"""

from __future__ import annotations

from emulator.esme.execution import bounds
from emulator.esme.objects import Selection, StoredObjects, StoredProfile
from gbcs.dlms import (
    AccessRequest,
    AccessResponse,
    Choice,
    CompactArray,
    Data,
    ProtectedRead,
    RangeSelection,
    ResultCode,
    Specification,
)
from gbcs.errors import LocalError
from gbcs.framing import Message
from gbcs.payload import decode_payload
from gbcs.security import Opened
from gbcs.times import HALF_HOUR_S, from_cosem


class FixedTime:
    """A device clock that stands still at the moment of a capture."""

    def __init__(self, at: float) -> None:
        self.at = at

    def reads(self, now: float) -> float:
        """The moment of the capture, whatever ``now`` is."""
        return self.at


def load(objects: StoredObjects, command: Message, response: Opened) -> None:
    """Store what an exchange shows: values, profile rows and faults.

    Raises LocalError where command and response do not belong together or are no reads.
    """
    request, answer = decode_payload(command.content), response.payload
    if not isinstance(request, AccessRequest) or not isinstance(answer, AccessResponse):
        raise LocalError("a twin is loaded from an access request and its access response")
    if len(request.specifications) != len(answer.data):
        raise LocalError("the response answers another request: their numbers of items differ")
    for number, wanted in enumerate(request.specifications):
        argument, code = request.arguments[number], answer.results[number].code
        if code == ResultCode.OTHER_REASON:  # not attempted: nothing is known about it
            continue
        if isinstance(argument, ProtectedRead):
            _load_protected(objects, argument, response.plaintexts[number], code)
        elif wanted.choice in (Choice.GET, Choice.GET_WITH_SELECTION):
            shown = answer.data[number]
            _store(objects, (wanted.class_id, wanted.instance, wanted.index), shown, code)
        else:
            raise LocalError(f"a twin is loaded from reads, not from choice {wanted.choice}")


def _load_protected(
    objects: StoredObjects, argument: ProtectedRead, plaintext: tuple[Data, ...] | None, code: int
) -> None:
    for number, item in enumerate(argument.objects):
        shown = plaintext[number] if plaintext is not None else None
        _store(objects, (item.class_id, item.instance, item.attribute), shown, code)


def _store(objects: StoredObjects, key: tuple[int, bytes, int], shown: object, code: int) -> None:
    if code != ResultCode.SUCCESS:
        objects.faults[key] = code
    elif isinstance(shown, Data) and isinstance(shown.value, CompactArray):
        objects.profiles[key] = StoredProfile.load(shown.value)
    elif isinstance(shown, Data):
        objects.attributes[key] = shown


def selections(request: AccessRequest) -> dict[tuple[int, bytes, int], Selection]:
    """The range asked of each profile in a request."""
    asked: dict[tuple[int, bytes, int], Selection] = {}
    for wanted, argument in zip(request.specifications, request.arguments, strict=True):
        if isinstance(argument, ProtectedRead):
            for item in argument.objects:
                asked[item.class_id, item.instance, item.attribute] = bounds(item.restriction)
        else:
            asked[wanted.class_id, wanted.instance, wanted.index] = _range(wanted)
    return asked


def _range(wanted: Specification) -> Selection:
    selection = wanted.selection
    return (selection.first, selection.last) if isinstance(selection, RangeSelection) else None


def add_surplus(objects: StoredObjects, request: AccessRequest, rows: int = 3) -> int:
    """Put rows that were not asked for before and behind each asked range; the number added.

    A twin that then still answers the same proves that it selects, and does not merely repeat.
    """
    added = 0
    for key, asked in selections(request).items():
        profile = objects.profiles.get(key)
        if profile is None or asked is None or not len(profile.stamps):
            continue
        for step in range(1, rows + 1):
            for stamp in (asked[0] - step * HALF_HOUR_S, asked[1] + step * HALF_HOUR_S):
                profile.add(stamp)
                added += 1
    return added


def shown_time(response: Message) -> FixedTime:
    """The device time that a response shows, or 2000-01-01 where it shows none."""
    return FixedTime(from_cosem(response.date_time) if response.date_time else 0)
