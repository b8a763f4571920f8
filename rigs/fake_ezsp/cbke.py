"""Key establishment inside a fake module: real messages, sizes, key derivation and checks; a stand-in for ECMQV.

There is no ECMQV here. The shared secret is that of X25519 between the ephemeral keys, so that whoever only listens
cannot know it; the implicit certificates take part in it, but prove nothing. Everything after the secret is as the
Smart Energy profile has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from emulator.assumptions import Assumption
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from rigs.ezsp.frames import CERTIFICATE_BYTES, EPHEMERAL_BYTES
from rigs.radio.keys import established, keyed_hash

ASSUMPTIONS = (
    Assumption(
        "han.cbke_shared_secret",
        "X25519 of the ephemeral keys, hashed with both certificates",
        "A",
        "a stand-in: no ECMQV over sect283k1 and no certification by implicit certificates",
    ),
)

_TYPE, _CURVE, _HASH, _KEY_USAGE = 0x00, 0x0D, 0x08, 0x88
_ISSUER = b"FAKETEST"
_SUBJECT = slice(28, 36)
_FOREVER = b"\xff\xff\xff\xff"
_COMPRESSED = b"\x02"
_X25519_BYTES = 32
_SECRET_BYTES = 36
_INITIATOR_TAG, _RESPONDER_TAG = b"\x02", b"\x03"


def certificate(subject: Eui64) -> bytes:
    """A certificate in the form of suite 2 (283k1), for one device; a reconstruction key that is none."""
    serial = blake2b(subject, digest_size=8, person=b"fake serial").digest()
    public = _COMPRESSED + blake2b(subject, digest_size=EPHEMERAL_BYTES - 1, person=b"fake public").digest()
    head = bytes((_TYPE,)) + serial + bytes((_CURVE, _HASH)) + _ISSUER
    return head + bytes(5) + _FOREVER + subject + bytes((_KEY_USAGE,)) + public


def subject_of(found: bytes) -> Eui64:
    """Whose certificate it is. Raises DecodeError where it has not the form of suite 2."""
    if len(found) != CERTIFICATE_BYTES or (found[0], found[9], found[10]) != (_TYPE, _CURVE, _HASH):
        raise DecodeError("no certificate of suite 2 (283k1)", field="certificate")
    return found[_SUBJECT]


@dataclass(slots=True)
class Exchange:
    """One establishment in progress."""

    private: X25519PrivateKey = field(repr=False)
    partner: Eui64 = b""
    link_key: bytes = field(default=b"", repr=False)

    @classmethod
    def begin(cls) -> Exchange:
        """A fresh ephemeral key."""
        return cls(X25519PrivateKey.generate())

    @property
    def ephemeral(self) -> bytes:
        """The ephemeral public key in the size of a compressed point of sect283k1."""
        public = self.private.public_key().public_bytes_raw()
        return _COMPRESSED + bytes(EPHEMERAL_BYTES - 1 - _X25519_BYTES) + public

    def smacs(self, own: bytes, theirs: bytes, their_ephemeral: bytes, *, initiator: bool) -> tuple[bytes, bytes]:
        """Authentication codes of initiator and responder; the link key is kept. Raises DecodeError."""
        self.partner = subject_of(theirs)
        try:
            public = X25519PublicKey.from_public_bytes(their_ephemeral[-_X25519_BYTES:])
            agreed = self.private.exchange(public)
        except ValueError:
            raise DecodeError("no ephemeral key", field="ephemeral public key") from None
        first, second = (own, theirs) if initiator else (theirs, own)
        secret = blake2b(agreed + first + second, digest_size=_SECRET_BYTES).digest()
        mac_key, self.link_key = established(secret)
        mine, other = (subject_of(own), self.ephemeral), (self.partner, their_ephemeral)
        return smacs(mac_key, *((mine, other) if initiator else (other, mine)))


Side = tuple[Eui64, bytes]
"""A party and its ephemeral public key."""


def smacs(mac_key: bytes, initiator: Side, responder: Side) -> tuple[bytes, bytes]:
    """The authentication codes of initiator and responder (Smart Energy, annex C)."""
    (u, ephemeral_u), (v, ephemeral_v) = initiator, responder
    return (
        keyed_hash(mac_key, _INITIATOR_TAG + u + v + ephemeral_u + ephemeral_v),
        keyed_hash(mac_key, _RESPONDER_TAG + v + u + ephemeral_v + ephemeral_u),
    )
