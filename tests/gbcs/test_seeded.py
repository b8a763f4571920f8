"""The key store of an emulated farm: keys made from a seed."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gbcs.certificates import Usage, read_certificate
from gbcs.errors import KeyUnavailable, LocalError
from gbcs.keyseed import KeySeed
from gbcs.keystore import KeyStore
from gbcs.pki import Pki
from gbcs.roles import RemotePartyRole
from gbcs.seeded import SeededKeyStore

SUPPLIER, MDR, METER = (bytes.fromhex(text) for text in ("024d46f000010001", "024d46f000040001", "024d460000000001"))
ROLES = {SUPPLIER: RemotePartyRole.SUPPLIER, MDR: RemotePartyRole.OTHER}


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_a_seed_gives_everybody_keys_that_fit() -> None:
    store = SeededKeyStore(7, ROLES)
    public = read_certificate(store.ka_certificate(MDR)).public_key
    expected = KeySeed(7).key(METER, Usage.KA).exchange(ec.ECDH(), public)
    assert store.shared_secret(METER, MDR) == store.shared_secret(MDR, METER) == expected
    assert store.secret_with_certificate(METER, store.ka_certificate(MDR), MDR) == expected
    signature = store.signing_key(METER).sign(b"text", ec.ECDSA(hashes.SHA256()))
    store.verify_key(METER).verify(signature, b"text", ec.ECDSA(hashes.SHA256()))
    assert store.certificate_role(MDR) is RemotePartyRole.OTHER and store.certificate_role(METER) is None
    assert store.parties() == ROLES
    with pytest.raises(KeyUnavailable, match="02-4D-46-00-00-00-00-01"):
        store.ka_certificate(METER)


def test_the_same_seed_gives_the_same_bytes_in_any_order_of_asking() -> None:
    one, two, other = SeededKeyStore(7, ROLES), SeededKeyStore(7, ROLES), SeededKeyStore(8, ROLES)
    two.shared_secret(SUPPLIER, METER)
    two.ka_certificate(SUPPLIER)
    assert one.ka_certificate(MDR) == two.ka_certificate(MDR) != other.ka_certificate(MDR)
    assert one.shared_secret(MDR, METER) == two.shared_secret(MDR, METER) != other.shared_secret(MDR, METER)
    assert one.shared_secret(MDR, METER) != one.shared_secret(SUPPLIER, METER)


def test_what_was_added_by_hand_goes_before_the_seed() -> None:
    real = new_key()
    store = SeededKeyStore(7, ROLES)
    store.add_certificate(Pki().device(METER, Usage.KA, real.public_key()))
    public = read_certificate(store.ka_certificate(MDR)).public_key
    assert store.shared_secret(MDR, METER) == real.exchange(ec.ECDH(), public)
    store.add_secret(SUPPLIER, METER, bytes(32))
    assert store.shared_secret(SUPPLIER, METER) == bytes(32)
    with pytest.raises(LocalError, match="not the private key"):
        store.add_private(MDR, Usage.KA, new_key())


def test_a_party_can_be_given_a_role_later() -> None:
    store = SeededKeyStore(7)
    store.add_organisation(MDR, RemotePartyRole.SUPPLIER)
    assert read_certificate(store.ka_certificate(MDR)).role is RemotePartyRole.SUPPLIER
    store.add_organisation(MDR, RemotePartyRole.OTHER)
    assert read_certificate(store.ka_certificate(MDR)).role is RemotePartyRole.OTHER


def test_of_a_device_only_the_secret_is_kept() -> None:
    store = SeededKeyStore(7, ROLES)
    for number in range(100):
        store.shared_secret(SUPPLIER, number.to_bytes(8, "big"))
        store.verify_key(number.to_bytes(8, "big"))
    assert len(store._secrets) == 100
    assert {eui for eui, _ in store._made_keys} <= set(ROLES) and not store._private and not store._certificate_secrets


def test_test_keys_are_refused_for_anything_real() -> None:
    seeded = SeededKeyStore(7, ROLES)
    assert seeded.is_test
    with pytest.raises(LocalError, match="a rig"):
        seeded.refuse_test_keys("a rig")
    real = KeyStore()
    real.refuse_test_keys("a rig")
    real.add_certificate(seeded.ka_certificate(MDR))
    with pytest.raises(LocalError, match="a rig"):
        real.refuse_test_keys("a rig")
