"""Cryptography against the worked example, and against the library's own general GCM interface."""

from __future__ import annotations

import pytest
import worked_example as example
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from gbcs import crypto
from gbcs.crypto import Kind
from gbcs.errors import AuthenticationError, DecodeError
from gbcs.framing import authenticated_slice, decode

SECRETS = st.binary(min_size=32, max_size=32)
EUIS = st.binary(min_size=8, max_size=8)
COUNTERS = st.integers(0, 2**64 - 1)


def test_the_ecdh_secrets_of_the_example() -> None:
    assert example.DEVICE_KEY.exchange(ec.ECDH(), example.REMOTE_KEY.public_key()) == example.Z_REMOTE
    assert example.ACB_KEY.exchange(ec.ECDH(), example.DEVICE_KEY.public_key()) == example.Z_ACB


@pytest.mark.parametrize(
    ("secret", "kind", "originator", "recipient", "expected"),
    [
        (example.Z_ACB, Kind.COMMAND, example.REMOTE, example.DEVICE, example.K_COMMAND_MAC),
        (example.Z_REMOTE, Kind.RESPONSE, example.DEVICE, example.REMOTE, example.K_RESPONSE_MAC),
        (example.Z_REMOTE, Kind.ENCRYPTION, example.DEVICE, example.REMOTE, example.K_ENCRYPTION),
    ],
)
def test_the_derived_keys_of_the_example(
    secret: bytes, kind: Kind, originator: bytes, recipient: bytes, expected: bytes
) -> None:
    assert crypto.derive_key(secret, kind, originator, example.COUNTER, recipient) == expected


@pytest.mark.parametrize("data", [example.ECS17B_COMMAND, example.ECS22B_COMMAND])
def test_the_command_macs_of_the_example(data: bytes) -> None:
    message = decode(data)
    covered = authenticated_slice(data)
    mac = crypto.message_mac(example.Z_ACB, 1, example.REMOTE, 7, example.DEVICE, covered)
    assert mac == message.mac


@given(SECRETS, EUIS, COUNTERS, EUIS, st.binary(max_size=900))
def test_encryption_equals_the_general_gcm_interface(
    secret: bytes, device: bytes, counter: int, party: bytes, plaintext: bytes
) -> None:
    blob = crypto.encrypt(secret, device, counter, party, plaintext)
    key = crypto.derive_key(secret, Kind.ENCRYPTION, device, counter, party)
    mode = modes.GCM(device + bytes(4), blob[-12:], min_tag_length=12)
    decryptor = Cipher(algorithms.AES(key), mode).decryptor()
    decryptor.authenticate_additional_data(b"\x31")
    assert decryptor.update(blob[5:-12]) + decryptor.finalize() == plaintext
    assert crypto.decrypt(secret, device, counter, party, blob) == plaintext


@given(SECRETS, EUIS, COUNTERS, EUIS, st.binary(max_size=60), st.data())
def test_any_flipped_bit_of_a_blob_is_found(
    secret: bytes, device: bytes, counter: int, party: bytes, plaintext: bytes, data: st.DataObject
) -> None:
    blob = bytearray(crypto.encrypt(secret, device, counter, party, plaintext))
    bit = data.draw(st.integers(0, 8 * len(blob) - 1))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises((AuthenticationError, DecodeError)):
        crypto.decrypt(secret, device, counter, party, bytes(blob))


def test_signatures_are_raw_r_and_s_and_deterministic_on_demand() -> None:
    key = example.private_key("signer")
    first, second = (crypto.sign(key, b"text", deterministic=True) for _ in range(2))
    assert first == second and len(first) == 64
    assert crypto.signature_valid(key.public_key(), first, b"text")
    assert not crypto.signature_valid(key.public_key(), first, b"Text")
    assert not crypto.signature_valid(key.public_key(), bytes(64), b"text")
    assert crypto.sign(key, b"text") != first


def test_high_s_values_are_valid() -> None:
    key = example.private_key("signer")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signature = crypto.sign(key, b"text")
    other_s = order - int.from_bytes(signature[32:], "big")
    assert crypto.signature_valid(key.public_key(), signature[:32] + other_s.to_bytes(32, "big"), b"text")
