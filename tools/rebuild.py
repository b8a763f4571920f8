"""From the plain values of a message (:mod:`tools.describe`) back to its bytes, with fresh protection where wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gbcs.errors import KeyUnavailable, LocalError
from gbcs.framing import SIGNATURE_SIZE, Cra, GbtBlock, Message, OtherInformation
from gbcs.payload import Payload, encode_payload
from gbcs.security import Check, Keys, Opened, compute_mac, mac_parties, protect, seal, sign, verify
from tools import describe_asn1, describe_dlms, describe_gbz
from tools.describe import GBT_FAMILY, PRE_COMMAND
from tools.plain import Plain, cosem_octets, number, take, take_eui, take_octets

_CRAS = {PRE_COMMAND: Cra.COMMAND} | {cra.name.lower(): cra for cra in Cra}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The bytes, and what a person should know about them."""

    data: bytes
    notes: tuple[str, ...] = ()


def rebuild(plain: Mapping[str, Plain], keys: Keys | None = None, *, sign_it: bool = False) -> Rebuilt:
    """The bytes of a described message or GBT block.

    Without keys, encrypted parts, signature and MAC are taken as they stand. With keys, plaintexts are encrypted, a
    signature that no longer holds is made anew, and the MAC is computed. ``sign_it`` makes a signed and MAC'd command
    of a pre-command. Raises LocalError that names the key of the JSON, and KeyUnavailable.
    """
    try:
        return _rebuild(plain, keys, sign_it=sign_it)
    except LocalError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        # A person may have put anything anywhere; what the readers do not name themselves ends here.
        raise LocalError(f"the JSON describes no message: {error}") from None


def _rebuild(plain: Mapping[str, Plain], keys: Keys | None, *, sign_it: bool) -> Rebuilt:
    inner = take(plain, "payload", dict)
    if inner.get("family") == GBT_FAMILY:
        return Rebuilt(_read_block(plain, inner).encode())
    opened = read_message(plain)
    message = opened.message
    if keys is None:
        if sign_it:
            raise LocalError("to sign, give the keys")
        shown = any(part is not None for part in (*opened.plaintexts, *opened.zcl))
        return Rebuilt(message.encode(), ("encrypted parts are taken as they stand: give the keys",) if shown else ())
    if "bytes" not in inner:
        message = protect(opened, keys)
    if sign_it:
        return Rebuilt(seal(sign(message, keys), keys))
    return _protected(_signed(message, keys), keys)


def read_message(plain: Mapping[str, Plain]) -> Opened:
    """The message, its payload, and what is to be encrypted in it; nothing protected anew. Raises LocalError."""
    inner = take(plain, "payload", dict)
    payload, plaintexts, zcl = _read_payload(inner)
    content = take_octets(inner, "bytes") if "bytes" in inner else encode_payload(payload)
    return Opened(_read_frame(plain, content), payload, plaintexts, zcl)


def _read_payload(plain: Mapping[str, Plain]) -> tuple[Any, Any, Any]:
    """Payload, plaintexts of DLMS items, plaintexts of components."""
    if "bytes" in plain:
        return None, (), ()
    family = take(plain, "family", str)
    reader = _READERS.get(family)
    if reader is None:
        raise LocalError(f"family: {family!r} is none of {', '.join(_READERS)}")
    payload, opened = reader(plain)
    if family.startswith("GBZ"):
        return payload, (), opened
    return payload, opened, ()


def _alone(read: Callable[[Plain], Payload]) -> Callable[[Plain], tuple[Payload, tuple[()]]]:
    return lambda plain: (read(plain), ())


_READERS: Mapping[str, Callable[[Plain], tuple[Payload, Any]]] = {
    "DLMS access request": _alone(describe_dlms.read_request),
    "DLMS access response": describe_dlms.read_response,
    "DLMS data notification": _alone(describe_dlms.read_notification),
    "DLMS protected notification": describe_dlms.read_protected_notification,
    "GBZ": describe_gbz.read_gbz,
    "GBZ alert": describe_gbz.read_gbz_alert,
    "ASN.1": _alone(describe_asn1.read_asn1),
}


def _read_frame(plain: Mapping[str, Plain], content: bytes) -> Message:
    word = take(plain, "cra", str)
    if word not in _CRAS:
        raise LocalError(f"cra: {word!r} is none of {', '.join(_CRAS)}")
    bare = word == PRE_COMMAND or plain.get("signature_field") is False
    signature = _protection(plain, "signature", SIGNATURE_SIZE)
    return Message(
        int(_CRAS[word]),
        take(plain, "originator_counter", int),
        take_eui(plain, "originator"),
        take_eui(plain, "recipient"),
        cosem_octets(plain["date_time"], "date_time") if "date_time" in plain else b"",
        _read_other(plain),
        content,
        signature if signature is not None else None if bare else b"",
        _protection(plain, "mac", None),
    )


def _protection(plain: Mapping[str, Plain], key: str, size: int | None) -> bytes | None:
    value = plain.get(key)
    if value is None:
        return None
    found = take_octets(take(plain, key, dict), "value")
    if size is not None and len(found) != size:
        raise LocalError(f"{key}: {size} bytes expected, got {len(found)}")
    return found


def _read_other(plain: Mapping[str, Plain]) -> OtherInformation:
    counter, own = "supplementary_remote_party_counter", "supplementary_originator_counter"
    party, certificate = "supplementary_remote_party", "supplementary_certificate"
    return OtherInformation(
        number(take(plain, "message_code", str), "message_code"),
        take_eui(plain, party) if party in plain else None,
        take(plain, counter, int) if counter in plain else None,
        take(plain, own, int) if own in plain else None,
        take_octets(plain, certificate) if certificate in plain else None,
    )


def _read_block(plain: Mapping[str, Plain], inner: Mapping[str, Plain]) -> GbtBlock:
    word = take(plain, "cra", str)
    cra = next((int(one) for one in Cra if word.endswith(one.name.lower())), None)
    last, streaming = take(inner, "last", bool), take(inner, "streaming", bool)
    return GbtBlock(
        cra if cra is not None else number(word.removeprefix("block, "), "cra"),
        take(plain, "originator_counter", int),
        take_eui(plain, "originator"),
        take_eui(plain, "recipient"),
        number(take(plain, "message_code", str), "message_code"),
        0x80 * last | 0x40 * streaming | take(inner, "window", int),
        take(inner, "block_number", int),
        take(inner, "acknowledged", int),
        take_octets(inner, "data"),
        take(inner, "security_control", int),
        take(inner, "invocation_counter", int),
    )


def _signed(message: Message, keys: Keys) -> Message:
    """The message with a signature that holds: the one it has, or a new one."""
    if not message.signature or verify(message, keys).signature is not Check.FAILED:
        return message
    return sign(message, keys)


def _protected(message: Message, keys: Keys) -> Rebuilt:
    """The bytes with a fresh MAC; with the one that stands there where no key is known for it."""
    if message.mac is None:
        return Rebuilt(message.encode())
    try:
        secret = keys.shared_secret(*mac_parties(message))
    except KeyUnavailable as error:
        return Rebuilt(message.encode(), (f"the MAC is taken as it stands: {error}",))
    return Rebuilt(replace(message, mac=compute_mac(message, secret)).encode())
