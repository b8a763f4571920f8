"""Organisation and device certificates: who they are for, and for what (spec sheet 2.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from gbcs.roles import RemotePartyRole

HARDWARE_MODULE_NAME = ObjectIdentifier("1.3.6.1.5.5.7.8.4")
"""The otherName of a device's subjectAltName: its hardware type and, as its serial, the EUI-64."""

TEST_SERIAL = b"TEST"
"""How the 16-byte serial number of a certificate starts whose key was made from a seed: the mark of a test key."""

UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for bytes that are no key or no certificate that can be used."""


class Usage(StrEnum):
    """What a key is for: digital signing or key agreement."""

    DS = "ds"
    KA = "ka"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says: its entity, usage and, for an organisation, role; and its public key.

    ``point`` is the public key as bytes (04, x, y); ``is_test`` marks a certificate for a key that was made from a
    seed.
    """

    eui: Eui64
    usage: Usage
    role: RemotePartyRole | None
    public_key: ec.EllipticCurvePublicKey = field(repr=False)
    der: bytes = field(repr=False)
    point: bytes = field(repr=False)
    is_test: bool = False


@lru_cache(maxsize=1024)
def read_certificate(der: bytes) -> Certificate:
    """Read a DER certificate of either shape. The chain and the validity are not looked at.

    Raises DecodeError where it is none, is for another curve, or names no EUI-64 or no usage.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise DecodeError("the certificate's key is not on P-256", field="certificate")
        return Certificate(
            _entity(certificate),
            _usage(certificate),
            _role(certificate),
            key,
            der,
            public_point(key),
            certificate.serial_number >> 96 == int.from_bytes(TEST_SERIAL, "big"),
        )
    except UNREADABLE as error:
        raise DecodeError(f"no certificate: {error}", field="certificate") from None


def read_ka_certificate(der: bytes) -> Certificate:
    """Read the certificate that came in a command. Raises DecodeError where it is not for key agreement."""
    certificate = read_certificate(der)
    if certificate.usage is not Usage.KA:
        raise DecodeError("the certificate is for signing, not for key agreement", field="certificate")
    return certificate


def public_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as its uncompressed point: 04, x, y (65 bytes)."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _entity(certificate: x509.Certificate) -> Eui64:
    """The EUI-64: an organisation's unique identifier, or the serial in a device's hardware module name."""
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER):
        value = attribute.value
        if isinstance(value, bytes) and len(value) == 9 and value[0] == 0:  # a bit string without unused bits
            return value[1:]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    for name in names:
        if (
            isinstance(name, x509.OtherName)
            and name.type_id == HARDWARE_MODULE_NAME
            and name.value[-10:-8] == b"\x04\x08"
        ):
            return name.value[-8:]
    raise DecodeError("the certificate names no EUI-64", field="certificate")


def _usage(certificate: x509.Certificate) -> Usage:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    if usage.key_agreement == usage.digital_signature:
        raise DecodeError("a certificate is either for signing or for key agreement", field="certificate")
    return Usage.KA if usage.key_agreement else Usage.DS


def _role(certificate: x509.Certificate) -> RemotePartyRole | None:
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME):
        try:
            return RemotePartyRole.from_ou(str(attribute.value))
        except ValueError:
            continue
    return None
