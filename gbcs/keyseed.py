"""Test keys: every private key of a wholly emulated farm hangs off one key seed, so that its bytes repeat."""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec

from gbcs.certificates import Usage
from gbcs.eui64 import Eui64

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order n of the P-256 group; a private key is a number from 1 to n - 1."""

_DOMAIN = b"meterfarm test key"
_CURVE = ec.SECP256R1()


class KeySeed:
    """A key seed: a number or bytes. It is as secret as the keys it makes, so it is in no ``repr``."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int | bytes) -> None:
        text = seed if isinstance(seed, bytes) else str(seed).encode()
        self._seed = sha256(_DOMAIN + (b"\x00" if isinstance(seed, bytes) else b"\x01") + text).digest()

    def __repr__(self) -> str:
        return "<KeySeed>"

    def digest(self, *parts: bytes) -> bytes:
        """32 bytes that hang off the seed and the parts; each part counts with its length."""
        return sha256(self._seed + b"".join(len(part).to_bytes(2, "big") + part for part in parts)).digest()

    def scalar(self, party: Eui64, usage: Usage) -> int:
        """The private key of a party as a number, never 0."""
        return int.from_bytes(self.digest(party, usage.encode()), "big") % (ORDER - 1) + 1

    def key(self, party: Eui64, usage: Usage) -> ec.EllipticCurvePrivateKey:
        """The private key of a party."""
        return ec.derive_private_key(self.scalar(party, usage), _CURVE)


def agree(a: int, b: int) -> bytes:
    """The 32-byte ECDH secret of two private keys that are both known as numbers.

    One multiplication of the base point by ``a * b``: the same secret as ``ECDH(a, b * G)``, at a third of its time.
    """
    point = ec.derive_private_key(a * b % ORDER, _CURVE).public_key().public_numbers()
    return point.x.to_bytes(32, "big")
