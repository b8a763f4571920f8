"""What EDMI frames carry: commands of the head-end and answers of the meter, declared once.

Letters and layouts are those of two open implementations that agree; of the commands ``I``, ``O``, ``A`` and ``B`` only
the letters are known, so their data stays bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import iter_unpack, pack
from typing import Any

from construct import Bytes, GreedyBytes, Int8ub, Int16ub, Int32ub, Pass

from gbcs.declare import Record, Tagged, Typed
from gbcs.errors import DecodeError
from gbcs.fuse import fuse

ATTENTION, LOGIN, LOGOUT = 0x1B, ord("L"), ord("X")
READ, WRITE, READ_EXTENDED, WRITE_EXTENDED = ord("R"), ord("W"), ord("M"), ord("N")
INFO, INFO_EXTENDED, READ_MULTIPLE, WRITE_MULTIPLE = ord("I"), ord("O"), ord("A"), ord("B")
FILE, FILE_INFO, FILE_SEARCH, FILE_READ, FILE_WRITE = ord("F"), ord("I"), ord("S"), ord("R"), ord("W")
ACK, CAN = 0x06, 0x18
MULTIPLE = 0x0000_FFF1
"""The register number that announces a list of registers, each answered with an error code of its own."""


class EdmiError(IntEnum):
    """Why a meter refuses; codes from 10 on are those of client programs and never on the wire."""

    CANNOT_WRITE = 1
    UNIMPLEMENTED = 2
    REGISTER_NOT_FOUND = 3
    ACCESS_DENIED = 4
    WRONG_LENGTH = 5
    BAD_TYPE = 6
    DATA_NOT_READY = 7
    OUT_OF_RANGE = 8
    NOT_LOGGED_IN = 9


class Direction(IntEnum):
    """Which way a search goes where no record has the very time."""

    BACKWARD = 0
    FORWARD = 1


class SearchResult(IntEnum):
    """What a search found."""

    EXACT = 0
    END_OF_FILE = 1
    CLOSEST = 2
    NO_TIME_STAMP = 3
    NO_DATA = 4


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password."""

    user: bytes
    password: bytes


