"""Messages of IEC 62056-21 mode C: lines of the sign-on, and blocks with their check character."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import TypeAlias

from construct import Bytes, Const, GreedyBytes

from gbcs.declare import Record, Typed
from gbcs.errors import DecodeError
from gbcs.fuse import fuse

SOH, STX, ETX, EOT, ACK, NAK = b"\x01", b"\x02", b"\x03", b"\x04", b"\x06", b"\x15"
LINE_END = b"\r\n"
BAUD = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200}
"""Speeds by the character that proposes and selects them."""

READOUT, PROGRAMMING, BINARY = b"0", b"1", b"2"
"""Modes of an option select; the binary one is a protocol of its own too."""
MAX_ADDRESS = 32


@dataclass(frozen=True, slots=True)
class SignOn:
    """The request that begins a session; an empty address means any meter."""

    address: bytes = b""


@dataclass(frozen=True, slots=True)
class Identification:
    """A meter's maker, the speed that it proposes, and what it calls itself."""

    manufacturer: bytes
    baud: bytes
    name: bytes


@dataclass(frozen=True, slots=True)
class OptionSelect:
    """What a session is to be, and at what speed; ``protocol`` 0 is the normal one."""

    baud: bytes
    mode: bytes
    protocol: bytes = b"0"


@dataclass(frozen=True, slots=True)
class Command:
    """A command of programming mode: a letter, a digit, and data where it has some."""

    letter: bytes
    kind: bytes
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Data of a meter; ``last`` where no further block follows."""

    data: bytes
    last: bool = True


@dataclass(frozen=True, slots=True)
class Byte:
    """An ACK or a NAK that stands alone."""

    value: bytes


Message: TypeAlias = "SignOn | Identification | OptionSelect | Command | Block | Byte"


def _read_data(data: bytes) -> bytes | None:
    if not data:
        return None
    if data[:1] != STX:
        raise DecodeError(f"expected {STX.hex()}, got {data[:1].hex()}", offset=3, field="data")
    return data[1:]


SIGN_ON = Record(SignOn, Const(b"/?"), "address" / GreedyBytes)
IDENTIFICATION = Record(Identification, Const(b"/"), "manufacturer" / Bytes(3), "baud" / Bytes(1), "name" / GreedyBytes)
OPTION_SELECT = Record(OptionSelect, Const(ACK), "protocol" / Bytes(1), "baud" / Bytes(1), "mode" / Bytes(1))
COMMAND = Record(
    Command,
    Const(SOH),
    "letter" / Bytes(1),
    "kind" / Bytes(1),
    "data" / Typed(GreedyBytes, (), _read_data, lambda data: b"" if data is None else STX + data),
)
BLOCK = Record(Block, Const(STX), "data" / GreedyBytes)
"""The declarations hold what stands in front of the line end, or of ETX or EOT and the check character."""

_SIGN_ON, _IDENTIFICATION = fuse(SIGN_ON, "sign-on"), fuse(IDENTIFICATION, "identification")
_OPTION, _COMMAND, _BLOCK = fuse(OPTION_SELECT, "option"), fuse(COMMAND, "command"), fuse(BLOCK, "block")


class BadCheck(DecodeError):
    """The check character is not that of the block."""


def check_character(data: bytes) -> bytes:
    """BCC: XOR of everything behind the first SOH or STX, up to and including ETX or EOT."""
    return bytes((reduce(xor, data, 0),))


def encode(message: Message) -> bytes:
    """The bytes of a message. Raises LocalError where a value does not fit its field."""
    match message:
        case SignOn():
            return _SIGN_ON.build(message) + b"!" + LINE_END
        case Identification():
            return _IDENTIFICATION.build(message) + LINE_END
        case OptionSelect():
            return _OPTION.build(message) + LINE_END
        case Command():
            return _checked(_COMMAND.build(message) + ETX)
        case Block():
            return _checked(_BLOCK.build(message) + (ETX if message.last else EOT))
        case Byte():
            return message.value


def decode(data: bytes) -> Message:
    """The message that bytes are, from its first character to its last.

    Raises BadCheck for a wrong check character, DecodeError for every other mistake.
    """
    try:
        read = _READERS[data[:1]]
    except KeyError:
        raise DecodeError(f"no message begins with {data[:1].hex()}", offset=0, field="message") from None
    return read(data)


def _checked(data: bytes) -> bytes:
    return data + check_character(data[1:])


def _line(data: bytes) -> Message:
    if not data.endswith(LINE_END):
        raise DecodeError("a line ends with CR and LF", field="line")
    text = data[: -len(LINE_END)]
    if text[:2] != b"/?":
        identification: Identification = _IDENTIFICATION.parse(text)
        return identification
    if text[-1:] != b"!" or len(text) > MAX_ADDRESS + 3:
        raise DecodeError(f"a sign-on ends with ! behind {MAX_ADDRESS} characters at most", field="sign-on")
    sign_on: SignOn = _SIGN_ON.parse(text[:-1])
    return sign_on


def _acknowledgement(data: bytes) -> Message:
    if len(data) == 1:
        return Byte(ACK)
    if not data.endswith(LINE_END):
        raise DecodeError("an option select ends with CR and LF", field="option")
    option: OptionSelect = _OPTION.parse(data[: -len(LINE_END)])
    return option


def _ended(data: bytes) -> bytes:
    """A block without its end and its check character, which must be right."""
    if len(data) < 3 or data[-2:-1] not in {ETX, EOT}:
        raise DecodeError("a block ends with ETX or EOT and a check character", field="block")
    if check_character(data[1:-1]) != data[-1:]:
        wanted = check_character(data[1:-1]).hex()
        raise BadCheck(f"expected {wanted}, got {data[-1:].hex()}", offset=len(data) - 1, field="check character")
    return data[:-2]


def _command(data: bytes) -> Message:
    command: Command = _COMMAND.parse(_ended(data))
    return command


def _block(data: bytes) -> Message:
    return Block(_BLOCK.parse(_ended(data)).data, last=data[-2:-1] == ETX)


_READERS = {
    b"/": _line,
    ACK: _acknowledgement,
    NAK: lambda _data: Byte(NAK),
    SOH: _command,
    STX: _block,
}
