"""Load surveys: the half-hours of a meter as numbered records behind a status word, and the registers about them.

A record's number is that of its half-hour since 2000-01-01 UTC, so numbers rise for ever and the oldest one moves on as
the log overwrites itself. A half-hour that the meter does not hold is a record too, with a status that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from emulator.smets1.edmi.commands import (
    Direction,
    EdmiError,
    Info,
    InfoAnswer,
    Records,
    RecordsAnswer,
    Search,
    SearchAnswer,
    SearchResult,
)
from emulator.smets1.edmi.registers import Refused, Register, SurveyRow, tables
from emulator.smets1.edmi.settings import Access
from emulator.smets1.edmi.values import Scalar, date_time, date_time_bytes
from emulator.smets1.meter import Smets1Meter, Window
from gbcs.errors import DecodeError
from gbcs.times import HALF_HOUR_S

DATA, INTERVAL, CHANNELS = 0xF008, 0xF014, 0xF012
CHANNEL_TYPE, CHANNEL_UNIT, CHANNEL_NAME, CHANNEL_SCALING, CHANNEL_FACTOR = 0xE200, 0xE300, 0xE400, 0xE600, 0xE800
STATUS_OK, STATUS_MISSING = 0, 0x0001
"""The status word of a record. That its lowest bit says "no data" is an assumption."""

_ANY_KIND = 0
_WIRE = {"L": ">i4", "X": ">u4", "H": ">u2", "I": ">i2"}
_STATUS_TYPE, _STATUS_NAME = "H", "Status"


def record_layout(survey: SurveyRow) -> np.dtype[np.void]:
    """A record as it goes on the wire: the status word and the channels."""
    columns = [(channel.column, _WIRE[channel.type]) for channel in survey.channel]
    return np.dtype([("status", _WIRE[_STATUS_TYPE]), *columns])


@cache
def surveys() -> Mapping[int, SurveyRow]:
    """The surveys by the number of their data register."""
    return {row.number << 16 | DATA: row for row in tables().surveys}


@cache
def survey_registers() -> Mapping[int, Register]:
    """The registers that describe the surveys, by number."""
    found: dict[int, Register] = {}
    for row in tables().surveys:
        # The status word is channel 0 and is not counted.
        facts: dict[int, tuple[str, Scalar]] = {INTERVAL: ("L", row.interval_s), CHANNELS: ("C", len(row.channel))}
        channels = [
            (_STATUS_TYPE, "N", _STATUS_NAME),
            *((one.type, one.unit, one.name) for one in row.channel),
        ]
        for index, (kind, unit, name) in enumerate(channels):
            facts |= _channel_facts(index, kind, unit, name)
        found |= {row.number << 16 | number: _constant(*fact) for number, fact in facts.items()}
    return found


def _channel_facts(index: int, kind: str, unit: str, name: str) -> dict[int, tuple[str, Scalar]]:
    return {
        CHANNEL_TYPE | index: ("C", ord(kind)),
        CHANNEL_UNIT | index: ("C", ord(unit)),
        CHANNEL_NAME | index: ("A", name),
        CHANNEL_SCALING | index: ("C", ord("N")),
        CHANNEL_FACTOR | index: ("F", 1.0),
    }


def _constant(kind: str, value: Scalar) -> Register:
    return Register(kind, Access.READER, Access.NOBODY, lambda _meter, _now: value)


def describe(meter: Smets1Meter, info: Info, now: float) -> InfoAnswer:
    """The size of a survey. Raises Refused for none."""
    survey = _survey(info.register)
    held = meter.held(now)
    start, count = (0, 0) if held is None else (_number(held.first), _number(held.last) - _number(held.first) + 1)
    size = record_layout(survey).itemsize
    return InfoAnswer(info.register, start, count, size, _ANY_KIND, survey.name.encode("ascii") + b"\x00")


def search(meter: Smets1Meter, asked: Search, now: float) -> SearchAnswer:
    """The record of a time, or the next one in the direction asked. Raises Refused where survey or time are none.

    The record that a search begins with plays no part: clients give the oldest one and search back from it.
    """
    _survey(asked.register)
    if asked.direction not in set(Direction):
        raise Refused(EdmiError.OUT_OF_RANGE)
    try:
        instant = date_time(asked.when)
    except DecodeError:
        raise Refused(EdmiError.OUT_OF_RANGE) from None
    held = meter.held(now)
    if held is None:
        return SearchAnswer(asked.register, asked.start, asked.when, SearchResult.NO_DATA)
    stamp, result = _found(held, instant, Direction(asked.direction))
    return SearchAnswer(asked.register, _number(stamp), date_time_bytes(stamp), result)


def _found(held: Window, instant: int, direction: Direction) -> tuple[int, SearchResult]:
    """The stamp of the record that answers a search."""
    backward = direction is Direction.BACKWARD
    stamp = (instant if backward else instant + HALF_HOUR_S - 1) // HALF_HOUR_S * HALF_HOUR_S
    inside = min(max(stamp, held.first), held.last)
    if inside == instant:
        return inside, SearchResult.EXACT
    beyond = stamp < held.first if backward else stamp > held.last
    return inside, SearchResult.END_OF_FILE if beyond else SearchResult.CLOSEST


def records(meter: Smets1Meter, asked: Records, now: float, max_bytes: int) -> RecordsAnswer:
    """As many of the records asked for as there are and fit an answer. Raises Refused outside the survey."""
    layout = record_layout(_survey(asked.register))
    held = meter.held(now)
    if held is None:
        raise Refused(EdmiError.DATA_NOT_READY)
    first, last = _number(held.first), _number(held.last)
    if not first <= asked.start <= last or not 0 < asked.size <= layout.itemsize - asked.offset:
        raise Refused(EdmiError.OUT_OF_RANGE)
    count = min(asked.count, last - asked.start + 1, max_bytes // asked.size)
    octets = _filled(meter, layout, asked.start, count, now).view(np.uint8).reshape(count, layout.itemsize)
    data = octets[:, asked.offset : asked.offset + asked.size].tobytes()
    return RecordsAnswer(asked.register, asked.start, count, asked.offset, asked.size, data)


def _filled(meter: Smets1Meter, layout: np.dtype[np.void], start: int, count: int, now: float) -> NDArray[np.void]:
    """``count`` records, those that the meter lacks among them."""
    rows = meter.profile(now, start * HALF_HOUR_S, (start + count - 1) * HALF_HOUR_S)
    filled = np.zeros(count, layout)
    filled["status"] = STATUS_MISSING
    places = rows["stamp"] // HALF_HOUR_S - start
    filled["status"][places] = STATUS_OK
    for column in (layout.names or ())[1:]:
        filled[column][places] = rows[column]
    return filled


def _survey(register: int) -> SurveyRow:
    try:
        return surveys()[register]
    except KeyError:
        raise Refused(EdmiError.REGISTER_NOT_FOUND) from None


def _number(stamp: int) -> int:
    return stamp // HALF_HOUR_S
