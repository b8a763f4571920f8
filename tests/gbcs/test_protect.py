"""Opening what is encrypted in any family and protecting it again: the same bytes, and other bytes for other values."""

from __future__ import annotations

from dataclasses import replace

import payload_samples as samples
import pytest
from one_meter import KEYS, METER, SUPPLIER
from reference_set import reference_messages, rtds_home

import gbcs
from gbcs import crypto
from gbcs.dlms import Data, ProtectedNotification, Tag
from gbcs.errors import AuthenticationError
from gbcs.framing import Cra, Message, OtherInformation
from gbcs.gbz import Component, Encrypted, GbzAlert, GbzPayload, Zcl
from gbcs.gbz.components import decode_zcl
from gbcs.keystore import KeyStore
from gbcs.payload import encode_data, encode_payload
from gbcs.security import encryption_parties

SNAPSHOT = bytes.fromhex(samples.SNAPSHOT.replace(" ", ""))


def message(content: bytes, cra: int = Cra.RESPONSE, other: OtherInformation | None = None) -> Message:
    return Message(cra, 12, METER, SUPPLIER, b"", other or OtherInformation(0x0077), content)


def blob(plaintext: bytes, of: Message) -> bytes:
    device, party, counter = encryption_parties(of)
    return crypto.encrypt(KEYS.shared_secret(device, party), device, counter, party, plaintext)


def snapshot(control: int = 0x03) -> Component:
    encrypted = Encrypted(blob(SNAPSHOT, message(b"")))
    return Component(control, 0x0702, 0x19, 0, 0x06, encrypted, additional_control=0, frame_counter=0)


def gas() -> Message:
    clear = decode_zcl(0x0702, 0x00, 0x0B, b"\x06\x00")
    second = Component(0x01, 0x0702, 0x00, 1, 0x0B, clear)
    return message(encode_payload(GbzPayload((snapshot(0x02), second))))


def test_a_gas_component_opens_and_is_protected_again() -> None:
    opened = gbcs.open(gas(), KEYS)
    assert [plain is not None for plain in opened.zcl] == [True, False] and opened.encrypted_parts == 1
    plain = opened.zcl[0]
    assert plain is not None and plain["snapshot_cause"] == 8 and plain.encode() == SNAPSHOT
    assert gbcs.protect(opened, KEYS) == gas()


def test_another_value_gives_another_ciphertext_that_opens_to_it() -> None:
    opened = gbcs.open(gas(), KEYS)
    plain = opened.zcl[0]
    assert plain is not None
    edited = Zcl(plain.layout, (99, *plain.values[1:]), plain.tail)
    changed = gbcs.protect(replace(opened, zcl=(edited, None)), KEYS)
    assert changed.content != gas().content and len(changed.content) == len(gas().content)
    again = gbcs.open(changed, KEYS).zcl[0]
    assert again is not None and again["snapshot_id"] == 99


def test_an_encrypted_gas_alert_opens() -> None:
    alert = GbzAlert(0x8F0A, 0x30F2D480, snapshot(), 1)
    opened = gbcs.open(message(encode_payload(alert), Cra.ALERT), KEYS)
    assert opened.zcl[0] is not None and opened.zcl[0]["payload_type"] == 6
    assert gbcs.protect(opened, KEYS).content == encode_payload(alert)


def test_an_encrypted_billing_data_log_opens() -> None:
    items = (Data(Tag.UINT32, 5),)
    sealed = blob(encode_data(Data(Tag.STRUCTURE, items)), message(b""))
    value = ProtectedNotification(0x2000000C, 0x8F0A, bytes(12), 12, METER, SUPPLIER, sealed)
    opened = gbcs.open(message(encode_payload(value), Cra.ALERT), KEYS)
    assert opened.plaintexts == (items,)
    assert gbcs.protect(opened, KEYS).content == encode_payload(value)


def test_a_changed_component_is_refused() -> None:
    content = bytearray(gas().content)
    content[content.index(b"\x31\x00\x00\x00\x00") + 6] ^= 1
    with pytest.raises(AuthenticationError):
        gbcs.open(message(bytes(content)), KEYS)


def test_the_supplementary_party_is_encrypted_to_with_whichever_counter_there_is() -> None:
    other = OtherInformation(0x00C4, bytes(8), 5)
    assert encryption_parties(message(b"", other=other)) == (METER, bytes(8), 12)
    with_own = OtherInformation(0x0096, bytes(8), 5, 2002)
    assert encryption_parties(message(b"", other=with_own)) == (METER, bytes(8), 2002)
    assert encryption_parties(message(b"")) == (METER, SUPPLIER, 12)


def test_every_reference_message_opens_and_is_protected_to_the_same_bytes() -> None:
    keys, parts = KeyStore.read(rtds_home() / "keystore"), 0
    for data in reference_messages():
        opened = gbcs.open(data, keys)
        parts += opened.encrypted_parts
        assert gbcs.protect(opened, keys).encode() == data
    assert parts >= 37
