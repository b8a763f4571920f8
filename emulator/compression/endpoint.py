"""One end of a compressed link that heals itself: what the other end cannot expand, it names, and it is sent again.

A message is sent compressed. Where the other end has lost the context it answers with a control datagram; the message
is then sent with all its context, and if that is refused too, as it is, which needs no context at all::

    COMPRESSED --lost--> REFRESHED --lost--> PLAIN

A control datagram is ``FE`` and four bytes of the SHA-256 of the datagram that was refused. It may be lost itself: the
next message that hangs on the lost context brings another one.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from emulator.compression.codec import CONTROL, RAW, Codec, ContextLost, Direction, Link
from gbcs.errors import DecodeError

_NAME_BYTES = 4
KEPT = 32
"""Messages of a link that are kept in case the other end asks for them again."""


class Stage(Enum):
    """How a message was sent last."""

    COMPRESSED = "compressed"
    REFRESHED = "with all context"
    PLAIN = "as it is"


_NEXT = {Stage.COMPRESSED: Stage.REFRESHED, Stage.REFRESHED: Stage.PLAIN}


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a datagram: a message to hand on, a datagram to send back, both or neither.

    ``reason`` says why there is no message.
    """

    message: bytes | None = None
    reply: bytes | None = None
    reason: str = ""


@dataclass(slots=True)
class Traffic:
    """What an endpoint counted: bytes in front of and behind the codec, and what went wrong."""

    messages: int = 0
    message_bytes: int = 0
    datagram_bytes: int = 0
    refused: int = 0
    sent_again: int = 0


class Endpoint:
    """Compresses what is sent, expands what is received, and heals lost context.

    The networks between may lose, double and reorder datagrams.

    Does not model: the time that a message waits for another attempt (whoever sent it has time-outs of its own).
    """

    def __init__(self, codec: Codec) -> None:
        self.codec, self.traffic = codec, Traffic()
        self._kept: dict[Link, OrderedDict[bytes, tuple[bytes, Stage]]] = {}

    def send(self, message: bytes, link: Link) -> bytes:
        """The datagram of a message."""
        self.traffic.messages += 1
        self.traffic.message_bytes += len(message)
        return self._keep(self.codec.compress(message, link), message, Stage.COMPRESSED, link)

    def receive(self, datagram: bytes, link: Link) -> Received:
        """What came of a datagram; a reply goes back the other way."""
        if datagram[:1] == CONTROL:
            return Received(reply=self._again(datagram[1:], Link(link.hub, _OPPOSITE[link.direction])))
        try:
            return Received(message=self.codec.expand(datagram, link))
        except ContextLost as lost:
            self.traffic.refused += 1
            reply = CONTROL + _name(datagram)
            self.traffic.datagram_bytes += len(reply)
            return Received(reply=reply, reason=str(lost))
        except DecodeError as error:
            return Received(reason=str(error))

    def restart(self) -> None:
        """Forget everything, as after a power cut."""
        self.codec.restart()
        self._kept.clear()

    def _again(self, name: bytes, link: Link) -> bytes | None:
        """The next attempt of a refused message. Whatever it was, the other end lacks context."""
        self.codec.refresh(link)
        message, stage = self._kept.get(link, OrderedDict()).pop(name, (b"", Stage.PLAIN))
        following = _NEXT.get(stage)
        if following is None:
            return None
        self.traffic.sent_again += 1
        datagram = RAW + message if following is Stage.PLAIN else self.codec.compress(message, link)
        return self._keep(datagram, message, following, link)

    def _keep(self, datagram: bytes, message: bytes, stage: Stage, link: Link) -> bytes:
        self.traffic.datagram_bytes += len(datagram)
        kept = self._kept.setdefault(link, OrderedDict())
        kept[_name(datagram)] = message, stage
        if len(kept) > KEPT:
            kept.popitem(last=False)
        return datagram


_OPPOSITE: dict[str, Direction] = {"down": "up", "up": "down"}


def _name(datagram: bytes) -> bytes:
    return sha256(datagram).digest()[:_NAME_BYTES]
