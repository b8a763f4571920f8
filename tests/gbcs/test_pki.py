"""Certificates of the test PKI: their shape, their chain, and that they repeat."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from reference_set import rtds_home

from gbcs.certificates import HARDWARE_MODULE_NAME, TEST_SERIAL, Usage, read_certificate, read_ka_certificate
from gbcs.errors import DecodeError, LocalError
from gbcs.framing import OtherInformation
from gbcs.keyseed import ORDER, KeySeed, agree
from gbcs.pki import FIRST_DAY, LAST_DAY, Pki
from gbcs.roles import RemotePartyRole

MDR = bytes.fromhex("024d46f000040001")
METER = bytes.fromhex("024d460000000001")
SEED = KeySeed(11)
PKI = Pki(SEED)
USAGE_DER = {Usage.DS: "03020780", Usage.KA: "03020308"}


def organisation(usage: Usage = Usage.KA, pki: Pki = PKI, eui: bytes = MDR) -> bytes:
    return pki.organisation(eui, RemotePartyRole.OTHER, usage, SEED.key(eui, usage).public_key())


def device(usage: Usage = Usage.KA, pki: Pki = PKI, eui: bytes = METER) -> bytes:
    return pki.device(eui, usage, SEED.key(eui, usage).public_key())


@pytest.mark.parametrize("usage", list(Usage))
def test_an_organisation_certificate_has_the_published_shape(usage: Usage) -> None:
    certificate = x509.load_der_x509_certificate(organisation(usage))
    assert [(a.oid, a.value) for a in certificate.subject] == [
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "7F"),
        (NameOID.X500_UNIQUE_IDENTIFIER, b"\x00" + MDR),
    ]
    assert bytes.fromhex("0603" + "55042d" + "0309" + "00") + MDR in organisation(usage)  # OID 2.5.4.45, bit string
    usage_extension = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage_extension.critical and usage_extension.value.public_bytes().hex() == USAGE_DER[usage]
    read = read_certificate(organisation(usage))
    assert (read.eui, read.usage, read.role, read.is_test) == (MDR, usage, RemotePartyRole.OTHER, True)


@pytest.mark.parametrize("usage", list(Usage))
def test_a_device_certificate_has_the_published_shape(usage: Usage) -> None:
    certificate = x509.load_der_x509_certificate(device(usage))
    assert len(list(certificate.subject)) == 0
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical and [type(name) for name in names.value] == [x509.OtherName]
    other = next(iter(names.value))
    assert isinstance(other, x509.OtherName)
    assert other.type_id == HARDWARE_MODULE_NAME and other.value.endswith(b"\x04\x08" + METER)
    assert certificate.not_valid_after_utc == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert b"99991231235959Z" in device(usage)
    read = read_certificate(device(usage))
    assert (read.eui, read.usage, read.role) == (METER, usage, None)


@pytest.mark.parametrize("der", [organisation(Usage.DS), organisation(), device(Usage.DS), device()])
def test_the_chain_leads_to_the_root(der: bytes) -> None:
    leaf = x509.load_der_x509_certificate(der)
    root = x509.load_der_x509_certificate(PKI.root.der)
    by_name = {
        issuer.name: x509.load_der_x509_certificate(issuer.der)
        for issuer in (PKI.organisation_issuer, PKI.device_issuer)
    }
    issuer = by_name[leaf.issuer]
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    with pytest.raises(ValueError, match=r"(?i)issuer"):
        leaf.verify_directly_issued_by(root)
    for certificate in (issuer, root):
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical and constraints.value.ca
    for child, parent in ((leaf, issuer), (issuer, root)):
        key_id = child.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        assert key_id == parent.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.key_identifier


def test_the_fields_and_sizes_are_those_of_the_reference_certificates() -> None:
    store = rtds_home() / "keystore"
    for name, ours in (("90b3d51f30010000-ka", organisation()), ("00db1234567890a0-ka", device())):
        theirs = x509.load_pem_x509_certificate((store / f"{name}.pem").read_bytes())
        mine = x509.load_der_x509_certificate(ours)
        assert [(e.oid, e.critical) for e in mine.extensions] == [(e.oid, e.critical) for e in theirs.extensions]
        assert [a.oid for a in mine.subject] == [a.oid for a in theirs.subject]
        assert [a.oid for a in mine.issuer] == [a.oid for a in theirs.issuer]
        for oid in (ExtensionOID.KEY_USAGE, ExtensionOID.CERTIFICATE_POLICIES):
            assert (
                mine.extensions.get_extension_for_oid(oid).value == theirs.extensions.get_extension_for_oid(oid).value
            )
        assert abs(len(ours) - len(theirs.public_bytes(Encoding.DER))) <= 3


def test_other_information_with_a_certificate_is_as_long_as_in_the_reference_messages() -> None:
    fixed = 2 + 8 + 8  # code, id, counter: the three seen are 424, 424 and 425 bytes
    ours = [fixed + len(organisation(eui=MDR[:-1] + bytes([n]))) for n in range(1, 30)]
    assert min(ours) >= 422 and max(ours) <= 425
    assert OtherInformation(0x0034, MDR, 1, None, organisation()).certificate == organisation()


def test_a_seed_repeats_every_byte_and_another_one_none() -> None:
    again, other = Pki(KeySeed(11)), Pki(KeySeed(12))
    assert organisation(pki=again) == organisation() and device(pki=again) == device()
    assert again.root.der == PKI.root.der
    assert other.root.der != PKI.root.der and organisation(pki=other) != organisation()
    assert KeySeed(b"11").scalar(MDR, Usage.KA) != SEED.scalar(MDR, Usage.KA), "bytes and numbers are different seeds"


def test_without_a_seed_nothing_repeats_and_nothing_is_marked() -> None:
    one, two = Pki(valid_from=datetime(2026, 11, 1, tzinfo=UTC)), Pki()
    assert organisation(pki=one) != organisation(pki=two)
    assert not read_certificate(organisation(pki=one)).is_test
    certificate = x509.load_der_x509_certificate(organisation(pki=one))
    assert certificate.not_valid_before_utc == datetime(2026, 11, 1, tzinfo=UTC)
    assert certificate.serial_number.bit_length() <= 127
    assert x509.load_der_x509_certificate(organisation()).serial_number.to_bytes(16, "big").startswith(TEST_SERIAL)


def test_a_start_that_cannot_be_is_refused() -> None:
    for start in (LAST_DAY, FIRST_DAY.replace(tzinfo=None)):
        with pytest.raises(LocalError, match="time zone"):
            Pki(valid_from=start)


@given(st.integers(1, ORDER - 1), st.integers(1, ORDER - 1))
def test_two_known_private_keys_agree_as_ecdh_does(a: int, b: int) -> None:
    one, two = (ec.derive_private_key(d, ec.SECP256R1()) for d in (a, b))
    assert agree(a, b) == one.exchange(ec.ECDH(), two.public_key())


def test_a_certificate_for_signing_is_not_taken_for_key_agreement() -> None:
    assert read_ka_certificate(organisation()).eui == MDR
    with pytest.raises(DecodeError, match="signing"):
        read_ka_certificate(organisation(Usage.DS))


def test_another_curve_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(DecodeError, match="P-256"):
        read_certificate(PKI.organisation(MDR, RemotePartyRole.OTHER, Usage.KA, key.public_key()))


def refusal(der: bytes) -> DecodeError | None:
    try:
        read_certificate(der)
    except DecodeError as error:
        return error
    return None


def test_no_shape_of_bytes_raises_anything_but_a_decode_error() -> None:
    for whole in (organisation(), device()):
        for at in range(len(whole)):
            for changed in (
                whole[:at],
                whole[:at] + bytes([whole[at] ^ 0x21]) + whole[at + 1 :],
                whole[:at] + whole[at + 1 :],
            ):
                refused = refusal(changed)
                assert refused is None or refused.field == "certificate"
