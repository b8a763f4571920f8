"""A meter's end of an IEC 62056-21 line in mode C."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hmac import compare_digest

from emulator.assumptions import Assumption
from emulator.smets1.iec62056_21.content import (
    DENIED,
    UNKNOWN,
    WRONG_PASSWORD,
    Refused,
    error_block,
    read,
    read_blocks,
    read_out,
    write,
)
from emulator.smets1.iec62056_21.framing import (
    ACK,
    BAUD,
    NAK,
    PROGRAMMING,
    READOUT,
    SOH,
    BadCheck,
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
from emulator.smets1.iec62056_21.reader import MessageReader
from emulator.smets1.iec62056_21.settings import Iec62056Settings
from emulator.smets1.iec62056_21.states import TABLE, Does, Heard, State
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.server import ServerFactory
from gbcs.errors import DecodeError

ASSUMPTIONS = (
    Assumption("iec_error_texts", "ERROR and two digits", "A", "the standard leaves the text of an error to the maker"),
    Assumption("iec_answer_address", "an answer repeats the address", "L", "the form in which data sets are read out"),
    Assumption("iec_block_header", "each partial block begins with a header", "A", "a repeated block can be told"),
    Assumption("iec_password_levels", "P1 reads, P2 also writes", "A", "left to the maker"),
)

SLOW = BAUD["0"]
_NO_COMMAND = Command(b"", b"")
_BREAK = encode(Command(b"B", b"0"))
_PASSWORDS = {b"1": ("P1", 1), b"2": ("P2", 2)}
"""Who knows a password, and the level it gives, by the digit of the command."""

_READS, _WRITES, _BLOCKWISE = frozenset((b"R1", b"R5")), frozenset((b"W1", b"W5")), b"R6"
_REFUSALS = {b"P1": WRONG_PASSWORD, b"P2": WRONG_PASSWORD, _BLOCKWISE: DENIED}


def iec62056_servers(settings: Iec62056Settings, meter: Smets1Meter) -> ServerFactory:
    """Servers of one meter."""
    return lambda: Iec62056Server(settings, meter)


class Iec62056Server:
    """One connection to a meter, from sign-on to break, and over again.

    An option select is answered a reaction time later, through ``tick``: by then a serial line has changed its speed.

    Does not model: modes A, B, D and E; the readout at 300 baud of a meter whose identification nobody acknowledges;
    seeded passwords; parity, which the port takes off; commands R2 to R4, W2 to W4 and E2.
    """

    __slots__ = (
        "_baud",
        "_blocks",
        "_command",
        "_intrusions",
        "_level",
        "_meter",
        "_pending",
        "_pending_at",
        "_quiet_at",
        "_reader",
        "_repeats",
        "_said",
        "_settings",
        "_speed",
        "_state",
        "_stuck_at",
    )  # fmt: skip

    def __init__(self, settings: Iec62056Settings, meter: Smets1Meter) -> None:
        self._settings, self._meter = settings, meter
        self._reader = MessageReader(settings.max_message_bytes.value)
        self._state, self._level = State.IDLE, 0
        self._intrusions = self._repeats = 0
        self._said = b""
        self._speed, self._baud = SLOW, 0
        self._command = _NO_COMMAND
        self._blocks: Iterator[Block] = iter(())
        self._pending = b""
        self._pending_at: float | None = None
        self._quiet_at: float | None = None
        self._stuck_at: float | None = None

    @property
    def closed(self) -> bool:
        """Never: a line stays open for the next sign-on."""
        return False

    def receive_data(self, data: bytes, now: float) -> bytes:
        """Take what arrived; the answers to all messages that are whole."""
        answers = [self.tick(now)]
        self._reader.feed(data)
        while (message := self._next()) is not None:
            answers.append(self._answer(message, now))
        self._stuck_at = now + self._settings.character_timeout_s.value if self._reader.waiting else None
        return b"".join(answers)

    def next_deadline(self) -> float | None:
        """When an answer goes out at the new speed, or a session or message that has begun is given up."""
        deadlines = (self._pending_at, self._quiet_at, self._stuck_at)
        return min((at for at in deadlines if at is not None), default=None)

    def tick(self, now: float) -> bytes:
        """Send what was waiting for the new speed; give up what has waited too long."""
        if self._stuck_at is not None and self._stuck_at <= now:
            self._reader.reset()
            self._stuck_at = None
        if self._quiet_at is not None and self._quiet_at <= now:
            self._step(Heard.QUIET, now)
        if self._pending_at is None or now < self._pending_at:
            return b""
        pending, self._pending, self._pending_at = self._pending, b"", None
        return pending

    def take_baud(self) -> int | None:
        """The speed of the line at first, and the one to change to once the last answer is out."""
        if self._speed == self._baud:
            return None
        self._baud = self._speed
        return self._baud

    def _next(self) -> bytes | None:
        self._reader.expects_option = self._state is State.IDENTIFIED
        return self._reader.next()

    # ------------------------------------------------------------------ what is heard

    def _answer(self, data: bytes, now: float) -> bytes:
        try:
            message = decode(data)
        except BadCheck:
            heard = Heard.BAD_CHECK
        except DecodeError:
            self._command = _NO_COMMAND
            heard = Heard.UNKNOWN if data[:1] == SOH else Heard.NOISE
        else:
            heard = self._heard(message)
        return self._do(self._step(self._counted(heard), now), now)

    def _heard(self, message: Message) -> Heard:
        """What a message says, in the words of the table."""
        match message:
            case SignOn(address):
                return Heard.SIGN_ON if self._is_mine(address) else Heard.FOREIGN
            case OptionSelect():
                return self._option(message)
            case Command():
                self._command = message
                return self._programming(message)
            case Byte(value):
                return Heard.ACKNOWLEDGED if value == ACK else Heard.REPEAT
            case _:
                return Heard.NOISE

    def _is_mine(self, address: bytes) -> bool:
        """Leading zeros do not count, and an empty address is everybody's."""
        mine = self._meter.serial_number.encode("ascii")
        return not address or address.lstrip(b"0") == mine.lstrip(b"0")

    def _option(self, option: OptionSelect) -> Heard:
        baud = option.baud.decode("latin-1")
        if option.protocol != b"0" or baud > self._settings.baud.value or baud not in BAUD:
            return Heard.WANTS_OTHER
        if option.mode not in {READOUT, PROGRAMMING}:
            return Heard.WANTS_OTHER
        self._speed = BAUD[baud]
        return Heard.WANTS_READOUT if option.mode == READOUT else Heard.WANTS_PROGRAMMING

    def _programming(self, command: Command) -> Heard:
        name = command.letter + command.kind
        if name == b"B0":
            return Heard.BREAK
        if command.letter == b"P" and command.kind in _PASSWORDS:
            return self._password(command)
        if name == _BLOCKWISE:
            return Heard.BLOCKWISE
        return Heard.REQUEST if name in _READS or name in _WRITES else Heard.UNKNOWN

    def _password(self, command: Command) -> Heard:
        holder, _ = _PASSWORDS[command.kind]
        password = self._meter.passwords.get(holder)
        given = (command.data or b"").removeprefix(b"(").removesuffix(b")")
        if password is None or not compare_digest(password, given):
            return Heard.INTRUDER
        return Heard.PASSWORD

    def _counted(self, heard: Heard) -> Heard:
        """The same, or EXHAUSTED where it has happened too often."""
        if heard is Heard.INTRUDER:
            self._intrusions += 1
            at_once = self._settings.wrong_password.value == "break"
            return Heard.EXHAUSTED if at_once or self._intrusions > self._settings.tries.value else heard
        # Bad luck on the line is forgotten; wrong passwords are not, until the right one comes.
        self._repeats = self._repeats + 1 if heard is Heard.REPEAT else 0
        if heard is Heard.PASSWORD:
            self._intrusions = 0
        return Heard.EXHAUSTED if self._repeats > self._settings.tries.value else heard

    def _step(self, heard: Heard, now: float) -> Does:
        self._state, does = TABLE[self._state, heard]
        if heard is Heard.SIGN_ON or self._state is State.IDLE:
            self._hang_up()
        if heard is Heard.INTRUDER:
            self._level = 0
        if self._state is not State.IDLE and heard is not Heard.NOISE:
            self._quiet_at = now + self._settings.inactivity_s.value
        return does

    def _hang_up(self) -> None:
        self._speed, self._level, self._said = SLOW, 0, b""
        self._intrusions = self._repeats = 0
        self._blocks = iter(())
        self._quiet_at = self._pending_at = None
        self._pending = b""

    # ------------------------------------------------------------------ what is done

    def _do(self, does: Does, now: float) -> bytes:
        answer = _DOES[does](self, now)
        if answer and does is not Does.ASK_AGAIN:
            self._said = answer
        if does in {Does.READ_OUT, Does.CHALLENGE} and self._settings.reaction_s.value:
            self._pending, self._pending_at = answer, now + self._settings.reaction_s.value
            return b""
        return answer

    def _identify(self, now: float) -> bytes:
        maker, settings = self._meter.manufacturer.encode("ascii"), self._settings
        return encode(Identification(maker, settings.baud.value.encode(), settings.name.value.encode("ascii")))

    def _read_out(self, now: float) -> bytes:
        return encode(read_out(self._meter, self._settings.readout_rows.value, now))

    def _challenge(self, now: float) -> bytes:
        return encode(Command(b"P", b"0", f"({self._meter.serial_number})".encode("ascii")))

    def _accept(self, now: float) -> bytes:
        _, self._level = _PASSWORDS[self._command.kind]
        return ACK

    def _refuse(self, now: float) -> bytes:
        """Only a password or an unknown command gets here, and a blockwise read before a password."""
        name = self._command.letter + self._command.kind
        return encode(error_block(_REFUSALS.get(name, UNKNOWN)))

    def _execute(self, now: float) -> bytes:
        data = self._command.data or b""
        try:
            if self._command.letter == b"W":
                write(self._meter, self._level, data, now)
                return ACK
            return encode(read(self._meter, self._level, data, now))
        except Refused as refused:
            return encode(error_block(str(refused)))

    def _first_block(self, now: float) -> bytes:
        rows = self._settings.rows_per_block.value
        try:
            self._blocks = read_blocks(self._meter, self._level, self._command.data or b"", now, rows)
        except Refused as refused:
            self._blocks = iter(())
            return encode(error_block(str(refused)))
        return self._next_block(now)

    def _next_block(self, now: float) -> bytes:
        """The next partial block; nothing behind the last one."""
        block = next(self._blocks, None)
        return b"" if block is None else encode(block)

    def _say_again(self, now: float) -> bytes:
        """What was said last, unless it is still to be said."""
        return self._said if self._pending_at is None else b""


_DOES: dict[Does, Callable[[Iec62056Server, float], bytes]] = {
    Does.NOTHING: lambda _server, _now: b"",
    Does.IDENTIFY: Iec62056Server._identify,
    Does.READ_OUT: Iec62056Server._read_out,
    Does.CHALLENGE: Iec62056Server._challenge,
    Does.ACCEPT: Iec62056Server._accept,
    Does.REFUSE: Iec62056Server._refuse,
    Does.ANSWER: Iec62056Server._execute,
    Does.FIRST_BLOCK: Iec62056Server._first_block,
    Does.NEXT_BLOCK: Iec62056Server._next_block,
    Does.SAY_AGAIN: Iec62056Server._say_again,
    Does.ASK_AGAIN: lambda _server, _now: NAK,
    Does.HANG_UP: lambda _server, _now: b"",
    Does.BREAK_OFF: lambda _server, _now: _BREAK,
}
