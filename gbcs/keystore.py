"""The key store: private keys, certificates and ECDH secrets, by party.

It serves a private key **or** a shared secret per pair, because of a captured or real device only the remote party's
side is known. Secrets are cached per pair: they are what every message needs. Key material is in no ``repr``.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gbcs import eui64
from gbcs.certificates import Certificate, Usage, read_certificate
from gbcs.errors import DecodeError, KeyUnavailable, LocalError
from gbcs.eui64 import Eui64
from gbcs.roles import RemotePartyRole


class KeyStore:
    """Keys of many parties. ``notes`` says what was odd in the files; ``is_test`` marks keys made from a seed."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.is_test = False
        self._private: dict[tuple[Eui64, Usage], ec.EllipticCurvePrivateKey] = {}
        self._certificates: dict[tuple[Eui64, Usage], Certificate] = {}
        self._secrets: dict[tuple[Eui64, Eui64], bytes] = {}
        self._certificate_secrets: dict[tuple[Eui64, bytes], bytes] = {}

    def __repr__(self) -> str:
        return f"<KeyStore: {len(self._private)} private keys, {len(self._certificates)} certificates>"

    @classmethod
    def read(cls, directory: Path) -> KeyStore:
        """Read a directory of PEM files as the reference set names them: ``<eui>-ds.pem``, ``<eui>-ka.key``, ...

        A certificate's own identity and usage count, not its file name; a private key belongs to the certificate with
        its public key, else to the party in its name. A second pair (``-pp-ka``) does not replace the first. What does
        not fit is in ``notes``. Raises LocalError where the directory cannot be read or holds no key at all.
        """
        if not directory.is_dir():
            raise LocalError(f"{directory} is no directory of keys")
        store = cls()
        files = sorted(directory.iterdir(), key=lambda path: ("-pp-" in path.name, path.name))
        for path in files:
            if path.suffix == ".pem":
                store._read_certificate_file(path)
        for path in files:
            if path.suffix == ".key":
                store._read_key_file(path)
        if not store._private and not store._certificates:
            raise LocalError(f"{directory} holds no keys: expected files like 90b3d51f30000002-ka.pem and .key")
        return store

    def shared_secret(self, a: Eui64, b: Eui64) -> bytes:
        """The 32-byte ECDH secret of two parties, in either order. Raises KeyUnavailable that names both."""
        secret = self._secrets.get((a, b))
        if secret is None:
            secret = self._secrets[a, b] = self._secrets[b, a] = self._agree(a, b)
        return secret

    def add_secret(self, a: Eui64, b: Eui64, secret: bytes) -> None:
        """Take over a secret that was agreed elsewhere. Raises LocalError unless it is 32 bytes."""
        if len(secret) != 32:
            raise LocalError(f"an ECDH secret is 32 bytes, got {len(secret)}")
        self._secrets[a, b] = self._secrets[b, a] = secret

    def secret_with_certificate(self, own: Eui64, der: bytes, party: Eui64) -> bytes:
        """The secret of a party of this store with the holder of a KA certificate that came in a command.

        Raises DecodeError where the certificate is not ``party``'s or not for key agreement; KeyUnavailable.
        """
        cached = self._certificate_secrets.get((own, der))
        if cached is not None:
            return cached
        certificate = read_certificate(der)
        if certificate.eui != party or certificate.usage is not Usage.KA:
            raise DecodeError(
                f"the certificate is for {eui64.show(certificate.eui)}, {certificate.usage.value}", field="certificate"
            )
        key = self._find_private(own, Usage.KA)
        if key is not None:
            secret = key.exchange(ec.ECDH(), certificate.public_key)
        else:  # a device of which only the other side is known: the store may hold that party's own key
            secret = self.shared_secret(own, party)
        self._certificate_secrets[own, der] = secret
        return secret

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
        """The DER key-agreement certificate of an organisation. Raises KeyUnavailable."""
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
        """Add a private key."""
        self._private[eui, usage] = key

    def add_certificate(self, der: bytes) -> Certificate:
        """Add a certificate under the identity that it states. Raises DecodeError."""
        certificate = read_certificate(der)
        self._certificates.setdefault((certificate.eui, certificate.usage), certificate)
        return certificate

    def refuse_test_keys(self, purpose: str) -> None:
        """Raise LocalError where these keys come from a seed: they must never protect anything real."""
        if self.is_test:
            raise LocalError(f"test keys made from a seed are refused for {purpose}: use a real key store")

    def _agree(self, a: Eui64, b: Eui64) -> bytes:
        for own, other in ((a, b), (b, a)):
            key, public = self._find_private(own, Usage.KA), self._find_public(other, Usage.KA)
            if key is not None and public is not None:
                return key.exchange(ec.ECDH(), public)
        raise KeyUnavailable(f"no key for the pair {eui64.show(a)} and {eui64.show(b)}")

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

    def _read_certificate_file(self, path: Path) -> None:
        try:
            der = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)
            certificate = read_certificate(der)
        except (ValueError, OSError, DecodeError) as error:
            self.notes.append(f"{path.name} is no certificate that can be used: {str(error).splitlines()[0]}")
            return
        name = f"{certificate.eui.hex()}-{certificate.usage.value}"
        if path.stem.replace("-pp-", "-") != name:
            self.notes.append(f"{path.name} holds the certificate of {name}; the certificate counts")
        self._certificates.setdefault((certificate.eui, certificate.usage), certificate)

    def _read_key_file(self, path: Path) -> None:
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError, OSError) as error:
            self.notes.append(f"{path.name} is no private key that can be used: {str(error).splitlines()[0]}")
            return
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            self.notes.append(f"{path.name} is no P-256 key")
            return
        owner = self._owner(path, key)
        if owner is not None:
            self._private.setdefault(owner, key)

    def _owner(self, path: Path, key: ec.EllipticCurvePrivateKey) -> tuple[Eui64, Usage] | None:
        """Whose key a file holds: the certificate with the same public key decides, else the file's name."""
        public = key.public_key()
        matches = [owner for owner, known in self._certificates.items() if known.public_key == public]
        try:
            text, usage = path.stem.split("-", 1)
            named = (eui64.parse(text), Usage(usage.removeprefix("pp-")))
        except ValueError:
            named = None
        if named in matches or (named and not matches and named not in self._certificates):
            return named
        if matches:
            self.notes.append(f"{path.name} holds the key of {matches[0][0].hex()}-{matches[0][1].value}")
            return matches[0]
        if "-pp-" not in path.name:
            self.notes.append(f"{path.name} fits no certificate; it is left out")
        return None
