"""A meter's end of an EDMI connection."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest

from emulator.assumptions import Assumption
from emulator.smets1.edmi import commands as c
from emulator.smets1.edmi.framing import Frame, FrameReader, decode, encode
from emulator.smets1.edmi.registers import Refused, Register, read_register, registers, write_register
from emulator.smets1.edmi.settings import ACCESS, Access, EdmiSettings
from emulator.smets1.edmi.states import TABLE, Does, Heard, State
from emulator.smets1.edmi.surveys import describe, records, search, survey_registers
from emulator.smets1.edmi.values import padding
from emulator.smets1.meter import Smets1Meter
from emulator.smets1.server import ServerFactory
from gbcs.errors import DecodeError, LocalError

ASSUMPTIONS = (
    Assumption("edmi_bad_crc", "no answer", "A", "the codes for CRC errors are those of clients, so none is sent"),
    Assumption("edmi_wrong_password", "CAN 4, access denied; a login before it ends", "A", "clients only look for ACK"),
    Assumption("edmi_attention", "ESC is acknowledged", "L", "its answer is not published"),
    Assumption("edmi_search_start", "the record that a search begins with plays no part", "L", "how clients use it"),
    Assumption("edmi_energy_unit", "energy registers count Wh", "L", "the unit letters know no kWh"),
)

_FIXED = {
    Does.ACKNOWLEDGE: c.Answer(c.ACK),
    Does.DENY: c.Answer(c.CAN, c.EdmiError.ACCESS_DENIED),
    Does.REFUSE_STRANGER: c.Answer(c.CAN, c.EdmiError.NOT_LOGGED_IN),
    Does.REFUSE_LETTER: c.Answer(c.CAN, c.EdmiError.UNIMPLEMENTED),
    Does.REFUSE_LENGTH: c.Answer(c.CAN, c.EdmiError.WRONG_LENGTH),
}
_HEARD = {c.ATTENTION: Heard.ATTENTION, c.LOGOUT: Heard.LOGOUT}
_LETTERS_ALONE = frozenset((c.INFO, c.INFO_EXTENDED, c.READ_MULTIPLE, c.WRITE_MULTIPLE))
_MAX_SERIAL = 0xFFFF_FFFF


def edmi_servers(settings: EdmiSettings, meter: Smets1Meter) -> ServerFactory:
    """Servers of one meter. Raises LocalError for a serial number that is no address."""
    address = int(meter.serial_number) if meter.serial_number.isdecimal() else -1
    if not 0 < address <= _MAX_SERIAL:
        raise LocalError(f"an EDMI serial number is a number up to {_MAX_SERIAL}, not {meter.serial_number!r}")
    return lambda: EdmiServer(settings, meter, address)


class EdmiServer:
    """One connection to a meter, logged in or not.

    Does not model: flow control by XON and XOFF, several meters on one line, a broadcast address, the pause before an
    answer, a lock after wrong passwords, the layouts of the commands I, O, A and B.
    """

    __slots__ = ("_access", "_address", "_baud", "_meter", "_quiet_at", "_reader", "_settings", "_state", "_stuck_at")

    def __init__(self, settings: EdmiSettings, meter: Smets1Meter, address: int) -> None:
        self._settings, self._meter, self._address = settings, meter, address
        self._reader = FrameReader(settings.max_frame_bytes.value)
        self._state, self._access = State.LOGGED_OUT, Access.NONE
        self._baud: int | None = settings.baud.value
        self._quiet_at: float | None = None
        self._stuck_at: float | None = None

    @property
    def closed(self) -> bool:
        """Never: a line stays open for the next login."""
        return False

    def receive_data(self, data: bytes, now: float) -> bytes:
        """Take what arrived; the answers to all frames that are whole."""
        self.tick(now)
        answers = b"".join(self._answer(frame, now) for frame in self._reader.feed(data))
        self._stuck_at = now + self._settings.frame_timeout_s.value if self._reader.waiting else None
        return answers

    def next_deadline(self) -> float | None:
        """When a login or a frame that has begun is given up."""
        return min((at for at in (self._quiet_at, self._stuck_at) if at is not None), default=None)

    def tick(self, now: float) -> bytes:
        """Give up what has waited too long; a meter says nothing about it."""
        if self._stuck_at is not None and self._stuck_at <= now:
            self._reader.reset()
            self._stuck_at = None
        if self._quiet_at is not None and self._quiet_at <= now:
            self._step(Heard.QUIET, now)
        return b""

    def take_baud(self) -> int | None:
        """The speed of the line, once."""
        baud, self._baud = self._baud, None
        return baud

    def _answer(self, data: bytes, now: float) -> bytes:
        """The frame that answers a frame; empty where none does."""
        try:
            frame = decode(data)
        except DecodeError:
            self._step(Heard.NOISE, now)
            return b""
        command, heard = self._heard(frame)
        does = self._step(heard, now)
        answer = _FIXED.get(does) if command is None or does is not Does.ANSWER else self._execute(command, now)
        return b"" if answer is None else encode(frame.answer(c.encode_answer(answer)))

    def _step(self, heard: Heard, now: float) -> Does:
        self._state, does = TABLE[self._state, heard]
        if self._state is State.LOGGED_OUT:
            self._access, self._quiet_at = Access.NONE, None
        elif heard not in {Heard.NOISE, Heard.FOREIGN}:
            self._quiet_at = now + self._settings.idle_logout_s.value
        return does

    def _heard(self, frame: Frame) -> tuple[c.Command | None, Heard]:
        """What a frame says, in the words of the table."""
        if frame.destination not in {None, self._address}:
            return None, Heard.FOREIGN
        letter = frame.content[0] if frame.content else 0
        if letter not in c.LETTERS or letter in _LETTERS_ALONE:
            return None, Heard.UNIMPLEMENTED
        try:
            command = c.decode_command(frame.content)
        except DecodeError:
            return None, Heard.MISSHAPEN
        if command.letter == c.LOGIN:
            return command, self._login(command.value)
        return command, _HEARD.get(command.letter, Heard.REQUEST)

    def _login(self, login: c.Login) -> Heard:
        user = login.user.decode("latin-1")
        password = self._meter.passwords.get(user)
        level = self._settings.users.value.get(user)
        if password is None or level is None or not compare_digest(password, login.password):
            return Heard.INTRUDER
        self._access = ACCESS[level]
        return Heard.LOGIN

    # ------------------------------------------------------------------ requests

    def _execute(self, command: c.Command, now: float) -> c.Answer:
        request = command.value.value if isinstance(command.value, c.FilePart) else command.value
        try:
            return _REQUESTS[type(request)](self, command, request, now)
        except Refused as refused:
            return c.Answer(c.CAN, refused.code)

    def _read(self, command: c.Command, request: c.Registers, now: float) -> c.Answer:
        if request.many:
            values = b"".join(self._listed(number, now) for number in request.numbers)
            return c.Answer(command.letter, c.Value(c.MULTIPLE, values))
        (number,) = request.numbers
        value = read_register(_register(number), self._meter, self._access, now)
        return c.Answer(command.letter, c.Value(number, value))

    def _listed(self, number: int, now: float) -> bytes:
        """Error code and value of one register of a list."""
        settings = self._settings
        try:
            register = _register(number)
        except Refused as refused:
            return bytes((refused.code,)) + bytes(settings.pad_unknown_bytes.value)
        try:
            return b"\x00" + read_register(register, self._meter, self._access, now)
        except Refused as refused:
            return bytes((refused.code,)) + (padding(register.type) if settings.pads_refused.value else b"")

    def _write(self, command: c.Command, request: c.Value, now: float) -> c.Answer:
        write_register(_register(request.register), self._meter, self._access, request.data, now)
        return c.Answer(c.ACK)

    def _describe(self, command: c.Command, request: c.Info, now: float) -> c.Answer:
        return c.Answer(c.FILE, c.FilePart(c.FILE_INFO, describe(self._meter, request, now)))

    def _search(self, command: c.Command, request: c.Search, now: float) -> c.Answer:
        return c.Answer(c.FILE, c.FilePart(c.FILE_SEARCH, search(self._meter, request, now)))

    def _records(self, command: c.Command, request: c.Records, now: float) -> c.Answer:
        answer = records(self._meter, request, now, self._settings.max_answer_bytes.value)
        return c.Answer(c.FILE, c.FilePart(c.FILE_READ, answer))

    def _write_file(self, command: c.Command, request: bytes, now: float) -> c.Answer:
        raise Refused(c.EdmiError.CANNOT_WRITE)


def _register(number: int) -> Register:
    """A register by number. Raises Refused for none."""
    found = registers().get(number) or survey_registers().get(number)
    if found is None:
        raise Refused(c.EdmiError.REGISTER_NOT_FOUND)
    return found


_REQUESTS: dict[type, Callable[[EdmiServer, c.Command, object, float], c.Answer]] = {
    c.Registers: EdmiServer._read,  # type: ignore[dict-item]  # each takes the request of its row
    c.Value: EdmiServer._write,  # type: ignore[dict-item]
    c.Info: EdmiServer._describe,  # type: ignore[dict-item]
    c.Search: EdmiServer._search,  # type: ignore[dict-item]
    c.Records: EdmiServer._records,  # type: ignore[dict-item]
    bytes: EdmiServer._write_file,  # type: ignore[dict-item]
}
