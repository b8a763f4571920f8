"""Verify, open, seal and sign whole messages with a key store (spec sheet 2 and 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from hmac import compare_digest
from typing import Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from gbcs import crypto, eui64
from gbcs.catalogue import is_han_only
from gbcs.dlms.access import AccessResponse, Answer
from gbcs.dlms.data import Data, Tag
from gbcs.dlms.notification import ProtectedNotification
from gbcs.dlms.protection import ProtectedResult
from gbcs.errors import AuthenticationError, DecodeError, KeyUnavailable, LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import Cra, Message, authenticated_part, decode, signed_part, with_mac
from gbcs.gbz.alerts import GbzAlert
from gbcs.gbz.components import Component, Encrypted, GbzPayload, decode_zcl
from gbcs.gbz.layouts import Zcl
from gbcs.payload import Payload, decode_data, encode_data, encode_payload, message_payload

_Blob = TypeVar("_Blob", bound="Data | ProtectedResult | ProtectedNotification")


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

    ``plaintexts`` has, for each item of a DLMS response, the decrypted data in order of the objects asked for, or
    ``None`` for an item that was not encrypted; for an encrypted alert the one item. ``zcl`` has, for each component of
    a GBZ payload, the decrypted ZCL payload or ``None``.
    """

    message: Message
    payload: Payload
    plaintexts: tuple[tuple[Data, ...] | None, ...]
    zcl: tuple[Zcl | None, ...] = ()

    @property
    def encrypted_parts(self) -> int:
        """How many parts were encrypted, and now are open."""
        return sum(part is not None for part in (*self.plaintexts, *self.zcl))


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
    """Device, remote party and counter that make the key of a message's encrypted parts (spec sheet 2.1, 5.4).

    The party is the supplementary one where the message names one; the counter is the supplementary originator counter
    where the message has it, else the header's (GCS15d and GCS61 have none).
    """
    other = message.other
    counter = other.supplementary_originator_counter
    return (
        message.originator,
        message.recipient if other.supplementary_id is None else other.supplementary_id,
        message.originator_counter if counter is None else counter,
    )


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
    payload = message_payload(message)
    if isinstance(payload, AccessResponse):
        return Opened(message, payload, tuple(_open_item(message, item, keys) for item in payload.data))
    if isinstance(payload, ProtectedNotification):
        return Opened(message, payload, (decrypt_blob(message, payload.blob, _secret(message, keys)),))
    return Opened(message, payload, (), tuple(_open_zcl(message, one, keys) for one in gbz_components(payload)))


def protect(opened: Opened, keys: Keys) -> Message:
    """The message with its payload built anew and its plaintexts encrypted: the inverse of :func:`open_message`.

    Encryption is deterministic: the same values give the same bytes. Signature and MAC stay as they were: sign and seal
    afterwards. Raises KeyUnavailable, LocalError.
    """
    message, payload = opened.message, opened.payload
    if isinstance(payload, AccessResponse):
        pairs = zip(payload.data, opened.plaintexts, strict=True)
        payload = replace(payload, data=tuple(_protect_data(message, item, plain, keys) for item, plain in pairs))
    elif isinstance(payload, ProtectedNotification):
        payload = _protect_data(message, payload, opened.plaintexts[0], keys)
    elif isinstance(payload, GbzPayload):
        parts = zip(payload.components, opened.zcl, strict=True)
        payload = GbzPayload(tuple(_protect_zcl(message, one, plain, keys) for one, plain in parts))
    elif isinstance(payload, GbzAlert) and isinstance(payload.details, Component):
        payload = replace(payload, details=_protect_zcl(message, payload.details, opened.zcl[0], keys))
    return replace(message, content=encode_payload(payload))


def gbz_components(payload: Payload) -> tuple[Component, ...]:
    """The components of a GBZ payload, or the one of an alert that holds one; none in any other payload."""
    if isinstance(payload, GbzPayload):
        return payload.components
    if isinstance(payload, GbzAlert) and isinstance(payload.details, Component):
        return (payload.details,)
    return ()


def _secret(message: Message, keys: Keys) -> bytes:
    device, party, _ = encryption_parties(message)
    return keys.shared_secret(device, party)


def _open_item(message: Message, item: Answer, keys: Keys) -> tuple[Data, ...] | None:
    return decrypt_blob(message, item.blob, _secret(message, keys)) if isinstance(item, ProtectedResult) else None


def _open_zcl(message: Message, component: Component, keys: Keys) -> Zcl | None:
    if not isinstance(component.payload, Encrypted):
        return None
    device, party, counter = encryption_parties(message)
    plain = crypto.decrypt(_secret(message, keys), device, counter, party, component.payload.blob)
    return decode_zcl(component.cluster, component.frame_control, component.command, plain)


def _encrypt(message: Message, plaintext: bytes, keys: Keys) -> bytes:
    device, party, counter = encryption_parties(message)
    return crypto.encrypt(_secret(message, keys), device, counter, party, plaintext)


def _protect_data(message: Message, item: _Blob, plain: tuple[Data, ...] | None, keys: Keys) -> _Blob:
    if plain is None or not isinstance(item, ProtectedResult | ProtectedNotification):
        return item
    return replace(item, blob=_encrypt(message, encode_data(Data(Tag.STRUCTURE, plain)), keys))


def _protect_zcl(message: Message, component: Component, plain: Zcl | None, keys: Keys) -> Component:
    if plain is None or not isinstance(component.payload, Encrypted):
        return component
    return replace(component, payload=Encrypted(_encrypt(message, plain.encode(), keys)))


def check_mac(message: Message, covered: bytes, secret: bytes) -> None:
    """Raise AuthenticationError unless the MAC is right: what device and head-end do on every message.

    ``covered`` is :func:`gbcs.framing.authenticated_slice` of the bytes that were received.
    """
    if message.mac is None or not compare_digest(compute_mac(message, secret, covered), message.mac):
        raise AuthenticationError(
            "the MAC is wrong", field="mac", hint=f"not made for this message by {eui64.show(message.originator)}"
        )
