"""The remote parties' credentials that a device holds, in cells; replacing them, with the path checked.

A cell is a role, what the key is for, and for a supplier the second key-agreement cell of top-ups. Status codes are
those of the trust anchor management protocol (RFC 5934 section 5), which the reference messages use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from gbcs.asn1.values import CellId, Replacement, ReplacementOutcome
from gbcs.certificates import UNREADABLE, Certificate, Usage, read_certificate
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from gbcs.times import to_datetime

CellKey: TypeAlias = "tuple[int, Usage, int | None]"
"""Role, usage, and the cell of a role with several for one usage."""

_USAGES = {b"\x80": Usage.DS, b"\x08": Usage.KA}
"""Key usage bits: digitalSignature is the first bit, keyAgreement the fifth."""


class Status:
    """What became of a cell."""

    SUCCESS: Final = 0
    BAD_CERTIFICATE: Final = 5
    NO_TRUST_ANCHOR: Final = 10
    TRUST_ANCHOR_NOT_FOUND: Final = 25


@dataclass(frozen=True, slots=True)
class Credential:
    """What a cell holds: subject and key identifier of a certificate, and the certificate where it is known."""

    subject_id: Eui64
    key_id: bytes
    certificate: Certificate | None = None

    @staticmethod
    def of(der: bytes) -> Credential:
        """The credential that a certificate brings. Raises DecodeError."""
        certificate = read_certificate(der)
        return Credential(certificate.eui, key_identifier(der), certificate)


@dataclass(slots=True)
class Credentials:
    """The cells of a device, and the root that new certificates must lead to.

    ``root`` is the root certificate that the device was made with; without one no path is checked, which is what a twin
    of a capture does whose issuers nobody has. ``floors`` are the lowest counters by role, ``role_faults`` and
    ``cell_faults`` statuses that are answered instead of success.

    Does not model: paths longer than leaf, issuer and root; revocation; recovery with the contingency key.
    """

    cells: dict[CellKey, Credential] = field(default_factory=dict)
    root: bytes | None = None
    floors: dict[int, int] = field(default_factory=dict)
    role_faults: dict[int, int] = field(default_factory=dict)
    cell_faults: dict[CellKey, int] = field(default_factory=dict)

    def of_role(self, role: int) -> list[tuple[CellKey, Credential]]:
        """The filled cells of a role, in their order."""
        return [(key, credential) for key, credential in self.cells.items() if key[0] == role]

    def certificate(self, eui: Eui64, usage: Usage) -> Certificate | None:
        """The certificate of a party that came in an update; ``None`` where the key store's counts."""
        for (_, used, cell_usage), credential in self.cells.items():
            if credential.subject_id == eui and used is usage and not cell_usage:
                return credential.certificate
        return None

    def replace(
        self, wanted: Replacement, issuers: tuple[bytes, ...], now: int, *, check_time: bool
    ) -> ReplacementOutcome:
        """Put a certificate into its cell if its path holds; what became of it."""
        key = cell_key(wanted.cell)
        old = self.cells.get(key) or Credential(bytes(8), bytes(8))
        try:
            new = Credential.of(wanted.certificate)
        except DecodeError:
            return _outcome(wanted.cell, Status.BAD_CERTIFICATE, old, old)
        status = self.cell_faults.get(key)
        if status is None:
            status = self._check(key, wanted.certificate, new, issuers, to_datetime(now) if check_time else None)
        if status != Status.SUCCESS:
            return _outcome(wanted.cell, status, old, old)
        self.cells[key] = new
        return _outcome(wanted.cell, status, old, new)

    def _check(self, key: CellKey, der: bytes, new: Credential, issuers: tuple[bytes, ...], at: datetime | None) -> int:
        if new.certificate is None or new.certificate.usage is not key[1]:
            return Status.BAD_CERTIFICATE
        if self.root is None:
            return Status.SUCCESS
        if new.certificate.role != key[0]:
            return Status.BAD_CERTIFICATE
        return Status.SUCCESS if path_holds(der, issuers, self.root, at) else Status.NO_TRUST_ANCHOR


def path_holds(leaf: bytes, issuers: tuple[bytes, ...], root: bytes, at: datetime | None) -> bool:
    """Whether a certificate leads over one of the issuers to the root; all valid ``at`` a time, where one is given."""
    try:
        anchor, bottom = x509.load_der_x509_certificate(root), x509.load_der_x509_certificate(leaf)
        middle = [x509.load_der_x509_certificate(der) for der in issuers]
    except UNREADABLE:
        return False
    return any(
        _issued(bottom, one) and _issued(one, anchor) and all(_valid(each, at) for each in (bottom, one, anchor))
        for one in middle
        if _is_issuer(one)
    )


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    algorithm = certificate.signature_hash_algorithm
    if certificate.issuer != issuer.subject or not isinstance(key, ec.EllipticCurvePublicKey) or algorithm is None:
        return False
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def _is_issuer(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _valid(certificate: x509.Certificate, at: datetime | None) -> bool:
    return at is None or certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def key_identifier(der: bytes) -> bytes:
    """The subject key identifier of a certificate. Raises DecodeError where it has none."""
    try:
        extensions = x509.load_der_x509_certificate(der).extensions
        return extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (*UNREADABLE, x509.ExtensionNotFound):
        raise DecodeError("the certificate has no key identifier", field="certificate") from None


def cell_key(cell: CellId) -> CellKey:
    """The key of a cell. Raises DecodeError for a key usage that no cell has."""
    return cell.role, usage_of(cell.key_usage.octets), cell.cell_usage


def usage_of(octets: bytes) -> Usage:
    """What the bits of a key usage mean. Raises DecodeError."""
    usage = _USAGES.get(octets)
    if usage is None:
        raise DecodeError(f"key usage {octets.hex()} is that of no cell", field="key usage")
    return usage


def _outcome(cell: CellId, status: int, old: Credential, new: Credential) -> ReplacementOutcome:
    return ReplacementOutcome(cell, status, old.subject_id, old.key_id, new.subject_id, new.key_id)
