"""A mains socket on a broker, with Tasmota's topics."""

from __future__ import annotations

import asyncio
from typing import Final

from rigs.config.power import MqttPower
from rigs.errors import RigError
from rigs.mqtt import Broker, Session, connected
from rigs.power.switch import WORDS, unswitched

_ANSWER_WITHIN_S: Final = 5.0


class MqttSwitch:
    """See :class:`~rigs.power.switch.Switch`. The socket's own word counts, and none that a broker has retained."""

    def __init__(self, config: MqttPower) -> None:
        self._config = config
        self._broker = Broker(config.host, config.port, config.password_file, config.tls_ca)

    async def switch(self, on: bool) -> None:
        """Command, and wait for the socket's word."""
        if await self._asked(WORDS[on].upper()) is not on:
            raise unswitched(self._config.topic, on, f"it says {WORDS[not on]}")

    async def is_on(self) -> bool | None:
        """What the socket says; a command without a word asks."""
        return await self._asked("")

    async def _asked(self, word: str) -> bool:
        topic = self._config.topic
        async with connected(self._broker) as session:
            await session.subscribe(f"stat/{topic}/{self._config.relay}")
            await session.publish(f"cmnd/{topic}/{self._config.relay}", word.encode())
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    return await self._word(session)
            except TimeoutError:
                raise RigError(f"{topic} on {self._broker} does not answer: is it powered and online?") from None

    @staticmethod
    async def _word(session: Session) -> bool:
        while True:
            message = await session.receive()
            if not message.retained and message.payload in (b"ON", b"OFF"):
                return message.payload == b"ON"
