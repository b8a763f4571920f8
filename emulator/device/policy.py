"""The terms on which a device answers: why it stays silent, what it decides where no text does, which keys it needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from gbcs.dlms import ResultCode
from gbcs.eui64 import Eui64


class Discard(StrEnum):
    """Why a frame was dropped without an answer."""

    MALFORMED = "malformed"
    NOT_A_COMMAND = "not a command"
    WRONG_RECIPIENT = "wrong recipient"
    UNKNOWN_PARTY = "unknown originator"
    BAD_MAC = "bad MAC"
    NO_KEY = "no key for the pair of originator and device"
    BAD_SIGNATURE = "bad signature"
    REPLAY = "replayed counter"
    NOT_PERMITTED = "use case not permitted to the originator"
    UNSUPPORTED = "use case not supported"
    BAD_CERTIFICATE = "certificate does not fit the supplementary party"


class Unanswered(Exception):
    """A command that the device drops without an answer."""

    def __init__(self, discard: Discard) -> None:
        super().__init__(discard.value)
        self.discard = discard


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """How a device decides what the GBCS texts at hand leave open; every field is an assumption with that name."""

    gbcs_version: str = "4.3"
    replay_reads: bool = True
    """Whether the counters of reads are checked like those of critical commands."""
    no_permission_code: int = ResultCode.READ_WRITE_DENIED
    unknown_object_code: int = ResultCode.OBJECT_UNDEFINED
    wrong_access_code: int = ResultCode.SCOPE_OF_ACCESS_VIOLATED
    """A protected object read in clear, or an object that the use case does not name."""
    empty_range_code: int | None = None
    """Result code for a range without rows; ``None`` answers an empty compact array."""
    too_long_code: int = ResultCode.DATA_BLOCK_UNAVAILABLE
    """An answer that no message can carry (spec sheet 10: below 65,536 bytes)."""
    deterministic_signatures: bool = True
    """RFC 6979 nonces, so that the bytes of a wholly emulated farm repeat; a device on a rig signs at random."""


class DeviceKeys(Protocol):
    """What a device needs of a key store: its own side of each pair, and the signing keys."""

    def shared_secret(self, a: Eui64, b: Eui64) -> bytes:
        """The ECDH secret of two parties."""

    def secret_with_certificate(self, own: Eui64, der: bytes, party: Eui64) -> bytes:
        """The ECDH secret with the party whose KA certificate came in a command."""

    def signing_key(self, eui: Eui64) -> ec.EllipticCurvePrivateKey:
        """The private digital-signing key of a party. Raises KeyUnavailable."""

    def verify_key(self, eui: Eui64) -> ec.EllipticCurvePublicKey:
        """The public digital-signing key of a party. Raises KeyUnavailable."""
