"""An MQTT broker inside the process, for a bench that has none: the one file that imports amqtt (extra ``mqtt``)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from gbcs.errors import LocalError
from rigs.errors import RigError

_CHATTY: Final = ("amqtt", "transitions")


@asynccontextmanager
async def embedded_broker(host: str, port: int) -> AsyncIterator[None]:
    """A broker that serves ``host`` and ``port`` as long as the context lasts. Raises RigError where it cannot.

    Whoever reaches it may use it. Its memory ends with it; holders of leases tell the next one again.
    """
    broker = _library()(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        await broker.start()
    except Exception as error:
        raise RigError(f"no broker on {host}:{port}: {error.__cause__ or error}") from error
    try:
        yield
    finally:
        await broker.shutdown()


def _library() -> Any:
    try:
        from amqtt.broker import Broker  # noqa: PLC0415 - an extra, asked for by one command
    except ImportError:
        raise LocalError("a broker needs an extra: pip install 'meterfarm[mqtt]'") from None
    return Broker
