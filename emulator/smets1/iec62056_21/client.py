"""A head-end's end of a mode C line: scripts of a session, for :mod:`emulator.smets1.conversation`."""

from __future__ import annotations

from typing import TypeVar

from emulator.smets1.conversation import Conversation, Patience, Say, Script
from emulator.smets1.iec62056_21.datasets import DataSet, parse_lines
from emulator.smets1.iec62056_21.framing import (
    ACK,
    BAUD,
    BINARY,
    NAK,
    PROGRAMMING,
    READOUT,
    Block,
    Byte,
    Command,
    Identification,
    Message,
    OptionSelect,
    SignOn,
    decode,
    encode,
)
from emulator.smets1.iec62056_21.loadprofile import ProfileRows, read_profile
from emulator.smets1.iec62056_21.reader import MessageReader
from gbcs.errors import DecodeError, RemoteError
from gbcs.times import to_datetime

Result = TypeVar("Result")
_MAX_BLOCK_BYTES = 1 << 20
_ERROR = b"(ERR"
_TIME = "%y%m%d%H%M%S"


class MeterRefuses(RemoteError):
    """The meter answered with an error message, or broke off."""


class AnswerReader:
    """Finds messages; None for one that is garbled."""

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages = MessageReader(_MAX_BLOCK_BYTES)

    def feed(self, data: bytes) -> tuple[Message | None, ...]:
        """The messages that end in ``data``."""
        self._messages.feed(data)
        return tuple(_decoded(message) for message in iter(self._messages.next, None))

    def reset(self) -> None:
        """Forget a message that has begun."""
        self._messages.reset()


def converse(script: Script[Message, Result], patience: Patience | None = None) -> Conversation[Message, Result]:
    """A session that follows a script; a garbled block is asked for again at once."""
    return Conversation(script, AnswerReader(), patience, on_garbled=NAK)


def sign_on(address: str, mode: bytes) -> Script[Message, tuple[Identification, Message]]:
    """Begin a session: who the meter is, and its first message at the new speed. Raises MeterRefuses."""
    heard = yield from _identified(address)
    first = yield Say(encode(OptionSelect(heard.baud, mode)), again=NAK, baud=speed(heard))
    return heard, first


def _identified(address: str) -> Script[Message, Identification]:
    say = Say(encode(SignOn(address.encode("ascii"))))
    while not isinstance(heard := (yield say), Identification):
        say = Say()
    return heard


def speed(identification: Identification) -> int:
    """The speed that a meter proposes. Raises DecodeError where it proposes none."""
    baud = BAUD.get(identification.baud.decode("latin-1"))
    if baud is None:
        raise DecodeError(f"{identification.baud!r} proposes no speed", field="identification")
    return baud


def switch_to_binary(address: str = "") -> Script[Message, Identification]:
    """Mode E: sign on and choose the binary protocol, after which the line is somebody else's, at the meter's speed."""
    identification = yield from _identified(address)
    option = OptionSelect(identification.baud, BINARY, protocol=BINARY)
    yield Say(encode(option), answered=False, baud=speed(identification))
    return identification


def read_out(address: str = "") -> Script[Message, tuple[DataSet, ...]]:
    """A whole session: the readout. Raises DecodeError where it is none."""
    _, first = yield from sign_on(address, READOUT)
    data = yield from _block(first)
    yield Say(ACK, answered=False, baud=BAUD["0"])
    return parse_lines(data)


def open_programming(address: str, password: bytes, level: int = 1) -> Script[Message, Identification]:
    """Enter programming mode with the password of a level, 1 or 2. Raises MeterRefuses."""
    identification, first = yield from sign_on(address, PROGRAMMING)
    if not (isinstance(first, Command) and first.letter == b"P"):
        raise MeterRefuses("the meter asks for no password", field="programming mode")
    yield from _accepted(Command(b"P", b"%d" % level, b"(" + password + b")"))
    return identification


def read(address: str, text: str = "", kind: bytes = b"5") -> Script[Message, tuple[DataSet, ...]]:
    """The lines of one object, in one block. Raises MeterRefuses."""
    first = yield Say(encode(Command(b"R", kind, f"{address}({text})".encode("ascii"))))
    return parse_lines((yield from _block(first)))


def read_blockwise(address: str, text: str = "") -> Script[Message, tuple[DataSet, ...]]:
    """The lines of one object, in partial blocks. Raises MeterRefuses."""
    say = Say(encode(Command(b"R", b"6", f"{address}({text})".encode("ascii"))))
    lines: list[DataSet] = []
    before = None
    while True:
        heard = yield say
        if not isinstance(heard, Block):
            say = Say()
            continue
        _check_error(heard)
        # The same block again: the acknowledgement was lost, and every block begins with a time of its own.
        if heard.data != before:
            lines.extend(parse_lines(heard.data))
        if heard.last:
            return tuple(lines)
        before = heard.data
        say = Say(ACK, again=NAK)


def write(address: str, text: str) -> Script[Message, None]:
    """Write one object. Raises MeterRefuses."""
    yield from _accepted(Command(b"W", b"1", f"{address}({text})".encode("ascii")))


def end() -> Script[Message, None]:
    """End the session with a break, which nobody answers."""
    yield Say(encode(Command(b"B", b"0")), answered=False, baud=BAUD["0"])


def read_half_hours(
    address: str, password: bytes, first: int, last: int, profile: str = "P.01", blockwise: bool = True
) -> Script[Message, tuple[ProfileRows, ...]]:
    """A whole session: the rows stamped ``first`` to ``last`` that the meter holds. Raises MeterRefuses."""
    yield from open_programming(address, password)
    wanted = f"{to_datetime(first).strftime(_TIME)};{to_datetime(last).strftime(_TIME)}"
    lines = yield from (read_blockwise if blockwise else read)(profile, wanted)
    yield from end()
    return read_profile(profile, lines)


def _accepted(command: Command) -> Script[Message, None]:
    """Say a command that is answered with ACK. Raises MeterRefuses for any other answer."""
    say = Say(encode(command))
    while True:
        heard = yield say
        say = Say()
        if isinstance(heard, Block):
            _check_error(heard)
        if isinstance(heard, Command) and heard.letter == b"B":
            raise MeterRefuses("the meter broke off", field="answer")
        if heard == Byte(ACK):
            return


def _block(heard: Message) -> Script[Message, bytes]:
    """The data of the next block, this message or a later one. Raises MeterRefuses for an error message."""
    while not isinstance(heard, Block):
        if isinstance(heard, Command) and heard.letter == b"B":
            raise MeterRefuses("the meter broke off", field="answer")
        heard = yield Say()
    _check_error(heard)
    return heard.data


def _check_error(block: Block) -> None:
    if block.data.startswith(_ERROR):
        raise MeterRefuses(block.data.decode("latin-1").strip("()"), field="answer")


def _decoded(data: bytes) -> Message | None:
    try:
        return decode(data)
    except DecodeError:
        return None
