"""The key store: private keys, certificates and ECDH secrets, by party.

It serves a private key **or** a shared secret per pair, because of a captured or real device only the remote party's
side is known. Secrets are kept per pair: they are what every message needs. Key material is in no ``repr``, error or
note.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from gbcs import eui64
from gbcs.certificates import Certificate, Usage, public_point, read_certificate, read_ka_certificate
from gbcs.errors import DecodeError, KeyUnavailable, LocalError
from gbcs.eui64 import Eui64
from gbcs.keyfiles import KeyFile, read_directory
from gbcs.roles import RemotePartyRole

SECRET_SIZE = 32
_ECDH = ec.ECDH()


class KeyStore:
    """Keys of many parties: of each and per usage one certificate and one private key, each where it is known.

    A second key-agreement pair of a party (prepayment) is known by its public key only: it serves commands that carry
    its certificate.
    """

    def __init__(self) -> None:
        self._notes: list[str] = []
        self._is_test = False
        self._private: dict[tuple[Eui64, Usage], ec.EllipticCurvePrivateKey] = {}
        self._certificates: dict[tuple[Eui64, Usage], Certificate] = {}
        self._ka_by_point: dict[bytes, ec.EllipticCurvePrivateKey] = {}
        self._secrets: dict[tuple[Eui64, Eui64], bytes] = {}
        self._certificate_secrets: dict[tuple[Eui64, bytes, Eui64], bytes] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._private)} private keys, {len(self._certificates)} certificates>"

    @property
    def notes(self) -> tuple[str, ...]:
        """What was odd in the files that were read, a line each."""
        return tuple(self._notes)

    @property
    def is_test(self) -> bool:
        """Whether any key here was made from a key seed."""
        return self._is_test

    @staticmethod
    def read(directory: Path) -> KeyStore:
        """Read a directory of PEM files as the reference set names them: ``<eui>-ds.pem``, ``<eui>-ka.key``, ...

        A certificate's own identity and usage count, not its file name; a private key belongs to the certificate with
        its public key, else to the party in its name. A second pair (``-pp-ka``) does not replace the first. What does
        not fit is in ``notes``. Raises LocalError where the directory cannot be read or holds no key at all.
        """
        store, found = KeyStore(), read_directory(directory)
        store._notes += found.notes
        for certificate in found.certificates:
            store._register(certificate)
        for file in found.keys:
            store._take(file)
        if not store._private and not store._certificates:
            raise LocalError(f"{directory} holds no keys: expected files like 90b3d51f30000002-ka.pem and .key")
        return store

    def shared_secret(self, a: Eui64, b: Eui64) -> bytes:
        """The 32-byte ECDH secret of two parties, in either order. Raises KeyUnavailable that names both."""
        pair = (a, b) if a < b else (b, a)
        secret = self._secrets.get(pair)
        if secret is None:
            secret = self._secrets[pair] = self._agree(a, b)
        return secret

    def add_secret(self, a: Eui64, b: Eui64, secret: bytes) -> None:
        """Take over a secret that was agreed elsewhere. Raises LocalError unless it is 32 bytes."""
        if len(secret) != SECRET_SIZE:
            raise LocalError(f"an ECDH secret is {SECRET_SIZE} bytes, got {len(secret)}")
        self._secrets[(a, b) if a < b else (b, a)] = secret

    def secret_with_certificate(self, own: Eui64, der: bytes, party: Eui64) -> bytes:
        """The secret of a party of this store with the holder of a KA certificate that came in a command.

        Raises DecodeError where the certificate is not ``party``'s or not for key agreement; KeyUnavailable.
        """
        known = self._find_certificate(party, Usage.KA)
        if known is not None and known.der == der:
            return self.shared_secret(own, party)
        secret = self._certificate_secrets.get((own, der, party))
        if secret is None:
            certificate = read_ka_certificate(der)
            if certificate.eui != party:
                raise DecodeError(
                    f"the certificate is that of {eui64.show(certificate.eui)}",
                    field="certificate",
                    hint=f"not of {eui64.show(party)}",
                )
            secret = self._agree_with(own, certificate)
            self._certificate_secrets[own, certificate.der, party] = secret
        return secret

    def has_ka(self, eui: Eui64) -> bool:
        """Whether a key-agreement key of a party is known, private or public."""
        return self._find_public(eui, Usage.KA) is not None

    def signing_key(self, eui: Eui64) -> ec.EllipticCurvePrivateKey:
        """The private digital-signing key of a party. Raises KeyUnavailable."""
        key = self._find_private(eui, Usage.DS)
        if key is None:
            raise KeyUnavailable(f"no private signing key for {eui64.show(eui)}")
        return key

    def verify_key(self, eui: Eui64) -> ec.EllipticCurvePublicKey:
        """The public digital-signing key of a party. Raises KeyUnavailable."""
        key = self._find_public(eui, Usage.DS)
        if key is None:
            raise KeyUnavailable(f"no signing certificate for {eui64.show(eui)}")
        return key

    def ka_certificate(self, eui: Eui64) -> bytes:
        """The DER key-agreement certificate of a party. Raises KeyUnavailable."""
        certificate = self._find_certificate(eui, Usage.KA)
        if certificate is None:
            raise KeyUnavailable(f"no key-agreement certificate for {eui64.show(eui)}")
        return certificate.der

    def certificate_role(self, eui: Eui64) -> RemotePartyRole | None:
        """The role that a party's certificate states; None for a device or an unknown party."""
        for usage in (Usage.DS, Usage.KA):
            certificate = self._find_certificate(eui, usage)
            if certificate is not None and certificate.role is not None:
                return certificate.role
        return None

    def parties(self) -> dict[Eui64, RemotePartyRole | None]:
        """Everybody with a certificate in the store, with the role it states."""
        return {eui: self.certificate_role(eui) for eui, _ in self._certificates}

    def add_private(self, eui: Eui64, usage: Usage, key: ec.EllipticCurvePrivateKey) -> None:
        """Add a private key. Raises LocalError where it is not on P-256 or not that of the party's certificate."""
        if not isinstance(key.curve, ec.SECP256R1):
            raise LocalError(f"a key is on P-256, this one on {key.curve.name}")
        point = public_point(key.public_key())
        certificate = self._find_certificate(eui, usage)
        if certificate is not None and certificate.point != point:
            raise LocalError(f"this is not the private key of the certificate {eui64.show(eui)}, {usage.value}")
        self._private[eui, usage] = key
        if usage is Usage.KA:
            self._ka_by_point[point] = key

    def add_certificate(self, der: bytes) -> Certificate:
        """Add a certificate under the identity that it states; of two for the same, the first stays.

        Raises DecodeError; LocalError where the store holds another private key of that party.
        """
        certificate = read_certificate(der)
        key = self._private.get((certificate.eui, certificate.usage))
        if key is not None and public_point(key.public_key()) != certificate.point:
            raise LocalError(f"the certificate is not that of the private key of {eui64.show(certificate.eui)}")
        self._register(certificate)
        return certificate

    def refuse_test_keys(self, purpose: str) -> None:
        """Raise LocalError where any key comes from a seed: such keys must never protect anything real."""
        if self._is_test:
            raise LocalError(f"test keys made from a seed are refused for {purpose}: use a real key store")

    def _register(self, certificate: Certificate) -> None:
        self._is_test = self._is_test or certificate.is_test
        self._certificates.setdefault((certificate.eui, certificate.usage), certificate)

    def _take(self, file: KeyFile) -> None:
        """Keep the key of a file under its owner; that of a second pair by its public key only."""
        self._is_test = self._is_test or file.is_test
        if file.usage is Usage.KA:
            self._ka_by_point.setdefault(file.point, file.key)
        owner = file.eui, file.usage
        certificate = self._certificates.get(owner)
        if certificate is None or certificate.point == file.point:
            self._private.setdefault(owner, file.key)

    def _agree(self, a: Eui64, b: Eui64) -> bytes:
        """The ECDH secret of two parties, computed."""
        for own, other in ((a, b), (b, a)):
            key = self._find_private(own, Usage.KA)
            public = self._find_public(other, Usage.KA) if key is not None else None
            if key is not None and public is not None:
                return key.exchange(_ECDH, public)
        raise KeyUnavailable(f"no key for the pair {eui64.show(a)} and {eui64.show(b)}")

    def _agree_with(self, own: Eui64, certificate: Certificate) -> bytes:
        """The secret with the holder of a certificate that is not the one in the store."""
        key = self._find_private(own, Usage.KA)
        if key is not None:
            return key.exchange(_ECDH, certificate.public_key)
        holder, public = self._ka_by_point.get(certificate.point), self._find_public(own, Usage.KA)
        if holder is not None and public is not None:
            return holder.exchange(_ECDH, public)
        if not self.has_ka(certificate.eui):  # then a secret that was handed over for this pair is the one
            return self.shared_secret(own, certificate.eui)
        raise KeyUnavailable(f"no key for {eui64.show(own)} and this certificate of {eui64.show(certificate.eui)}")

    def _find_private(self, eui: Eui64, usage: Usage) -> ec.EllipticCurvePrivateKey | None:
        return self._private.get((eui, usage))

    def _find_certificate(self, eui: Eui64, usage: Usage) -> Certificate | None:
        return self._certificates.get((eui, usage))

    def _find_public(self, eui: Eui64, usage: Usage) -> ec.EllipticCurvePublicKey | None:
        certificate = self._find_certificate(eui, usage)
        if certificate is not None:
            return certificate.public_key
        key = self._find_private(eui, usage)
        return key.public_key() if key is not None else None
