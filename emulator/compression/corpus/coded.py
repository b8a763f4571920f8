"""A response whose payload was coded in the meter, before encryption: made with the real keys, and read again."""

from __future__ import annotations

from dataclasses import replace

from emulator.compression.payload import code_plaintext, decode_plaintext
from gbcs import crypto
from gbcs.dlms import AccessResponse, Data, ProtectedResult
from gbcs.framing import Message, decode
from gbcs.payload import decode_data, encode_data, encode_payload, message_payload
from gbcs.security import Keys, encryption_parties, seal


def with_coded_payload(response: bytes, keys: Keys) -> bytes:
    """The response as a meter with payload coding would have sent it; unchanged where it has nothing to code."""
    message = decode(response)
    payload = message_payload(message)
    if not isinstance(payload, AccessResponse) or len(payload.data) != 1:
        return response
    coded = code_plaintext(_plaintext(message, payload.data[0], keys))
    if coded is None:
        return response
    item = payload.data[0]
    changed: Data | ProtectedResult = decode_data(coded)
    if isinstance(item, ProtectedResult):
        changed = replace(item, blob=_encrypted(message, coded, keys))
    content = encode_payload(replace(payload, data=(changed,)))
    return seal(replace(message, content=content), keys)


def plaintext_of(response: bytes, keys: Keys, *, is_coded: bool) -> bytes:
    """What the one item of a response shows, decrypted and, where it was coded, decoded. Raises DecodeError."""
    message = decode(response)
    payload = message_payload(message)
    if not isinstance(payload, AccessResponse):
        return message.content
    shown = _plaintext(message, payload.data[0], keys)
    return decode_plaintext(shown) if is_coded else shown


def _plaintext(message: Message, item: Data | ProtectedResult, keys: Keys) -> bytes:
    if not isinstance(item, ProtectedResult):
        return encode_data(item)
    device, party, counter = encryption_parties(message)
    return crypto.decrypt(keys.shared_secret(device, party), device, counter, party, item.blob)


def _encrypted(message: Message, plaintext: bytes, keys: Keys) -> bytes:
    device, party, counter = encryption_parties(message)
    return crypto.encrypt(keys.shared_secret(device, party), device, counter, party, plaintext)
