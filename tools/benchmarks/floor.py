"""The cryptography of a read and nothing else: what no codec in Python can be faster than.

These are the calls of both ends on the real lengths, straight on ``hashlib`` and ``cryptography``; the ECDH secrets are
at hand. The key changes with every message, so deriving it and making the cipher belong to the work.

===========  =========================================================  =====================================
             plain                                                      encrypted, in addition
===========  =========================================================  =====================================
head-end     MAC of the command; MAC of the response, compared          decryption and its tag, compared
meter        MAC of the command, compared; MAC of the response          encryption
===========  =========================================================  =====================================
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tools.benchmarks.reads import Shape

_SECRET = bytes(range(32))
_TITLE = bytes(8)
_IV = _TITLE + bytes(4)
_KEY_INPUT = (1).to_bytes(4, "big") + _SECRET + bytes.fromhex("60857406080300") + _TITLE + b"\x09"
_MAC_AAD = b"\x11" + bytes(5)
_BLOB_AAD = b"\x31"
_TAG = 12


def floor(shape: Shape) -> Callable[[int], None]:
    """A function that does the cryptography of one read, of the counter that it is given."""
    command, response = _MAC_AAD + bytes(shape.command_bytes), _MAC_AAD + bytes(shape.response_bytes)
    if shape.plaintext_bytes is None:
        return lambda counter: _plain(counter, command, response)
    plaintext = bytes(shape.plaintext_bytes)
    return lambda counter: _encrypted(counter, command, response, plaintext)


def _plain(counter: int, command: bytes, response: bytes) -> None:
    sent, checked = _mac(counter, b"\x01", command), _mac(counter, b"\x01", command)
    answered, opened = _mac(counter, b"\x02", response), _mac(counter, b"\x02", response)
    if not (compare_digest(sent, checked) and compare_digest(answered, opened)):
        raise AssertionError("the two ends do not agree")


def _encrypted(counter: int, command: bytes, response: bytes, plaintext: bytes) -> None:
    _plain(counter, command, response)
    sealed = _cipher(counter, b"\x04").encrypt(_IV, plaintext, _BLOB_AAD)
    cipher = _cipher(counter, b"\x04")
    # With a short tag, encrypting twice is the fastest way to decrypt and check that the library has.
    opened = cipher.encrypt(_IV, sealed[:-16], _BLOB_AAD)[:-16]
    again = cipher.encrypt(_IV, opened, _BLOB_AAD)
    if not compare_digest(again[-16:-4], sealed[-16:-4]):
        raise AssertionError("the two ends do not agree")


def _mac(counter: int, kind: bytes, covered: bytes) -> bytes:
    return _cipher(counter, kind).encrypt(_IV, b"", covered)[:_TAG]


def _cipher(counter: int, kind: bytes) -> AESGCM:
    return AESGCM(sha256(_KEY_INPUT + kind + counter.to_bytes(8, "big") + _TITLE).digest()[:16])
