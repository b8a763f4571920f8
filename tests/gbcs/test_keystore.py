"""Key stores: the worked example, directories of files, keys from a seed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import worked_example as example
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from reference_set import rtds_home

from gbcs.certificates import Usage
from gbcs.errors import DecodeError, KeyUnavailable, LocalError
from gbcs.keyseed import KeySeed
from gbcs.keystore import KeyStore
from gbcs.pki import Pki
from gbcs.roles import RemotePartyRole
from gbcs.seeded import SeededKeyStore

SUPPLIER, MDR, METER = (bytes.fromhex(text) for text in ("024d46f000010001", "024d46f000040001", "024d460000000001"))
ROLES = {SUPPLIER: RemotePartyRole.SUPPLIER, MDR: RemotePartyRole.OTHER}
PKI = Pki()


def example_store() -> KeyStore:
    store = KeyStore()
    for eui, key in (
        (example.DEVICE, example.DEVICE_KEY), (example.REMOTE, example.REMOTE_KEY), (example.ACB, example.ACB_KEY)
    ):  # fmt: skip
        store.add_private(eui, Usage.KA, key)
    return store


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(eui: bytes, key: ec.EllipticCurvePrivateKey, usage: Usage = Usage.KA) -> bytes:
    if eui in ROLES:
        return PKI.organisation(eui, ROLES[eui], usage, key.public_key())
    return PKI.device(eui, usage, key.public_key())


def write(path: Path, content: bytes | ec.EllipticCurvePrivateKey) -> None:
    """A certificate (DER) or a private key as a PEM file."""
    if isinstance(content, bytes):
        path.write_bytes(x509.load_der_x509_certificate(content).public_bytes(Encoding.PEM))
    else:
        path.write_bytes(content.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_the_secrets_of_the_worked_example_in_either_order() -> None:
    for a, b, expected in (
        (example.DEVICE, example.REMOTE, example.Z_REMOTE), (example.DEVICE, example.ACB, example.Z_ACB)
    ):  # fmt: skip
        assert example_store().shared_secret(a, b) == example_store().shared_secret(b, a) == expected


def test_one_side_of_a_pair_is_enough() -> None:
    key = new_key()
    store = KeyStore()
    store.add_private(SUPPLIER, Usage.KA, key)
    device_key = new_key()
    store.add_certificate(certificate(METER, device_key))
    assert store.shared_secret(METER, SUPPLIER) == device_key.exchange(ec.ECDH(), key.public_key())
    assert store.has_ka(METER) and store.has_ka(SUPPLIER) and not store.has_ka(MDR)


def test_a_missing_key_names_both_parties() -> None:
    with pytest.raises(KeyUnavailable, match="02-4D-46-F0-00-01-00-01 and 02-4D-46-00-00-00-00-01"):
        KeyStore().shared_secret(SUPPLIER, METER)
    for ask in (KeyStore().signing_key, KeyStore().verify_key, KeyStore().ka_certificate):
        with pytest.raises(KeyUnavailable, match="02-4D-46-F0-00-04-00-01"):
            ask(MDR)


def test_a_secret_agreed_elsewhere_is_taken_as_it_is() -> None:
    store = KeyStore()
    store.add_secret(METER, SUPPLIER, bytes(range(32)))
    assert store.shared_secret(SUPPLIER, METER) == bytes(range(32))
    with pytest.raises(LocalError, match="32 bytes"):
        store.add_secret(METER, SUPPLIER, bytes(16))


def test_a_certificate_in_a_command_makes_the_secret_of_its_holder() -> None:
    mdr_key, meter_key = new_key(), new_key()
    expected = meter_key.exchange(ec.ECDH(), mdr_key.public_key())
    device = KeyStore()
    device.add_private(METER, Usage.KA, meter_key)
    assert device.secret_with_certificate(METER, certificate(MDR, mdr_key), MDR) == expected
    head_end = KeyStore()  # knows the certificate and the holder's key, and of the meter its certificate only
    head_end.add_private(MDR, Usage.KA, mdr_key)
    head_end.add_certificate(certificate(METER, meter_key))
    assert head_end.secret_with_certificate(METER, certificate(MDR, mdr_key), MDR) == expected


def test_a_certificate_of_somebody_else_is_refused_also_after_it_was_used() -> None:
    store = KeyStore()
    store.add_private(METER, Usage.KA, new_key())
    der = certificate(MDR, new_key())
    for _ in range(2):
        store.secret_with_certificate(METER, der, MDR)
        with pytest.raises(DecodeError, match="02-4D-46-F0-00-04-00-01"):
            store.secret_with_certificate(METER, der, SUPPLIER)
    with pytest.raises(DecodeError, match="signing"):
        store.secret_with_certificate(METER, certificate(MDR, new_key(), Usage.DS), MDR)


def test_another_certificate_of_a_party_makes_another_secret() -> None:
    first, second, meter_key = new_key(), new_key(), new_key()
    store = KeyStore()
    store.add_private(METER, Usage.KA, meter_key)
    store.add_certificate(certificate(MDR, first))
    ders = [certificate(MDR, key) for key in (first, second)]
    secrets = [store.secret_with_certificate(METER, der, MDR) for der in (store.ka_certificate(MDR), ders[1])]
    assert secrets == [meter_key.exchange(ec.ECDH(), key.public_key()) for key in (first, second)]
    captured = KeyStore()  # the meter's private key is not known, and nobody's key fits the second certificate
    captured.add_private(MDR, Usage.KA, first)
    captured.add_certificate(certificate(METER, meter_key))
    assert captured.secret_with_certificate(METER, ders[0], MDR) == secrets[0]
    with pytest.raises(KeyUnavailable, match="this certificate"):
        captured.secret_with_certificate(METER, ders[1], MDR)


def test_keys_that_do_not_belong_together_are_refused() -> None:
    store = KeyStore()
    store.add_certificate(certificate(MDR, new_key()))
    with pytest.raises(LocalError, match="not the private key"):
        store.add_private(MDR, Usage.KA, new_key())
    store.add_private(SUPPLIER, Usage.KA, new_key())
    with pytest.raises(LocalError, match="not that of the private key"):
        store.add_certificate(certificate(SUPPLIER, new_key()))
    with pytest.raises(LocalError, match="secp384r1"):
        store.add_private(METER, Usage.KA, ec.generate_private_key(ec.SECP384R1()))


def test_no_key_material_is_shown() -> None:
    store = example_store()
    store.shared_secret(example.DEVICE, example.ACB)
    scalar = example.ACB_KEY.private_numbers().private_value
    shown = f"{store!r} {store} {SeededKeyStore(4711, ROLES)!r} {KeySeed(4711)!r} {PKI.root!r}"
    for secret in (example.Z_ACB.hex(), f"{scalar:x}", str(scalar), "4711", "PRIVATE"):
        assert secret not in shown


# --- directories ---


def test_names_are_not_trusted(tmp_path: Path) -> None:
    supplier_key, mdr_key, meter_key = new_key(), new_key(), new_key()
    write(tmp_path / f"{METER.hex()}-ka.pem", certificate(MDR, mdr_key))  # the name of another party and usage
    write(tmp_path / f"{METER.hex()}-ka.key", mdr_key)
    write(tmp_path / "whatever.pem", certificate(METER, meter_key))
    write(tmp_path / f"{SUPPLIER.hex()}-ds.pem", certificate(SUPPLIER, supplier_key, Usage.DS))
    write(tmp_path / f"{SUPPLIER.hex()}-ds.key", supplier_key)
    store = KeyStore.read(tmp_path)
    assert store.parties() == {MDR: RemotePartyRole.OTHER, METER: None, SUPPLIER: RemotePartyRole.SUPPLIER}
    assert store.shared_secret(METER, MDR) == meter_key.exchange(ec.ECDH(), mdr_key.public_key())
    assert store.signing_key(SUPPLIER).private_numbers() == supplier_key.private_numbers()
    assert not store.is_test
    assert sorted(note.split()[0] for note in store.notes) == [
        f"{METER.hex()}-ka.key", f"{METER.hex()}-ka.pem", "whatever.pem"
    ]  # fmt: skip


def test_the_file_with_the_right_name_goes_first_and_a_second_pair_beside_it(tmp_path: Path) -> None:
    first, second, stray, meter_key = (new_key() for _ in range(4))
    write(tmp_path / "00-stray.pem", certificate(MDR, stray))
    for name, key in (("ka", first), ("pp-ka", second)):
        write(tmp_path / f"{MDR.hex()}-{name}.pem", certificate(MDR, key))
        write(tmp_path / f"{MDR.hex()}-{name}.key", key)
    write(tmp_path / f"{METER.hex()}-ka.pem", certificate(METER, meter_key))
    store = KeyStore.read(tmp_path)
    assert store.shared_secret(MDR, METER) == first.exchange(ec.ECDH(), meter_key.public_key())
    der = certificate(MDR, second)  # a command that carries the second pair's certificate
    assert store.secret_with_certificate(METER, der, MDR) == second.exchange(ec.ECDH(), meter_key.public_key())
    assert len(store.notes) == 1 and "00-stray.pem" in store.notes[0]


def test_a_key_without_certificate_is_believed_and_one_with_another_is_not(tmp_path: Path) -> None:
    alone, wrong, mdr_key = new_key(), new_key(), new_key()
    write(tmp_path / f"{SUPPLIER.hex()}-ka.key", alone)
    write(tmp_path / f"{MDR.hex()}-ka.pem", certificate(MDR, mdr_key))
    write(tmp_path / f"{MDR.hex()}-ka.key", wrong)
    store = KeyStore.read(tmp_path)
    assert store.shared_secret(SUPPLIER, MDR) == alone.exchange(ec.ECDH(), mdr_key.public_key())
    assert [note.split(" ", 1)[1] for note in store.notes] == [
        "has no certificate; its name is believed", "fits no certificate; it is left out"
    ]  # fmt: skip


def test_garbage_is_noted_and_left_out(tmp_path: Path) -> None:
    key = new_key()
    write(tmp_path / f"{SUPPLIER.hex()}-ka.key", key)
    (tmp_path / "empty.pem").touch()
    (tmp_path / "text.key").write_text("-----BEGIN PRIVATE KEY-----\nnot base64!\n-----END PRIVATE KEY-----\n")
    (tmp_path / "public.pem").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "locked.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    )
    write(tmp_path / "curve.key", ec.generate_private_key(ec.SECP384R1()))
    write(tmp_path / "issuer.pem", PKI.root.der)
    (tmp_path / "huge.pem").write_bytes(bytes(1 << 17))
    (tmp_path / "folder.pem").mkdir()
    os.mkfifo(tmp_path / "pipe.pem")
    (tmp_path / "gone.pem").symlink_to(tmp_path / "nowhere")
    (tmp_path / "other.txt").write_text("of no interest")
    store = KeyStore.read(tmp_path)
    notes = {note.split()[0]: note for note in store.notes}
    assert set(notes) == {
        f"{SUPPLIER.hex()}-ka.key", "empty.pem", "text.key", "public.pem", "locked.key", "curve.key", "issuer.pem",
        "huge.pem", "folder.pem", "pipe.pem", "gone.pem",
    }  # fmt: skip
    assert "public key" in notes["public.pem"] and "P-256" in notes["curve.key"]
    assert not store.parties() and store.has_ka(SUPPLIER)


@given(st.binary(max_size=300))
def test_any_bytes_in_a_file_are_noted(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    directory = tmp_path_factory.mktemp("keys")
    write(directory / f"{SUPPLIER.hex()}-ka.key", new_key())
    (directory / f"{MDR.hex()}-ka.pem").write_bytes(content)
    (directory / f"{MDR.hex()}-ka.key").write_bytes(content)
    assert len(KeyStore.read(directory).notes) == 3


def test_a_directory_without_keys_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="holds no keys"):
        KeyStore.read(tmp_path)
    with pytest.raises(LocalError, match="no directory of keys"):
        KeyStore.read(tmp_path / "absent")


def test_the_reference_key_store() -> None:
    store = KeyStore.read(rtds_home() / "keystore")
    notes = {note.split()[0]: note for note in store.notes}
    assert set(notes) == {
        "fffffffffffffffe-ka.pem",
        "90b3d51f30000007-ka.pem", "90b3d51f30000007-ka.key",
        "123456789abcdef0-ka.key", "abababababababab-ka.key",
    }  # fmt: skip
    assert "90b3d51f30030000-ka" in notes["90b3d51f30000007-ka.pem"]
    organisations = {eui.hex(): role for eui, role in store.parties().items() if role is not None}
    assert organisations == {
        "90b3d51f30000001": RemotePartyRole.RECOVERY,
        "90b3d51f30000002": RemotePartyRole.ACCESS_CONTROL_BROKER,
        "90b3d51f30000004": RemotePartyRole.TRANSITIONAL_COS,
        "90b3d51f30000007": RemotePartyRole.WAN_PROVIDER,
        "90b3d51f30010000": RemotePartyRole.SUPPLIER,
        "90b3d51f30010008": RemotePartyRole.LOAD_CONTROLLER,
        "90b3d51f30020000": RemotePartyRole.NETWORK_OPERATOR,
        "90b3d51f30030000": RemotePartyRole.SUPPLIER,
    }
    wan_provider, second_supplier = bytes.fromhex("90b3d51f30000007"), bytes.fromhex("90b3d51f30030000")
    assert not store.has_ka(wan_provider) and store.has_ka(second_supplier)
    esme, acb = bytes.fromhex("00db1234567890a0"), bytes.fromhex("90b3d51f30000002")
    assert store.certificate_role(esme) is None and len(store.shared_secret(esme, acb)) == 32
    with pytest.raises(KeyUnavailable):  # two devices: nobody's private key is known
        store.shared_secret(esme, bytes.fromhex("00db1234567890a1"))
    assert len(store.parties()) == 208 and not store.is_test
