"""The corpus that is made: real broker and meters with their own energy, test keys, a day and the days before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from emulator.compression.corpus.coded import with_coded_payload
from emulator.compression.corpus.model import Conversation, Sample
from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.device.objects import ObjectModel
from emulator.device.profiles import Selection
from emulator.device.values import AccessRefused
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects
from emulator.rng import generator, subseed
from gbcs.catalogue import UseCase, mhhs
from gbcs.dlms import Data, ResultCode
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime

SUPPLIERS = tuple((0x024D_46F0_0001_0001 + n).to_bytes(8, "big") for n in range(2))
MDRS = tuple((0x024D_46F0_0004_0001 + n).to_bytes(8, "big") for n in range(3))
ROLES = {"supplier": ("IS", SUPPLIERS), "MDR": ("MDR", MDRS)}
"""Roles of the corpus: the role that the broker knows, and who there is of it. A meter is read by one of each."""

DEVICES, BLOCK_DEVICES, TRAINING_DEVICES = 300, 15, 12
DAYS_BEFORE = 2
"""Days of the same reads before the one that is counted: what context there is comes from them."""

VARIANTS = {"single_rate": 0.7, "economy7": 0.15, "ev": 0.15}
"""Shapes of consumption and their shares [A]: the lengths of coded payloads hang on them, no other figure does."""

_FIRST_DAY = int(from_datetime(datetime(2026, 11, 21, tzinfo=UTC)))
_ESME, _HUB = 0x024D_4600_0000_0000, 0x024D_4610_0000_0000
_TWIN_USE_CASES = ("ECS17b", "ECS21a", "ECS22b")
"""Reads whose answer has another layout on a meter with two elements."""


@dataclass(frozen=True, slots=True)
class MadeBlock:
    """Some devices of the made corpus: a single-element meter, a twin one and a failing one for each number.

    The same seed gives the same bytes. Devices for training stand beyond all others.

    Does not model: meters of one hub (each has its own), reads that are repeated, other traffic of the hubs.
    """

    seed: int
    first: int
    count: int

    @property
    def messages(self) -> int:
        """About how many messages it has."""
        return self.count * _SAMPLES

    def conversations(self) -> Sequence[Conversation]:
        """Three conversations a device number: single, twin, error."""
        return _Maker(self.seed, range(self.first, self.first + self.count)).conversations()

    def training(self) -> Sequence[Conversation]:
        """Conversations of devices that no block has, to train dictionaries on."""
        devices = range(_TRAINING_FROM, _TRAINING_FROM + TRAINING_DEVICES)
        return _Maker(self.seed, devices).last_day()


_TRAINING_FROM = 1_000_000
_SAMPLES = 50


def made_corpus(devices: int = DEVICES, seed: int = 162) -> list[MadeBlock]:
    """The made corpus in blocks. Raises LocalError for a number of devices that cannot be."""
    if not 1 <= devices <= _TRAINING_FROM:
        raise LocalError(f"a corpus of {devices} devices cannot be made (allowed: 1 to {_TRAINING_FROM:,})")
    starts = range(0, devices, BLOCK_DEVICES)
    return [MadeBlock(seed, start, min(BLOCK_DEVICES, devices - start)) for start in starts]


class _Failing:
    """Objects that all fail: the first of a request by itself, the others with it."""

    def read(self, class_id: int, instance: bytes, attribute: int, selection: Selection, now: int) -> Data:
        """A hardware fault, the one code that the reference messages show."""
        raise AccessRefused(ResultCode.HARDWARE_FAULT)


@dataclass(frozen=True, slots=True)
class _Meter:
    """One meter with its hub, its readers and the reads that are made of it."""

    kind: str
    device: Eui64
    esme: Esme
    conversation: Conversation
    readers: dict[str, Eui64]
    reads: tuple[tuple[str, UseCase], ...]
    at_s: float


class _Maker:
    """Makes the conversations of some devices, day by day, because the broker's counter is one for all of them."""

    def __init__(self, seed: int, devices: range) -> None:
        self.seed = seed
        self.keys = _keys(seed)
        self.broker = AccessControlBroker(DCC_ACB, self.keys, OriginatorCounters())
        self.meters = sorted((meter for n in devices for meter in self._meters(n)), key=lambda meter: meter.at_s)

    def conversations(self) -> list[Conversation]:
        """All days; the last one is counted, and has coded payloads beside."""
        for day in range(DAYS_BEFORE):
            for meter in self.meters:
                meter.conversation.before += self._day(meter, _FIRST_DAY + day * DAY_S, coded=False)
        return self.last_day(coded=True)

    def last_day(self, *, coded: bool = False) -> list[Conversation]:
        """The day that is counted."""
        for meter in self.meters:
            meter.conversation.samples += self._day(meter, _FIRST_DAY + DAYS_BEFORE * DAY_S, coded=coded)
        return [meter.conversation for meter in self.meters]

    def _day(self, meter: _Meter, day: int, *, coded: bool) -> Iterator[Sample]:
        """All reads of a settlement day, a few seconds apart, on the day after."""
        now = day + DAY_S + meter.at_s
        for role, row in meter.reads:
            now += 7.0
            bounds = (None, None) if row.use_case in ("ECS17a", "ECS17b") else (day + HALF_HOUR_S, day + DAY_S)
            name, _ = ROLES[role]
            sent = self.broker.command(row, name, meter.readers[role], meter.device, now, *bounds)
            yield Sample("down", row.use_case, role, meter.kind, sent.command, sent.command if coded else None)
            for answer in meter.esme.receive(sent.command, now):
                also = with_coded_payload(answer, self.keys) if coded else None
                yield Sample("up", row.use_case, role, meter.kind, answer, also)

    def _meters(self, number: int) -> Iterator[_Meter]:
        draw = generator(self.seed, "compression", number)
        readers = {role: parties[int(draw.integers(len(parties)))] for role, (_, parties) in ROLES.items()}
        variant, at_s = str(draw.choice(list(VARIANTS), p=list(VARIANTS.values()))), float(draw.uniform(3_600, 80_000))
        known = {
            DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER,
            readers["supplier"]: RemotePartyRole.SUPPLIER,
        }
        for place, (kind, make) in enumerate(_OBJECTS.items()):
            device, hub = (base + 3 * number + place for base in (_ESME, _HUB))
            objects = make(variant, subseed(self.seed, "compression", number))
            eui = device.to_bytes(8, "big")
            esme = Esme(eui, self.keys, DCC_ACB, known, objects)
            reads = tuple(_reads(self.broker, kind))
            yield _Meter(kind, eui, esme, Conversation(hub.to_bytes(8, "big")), readers, reads, at_s + place)


