"""MQTT for leases and power switches: the one file that imports aiomqtt (extra ``mqtt``)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gbcs.errors import LocalError
from rigs.errors import RigError

if TYPE_CHECKING:
    import aiomqtt

_AT_LEAST_ONCE: Final = 1
ANSWER_WITHIN_S: Final = 10.0
"""A broker that takes longer for one step is as good as absent."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, a file (0600) with a line ``USER:PASSWORD`` for it, and whose certificate it must show.

    TLS is spoken where ``tls_ca`` names a file of certificates.
    """

    host: str
    port: int
    password_file: Path | None = None
    tls_ca: Path | None = None

    def __str__(self) -> str:
        return f"mqtt://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Message:
    """What a broker hands on."""

    topic: str
    payload: bytes
    retained: bool
    """Whether the broker had it from before we listened."""


class Session:
    """A connection to a broker; :func:`connected` makes one. Errors of the library leave that context as RigError."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._messages = client.messages

    async def subscribe(self, *topics: str) -> None:
        """Hear these topics from now on; what is retained there comes first."""
        for topic in topics:
            await self._client.subscribe(topic, _AT_LEAST_ONCE)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message to the broker, which has it when this returns."""
        await self._client.publish(topic, payload, _AT_LEAST_ONCE, retain)

    async def receive(self) -> Message:
        """The next message of any topic heard."""
        message = await anext(self._messages)
        return Message(str(message.topic), bytes(message.payload), message.retain)


@asynccontextmanager
async def connected(broker: Broker, within_s: float = ANSWER_WITHIN_S) -> AsyncIterator[Session]:
    """A session that lasts as long as the context. Raises RigError where the broker cannot be reached or is lost."""
    aiomqtt = _library()
    user, password = credentials(broker.password_file)
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=user,
        password=password,
        timeout=within_s,
        tls_context=_trusting(broker.tls_ca),
    )
    try:
        async with asyncio.timeout(within_s), client:
            yield Session(client)
    except TimeoutError as error:
        raise RigError(f"{broker} does not answer") from error
    except (aiomqtt.MqttError, OSError) as error:
        raise RigError(f"{broker} cannot be used: {error}") from error


def _trusting(certificates: Path | None) -> ssl.SSLContext | None:
    """TLS that trusts these certificates alone; None for none. Raises LocalError where the file holds none."""
    if certificates is None:
        return None
    try:
        return ssl.create_default_context(cafile=certificates)
    except OSError as error:
        raise LocalError(f"{certificates} holds no certificates: {error.strerror or error}") from None


def _library() -> Any:
    try:
        import aiomqtt  # noqa: PLC0415 - an extra, asked for only where a rig file says MQTT
    except ImportError:
        raise LocalError("MQTT needs an extra: pip install 'meterfarm[mqtt]'") from None
    return aiomqtt


def credentials(file: Path | None) -> tuple[str | None, str | None]:
    """User and password of a file, or nobody's. Raises LocalError for a file that others can read or has none."""
    if file is None:
        return None, None
    try:
        if file.stat().st_mode & 0o077:
            raise LocalError(f"{file} holds a password and others can read it: chmod 600 {file}")
        user, colon, password = file.read_text(encoding="utf-8").strip().partition(":")
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not colon or not user:
        raise LocalError(f"{file} holds no line USER:PASSWORD")
    return user, password
