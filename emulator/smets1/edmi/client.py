"""A head-end's end of an EDMI line: scripts of a session, for :mod:`emulator.smets1.conversation`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from emulator.smets1.conversation import Conversation, Patience, Say, Script
from emulator.smets1.edmi import commands as c
from emulator.smets1.edmi.framing import Frame, FrameReader, decode, encode
from emulator.smets1.edmi.surveys import CHANNEL_NAME, CHANNEL_TYPE, CHANNELS, DATA, STATUS_MISSING
from emulator.smets1.edmi.values import Scalar, date_time, date_time_bytes, padding, read
from gbcs.errors import DecodeError, RemoteError
from gbcs.times import HALF_HOUR_S

Result = TypeVar("Result")

WAKE_UP = b"/?!\r\n"
"""Sent before the first frame on a serial line."""

SOURCE = 0x012B_1668
"""The serial number of the program in a public capture."""

_LAYOUTS = {"H": "H", "I": "h", "L": "i", "X": "I", "F": "f", "D": "d", "V": "q", "C": "B"}


class MeterRefuses(RemoteError):
    """The meter answered with an error code."""

    def __init__(self, code: int) -> None:
        known = code in set(c.EdmiError)
        super().__init__(f"error {code}" + (f", {c.EdmiError(code).name.lower()}" if known else ""), field="answer")
        self.code = code


@dataclass(frozen=True, slots=True)
class Line:
    """The ends of a line."""

    serial: int
    source: int = SOURCE


@dataclass(frozen=True, slots=True)
class SurveyRecord:
    """A record of a survey: the end of its half-hour in seconds since 2000-01-01 UTC, status word, channels."""

    stamp: int
    status: int
    values: tuple[Scalar, ...]


class AnswerReader:
    """Finds frames; None for one that is garbled."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames = FrameReader()

    def feed(self, data: bytes) -> tuple[Frame | None, ...]:
        """The frames that end in ``data``."""
        return tuple(_decoded(frame) for frame in self._frames.feed(data))

    def reset(self) -> None:
        """Forget a frame that has begun."""
        self._frames.reset()


def converse(script: Script[Frame, Result], patience: Patience | None = None) -> Conversation[Frame, Result]:
    """A session that follows a script; a garbled answer is waited out and asked for again."""
    return Conversation(script, AnswerReader(), patience)


def ask(
    line: Line, command: c.Command, fits: Callable[[c.Answer], bool], ahead: bytes = b""
) -> Script[Frame, c.Answer]:
    """The answer to one command; late answers to others are passed over. Raises MeterRefuses for an error code."""
    say = Say(ahead + encode(Frame(c.encode_command(command), line.serial, line.source)))
    while True:
        answer = _answer(line, (yield say))
        say = Say()
        if answer is not None and answer.letter == c.CAN:
            raise MeterRefuses(answer.value)
        if answer is not None and fits(answer):
            return answer


def login(line: Line, user: str, password: bytes, ahead: bytes = b"") -> Script[Frame, None]:
    """Log in; ``ahead`` goes out in front, such as :data:`WAKE_UP` on a serial line. Raises MeterRefuses."""
    yield from ask(line, c.Command(c.LOGIN, c.Login(user.encode(), password)), _is_ack, ahead)


def logout(line: Line) -> Script[Frame, None]:
    """Log out."""
    yield from ask(line, c.Command(c.LOGOUT), _is_ack)


def read_register(line: Line, number: int, letter: str) -> Script[Frame, Scalar]:
    """The value of one register of a type. Raises MeterRefuses."""
    answer = yield from ask(line, c.Command(c.READ_EXTENDED, c.Registers((number,))), _shows(number))
    return read(letter, answer.value.data)[0]


def read_registers(line: Line, wanted: Mapping[int, str]) -> Script[Frame, dict[int, Scalar | c.EdmiError]]:
    """Registers by number, each with the letter of its type: their values, or the error code of each.

    A refused register is padded to its length, one that is not found is not: as the meters of one client do.
    """
    command = c.Command(c.READ_EXTENDED, c.Registers(tuple(wanted), many=True))
    data = (yield from ask(line, command, _shows(c.MULTIPLE))).value.data
    found: dict[int, Scalar | c.EdmiError] = {}
    for number, letter in wanted.items():
        if not data:
            raise DecodeError("a list of values is cut short", field="values")
        code, data = data[0], data[1:]
        if code:
            found[number] = c.EdmiError(code) if code in set(c.EdmiError) else c.EdmiError.BAD_TYPE
            data = data[len(padding(letter)) if code != c.EdmiError.REGISTER_NOT_FOUND else 0 :]
        else:
            found[number], size = read(letter, data)
            data = data[size:]
    return found


