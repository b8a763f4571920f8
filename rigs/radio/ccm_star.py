"""Zigbee's CCM*: security level 5, encryption with a MIC of four bytes, on network and application layer alike.

The level is 0 on the air, and 5 in what the MIC covers and in the nonce.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from gbcs.errors import AuthenticationError
from gbcs.eui64 import Eui64

MIC_BYTES = 4
LEVEL = 5
_EXTENDED_NONCE = 0x20
LINK_KEY, NETWORK_KEY = 0, 1
"""Key identifiers of the auxiliary header."""


def control(key_identifier: int, level: int = 0) -> int:
    """The security control byte of an auxiliary header that names its sender."""
    return _EXTENDED_NONCE | key_identifier << 3 | level


def seal(key: bytes, sender: Eui64, counter: int, header: bytes, control_at: int, plaintext: bytes) -> bytes:
    """The ciphertext and its MIC.

    ``header`` is the layer's header with its auxiliary header behind it, as on the air; ``control_at`` says where in it
    the security control byte stands.
    """
    covered, nonce = _inputs(sender, counter, header, control_at)
    return AESCCM(key, tag_length=MIC_BYTES).encrypt(nonce, plaintext, covered)


def open_sealed(key: bytes, sender: Eui64, counter: int, header: bytes, control_at: int, sealed: bytes) -> bytes:
    """The inverse of :func:`seal`. Raises AuthenticationError for another key, or where something was changed."""
    covered, nonce = _inputs(sender, counter, header, control_at)
    try:
        return AESCCM(key, tag_length=MIC_BYTES).decrypt(nonce, sealed, covered)
    except (InvalidTag, ValueError):
        raise AuthenticationError("the MIC of a frame is not its own under this key") from None


def _inputs(sender: Eui64, counter: int, header: bytes, control_at: int) -> tuple[bytes, bytes]:
    covered = bytearray(header)
    covered[control_at] |= LEVEL
    return bytes(covered), sender[::-1] + counter.to_bytes(4, "little") + covered[control_at : control_at + 1]
