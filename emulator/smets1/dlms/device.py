"""One meter as a DLMS server: what its connections share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from hmac import compare_digest

from emulator.smets1.dlms.ciphering import KEY_SIZE, SecurityKeys
from emulator.smets1.dlms.settings import ClientSettings, DlmsSettings, LogicalDevice
from emulator.smets1.meter import Smets1Meter

_TEST_KEYS = b"meterfarm smets1 test keys"


def emulated_keys(manufacturer: str, serial_number: str) -> SecurityKeys:
    """The keys of a wholly emulated meter: they hang off its serial number, so they protect nothing."""
    digest = sha256(b"\x00".join((_TEST_KEYS, manufacturer.encode(), serial_number.encode()))).digest()
    title = manufacturer.encode() + sha256(serial_number.encode()).digest()[:5]
    return SecurityKeys(title, digest[:KEY_SIZE], digest[KEY_SIZE:])


@dataclass
class DlmsDevice:
    """A meter with its settings, keys and counters.

    Challenges hang off the keys and a count, so that a run repeats.

    Does not model: counters kept over a restart (test keys alone may be used again); lock-out after wrong passwords.
    """

    meter: Smets1Meter
    settings: DlmsSettings
    keys: SecurityKeys
    challenges: int = field(default=0, init=False)

    @cached_property
    def clients(self) -> dict[int, ClientSettings]:
        """Clients by SAP."""
        return {client.sap: client for client in self.settings.clients.value}

    @cached_property
    def logical_devices(self) -> dict[int, LogicalDevice]:
        """Logical devices by SAP."""
        return {device.sap: device for device in self.settings.logical_devices.value}

    def knows(self, client: ClientSettings, password: bytes) -> bool:
        """Whether it is the password of a client; a client without one is never let in."""
        known = self.meter.passwords.get(client.name)
        return known is not None and compare_digest(password, known)

    def challenge(self) -> bytes:
        """A challenge that was not used before: 16 printable bytes."""
        self.challenges += 1
        drawn = sha256(self.keys.authentication_key + self.challenges.to_bytes(8, "big")).hexdigest()
        return drawn[:16].encode()
