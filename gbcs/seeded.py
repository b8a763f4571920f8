"""The key store of a wholly emulated farm: every party's keys are made from a key seed when they are needed."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from gbcs.certificates import Certificate, Usage, read_certificate
from gbcs.eui64 import Eui64
from gbcs.keyseed import KeySeed, agree
from gbcs.keystore import KeyStore
from gbcs.pki import Pki
from gbcs.roles import RemotePartyRole


class SeededKeyStore(KeyStore):
    """Test keys of any party. What was added by hand (a key, a certificate, a secret) goes before what is made.

    Only organisations have certificates here, made on demand and always the same for a seed, because they travel in
    commands. Of a device nothing is kept but the 32-byte secret per pair, so that a large farm stays small.

    Does not model: the loss or the change of keys, and certificates of devices (:class:`gbcs.pki.Pki` makes them).
    """

    def __init__(
        self, key_seed: int | bytes | KeySeed, organisations: Mapping[Eui64, RemotePartyRole] | None = None
    ) -> None:
        super().__init__()
        self._is_test = True
        self._seed = key_seed if isinstance(key_seed, KeySeed) else KeySeed(key_seed)
        self._pki: Pki | None = None
        self._organisations = dict(organisations or {})
        self._made_keys: dict[tuple[Eui64, Usage], ec.EllipticCurvePrivateKey] = {}
        self._made_certificates: dict[tuple[Eui64, Usage], Certificate] = {}

    def __repr__(self) -> str:
        return f"<SeededKeyStore: test keys, {len(self._organisations)} organisations>"

    def add_organisation(self, eui: Eui64, role: RemotePartyRole) -> None:
        """Let a party have certificates that state this role, in place of any made before."""
        self._organisations[eui] = role
        for usage in Usage:
            self._made_certificates.pop((eui, usage), None)

    def certificate_role(self, eui: Eui64) -> RemotePartyRole | None:
        """The role of an organisation; None for a device."""
        return self._organisations[eui] if eui in self._organisations else super().certificate_role(eui)

    def parties(self) -> dict[Eui64, RemotePartyRole | None]:
        """The organisations and whoever's certificate was added."""
        return {**super().parties(), **self._organisations}

    def has_ka(self, eui: Eui64) -> bool:
        """Always: the seed makes a key for anybody."""
        return True

    def _agree(self, a: Eui64, b: Eui64) -> bytes:
        if self._is_given(a, Usage.KA) or self._is_given(b, Usage.KA):
            return super()._agree(a, b)
        return agree(self._seed.scalar(a, Usage.KA), self._seed.scalar(b, Usage.KA))

    def _is_given(self, eui: Eui64, usage: Usage) -> bool:
        """Whether a key of this party was added by hand, so that none may be made."""
        return (eui, usage) in self._private or (eui, usage) in self._certificates

    def _find_private(self, eui: Eui64, usage: Usage) -> ec.EllipticCurvePrivateKey | None:
        if self._is_given(eui, usage):
            return super()._find_private(eui, usage)
        if eui not in self._organisations:
            return self._seed.key(eui, usage)
        key = self._made_keys.get((eui, usage))
        if key is None:
            key = self._made_keys[eui, usage] = self._seed.key(eui, usage)
        return key

    def _find_certificate(self, eui: Eui64, usage: Usage) -> Certificate | None:
        if self._is_given(eui, usage) or eui not in self._organisations:
            return super()._find_certificate(eui, usage)
        certificate = self._made_certificates.get((eui, usage))
        if certificate is None:
            certificate = self._made_certificates[eui, usage] = self._make_certificate(eui, usage)
        return certificate

    def _make_certificate(self, eui: Eui64, usage: Usage) -> Certificate:
        if self._pki is None:
            self._pki = Pki(self._seed)
        key = self._seed.key(eui, usage).public_key()
        return read_certificate(self._pki.organisation(eui, self._organisations[eui], usage, key))