def write_register(line: Line, number: int, data: bytes) -> Script[Frame, None]:
    """Write the bytes of a value. Raises MeterRefuses."""
    yield from ask(line, c.Command(c.WRITE_EXTENDED, c.Value(number, data)), _is_ack)


def channels(line: Line, survey: int) -> Script[Frame, tuple[tuple[str, str], ...]]:
    """Name and type of each channel of a survey, the status word first. Raises MeterRefuses."""
    base = survey << 16
    count = yield from read_register(line, base | CHANNELS, "C")
    found = []
    for index in range(int(count) + 1):
        kind = yield from read_register(line, base | CHANNEL_TYPE | index, "C")
        name = yield from read_register(line, base | CHANNEL_NAME | index, "A")
        found.append((str(name), chr(int(kind))))
    return tuple(found)


def read_survey(line: Line, survey: int, first: int, last: int) -> Script[Frame, tuple[SurveyRecord, ...]]:
    """The records stamped ``first`` to ``last`` that the meter holds, oldest first. Raises MeterRefuses."""
    register = survey << 16 | DATA
    kinds = [kind for _, kind in (yield from channels(line, survey))]
    about = (yield from _file(line, c.FILE_INFO, c.Info(register))).value
    start = yield from _find(line, register, first, c.Direction.FORWARD)
    stop = yield from _find(line, register, last, c.Direction.BACKWARD)
    if start is None or stop is None:
        return ()
    found: list[SurveyRecord] = []
    (number, stamp), (end, _) = start, stop
    while number <= end:
        wanted = c.Records(register, number, min(end - number + 1, 0x7FFF), 0, about.record_size)
        answer = (yield from _file(line, c.FILE_READ, wanted)).value
        rows = _records(answer, kinds, stamp)
        if not rows:
            raise DecodeError("a survey gives no record where it has some", field="records")
        found.extend(rows)
        number, stamp = number + len(rows), stamp + len(rows) * HALF_HOUR_S
    return tuple(found)


def read_half_hours(
    line: Line, user: str, password: bytes, survey: int, first: int, last: int
) -> Script[Frame, tuple[SurveyRecord, ...]]:
    """A whole session: log in, read the half-hours that have data, log out. Raises MeterRefuses."""
    yield from login(line, user, password)
    found = yield from read_survey(line, survey, first, last)
    yield from logout(line)
    return tuple(record for record in found if not record.status & STATUS_MISSING)


def _find(line: Line, register: int, instant: int, direction: c.Direction) -> Script[Frame, tuple[int, int] | None]:
    """Number and stamp of the record of an instant or the next one that way; None where none lies there."""
    command = c.Search(register, 0, date_time_bytes(instant), direction)
    answer = (yield from _file(line, c.FILE_SEARCH, command)).value
    if answer.result not in {c.SearchResult.EXACT, c.SearchResult.CLOSEST}:
        return None
    return answer.start, date_time(answer.when)


def _file(line: Line, kind: int, value: c.Info | c.Search | c.Records) -> Script[Frame, c.FilePart]:
    def fits(answer: c.Answer) -> bool:
        part = answer.value
        return isinstance(part, c.FilePart) and part.kind == kind and part.value.register == value.register

    answer = yield from ask(line, c.Command(c.FILE, c.FilePart(kind, value)), fits)
    part: c.FilePart = answer.value
    return part


def _records(answer: c.RecordsAnswer, kinds: list[str], stamp: int) -> list[SurveyRecord]:
    """The records of an answer, the first one stamped ``stamp``. Raises DecodeError where they do not fit."""
    try:
        layout = struct.Struct(">" + "".join(_LAYOUTS[kind] for kind in kinds))
    except KeyError as error:
        raise DecodeError(f"records of type {error} are not known", field="records") from None
    if layout.size != answer.size or answer.size * answer.count != len(answer.data):
        raise DecodeError(f"{len(answer.data)} bytes are not {answer.count} records", field="records")
    return [
        SurveyRecord(stamp + index * HALF_HOUR_S, status, tuple(values))
        for index, (status, *values) in enumerate(layout.iter_unpack(answer.data))
    ]


def _decoded(data: bytes) -> Frame | None:
    try:
        return decode(data)
    except DecodeError:
        return None


def _answer(line: Line, frame: Frame) -> c.Answer | None:
    """What a frame says, if it is for this end of the line."""
    if (frame.destination, frame.source) != (line.source, line.serial):
        return None
    try:
        return c.decode_answer(frame.content)
    except DecodeError:
        return None


def _is_ack(answer: c.Answer) -> bool:
    return answer.letter == c.ACK


def _shows(number: int) -> Callable[[c.Answer], bool]:
    return lambda answer: isinstance(answer.value, c.Value) and answer.value.register == number
