"""A test PKI: a root, an issuer of organisation certificates and one of device certificates (spec sheet 2.5).

The certificates have the fields, in number and order, of the reference set's, and so their length (405 to 407 bytes for
an organisation, 419 to 421 for a device). With a key seed everything repeats byte for byte, and the serial numbers
carry the mark of test keys (:data:`gbcs.certificates.TEST_SERIAL`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

from gbcs.certificates import HARDWARE_MODULE_NAME, TEST_SERIAL, Usage, public_point
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.keyseed import KeySeed
from gbcs.roles import RemotePartyRole

FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
"""notBefore, where nothing else is asked: fixed, so that seeded certificates repeat."""

LAST_DAY = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
"""notAfter of organisations and issuers: the last second that a certificate states with two digits of the year."""

NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""notAfter of a device: no end."""

_ORGANISATION_POLICY = ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.4")
_DEVICE_POLICY = ObjectIdentifier("1.2.826.0.1.1800000.1.2.1.4")
_HARDWARE_NAME_HEAD = bytes.fromhex("3019060d2a863a0001848fb90f010202010408")
"""DER of a hardware module name up to the EUI-64: sequence, hardware type 1.2.826.0.1.8641679.1.2.1.2, octet string."""

_SERIAL_SIZE = 16
_Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True, slots=True)
class Authority:
    """An issuer: its name, its private key and its certificate."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    der: bytes = field(default=b"", repr=False)


class Pki:
    """Makes certificates. With a key seed the issuers' keys, the serial numbers and the signatures hang off it.

    Does not model: revocation, and the certification requests of a real registration.
    """

    def __init__(self, seed: KeySeed | None = None, valid_from: datetime = FIRST_DAY) -> None:
        """``valid_from`` is the start of every certificate. Raises LocalError unless it is before :data:`LAST_DAY`."""
        if valid_from.tzinfo is None or valid_from >= LAST_DAY:
            raise LocalError(f"certificates start at a moment with a time zone before {LAST_DAY}, not at {valid_from}")
        self._seed, self._valid_from = seed, valid_from
        self.root = self._authority(b"root", _issuer_name("MR"), None)
        self.organisation_issuer = self._authority(b"organisations", _issuer_name("M1"), self.root)
        self.device_issuer = self._authority(b"devices", _issuer_name("MF01", with_role=False), self.root)

    def organisation(
        self, eui: Eui64, role: RemotePartyRole, usage: Usage, public_key: ec.EllipticCurvePublicKey
    ) -> bytes:
        """The DER certificate of an organisation: its role in the OU, its EUI-64 as unique identifier."""
        bits = b"\x00" + eui  # no unused bits
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role.ou),
                x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, bits, _ASN1Type.BitString),
            ]
        )
        extensions = [_key_usage(usage), _key_identifier(public_key), _policy(_ORGANISATION_POLICY)]
        return self._sign(self.organisation_issuer, subject, LAST_DAY, public_key, extensions, (eui, usage.encode()))

    def device(self, eui: Eui64, usage: Usage, public_key: ec.EllipticCurvePublicKey) -> bytes:
        """The DER certificate of a device: no subject, its EUI-64 as hardware module name, no end."""
        name = x509.SubjectAlternativeName([x509.OtherName(HARDWARE_MODULE_NAME, _HARDWARE_NAME_HEAD + eui)])
        extensions = [_key_usage(usage), _key_identifier(public_key), (name, True), _policy(_DEVICE_POLICY)]
        return self._sign(self.device_issuer, x509.Name([]), NEVER, public_key, extensions, (eui, usage.encode()))

    def _authority(self, label: bytes, name: x509.Name, issuer: Authority | None) -> Authority:
        """A new issuer; without one above it, it signs itself."""
        if self._seed is None:
            key = ec.generate_private_key(ec.SECP256R1())
        else:
            key = self._seed.key(b"authority " + label, Usage.DS)
        public = key.public_key()
        extensions: list[_Extension] = [
            (x509.BasicConstraints(ca=True, path_length=1 if issuer is None else 0), True),
            (_usages(key_cert_sign=True, crl_sign=True), True),
            _key_identifier(public),
        ]
        serial_of = (b"authority", label)
        der = self._sign(issuer or Authority(name, key), name, LAST_DAY, public, extensions, serial_of)
        return Authority(name, key, der)

    def _sign(
        self,
        issuer: Authority,
        subject: x509.Name,
        last: datetime,
        public_key: ec.EllipticCurvePublicKey,
        extensions: list[_Extension],
        serial_of: tuple[bytes, bytes],
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .issuer_name(issuer.name)
            .subject_name(subject)
            .not_valid_before(self._valid_from)
            .not_valid_after(last)
            .public_key(public_key)
            .serial_number(self._serial(serial_of))
        )
        authority = x509.AuthorityKeyIdentifier(_identifier(issuer.key.public_key()), None, None)
        for extension, critical in [*extensions, (authority, False)]:
            builder = builder.add_extension(extension, critical)
        deterministic = True if self._seed is not None else None
        return builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=deterministic).public_bytes(Encoding.DER)

    def _serial(self, serial_of: tuple[bytes, bytes]) -> int:
        """A positive serial number of 16 bytes; with the mark of test keys where they hang off a seed."""
        if self._seed is not None:
            rest = self._seed.digest(b"serial", *serial_of)[: _SERIAL_SIZE - len(TEST_SERIAL)]
            return int.from_bytes(TEST_SERIAL + rest, "big")
        head = TEST_SERIAL
        while head == TEST_SERIAL:
            head = bytes((secrets.randbelow(0x7F) + 1, *secrets.token_bytes(len(TEST_SERIAL) - 1)))
        return int.from_bytes(head + secrets.token_bytes(_SERIAL_SIZE - len(head)), "big")


def _issuer_name(common_name: str, *, with_role: bool = True) -> x509.Name:
    role = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, RemotePartyRole.ISSUING_AUTHORITY.ou)
    return x509.Name([*([role] if with_role else []), x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(usage: Usage) -> _Extension:
    return _usages(digital_signature=usage is Usage.DS, key_agreement=usage is Usage.KA), True


def _usages(
    *, digital_signature: bool = False, key_agreement: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _key_identifier(public_key: ec.EllipticCurvePublicKey) -> _Extension:
    return x509.SubjectKeyIdentifier(_identifier(public_key)), False


def _identifier(public_key: ec.EllipticCurvePublicKey) -> bytes:
    """The short key identifier of RFC 5280 4.2.1.2 (2): 0100, then the last 60 bits of the SHA-1 of the public key."""
    tail = sha1(public_point(public_key), usedforsecurity=False).digest()[-8:]
    return bytes((0x40 | tail[0] & 0x0F, *tail[1:]))


def _policy(identifier: ObjectIdentifier) -> _Extension:
    return x509.CertificatePolicies([x509.PolicyInformation(identifier, None)]), True
