"""Key files on disk, as the reference set names them: ``<eui>-<ds|ka>.pem`` certificates, ``.key`` private keys.

Names are not trusted: the certificate says whose it is, and a private key belongs to the certificate with its public
key. A name with ``-pp-`` is the second pair of a party (prepayment).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gbcs import eui64
from gbcs.certificates import UNREADABLE, Certificate, Usage, public_point, read_certificate
from gbcs.errors import DecodeError, LocalError
from gbcs.eui64 import Eui64

_LARGEST_FILE = 1 << 16
"""Bytes; a key or certificate has a few hundred."""

_SECOND_PAIR = "-pp-"

TEST_KEY_LINE = b"test key, made from a key seed\n"
"""Stands before the PEM block of such a private key, so that the mark stays where the certificate is lost."""

Identity = tuple[Eui64, Usage]


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key and whose it is; ``is_test`` where the file says that it was made from a seed."""

    eui: Eui64
    usage: Usage
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    point: bytes = field(repr=False)
    is_test: bool


@dataclass(frozen=True, slots=True)
class KeyDirectory:
    """What a directory holds. Where two are for the same party and usage, the first counts."""

    certificates: tuple[Certificate, ...]
    keys: tuple[KeyFile, ...]
    notes: tuple[str, ...]


def file_stem(eui: Eui64, usage: Usage) -> str:
    """``90b3d51f30000002-ka``: how a file is named for a party and usage."""
    return f"{eui.hex()}-{usage.value}"


def read_directory(directory: Path) -> KeyDirectory:
    """Read all ``.pem`` and ``.key`` files of a directory; what cannot be used is in the notes.

    Raises LocalError where the directory itself cannot be read.
    """
    try:
        paths = sorted(directory.iterdir())
    except OSError as error:
        raise LocalError(f"{directory} is no directory of keys: {error.strerror}") from None
    notes: list[str] = []
    found = [(path, _certificate(path, notes)) for path in paths if path.suffix == ".pem"]
    named = [(path, certificate) for path, certificate in found if certificate is not None]
    for path, certificate in named:
        if not _fits(path, certificate):
            stem = file_stem(certificate.eui, certificate.usage)
            notes.append(f"{path.name} holds the certificate of {stem}; the certificate counts")
    named.sort(key=lambda pair: (not _fits(*pair), _SECOND_PAIR in pair[0].name))
    certificates = tuple(certificate for _, certificate in named)
    key_paths = sorted((path for path in paths if path.suffix == ".key"), key=lambda path: _SECOND_PAIR in path.name)
    keys = (_key_file(path, certificates, notes) for path in key_paths)
    return KeyDirectory(certificates, tuple(key for key in keys if key is not None), tuple(notes))


def _fits(path: Path, certificate: Certificate) -> bool:
    """Whether a file has the name of what it holds."""
    return path.stem.replace(_SECOND_PAIR, "-").lower() == file_stem(certificate.eui, certificate.usage)


def _content(path: Path, notes: list[str]) -> bytes | None:
    """The bytes of a regular file of believable size."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            notes.append(f"{path.name} is no file of a key's size; it is left out")
            return None
        return path.read_bytes()
    except OSError as error:
        notes.append(f"{path.name} cannot be read: {error.strerror}")
        return None


def _certificate(path: Path, notes: list[str]) -> Certificate | None:
    content = _content(path, notes)
    if content is None:
        return None
    try:
        der = x509.load_pem_x509_certificate(content).public_bytes(serialization.Encoding.DER)
    except UNREADABLE:
        kind = "a bare public key" if b"BEGIN PUBLIC KEY" in content else "no certificate"
        notes.append(f"{path.name} is {kind}; it is left out")
        return None
    try:
        return read_certificate(der)
    except DecodeError as error:
        notes.append(f"{path.name} is no certificate that can be used: {error.message}")
        return None


def _key_file(path: Path, certificates: tuple[Certificate, ...], notes: list[str]) -> KeyFile | None:
    content = _content(path, notes)
    if content is None:
        return None
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except UNREADABLE:  # what the library says of a private key is better not repeated
        notes.append(f"{path.name} is no private key that can be used; it is left out")
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        notes.append(f"{path.name} is no P-256 key; it is left out")
        return None
    point = public_point(key.public_key())
    owner = _owner(path, point, certificates, notes)
    return KeyFile(*owner, key, point, TEST_KEY_LINE.strip() in content) if owner is not None else None


def _owner(path: Path, point: bytes, certificates: tuple[Certificate, ...], notes: list[str]) -> Identity | None:
    """Whose key a file holds: the certificate with the same public key decides, else the file's name."""
    matches = [(known.eui, known.usage) for known in certificates if known.point == point]
    named = _name(path)
    if matches:
        if named in matches:
            return named
        notes.append(f"{path.name} holds the key of {file_stem(*matches[0])}; its certificate counts")
        return matches[0]
    if named is None or any((known.eui, known.usage) == named for known in certificates):
        notes.append(f"{path.name} fits no certificate; it is left out")
        return None
    notes.append(f"{path.name} has no certificate; its name is believed")
    return named


def _name(path: Path) -> Identity | None:
    try:
        text, usage = path.stem.replace(_SECOND_PAIR, "-").lower().split("-", 1)
        return eui64.parse(text), Usage(usage)
    except ValueError:
        return None
