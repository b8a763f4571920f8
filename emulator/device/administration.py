"""What a device keeps beside its metering: own certificates, joined devices, firmware images, and how each fails.

Faults are the codes that an operation on one thing answers instead of being done; they are how a captured error is
loaded, and how a test makes a device fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from emulator.device.credentials import Credentials
from gbcs.certificates import Certificate, Usage
from gbcs.eui64 import Eui64


class Code:
    """Result codes of ASN.1 responses, named from the reference messages that show them (inferred)."""

    SUCCESS: Final = 0
    NOT_FOUND: Final = 1
    CLOCK_UNRELIABLE: Final = 2
    REFUSED: Final = 3


@dataclass(slots=True)
class Firmware:
    """The active version (4 bytes) and the images received, by hash with the version that each would bring.

    Does not model: the distribution of images (they are put here), and their signatures.
    """

    version: bytes = bytes(4)
    images: dict[bytes, bytes] = field(default_factory=dict)
    faults: dict[bytes, int] = field(default_factory=dict)
    """By image hash; the empty hash is the read of the version."""

    def activate(self, image_hash: bytes) -> int:
        """Make an image's version the active one; the result code."""
        code = self.faults.get(image_hash, Code.SUCCESS if image_hash in self.images else Code.NOT_FOUND)
        if code == Code.SUCCESS:
            self.version = self.images[image_hash]
        return code


@dataclass(slots=True)
class Joined:
    """The devices that a device is joined to, with their types (spec sheet 9), in the order of joining.

    Does not model: the key agreement of a join; it is its entry here.
    """

    devices: dict[Eui64, int] = field(default_factory=dict)
    faults: dict[Eui64, int] = field(default_factory=dict)
    """By device; the empty name is the read of the list."""

    def join(self, device: Eui64, device_type: int) -> int:
        """Add a device; the result code."""
        code = self.faults.get(device, Code.SUCCESS)
        if code == Code.SUCCESS:
            self.devices[device] = device_type
        return code

    def unjoin(self, device: Eui64) -> int:
        """Remove a device; the result code: not-found where it is none."""
        code = self.faults.get(device, Code.SUCCESS if device in self.devices else Code.NOT_FOUND)
        if code == Code.SUCCESS:
            del self.devices[device]
        return code


@dataclass(slots=True)
class OwnKeys:
    """The device's own certificates by usage, what waits for a new one, and faults.

    ``requests`` holds the DER of a certification request that was made, ``pending`` the public point that the new
    certificate must be for, ``made`` its private key, and ``active`` the private keys that came into use so.

    Does not model: a new key-agreement key in use (secrets stay those of the key store).
    """

    certificates: dict[Usage, bytes] = field(default_factory=dict)
    requests: dict[Usage, bytes] = field(default_factory=dict)
    pending: dict[Usage, bytes] = field(default_factory=dict)
    made: dict[Usage, ec.EllipticCurvePrivateKey] = field(default_factory=dict, repr=False)
    active: dict[Usage, ec.EllipticCurvePrivateKey] = field(default_factory=dict, repr=False)
    faults: dict[Usage, int] = field(default_factory=dict)
    unreadable_code: int = Code.REFUSED
    """What a certificate is answered that is none of a device."""

    def load(self, certificate: Certificate) -> int:
        """Take over a certificate for the pending key, and use that key; the result code."""
        usage = certificate.usage
        if self.pending.get(usage) != certificate.point:
            return self.faults.get(usage, Code.REFUSED)
        code = self.faults.get(usage, Code.SUCCESS)
        if code == Code.SUCCESS:
            self.certificates[usage] = certificate.der
            del self.pending[usage]
            self.requests.pop(usage, None)
            if usage in self.made:
                self.active[usage] = self.made.pop(usage)
        return code


@dataclass(slots=True)
class Administration:
    """All of it."""

    credentials: Credentials = field(default_factory=Credentials)
    own_keys: OwnKeys = field(default_factory=OwnKeys)
    joined: Joined = field(default_factory=Joined)
    firmware: Firmware = field(default_factory=Firmware)
