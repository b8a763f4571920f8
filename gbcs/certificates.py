"""Organisation and device certificates: who they are for, and for what (spec sheet 2.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from gbcs.roles import RemotePartyRole

HARDWARE_MODULE_NAME = ObjectIdentifier("1.3.6.1.5.5.7.8.4")


class Usage(StrEnum):
    """What a key is for: digital signing or key agreement."""

    DS = "ds"
    KA = "ka"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says: its entity, usage and, for an organisation, role; and its public key."""

    eui: Eui64
    usage: Usage
    role: RemotePartyRole | None
    public_key: ec.EllipticCurvePublicKey = field(repr=False)
    der: bytes = field(repr=False)


@lru_cache(maxsize=1024)
def read_certificate(der: bytes) -> Certificate:
    """Read a DER certificate of either shape.

    Raises DecodeError where it is none, is for another curve, or names no EUI-64 or no usage.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise DecodeError("the certificate's key is not on P-256", field="certificate")
        return Certificate(_entity(certificate), _usage(certificate), _role(certificate), key, der)
    except DecodeError:
        raise
    except Exception as error:  # the library raises many kinds for bytes that are no certificate
        raise DecodeError(f"no certificate: {error}", field="certificate") from None


def _entity(certificate: x509.Certificate) -> Eui64:
    """The EUI-64: an organisation's unique identifier, or the serial in a device's hardware module name."""
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER):
        value = attribute.value
        if isinstance(value, bytes) and len(value) in (8, 9):
            return value[-8:]
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
    if usage.key_agreement:
        return Usage.KA
    if usage.digital_signature:
        return Usage.DS
    raise DecodeError("the certificate is neither for signing nor for key agreement", field="certificate")


def _role(certificate: x509.Certificate) -> RemotePartyRole | None:
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME):
        try:
            return RemotePartyRole(int(str(attribute.value), 16))
        except ValueError:
            continue
    return None
