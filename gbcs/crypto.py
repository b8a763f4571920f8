"""GBCS cryptography (spec sheet 2): key derivation, MAC, encryption and signature, on bytes.

P-256 static-static ECDH, a one-block SHA-256 KDF, AES-128-GCM with 12-byte tags, ECDSA P-256 / SHA-256 as r || s.
The functions take the 32-byte ECDH secret of the two parties (:class:`gbcs.keystore.KeyStore` serves and caches it).
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import sha256
from hmac import compare_digest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gbcs.errors import AuthenticationError, DecodeError
from gbcs.eui64 import Eui64

TAG_SIZE = 12
_IV_TAIL = bytes(4)
_KDF_COUNTER = (1).to_bytes(4, "big")
_ALGORITHM_ID = bytes.fromhex("60857406080300")
_MAC_AAD = b"\x11\x00\x00\x00\x00\x00"
"""Security control byte (authentication only, suite 1) and the five empty fields of the MAC header."""
_BLOB_HEADER = b"\x31\x00\x00\x00\x00"
BLOB_OVERHEAD = len(_BLOB_HEADER) + TAG_SIZE
"""How much longer an encrypted blob is than its plaintext."""
_BLOB_AAD = b"\x31"
"""Suite 1, authentication and encryption; the invocation counter behind it is always zero."""

_ECDSA = ec.ECDSA(hashes.SHA256())
_ECDSA_DETERMINISTIC = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class Kind(IntEnum):
    """What a derived key is for: the byte after the 09 of the transaction identifier (spec sheet 2.1)."""

    COMMAND = 1
    RESPONSE = 2
    ALERT = 3
    ENCRYPTION = 4


_KIND_BYTES = {int(kind): bytes((0x09, kind)) for kind in Kind}


def derive_key(secret: bytes, kind: int, originator: Eui64, counter: int, recipient: Eui64) -> bytes:
    """The 16-byte AES key of one message (spec sheet 2.1: SHA-256 over one block).

    ``originator`` and ``recipient`` are the U and V of the table there; ``counter`` is the 64-bit originator counter.
    """
    return sha256(
        b"".join((
            _KDF_COUNTER, secret, _ALGORITHM_ID, originator, _KIND_BYTES[kind], counter.to_bytes(8, "big"), recipient
        ))
    ).digest()[:16]  # fmt: skip


def message_mac(secret: bytes, kind: int, originator: Eui64, counter: int, recipient: Eui64, covered: bytes) -> bytes:
    """The 12-byte MAC of a message (spec sheet 2.2).

    ``covered`` runs from DF to the signature field inclusive. For a command ``secret`` is that of ACB and device, while
    ``originator`` names the business originator.
    """
    # derive_key written out: four calls a read, the hottest spot of a farm.
    key = sha256(
        b"".join((
            _KDF_COUNTER, secret, _ALGORITHM_ID, originator, _KIND_BYTES[kind], counter.to_bytes(8, "big"), recipient
        ))
    ).digest()[:16]  # fmt: skip
    return AESGCM(key).encrypt(originator + _IV_TAIL, b"", _MAC_AAD + covered)[:TAG_SIZE]


def encrypt(secret: bytes, device: Eui64, counter: int, recipient: Eui64, plaintext: bytes) -> bytes:
    """The encrypted blob ``31 00000000 ciphertext tag`` from a device to a remote party (spec sheet 2.4)."""
    key = derive_key(secret, Kind.ENCRYPTION, device, counter, recipient)
    sealed = AESGCM(key).encrypt(device + _IV_TAIL, plaintext, _BLOB_AAD)
    return _BLOB_HEADER + sealed[: TAG_SIZE - 16]


def decrypt(secret: bytes, device: Eui64, counter: int, recipient: Eui64, blob: bytes) -> bytes:
    """The plaintext of a blob. Raises DecodeError for another form, AuthenticationError for a wrong tag."""
    if blob[:5] != _BLOB_HEADER or len(blob) < 5 + TAG_SIZE:
        raise DecodeError(f"an encrypted part starts with {_BLOB_HEADER.hex()}, got {blob[:5].hex()}", field="blob")
    cipher = AESGCM(derive_key(secret, Kind.ENCRYPTION, device, counter, recipient))
    iv = device + _IV_TAIL
    # The library verifies 16-byte tags only. GCM encryption is its own inverse on the text, so encrypting twice gives
    # first the plaintext, then the tag to compare: cheaper than the general cipher interface with a short tag.
    plaintext = cipher.encrypt(iv, blob[5:-TAG_SIZE], _BLOB_AAD)[:-16]
    again = cipher.encrypt(iv, plaintext, _BLOB_AAD)
    if not compare_digest(again[-16 : TAG_SIZE - 16], blob[-TAG_SIZE:]):
        raise AuthenticationError("the authentication tag is wrong", field="blob", hint="another key, or changed bytes")
    return plaintext


def sign(key: ec.EllipticCurvePrivateKey, signed: bytes, *, deterministic: bool = False) -> bytes:
    """A 64-byte r || s signature (spec sheet 2.3). ``deterministic`` takes RFC 6979's nonce, for repeatable runs."""
    r, s = decode_dss_signature(key.sign(signed, _ECDSA_DETERMINISTIC if deterministic else _ECDSA))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signature_valid(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether a 64-byte r || s signature belongs to the bytes. High s values are accepted: the vectors have them."""
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        key.verify(der, signed, _ECDSA)
    except InvalidSignature:
        return False
    return True