@dataclass(frozen=True, slots=True)
class Registers:
    """Registers to read; ``many`` where a list is announced, whatever its length."""

    numbers: tuple[int, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """A register and the bytes of its value: a write, or the answer to a read."""

    register: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Info:
    """A survey to be described."""

    register: int


@dataclass(frozen=True, slots=True)
class Search:
    """The record of a time (six bytes: day, month, year, hour, minute, second) to be found in a survey."""

    register: int
    start: int
    when: bytes
    direction: int


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a survey to be read: of each record ``size`` bytes from ``offset`` on."""

    register: int
    start: int
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class InfoAnswer:
    """The oldest record of a survey, how many there are, and how big one is; ``name`` ends with NUL."""

    register: int
    start: int
    count: int
    record_size: int
    kind: int
    name: bytes


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The record that a search found, its time, and a :class:`SearchResult`."""

    register: int
    start: int
    when: bytes
    result: int


@dataclass(frozen=True, slots=True)
class RecordsAnswer:
    """Records as they were read."""

    register: int
    start: int
    count: int
    offset: int
    size: int
    data: bytes


@dataclass(frozen=True, slots=True)
class FilePart:
    """A command or an answer of the file family, by its second letter."""

    kind: int
    value: Any


@dataclass(frozen=True, slots=True)
class Command:
    """What a head-end asks, by its letter."""

    letter: int
    value: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a meter says: ACK, CAN with an error code, or the letter of the command with what was asked."""

    letter: int
    value: Any = None


def _read_login(data: bytes) -> Login:
    user, comma, password = data.removesuffix(b"\x00").partition(b",")
    if not comma or data[-1:] != b"\x00" or b"\x00" in password:
        raise DecodeError("a login is a user, a comma, a password and NUL", field="login")
    return Login(user, password)


def _write_login(login: Login) -> bytes:
    return login.user + b"," + login.password + b"\x00"


def _read_registers(data: bytes) -> Registers:
    if not data or len(data) % 4:
        raise DecodeError(f"{len(data)} bytes are no register numbers", field="registers")
    numbers = tuple(number for (number,) in iter_unpack(">I", data))
    if numbers[0] == MULTIPLE:
        return Registers(numbers[1:], many=True)
    if len(numbers) > 1:
        raise DecodeError(f"a list of registers begins with {MULTIPLE:#010x}", field="registers")
    return Registers(numbers)


def _write_registers(registers: Registers) -> bytes:
    numbers = (MULTIPLE, *registers.numbers) if registers.many else registers.numbers
    return pack(f">{len(numbers)}I", *numbers)


def _read_short(data: bytes) -> Registers:
    if len(data) != 2:
        raise DecodeError(f"{len(data)} bytes are no short register number", field="registers")
    return Registers((int.from_bytes(data, "big"),))


_SHORT_VALUE = Record(Value, "register" / Int16ub, "data" / GreedyBytes)
_VALUE = Record(Value, "register" / Int32ub, "data" / GreedyBytes)
_RECORDS = ("register" / Int32ub, "start" / Int32ub, "count" / Int16ub, "offset" / Int16ub, "size" / Int16ub)

COMMAND = Tagged(
    Command,
    "command",
    {
        ATTENTION: Pass,
        LOGIN: Typed(GreedyBytes, (), _read_login, _write_login),
        LOGOUT: Pass,
        READ: Typed(GreedyBytes, (), _read_short, lambda value: pack(">H", *value.numbers)),
        WRITE: _SHORT_VALUE,
        READ_EXTENDED: Typed(GreedyBytes, (), _read_registers, _write_registers),
        WRITE_EXTENDED: _VALUE,
        INFO: GreedyBytes,
        INFO_EXTENDED: GreedyBytes,
        READ_MULTIPLE: GreedyBytes,
        WRITE_MULTIPLE: GreedyBytes,
        FILE: Tagged(
            FilePart,
            "file command",
            {
                FILE_INFO: Record(Info, "register" / Int32ub),
                FILE_SEARCH: Record(
                    Search, "register" / Int32ub, "start" / Int32ub, "when" / Bytes(6), "direction" / Int8ub
                ),
                FILE_READ: Record(Records, *_RECORDS),
                FILE_WRITE: GreedyBytes,
            },
        ),
    },
)

ANSWER = Tagged(
    Answer,
    "answer",
    {
        ACK: Pass,
        CAN: Int8ub,
        READ: _SHORT_VALUE,
        READ_EXTENDED: _VALUE,
        FILE: Tagged(
            FilePart,
            "file answer",
            {
                FILE_INFO: Record(
                    InfoAnswer,
                    "register" / Int32ub,
                    "start" / Int32ub,
                    "count" / Int32ub,
                    "record_size" / Int16ub,
                    "kind" / Int8ub,
                    "name" / GreedyBytes,
                ),
                FILE_SEARCH: Record(
                    SearchAnswer, "register" / Int32ub, "start" / Int32ub, "when" / Bytes(6), "result" / Int8ub
                ),
                FILE_READ: Record(RecordsAnswer, *_RECORDS, "data" / GreedyBytes),
            },
        ),
    },
)

_COMMAND, _ANSWER = fuse(COMMAND, "command"), fuse(ANSWER, "answer")
LETTERS = frozenset(COMMAND.choices)
"""The commands that are known by letter."""


def encode_command(command: Command) -> bytes:
    """The content of a frame. Raises LocalError where a value does not fit."""
    return _COMMAND.build(command)


def decode_command(content: bytes) -> Command:
    """What a head-end asks. Raises DecodeError for an unknown letter or a wrong length."""
    command: Command = _COMMAND.parse(content)
    return command


def encode_answer(answer: Answer) -> bytes:
    """The content of a frame. Raises LocalError where a value does not fit."""
    return _ANSWER.build(answer)


def decode_answer(content: bytes) -> Answer:
    """What a meter says. Raises DecodeError for what no meter says."""
    answer: Answer = _ANSWER.parse(content)
    return answer
