"""The emulated side of the fixtures: a fresh meter and a fresh hub for every test, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.dcc.counters import OriginatorCounters
from emulator.device.access import access_table
from emulator.device.device import Device
from emulator.device.objects import StoredObjects
from emulator.esme.esme import Esme
from emulator.esme.live import energy_of
from emulator.esme.single import SingleMeter, known_parties
from emulator.hub.chf import Chf
from firmware_profiles import FirmwareProfile
from gbcs import eui64
from gbcs.eui64 import Eui64
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import from_datetime
from rigs.errors import RigTimeout
from rigs.pytest_plugin.under_test import DeviceUnderTest, EsmeUnderTest, HeadEnd
from rigs.reading import Reading

USERS = {
    "IS": bytes.fromhex("024d46f000010001"),
    "ES": bytes.fromhex("024d46f000020001"),
    "NO": bytes.fromhex("024d46f000030001"),
    "MDR": bytes.fromhex("024d46f000040001"),
}
"""Who asks: one of each kind of user, under the identifiers of an emulated farm."""

ROLES = {
    DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER,
    USERS["IS"]: RemotePartyRole.SUPPLIER,
    USERS["ES"]: RemotePartyRole.OTHER,
    USERS["NO"]: RemotePartyRole.NETWORK_OPERATOR,
    USERS["MDR"]: RemotePartyRole.OTHER,
}
METER, HUB = bytes.fromhex("024d460000000001"), bytes.fromhex("024d46c000000001")
START = from_datetime(datetime(2026, 11, 24, 6, 10, tzinfo=UTC))
"""What the clock of every test shows at first: the morning after the day that the default scenario reads."""

_EXECUTION_S = 1.0
_SILENCE_S = 30.0


@dataclass(slots=True)
class VirtualTime:
    """Time that passes when a test says so, and a second for each exchange.

    Does not model: what networks take (the fixture ``farm`` does).
    """

    now: float = START

    def advance(self, delay_s: float) -> None:
        """Let time pass, at once."""
        self.now += delay_s


class DirectLine:
    """Straight into a device core.

    Does not model: networks, loss, blocks (messages arrive whole).
    """

    def __init__(self, core: Device, clock: VirtualTime, head_end: HeadEnd) -> None:
        self.core, self.clock, self._head_end = core, clock, head_end

    def exchange(self, frame: bytes, wait_s: float | None) -> bytes | None:
        """See :class:`rigs.pytest_plugin.under_test.Line`; silence takes its time, virtually."""
        self.core.tick(self.clock.now)
        answers = self.core.receive(frame, self.clock.now)
        self.clock.advance(_EXECUTION_S if answers else _SILENCE_S if wait_s is None else wait_s)
        return answers[0] if answers else None

    def read(self, use_case: str, role: str, user: Eui64, first: int | None, last: int | None) -> Reading:
        """See :class:`rigs.pytest_plugin.under_test.Line`. A core loses nothing, so one attempt tells."""
        sent = self._head_end.command(use_case, role, first, last)
        began = self.clock.now
        answer = self.exchange(sent.command, None)
        if answer is None:
            raise RigTimeout(f"the emulated device {eui64.show(self.core.eui)} dropped it: {self._dropped()}")
        values = self._head_end.open(answer, sent)
        return Reading(use_case, self.core.eui, sent, answer, values, 1, self.clock.now - began, len(sent.command))

    def unasked(self) -> int:
        """None: a core answers and says nothing else but alerts."""
        return 0

    def _dropped(self) -> str:
        return ", ".join(self.core.discarded) or "no reason is known"


class EmulatedStand:
    """A meter, a hub and a head-end, all emulated, for one test.

    Does not model: the HAN between meter and hub; see :class:`DirectLine`.
    """

    label = "the emulator"

    def __init__(self, seed: int, firmware: FirmwareProfile, capabilities: Sequence[str] = ()) -> None:
        self.firmware, self.clock = firmware, VirtualTime()
        self.keys = SeededKeyStore(seed, ROLES)
        self._single = SingleMeter(METER, seed, firmware, twin="twin_element" in capabilities)
        self._counters = OriginatorCounters()
        self.head_end = self._head_end(METER)
        self._meter: EsmeUnderTest | None = None

    def esme(self) -> EsmeUnderTest:
        """The meter, one and the same for a test."""
        if self._meter is None:
            line = DirectLine(self._single.make(self.keys, self.clock.now), self.clock, self.head_end)
            self._meter = EmulatedEsme(METER, self.firmware, self.head_end, line)
        return self._meter

    def comms_hub(self) -> DeviceUnderTest:
        """A hub with an empty device log."""
        objects = StoredObjects(access_table("CHF"))
        core = Chf(HUB, self.keys, DCC_ACB, known_parties(self.keys), objects)
        head_end = self._head_end(HUB)
        return DeviceUnderTest(HUB, self.firmware, head_end, DirectLine(core, self.clock, head_end))

    def _head_end(self, device: Eui64) -> HeadEnd:
        return HeadEnd(device, self.keys, DCC_ACB, USERS, self._counters, lambda: self.clock.now)


@dataclass(slots=True)
class EmulatedEsme(EsmeUnderTest):
    """A meter whose surroundings a test can change."""

    def cut_power(self, lasts_s: float) -> None:
        """The meter is without power for so long, from now on; time passes meanwhile."""
        assert isinstance(self.line, DirectLine)  # noqa: S101 - made with no other
        core, clock = self.line.core, self.line.clock
        assert isinstance(core, Esme)  # noqa: S101 - a meter
        energy_of(core).power_cut(clock.now, clock.now + lasts_s)
        clock.advance(lasts_s)