def _live(variant: str, seed: int, *, twin: bool) -> ObjectModel:
    return LiveObjects(MeterEnergy(energy_model(variant, True, twin), seed, commissioned_at=_FIRST_DAY - 700 * DAY_S))


_OBJECTS: dict[str, Callable[[str, int], ObjectModel]] = {
    "single": lambda variant, seed: _live(variant, seed, twin=False),
    "twin": lambda variant, seed: _live(variant, seed, twin=True),
    "error": lambda _variant, _seed: _Failing(),
}


def _reads(broker: AccessControlBroker, kind: str) -> Iterator[tuple[str, UseCase]]:
    """What each role may read of a meter: a supplier in its own name, an MDR through the broker."""
    for role, (name, _) in ROLES.items():
        for row in mhhs():
            if kind == "twin" and row.use_case not in _TWIN_USE_CASES:
                continue
            try:
                is_known = broker.is_known(row, name)
            except LocalError:
                continue
            if role == "MDR" or is_known:
                yield role, row


@cache
def _keys(seed: int) -> SeededKeyStore:
    """Test keys of everybody in the corpus."""
    roles = {DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER}
    roles |= dict.fromkeys(SUPPLIERS, RemotePartyRole.SUPPLIER) | dict.fromkeys(MDRS, RemotePartyRole.OTHER)
    return SeededKeyStore(seed, roles)
