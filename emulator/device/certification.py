"""Certification requests of a device for a new key of its own (CS02c; PKCS#10)."""

from __future__ import annotations

from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gbcs.certificates import HARDWARE_MODULE_NAME, Usage
from gbcs.eui64 import Eui64

_HARDWARE_NAME_HEAD = bytes.fromhex("3019060d2a863a0001848fb90f010202010408")
"""DER of a hardware module name up to the EUI-64, as device certificates have it."""

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256."""


def next_key(signing_key: ec.EllipticCurvePrivateKey, usage: Usage, counter: int) -> ec.EllipticCurvePrivateKey:
    """A new key of the device.

    It hangs off the present signing key, usage and counter, so that the bytes of an emulated farm repeat.
    """
    number = signing_key.private_numbers().private_value.to_bytes(32, "big")
    digest = sha256(b"next device key" + number + usage.encode() + counter.to_bytes(8, "big")).digest()
    return ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def certification_request(key: ec.EllipticCurvePrivateKey, eui: Eui64, usage: Usage) -> bytes:
    """The DER of a request for a certificate of a new key, signed with that key."""
    name = x509.SubjectAlternativeName([x509.OtherName(HARDWARE_MODULE_NAME, _HARDWARE_NAME_HEAD + eui)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(_key_usage(usage), critical=True).add_extension(name, critical=True)
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def _key_usage(usage: Usage) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=usage is Usage.DS,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=usage is Usage.KA,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
