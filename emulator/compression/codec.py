"""What a compressor of GBCS messages is: one end of a link that may lose, double and reorder what it carries."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, Protocol

from gbcs.errors import DecodeError, RemoteError
from gbcs.eui64 import Eui64
from gbcs.gbt.blocks import MAX_MESSAGE_BYTES

Direction = Literal["down", "up"]

MAX_EXPANDED_BYTES = MAX_MESSAGE_BYTES
"""No message is longer, so what would expand beyond is refused before it is made."""

CHECK_BYTES = 2
"""Bytes of the context check unless a codec is told otherwise: of wrong expansions one in 65,536 slips through."""

RAW, CONTROL = b"\xff", b"\xfe"
"""First bytes of data: RAW stands before a message as it is, CONTROL is that of :mod:`emulator.compression.endpoint`.
No codec begins its data with either otherwise."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a message travels: between the head-end and one hub, down or up. Context belongs to a hub."""

    hub: Eui64
    direction: Direction


class ContextLost(RemoteError):
    """Data refer to context that this end does not have, or has otherwise: the sender has to send it anew."""


class Codec(Protocol):
    """One end: an instance at the head-end serves all hubs, each hub has its own. The same code runs at both.

    Messages of a link are handed over in the order in which they are sent and arrive; what happens between is the
    network's affair. What an end learns of one direction it may use in the other (a response mirrors its command).
    """

    @property
    def name(self) -> str:
        """The name in the registry."""

    def compress(self, message: bytes, link: Link) -> bytes:
        """The data to send in place of a message, whatever its bytes are."""

    def expand(self, data: bytes, link: Link) -> bytes:
        """The message again, byte for byte.

        Raises ContextLost where the sender has to send context anew, DecodeError for anything else: nothing is
        delivered then, and the context stays as it was.
        """

    def refresh(self, link: Link) -> None:
        """Take nothing for known at the other end of a link: the next messages bring all their context."""

    def restart(self) -> None:
        """Forget everything, as an end that starts anew."""


def context_check(message: bytes, context: bytes, size: int = CHECK_BYTES) -> bytes:
    """The check over a message and the context that it hangs on: the first bytes of their SHA-256.

    Hub and head-end gateway hold no MAC keys, so a wrong context would else go unnoticed until the meter refuses the
    message. A hash, not a CRC: a wrong identifier stands in a message more than once, and linear checks can miss that.
    """
    return sha256(context + message).digest()[:size]


def bounded(expanded: bytes, limit: int) -> bytes:
    """What was expanded, if it is within its limit. Raises DecodeError."""
    if len(expanded) > limit:
        raise DecodeError(f"expands to more than {limit:,} bytes", field="compressed message", hint="refused")
    return expanded
