"""One meter, the parties around it and their test keys: commands as a head-end would send them, answers as values.

Commands are made here from the codec alone, so that tests of the meter need no head-end, and can make wrong ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from emulator.device.objects import ObjectModel
from emulator.device.policy import DevicePolicy
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import DeviceTime, Esme
from emulator.esme.live import LiveObjects
from gbcs.catalogue import by_use_case
from gbcs.framing import Cra, Message, OtherInformation, decode
from gbcs.payload import encode_payload
from gbcs.reads import ReadValues, read_request, read_values
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB, open_message, seal, verify
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, from_datetime

ACB = DCC_ACB
SUPPLIER, STRANGER, OPERATOR, MDR = (bytes.fromhex(f"024d46f0000{n}0001") for n in range(1, 5))
OTHER_MDR = bytes.fromhex("024d46f000040002")
"""Identifiers as an emulated farm numbers them; the stranger is its export supplier, whom no meter knows."""
METER, OTHER_METER = bytes.fromhex("024d460000000001"), bytes.fromhex("024d460000000002")
KEYS = SeededKeyStore(
    11,
    {
        ACB: RemotePartyRole.ACCESS_CONTROL_BROKER,
        SUPPLIER: RemotePartyRole.SUPPLIER,
        OPERATOR: RemotePartyRole.NETWORK_OPERATOR,
        MDR: RemotePartyRole.OTHER,
        OTHER_MDR: RemotePartyRole.OTHER,
    },
)
PARTIES = {
    ACB: RemotePartyRole.ACCESS_CONTROL_BROKER,
    SUPPLIER: RemotePartyRole.SUPPLIER,
    OPERATOR: RemotePartyRole.NETWORK_OPERATOR,
}
"""Whom the meter knows."""

COMMISSIONED = int(from_datetime(datetime(2024, 1, 1, tzinfo=UTC)))
NOW = int(from_datetime(datetime(2026, 11, 24, 6, tzinfo=UTC)))
DAY = int(from_datetime(datetime(2026, 11, 23, tzinfo=UTC)))
FIRST, LAST = DAY + 1800, DAY + DAY_S
"""The 48 half-hours of a UTC day, by their stamps."""

READERS = {
    "ECS17a": OPERATOR,
    "ECS17b": SUPPLIER,
    "ECS21a": SUPPLIER,
    "ECS21c": ACB,
    "ECS22a": OPERATOR,
    "ECS22b": SUPPLIER,
    "ECS66": SUPPLIER,
}
"""For each use case a party that may use it: in its own name, or (the broker) for a party unknown to the meter."""

REGISTERS = ("ECS17a", "ECS17b")


@dataclass(slots=True)
class Asker:
    """Makes commands to one meter; ``counter`` is the last one used, by everybody alike."""

    recipient: bytes = METER
    counter: int = 1000
    keys: SeededKeyStore = field(default_factory=lambda: KEYS)

    def message(
        self, use_case: str, originator: bytes | None = None, party: bytes | None = None,
        first: int | None = FIRST, last: int | None = LAST,
    ) -> Message:  # fmt: skip
        """The unsealed command of a read; ``party`` asks through the broker."""
        originator = originator or (ACB if party else READERS[use_case])
        if originator == ACB and party is None:
            party = MDR
        self.counter += 1
        row = by_use_case(use_case)
        bounds = (None, None) if use_case in REGISTERS else (first, last)
        request = read_request(use_case, self.counter, party or originator, self.recipient, *bounds)
        other = OtherInformation(row.code)
        if party is not None:
            certificate = self.keys.ka_certificate(party) if row.sensitive else None
            other = OtherInformation(row.code, party, 5000 + self.counter, certificate=certificate)
        content = encode_payload(request)
        return Message(Cra.COMMAND, self.counter, originator, self.recipient, b"", other, content)

    def command(self, use_case: str, **asked: int | bytes | None) -> bytes:
        """The sealed command of a read."""
        return seal(self.message(use_case, **asked), self.keys)  # type: ignore[arg-type]

    def changed(self, use_case: str, **changes: object) -> bytes:
        """A sealed command with some values of its message replaced: authentic, but wrong."""
        return seal(replace(self.message(use_case), **changes), self.keys)  # type: ignore[arg-type]


def energy(
    seed: int = 1, variant: str = "single_rate", *, export: bool = True, twin: bool = False,
    commissioned_at: float = COMMISSIONED, scale: float | None = 1.0,
) -> MeterEnergy:  # fmt: skip
    """The energy of one meter."""
    return MeterEnergy(energy_model(variant, export, twin), seed, commissioned_at=commissioned_at, scale=scale)


def meter(
    objects: ObjectModel | None = None, policy: DevicePolicy | None = None, clock: DeviceTime | None = None,
    window: int = 64,
) -> Esme:  # fmt: skip
    """The meter; on its own energy unless it is given another object model."""
    return Esme(METER, KEYS, ACB, PARTIES, objects or LiveObjects(energy()), clock, policy, window)


def values(answers: tuple[bytes, ...]) -> ReadValues:
    """What the one answer brings; its MAC must be right."""
    (answer,) = answers
    message = decode(answer)
    assert verify(message, KEYS).ok
    opened = open_message(message, KEYS)
    return read_values(opened.payload, opened.plaintexts)  # type: ignore[arg-type]
