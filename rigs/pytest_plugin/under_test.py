"""What a test holds in its hands: the device, the head-end that asks it, and the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.answers import Sent
from emulator.dcc.counters import Counters
from firmware_profiles import FirmwareProfile
from gbcs import eui64
from gbcs.catalogue import by_use_case
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import Message
from gbcs.keystore import KeyStore
from gbcs.reads import ReadValues
from gbcs.security import seal, sign
from rigs.reading import Reading
from rigs.users import plain_question


class BenchClock(Protocol):
    """The time of the device's world."""

    @property
    def now(self) -> float:
        """Seconds since 2000-01-01 UTC."""

    def advance(self, delay_s: float) -> None:
        """Let time pass: at once on the emulator, in real time on a rig."""


class Line(Protocol):
    """The way to one device."""

    def exchange(self, frame: bytes, wait_s: float | None) -> bytes | None:
        """Send anything; the answer, None where none came in ``wait_s`` (None: as long as a read would wait)."""

    def read(self, use_case: str, role: str, user: Eui64, first: int | None, last: int | None) -> Reading:
        """Ask, again where that takes it, and open the answer. Raises RigTimeout where none came."""

    def unasked(self) -> int:
        """How many messages came that nobody waited for, alerts aside."""


@dataclass(slots=True)
class HeadEnd:
    """Builds commands to one device and opens its answers, with counters that are never used twice."""

    device: Eui64
    keys: KeyStore
    acb: Eui64
    users: Mapping[str, Eui64]
    counters: Counters
    now: Callable[[], float]
    gbcs_version: str = "4.3"

    def user(self, role: str) -> Eui64:
        """The party that asks in a role: IS, NO, ES or MDR. Raises LocalError for a role that nobody has here."""
        if role not in self.users:
            raise LocalError(f"nobody here asks as {role!r} (allowed: {', '.join(self.users)})")
        return self.users[role]

    def command(self, use_case: str, role: str = "IS", first: int | None = None, last: int | None = None) -> Sent:
        """The bytes of a read, sealed, under fresh counters; ``first`` and ``last`` bound the rows of a log."""
        broker = AccessControlBroker(self.acb, self.keys, self.counters, self.gbcs_version)
        return broker.command(by_use_case(use_case), role, self.user(role), self.device, self.now(), first, last)

    def open(self, answer: bytes, sent: Sent) -> ReadValues:
        """What an answer holds, verified and decrypted. Raises DecodeError, AuthenticationError."""
        return AccessControlBroker(self.acb, self.keys, self.counters, self.gbcs_version).open(answer, sent)

    def counter(self, originator: Eui64) -> int:
        """A fresh counter for a command of the test's own making."""
        return self.counters.next(originator, self.now())

    def sealed(self, message: Message) -> bytes:
        """A command of the test's own making: signed where it has no signature field yet, and with the broker's MAC."""
        ready = sign(message, self.keys) if message.signature is None else message
        return seal(ready, self.keys, self.acb)


@dataclass(slots=True)
class DeviceUnderTest:
    """A device and the way to it."""

    eui: Eui64
    firmware: FirmwareProfile
    head_end: HeadEnd
    line: Line

    def exchange(self, frame: bytes, wait_s: float | None = None) -> bytes | None:
        """Send any bytes; the answer, or None where the device stays silent."""
        return self.line.exchange(frame, wait_s)

    def properties(self) -> list[tuple[str, object]]:
        """What the report of a test says of its device."""
        return [("meterfarm_device", eui64.show(self.eui)), ("meterfarm_firmware", self.firmware.name)]


@dataclass(slots=True)
class EsmeUnderTest(DeviceUnderTest):
    """An electricity meter."""

    def read(self, use_case: str, first: int | None = None, last: int | None = None, *, role: str = "IS") -> Reading:
        """A read as a user in a role asks it, with as many attempts as the rig allows. Raises RigTimeout, PortLost."""
        return self.line.read(use_case, role, self.head_end.user(role), first, last)

    def probe(self) -> Reading:
        """The answer to the shortest read that anybody here may ask. Raises RigTimeout, PortLost."""
        use_case, role, window = plain_question(self.head_end.users, self.head_end.now())
        return self.read(use_case, *(window or (None, None)), role=role)

    def ignores(self, frame: bytes) -> bool:
        """Whether nothing comes back for these bytes, while the meter goes on answering: a right read follows them.

        Devices answer in the order in which they are asked, so there is no need to wait for silence.
        """
        before = self.line.unasked()
        answered = self.line.exchange(frame, 0.0)
        reading = self.probe()
        return answered is None and not reading.values.code and self.line.unasked() == before
