"""The two reads that are measured, and a farm of meters that answers them: no network, no store, no schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.answers import Sent
from emulator.dcc.counters import OriginatorCounters
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects
from gbcs import framing
from gbcs.catalogue import UseCase, by_use_case
from gbcs.crypto import TAG_SIZE
from gbcs.dlms import AccessResponse, ProtectedResult
from gbcs.eui64 import Eui64
from gbcs.payload import Payload, decode_payload
from gbcs.reads import ReadValues
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime

SUPPLIER: Eui64 = bytes.fromhex("024d46f000010001")
OPERATOR: Eui64 = bytes.fromhex("024d46f000030001")
ROLES = {
    DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER,
    SUPPLIER: RemotePartyRole.SUPPLIER,
    OPERATOR: RemotePartyRole.NETWORK_OPERATOR,
}
_METER_EUIS = 0x024D_4600_0000_0000
_KEY_SEED = 162
ROWS = 48
_BLOB_OVERHEAD = 5 + TAG_SIZE
"""Header and tag around the encrypted data."""


@dataclass(frozen=True, slots=True)
class Read:
    """A read of 48 half-hours: its use case, who asks, and which day."""

    use_case: UseCase
    role: str
    user: Eui64
    first: int
    last: int
    now: float


def day_read(use_case: str, role: str, user: Eui64) -> Read:
    """The half-hours of 23 November 2026 stamped 00:30 to 24:00, asked the next morning."""
    day = int(from_datetime(datetime(2026, 11, 23, tzinfo=UTC)))
    return Read(by_use_case(use_case), role, user, day + HALF_HOUR_S, day + DAY_S, day + DAY_S + 6 * 3600.0)


PLAIN = day_read("ECS22a", "NO", OPERATOR)
ENCRYPTED = day_read("ECS22b", "IS", SUPPLIER)


@dataclass(frozen=True, slots=True)
class Shape:
    """Bytes that the MAC of a command and that of its response cover, and the plaintext where there is one."""

    command_bytes: int
    response_bytes: int
    plaintext_bytes: int | None


class Bench:
    """Meters and the broker that reads them, handed each other's bytes directly.

    Does not model: networks, hubs, scheduling, the result store; all meters are alike but for their seed.
    """

    def __init__(self, meters: int) -> None:
        self.keys = SeededKeyStore(_KEY_SEED, ROLES)
        self.broker = AccessControlBroker(DCC_ACB, self.keys, OriginatorCounters())
        model = energy_model("single_rate", export=True)
        commissioned = from_datetime(datetime(2024, 1, 1, tzinfo=UTC))
        self.energies = [MeterEnergy(model, seed, commissioned_at=commissioned) for seed in range(meters)]
        self.meters = [
            Esme((_METER_EUIS + number).to_bytes(8, "big"), self.keys, DCC_ACB, ROLES, LiveObjects(energy))
            for number, energy in enumerate(self.energies, 1)
        ]

    def read(self, meter: Esme, read: Read) -> ReadValues:
        """One whole read: command built, verified, answered; response verified, decrypted, decoded."""
        sent = self.command(meter, read)
        (answer,) = meter.receive(sent.command, read.now)
        return self.broker.open(answer, sent)

    def command(self, meter: Esme, read: Read) -> Sent:
        """The command of a read."""
        return self.broker.command(read.use_case, read.role, read.user, meter.eui, read.now, read.first, read.last)

    def shape(self, read: Read) -> Shape:
        """What the cryptography of a read works on, taken from a real read of the first meter."""
        sent = self.command(self.meters[0], read)
        (answer,) = self.meters[0].receive(sent.command, read.now)
        return Shape(
            len(framing.authenticated_slice(sent.command)),
            len(framing.authenticated_slice(answer)),
            _plaintext_bytes(decode_payload(framing.decode(answer).content)),
        )


def _plaintext_bytes(payload: Payload) -> int | None:
    """How much is encrypted in a response; None where nothing is."""
    if isinstance(payload, AccessResponse):
        for item in payload.data:
            if isinstance(item, ProtectedResult):
                return len(item.blob) - _BLOB_OVERHEAD
    return None
