"""Twins of COSEM devices: an object model loaded with the state that a captured exchange shows.

The request says which objects were touched, the opened response what they held or how they failed. The state goes
through the object model, attribute by attribute and row by row, so that the twin answers any other request about it
too. What the table of access does not know yet, the twin learns from the exchange: this use case reached that object.
"""

from __future__ import annotations

from dataclasses import replace

from emulator.device import classes
from emulator.device.access import AccessKey, AccessRow, AccessTable, Reach
from emulator.device.dlms import bounds
from emulator.device.objects import StoredObjects
from emulator.device.profiles import Selection, StoredProfile, is_stamped
from emulator.device.values import AccessRefused, AttributeKey, octets, parts
from gbcs.catalogue import by_code
from gbcs.dlms import (
    AccessRequest,
    AccessResponse,
    Choice,
    CompactArray,
    Data,
    ProtectedRead,
    RangeSelection,
    Restriction,
    ResultCode,
    Specification,
)
from gbcs.errors import LocalError
from gbcs.framing import Message
from gbcs.payload import decode_payload
from gbcs.security import Opened
from gbcs.times import HALF_HOUR_S, MAX_INSTANT, from_cosem

_BACKUP = (classes.NETWORK_CONTROL, 4)
_CLOCK = (classes.CLOCK, classes.CLOCK_NAME, classes.VALUE)


class FixedTime:
    """A device clock that stands still at the moment of a capture."""

    def __init__(self, at: float) -> None:
        self.at = at

    def reads(self, now: float) -> float:
        """The moment of the capture, whatever ``now`` is."""
        return self.at


def load(objects: StoredObjects, command: Message, response: Opened) -> None:
    """Store what an exchange shows: values, profile rows and faults.

    Raises LocalError where command and response do not belong together or are no access request and response.
    """
    request, answer = _exchange(command, response)
    for number, wanted in enumerate(request.specifications):
        code = answer.results[number].code
        if code == ResultCode.OTHER_REASON:  # not attempted: nothing is known about it
            continue
        if isinstance(argument := request.arguments[number], ProtectedRead):
            _load_protected(objects, argument, response.plaintexts[number], code)
        else:
            _load_plain(objects, wanted, answer.data[number], code)


def _load_plain(objects: StoredObjects, wanted: Specification, shown: object, code: int) -> None:
    key = (wanted.class_id, wanted.instance, wanted.index)
    if wanted.choice == Choice.ACTION:
        _load_method(objects, key, shown, code)
    elif wanted.choice == Choice.SET:
        objects.faults.update({key: code} if code else {})
    else:
        _store(objects, key, shown, code)


def learned_access(table: AccessTable, command: Message, response: Opened) -> dict[AccessKey, AccessRow]:
    """The table, and on top of it what an exchange shows this use case to reach."""
    request, answer = _exchange(command, response)
    use_case = by_code(command.message_code).use_case
    learned = dict(table)
    for wanted, argument, result in zip(request.specifications, request.arguments, answer.results, strict=True):
        if result.code == ResultCode.OTHER_REASON:
            continue
        for key, tag in _reached(wanted, argument):
            row = learned.get(key) or AccessRow("seen in a capture", frozenset(), frozenset(), None, None, "capture")
            if use_case not in row.use_cases or (tag is not None and row.tags and tag not in row.tags):
                tags = row.tags | {tag} if row.tags and tag is not None else frozenset[int]()
                protection = wanted.instance if isinstance(argument, ProtectedRead) else None
                learned[key] = replace(row, use_cases=row.use_cases | {use_case}, tags=tags, protection=protection)
    return learned


_REACHES = {Choice.SET: Reach.WRITE, Choice.ACTION: Reach.CALL}


def _reached(wanted: Specification, argument: Data | ProtectedRead) -> list[tuple[AccessKey, int | None]]:
    if isinstance(argument, ProtectedRead):
        return [((Reach.READ, one.class_id, one.instance, one.attribute), None) for one in argument.objects]
    reach = _REACHES.get(Choice(wanted.choice), Reach.READ)
    tag = None if reach is Reach.READ else argument.tag
    return [((reach, wanted.class_id, wanted.instance, wanted.index), tag)]


def _exchange(command: Message, response: Opened) -> tuple[AccessRequest, AccessResponse]:
    request, answer = decode_payload(command.content), response.payload
    if not isinstance(request, AccessRequest) or not isinstance(answer, AccessResponse):
        raise LocalError("a twin is loaded from an access request and its access response")
    if len(request.specifications) != len(answer.data):
        raise LocalError("the response answers another request: their numbers of items differ")
    return request, answer


def _load_protected(
    objects: StoredObjects, argument: ProtectedRead, plaintext: tuple[Data, ...] | None, code: int
) -> None:
    for number, item in enumerate(argument.objects):
        shown = plaintext[number] if plaintext is not None else None
        _store(objects, (item.class_id, item.instance, item.attribute), shown, code)


def _store(objects: StoredObjects, key: AttributeKey, shown: object, code: int) -> None:
    if code != ResultCode.SUCCESS:
        objects.faults[key] = code
    elif isinstance(shown, Data) and isinstance(shown.value, CompactArray) and is_stamped(shown.value.kind):
        objects.profiles[key] = StoredProfile.load(shown.value)
    elif isinstance(shown, Data):
        objects.attributes[key] = shown


def _load_method(objects: StoredObjects, key: AttributeKey, shown: object, code: int) -> None:
    class_id, instance, method = key
    if code != ResultCode.SUCCESS:
        objects.method_faults[key] = code
    elif (class_id, method) == _BACKUP and isinstance(shown, Data):
        objects.attributes[_CLOCK], counter, entries = _backup_parts(shown)
        objects.attributes[class_id, instance, classes.LOG_COUNTER] = counter
        objects.attributes[class_id, instance, classes.DEVICE_LOG] = entries
    elif (class_id, method) not in classes.METHODS and isinstance(shown, Data):
        objects.inert[key] = shown


def _backup_parts(shown: Data) -> tuple[Data, ...]:
    try:
        return parts(shown, 3)
    except AccessRefused:
        raise LocalError("the backup of a device log is time, counter and entries") from None


def selections(request: AccessRequest) -> dict[AttributeKey, Selection]:
    """The range asked of each profile in a request."""
    asked: dict[AttributeKey, Selection] = {}
    for wanted, argument in zip(request.specifications, request.arguments, strict=True):
        if isinstance(argument, ProtectedRead):
            for item in argument.objects:
                asked[item.class_id, item.instance, item.attribute] = _bounds(item.restriction)
        else:
            asked[wanted.class_id, wanted.instance, wanted.index] = _range(wanted)
    return asked


def _bounds(restriction: Restriction) -> Selection:
    """The range of a restriction; ``None`` also where its bounds are no points in time (the meter refuses those)."""
    try:
        return bounds(restriction)
    except AccessRefused:
        return None


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
                if 0 <= stamp <= MAX_INSTANT:
                    profile.add(stamp)
                    added += 1
    return added


def shown_time(response: Message, objects: StoredObjects | None = None) -> FixedTime:
    """The device time that a response shows in its header, else in a clock that was read; 2000-01-01 where in none."""
    if response.date_time:
        return FixedTime(from_cosem(response.date_time))
    clock = objects.attributes.get(_CLOCK) if objects is not None else None
    return FixedTime(from_cosem(octets(clock, 12)) if clock is not None else 0)
