"""Security suite 0 (AES-GCM-128): the ciphered forms of a service, the tag of a challenge, invocation counters.

A protected part is ``SC | IC u32 | ciphertext | 12-byte tag``; the IV is system title and IC, the additional data SC
and authentication key (Green Book 9.2). Counters of both directions only rise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from hmac import compare_digest
from struct import Struct

from construct import Bytes, GreedyBytes, Int8ub, Int32ub
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gbcs.declare import Fields, Record, Sized, Tagged, build_length
from gbcs.errors import AuthenticationError, DecodeError, LocalError
from gbcs.fuse import fuse

TAG_SIZE, TITLE_SIZE, KEY_SIZE = 12, 8, 16
OVERHEAD = 5 + TAG_SIZE
"""Bytes that protection adds to a service, beside tag and length of the ciphered form."""
AUTHENTICATED, BOTH = 0x10, 0x30
"""Security control bytes: authentication only; authentication and encryption."""
GENERAL = 0xDB
"""The ciphered form that names the sender's title, for any service."""
_GENERAL_HEAD = bytes((GENERAL, TITLE_SIZE))
_MAX_COUNTER = 0xFFFF_FFFF
_COUNTER = Struct(">I")


class Ciphered(IntEnum):
    """Service-specific ciphered forms under the global key; 8 above a plain service, but for the initiate pair."""

    INITIATE_REQUEST = 0x21
    INITIATE_RESPONSE = 0x28
    GET_REQUEST = 0xC8
    SET_REQUEST = 0xC9
    ACTION_REQUEST = 0xCB
    GET_RESPONSE = 0xCC
    SET_RESPONSE = 0xCD
    ACTION_RESPONSE = 0xCF


@dataclass(frozen=True, slots=True)
class Envelope:
    """A ciphered service: its form, the sender's title in the general form, and the protected part."""

    form: int
    security: int
    counter: int
    sealed: bytes
    title: bytes = b""


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer to a challenge: security control byte, invocation counter and tag."""

    security: int
    counter: int
    tag: bytes


_PROTECTED = Sized(Fields("security" / Int8ub, "counter" / Int32ub, "sealed" / GreedyBytes))
ENVELOPE = Tagged(
    Envelope,
    "ciphered service",
    {
        **dict.fromkeys(Ciphered, Fields(_PROTECTED)),
        GENERAL: Fields("title" / Sized(GreedyBytes, (0, TITLE_SIZE)), _PROTECTED),
    },
)
"""Every ciphered form that the server knows: no dedicated keys."""
FUSED_ENVELOPE = fuse(ENVELOPE, "ciphered service")
PROOF = fuse(Record(Proof, "security" / Int8ub, "counter" / Int32ub, "tag" / Bytes(TAG_SIZE)), "proof")


class CounterReplayed(AuthenticationError):
    """An invocation counter that is not above the last one; ``lowest`` would have been."""

    def __init__(self, counter: int, lowest: int) -> None:
        super().__init__(f"invocation counter {counter} comes again or late", hint=f"{lowest} or above")
        self.lowest = lowest


@dataclass(slots=True)
class SecurityKeys:
    """The global keys of a meter and both ends' counters, which outlive associations.

    ``next_counter`` is the meter's own, 1 at first: some clients take nothing below; ``take_counter`` gives them where
    they are written down. ``last_of`` holds the last counter of every client title that proved to know the keys.
    """

    title: bytes
    encryption_key: bytes = field(repr=False)
    authentication_key: bytes = field(repr=False)
    next_counter: int = 1
    last_of: dict[bytes, int] = field(default_factory=dict)
    take_counter: Callable[[], int] | None = None
    _cipher: AESGCM = field(init=False, repr=False)
    _aad: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises LocalError for a title or a key of another length."""
        if len(self.title) != TITLE_SIZE or {len(self.encryption_key), len(self.authentication_key)} != {KEY_SIZE}:
            raise LocalError(f"a system title has {TITLE_SIZE} bytes, keys have {KEY_SIZE}")
        self._cipher = AESGCM(self.encryption_key)
        self._aad = bytes((BOTH,)) + self.authentication_key

    def seal(self, plain: bytes) -> bytes:
        """The protected part of a service of the meter, under its next counter."""
        counter = self._count()
        sealed = self._cipher.encrypt(self.title + counter, plain, self._aad)
        return b"".join((b"\x30", counter, sealed[: TAG_SIZE - 16]))

    def envelope(self, form: int, answer: int, plain: bytes) -> bytes:
        """A sealed service in the form that the client used: the general one, else the form ``answer``."""
        sealed = self.seal(plain)
        if form == GENERAL:
            return b"".join((_GENERAL_HEAD, self.title, build_length(len(sealed)), sealed))
        return b"".join((bytes((answer,)), build_length(len(sealed)), sealed))

    def open(self, title: bytes, envelope: Envelope) -> bytes:
        """The service inside an envelope of a client, whose counter moves on.

        Raises DecodeError for another protection than both, AuthenticationError for a tag that is not its, and
        CounterReplayed.
        """
        if envelope.security != BOTH:
            raise DecodeError(
                f"security control {envelope.security:#04x}", field="ciphered service", hint="0x30 is asked for"
            )
        iv = title + _COUNTER.pack(envelope.counter)
        # Encryption is its own inverse on the text: twice gives the plaintext, then the tag to compare.
        plain = self._cipher.encrypt(iv, envelope.sealed[:-TAG_SIZE], self._aad)[:-16]
        again = self._cipher.encrypt(iv, plain, self._aad)
        if len(envelope.sealed) < TAG_SIZE or not compare_digest(again[-16:-4], envelope.sealed[-TAG_SIZE:]):
            raise AuthenticationError("the authentication tag is wrong", field="ciphered service")
        self._advance(title, envelope.counter)
        return plain

    def prove(self, challenge: bytes) -> bytes:
        """The meter's tag over a client's challenge, under its next counter: ``10 | IC | tag``."""
        counter = self._count()
        return b"".join((b"\x10", counter, self._tag(self.title + counter, challenge)))

    def proven(self, title: bytes, challenge: bytes, proof: bytes, above: int) -> bool:
        """Whether a client's proof is its tag over the meter's challenge, under a counter above ``above``."""
        try:
            parts: Proof = PROOF.parse(proof)
        except DecodeError:
            return False
        if parts.security != AUTHENTICATED or parts.counter <= above:
            return False
        if not compare_digest(self._tag(title + _COUNTER.pack(parts.counter), challenge), parts.tag):
            return False
        self.last_of[title] = max(self.last_of.get(title, 0), parts.counter)
        return True

    def last_counter(self) -> int:
        """The highest counter of any client."""
        return max(self.last_of.values(), default=0)

    def _tag(self, iv: bytes, challenge: bytes) -> bytes:
        aad = b"".join((bytes((AUTHENTICATED,)), self.authentication_key, challenge))
        return self._cipher.encrypt(iv, b"", aad)[:TAG_SIZE]

    def _count(self) -> bytes:
        counter = self.next_counter if self.take_counter is None else self.take_counter()
        if counter > _MAX_COUNTER:
            raise LocalError("the invocation counter is used up: a new key is needed")
        self.next_counter = counter + 1
        return _COUNTER.pack(counter)

    def _advance(self, title: bytes, counter: int) -> None:
        last = self.last_of.get(title, -1)
        if counter <= last:
            raise CounterReplayed(counter, last + 1)
        self.last_of[title] = counter
