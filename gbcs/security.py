"""Verify, open, seal and sign whole messages with a key store (spec sheet 2 and 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from hmac import compare_digest
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from gbcs import crypto, eui64
from gbcs.catalogue import is_han_only
from gbcs.dlms.access import AccessResponse
from gbcs.dlms.data import Data, Tag
from gbcs.dlms.protection import ProtectedResult
from gbcs.errors import AuthenticationError, DecodeError, KeyUnavailable, LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import Cra, Message, authenticated_part, decode, signed_part, with_mac
from gbcs.payload import Payload, decode_data, decode_payload


class Keys(Protocol):
    """What these functions need of a key store."""

    def shared_secret(self, a: Eui64, b: Eui64) -> bytes:
        """The 32-byte ECDH secret of two parties; KeyUnavailable where it cannot be made."""

    def signing_key(self, eui: Eui64) -> ec.EllipticCurvePrivateKey:
        """The private digital-signing key of a party; KeyUnavailable."""

    def verify_key(self, eui: Eui64) -> ec.EllipticCurvePublicKey:
        """The public digital-signing key of a party; KeyUnavailable."""


DCC_ACB: Eui64 = bytes.fromhex("90b3d51f30000002")
"""The access control broker of the reference messages; every function takes another one as ``acb``."""


class Check(StrEnum):
    """The verdict on one protection of one message."""

    VERIFIED = "verified"
    FAILED = "failed"
    NONE = "none by design"
    NO_KEY = "no key"


@dataclass(frozen=True, slots=True)
class Verification:
    """MAC and signature of one message; ``reason`` says what is wrong or which key is missing."""

    mac: Check
    signature: Check
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Nothing failed and nothing stayed unchecked."""
        return {self.mac, self.signature} <= {Check.VERIFIED, Check.NONE}


@dataclass(frozen=True, slots=True)
class Opened:
    """A message whose encrypted parts are decrypted.

    ``plaintexts`` has, for each item of the response, the decrypted data in order of the objects asked for, or ``None``
    for an item that was not encrypted.
    """

    message: Message
    payload: Payload
    plaintexts: tuple[tuple[Data, ...] | None, ...]


def mac_parties(message: Message, acb: Eui64 = DCC_ACB) -> tuple[Eui64, Eui64]:
    """Whose ECDH secret protects a message: ACB and device for a command, else the two titles (spec sheet 2.1).

    Commands that stay inside the home (PCS01, PCS02: device to device) never meet the ACB.
    """
    if message.cra == Cra.COMMAND and not is_han_only(message.message_code):
        return acb, message.recipient
    return message.originator, message.recipient


def compute_mac(message: Message, secret: bytes, covered: bytes | None = None) -> bytes:
    """The MAC that belongs to a message under the secret of :func:`mac_parties`."""
    covered = authenticated_part(message) if covered is None else covered
    return crypto.message_mac(
        secret, message.cra, message.originator, message.originator_counter, message.recipient, covered
    )


def verify(message: Message | bytes, keys: Keys, acb: Eui64 = DCC_ACB) -> Verification:
    """Check MAC and signature of a message, each as far as it has one and a key is at hand.

    Raises DecodeError where bytes are no message; never for a wrong MAC or a missing key: that is in the verdict.
    """
    message = decode(message) if isinstance(message, bytes) else message
    mac, why_mac = _verify_mac(message, keys, acb)
    signature, why_signature = _verify_signature(message, keys)
    return Verification(mac, signature, "; ".join(reason for reason in (why_mac, why_signature) if reason))


def _verify_mac(message: Message, keys: Keys, acb: Eui64) -> tuple[Check, str]:
    if message.mac is None:
        return Check.NONE, ""
    try:
        secret = keys.shared_secret(*mac_parties(message, acb))
    except KeyUnavailable as error:
        return Check.NO_KEY, str(error)
    if compare_digest(compute_mac(message, secret), message.mac):
        return Check.VERIFIED, ""
    return Check.FAILED, f"the MAC is not that of {eui64.show(message.originator)}"


def _verify_signature(message: Message, keys: Keys) -> tuple[Check, str]:
    if not message.signature:
        return Check.NONE, ""
    try:
        key = keys.verify_key(message.originator)
    except KeyUnavailable as error:
        return Check.NO_KEY, str(error)
    if crypto.signature_valid(key, message.signature, signed_part(message)):
        return Check.VERIFIED, ""
    return Check.FAILED, f"the signature is not that of {eui64.show(message.originator)}"


def seal(message: Message, keys: Keys, acb: Eui64 = DCC_ACB) -> bytes:
    """The bytes of a message with its MAC header and MAC. Sign first: the MAC covers the signature."""
    if message.signature is None:
        raise LocalError("a pre-command has no signature field: sign it, or give signature=b''")
    covered = authenticated_part(message)
    return with_mac(covered, compute_mac(message, keys.shared_secret(*mac_parties(message, acb)), covered))


def sign(message: Message, keys: Keys, *, deterministic: bool = False) -> Message:
    """The message with its originator's signature: a pre-command becomes a signed command."""
    key = keys.signing_key(message.originator)
    return replace(message, signature=crypto.sign(key, signed_part(message), deterministic=deterministic))


def encryption_parties(message: Message) -> tuple[Eui64, Eui64, int]:
    """Device, remote party and counter that make the key of a response's encrypted parts (spec sheet 2.1, 5.4).

    The supplementary party counts only where the message has a supplementary originator counter.
    """
    other = message.other
    if other.supplementary_originator_counter is not None and other.supplementary_id is not None:
        return message.originator, other.supplementary_id, other.supplementary_originator_counter
    return message.originator, message.recipient, message.originator_counter


def decrypt_blob(message: Message, blob: bytes, secret: bytes) -> tuple[Data, ...]:
    """The data inside one encrypted part: a structure with one value per object asked for (spec sheet 5.2)."""
    device, party, counter = encryption_parties(message)
    plain = decode_data(crypto.decrypt(secret, device, counter, party, blob))
    if plain.tag != Tag.STRUCTURE or not isinstance(plain.value, tuple):
        raise DecodeError("a decrypted part is a structure of the objects read", field="plaintext")
    return plain.value


def open_message(message: Message | bytes, keys: Keys) -> Opened:
    """Decode the payload of a message and decrypt what is encrypted in it.

    Raises DecodeError, KeyUnavailable, or AuthenticationError for a wrong tag. The MAC is not checked: verify first.
    """
    message = decode(message) if isinstance(message, bytes) else message
    payload = decode_payload(message.content)
    if not isinstance(payload, AccessResponse):
        return Opened(message, payload, ())
    plaintexts: list[tuple[Data, ...] | None] = []
    for item in payload.data:
        if isinstance(item, ProtectedResult):
            device, party, _ = encryption_parties(message)
            plaintexts.append(decrypt_blob(message, item.blob, keys.shared_secret(device, party)))
        else:
            plaintexts.append(None)
    return Opened(message, payload, tuple(plaintexts))


def check_mac(message: Message, covered: bytes, secret: bytes) -> None:
    """Raise AuthenticationError unless the MAC is right: what device and head-end do on every message.

    ``covered`` is :func:`gbcs.framing.authenticated_slice` of the bytes that were received.
    """
    if message.mac is None or not compare_digest(compute_mac(message, secret, covered), message.mac):
        raise AuthenticationError(
            "the MAC is wrong", field="mac", hint=f"not made for this message by {eui64.show(message.originator)}"
        )
