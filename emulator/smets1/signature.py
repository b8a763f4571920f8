"""Signatures of service providers: XML-DSig in the profile of DUIS, made without and checked with an XML parser.

Enveloped signature over the whole document, SHA-256 over inclusive C14N; SignedInfo under exclusive C14N; ECDSA P-256
with SHA-256, r and s as 64 bytes; the signer by issuer and serial number of its certificate.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from xml.sax.saxutils import unescape

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from emulator.smets1.xml_text import XMLDSIG, text
from gbcs.certificates import Usage
from gbcs.crypto import sign, signature_valid
from gbcs.errors import AuthenticationError, DecodeError
from gbcs.eui64 import Eui64
from gbcs.keyseed import KeySeed
from gbcs.pki import Pki
from gbcs.roles import RemotePartyRole

_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_ENVELOPED = f"{XMLDSIG}enveloped-signature"
_DS = {"ds": XMLDSIG}

_SIGNED_INFO = (
    f'<ds:SignedInfo xmlns:ds="{XMLDSIG}">'
    f'<ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod>'
    f'<ds:SignatureMethod Algorithm="{_ECDSA}"></ds:SignatureMethod>'
    f'<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="{_ENVELOPED}"></ds:Transform></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference>'
    "</ds:SignedInfo>"
)
"""In exclusive canonical form, as it is signed; in the document the element around it declares the name space."""

_DECLARED = f' xmlns:ds="{XMLDSIG}"'

_WRITTEN = re.compile(
    b"(?s)(.+)"
    + re.escape(f"<ds:Signature{_DECLARED}>{_SIGNED_INFO.replace(_DECLARED, '', 1)}<ds:SignatureValue>")
    .encode()
    .replace(b"%s", b"([A-Za-z0-9+/]{43}=)")
    + b"([A-Za-z0-9+/]{86}==)</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial>"
    b"<ds:X509IssuerName>([^<]*)</ds:X509IssuerName><ds:X509SerialNumber>([0-9]{1,60})</ds:X509SerialNumber>"
    b"</ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo></ds:Signature>(</[A-Za-z0-9:]+>)"
)
"""A signed document as :meth:`Signer.sign` writes it: content, digest, signature, issuer, serial number, end tag."""

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


@dataclass(frozen=True, slots=True)
class Signer:
    """A party that signs: its key, and the certificate that says whose it is."""

    eui: Eui64
    certificate: bytes = field(repr=False)
    issuer: str
    serial: int
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    public_key: ec.EllipticCurvePublicKey = field(repr=False)

    def sign(self, opening: str, content: str, name: str) -> bytes:
        """The signed document ``<opening>content</name>``; both are canonical text. Repeatable (RFC 6979)."""
        digest = b64encode(hashlib.sha256(f"{opening}{content}</{name}>".encode()).digest()).decode()
        signed_info = _SIGNED_INFO % digest
        value = b64encode(sign(self.key, signed_info.encode(), deterministic=True)).decode()
        signature = (
            f"<ds:Signature{_DECLARED}>{signed_info.replace(_DECLARED, '', 1)}"
            f"<ds:SignatureValue>{value}</ds:SignatureValue>"
            f"<ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>{text(self.issuer)}</ds:X509IssuerName>"
            f"<ds:X509SerialNumber>{self.serial}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo>"
            "</ds:Signature>"
        )
        return f"{opening}{content}{signature}</{name}>".encode()


def signers(seed: KeySeed, euis: Mapping[str, Eui64]) -> dict[str, Signer]:
    """Signers with test keys and test certificates made from a key seed."""
    pki = Pki(seed)
    return {name: _signer(pki, seed, eui) for name, eui in euis.items()}


def _signer(pki: Pki, seed: KeySeed, eui: Eui64) -> Signer:
    key = seed.key(eui, Usage.DS)
    der = pki.organisation(eui, RemotePartyRole.OTHER, Usage.DS, key.public_key())
    certificate = load_der_x509_certificate(der)
    return Signer(eui, der, certificate.issuer.rfc4514_string(), certificate.serial_number, key, key.public_key())


# ---------------------------------------------------------------------- checking


def parse(document: bytes) -> etree._Element:
    """The root of a document. Raises DecodeError for what is no XML, and for one with a document type."""
    try:
        root = etree.fromstring(document, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DecodeError(f"no XML: {error}", field="document") from None
    if root.getroottree().docinfo.doctype:
        raise DecodeError("a document type is not allowed", field="document")
    return root


def quickly_checked(document: bytes, known: Mapping[tuple[str, int], Signer]) -> tuple[Signer, str] | None:
    """Signer and signed text of a document that reads as :meth:`Signer.sign` writes it; None for every other.

    The quick twin of :func:`check_signature`, without a parser. Text whose digest was signed is canonical, as nothing
    else is ever hashed. What comes to None goes the long way, and only that way says what is wrong with it.
    """
    found = _WRITTEN.fullmatch(document)
    if found is None:
        return None
    content, digest, value, issuer, serial, end = found.groups()
    signer = known.get((unescape(issuer.decode("utf-8", "replace")), int(serial)))
    signed_info = _SIGNED_INFO.encode() % digest
    if signer is None or b64encode(hashlib.sha256(content + end).digest()) != digest:
        return None
    if not signature_valid(signer.public_key, b64decode(value), signed_info):
        return None
    return signer, (content + end).decode()


def check_signature(root: etree._Element, known: Mapping[tuple[str, int], Signer]) -> Signer:
    """Who signed a document, which then stands without its signature.

    ``known`` holds the signers by issuer and serial number. Raises DecodeError where there is not exactly one signature
    of this profile, AuthenticationError where its signer is not known or it does not belong to the document.
    """
    found = root.findall("ds:Signature", _DS)
    if len(found) != 1:
        raise DecodeError(f"{len(found)} signatures where there is to be one", field="Signature")
    [signature] = found
    signed_info = signature.find("ds:SignedInfo", _DS)
    if signed_info is None:
        raise DecodeError("no SignedInfo", field="Signature")
    signer = _signer_of(signature, known)
    canonical = etree.tostring(signed_info, method="c14n", exclusive=True)
    digest = _digest_of(canonical)
    value = _base64(signature.findtext("ds:SignatureValue", "", _DS), "SignatureValue")
    if len(value) != 64 or not signature_valid(signer.public_key, value, canonical):
        raise AuthenticationError(
            "the signature is wrong", field="SignatureValue", hint="another key, or changed bytes"
        )
    root.remove(signature)
    if not compare_digest(hashlib.sha256(etree.tostring(root, method="c14n")).digest(), digest):
        raise AuthenticationError("the digest is wrong", field="DigestValue", hint="the document was changed")
    return signer


def _signer_of(signature: etree._Element, known: Mapping[tuple[str, int], Signer]) -> Signer:
    path = "ds:KeyInfo/ds:X509Data/ds:X509IssuerSerial/ds:"
    issuer = signature.findtext(f"{path}X509IssuerName", "", _DS)
    serial = signature.findtext(f"{path}X509SerialNumber", "", _DS).strip()
    signer = known.get((issuer, int(serial))) if serial.isdecimal() and len(serial) < 60 else None
    if signer is None:
        raise AuthenticationError(f"no signer has the certificate {serial!r} of {issuer!r}", field="KeyInfo")
    return signer


def _digest_of(signed_info: bytes) -> bytes:
    """The digest in a SignedInfo, which must otherwise read as this profile writes it, to the byte."""
    before, after = _SIGNED_INFO.encode().split(b"%s")
    if not (signed_info.startswith(before) and signed_info.endswith(after)):
        raise DecodeError("not the signature profile of DUIS", field="SignedInfo")
    return _base64(signed_info[len(before) : len(signed_info) - len(after)].decode(), "DigestValue")


def _base64(shown: str, where: str) -> bytes:
    try:
        return b64decode("".join(shown.split()), validate=True)
    except ValueError:
        raise DecodeError("no base64", field=where) from None
