"""Leases as retained messages on a broker.

MQTT has no compare-and-set, but a broker hands the messages of a topic to all who hear it in one order. So everybody
plays the same rule over the same sequence: a claim counts if the rig is free, or its lease has run out, when the turn
of the claim comes; otherwise it is void. Whoever finds their own claim void puts back what it has overwritten.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from rigs.errors import RigError
from rigs.leases.lease import Lease, Refused, entitled, from_text, lost_to, to_text
from rigs.mqtt import Broker, Session, connected

_AGAIN_AFTER_S: Final = (0.1, 0.5)
_PUT_BACK_WITHIN_S: Final = 1.0
"""For so long a void claim may stand over a lease that counts."""


class MqttLeases:
    """See :class:`~rigs.leases.lease.LeaseStore`. ``PREFIX/RIG`` holds the lease, empty where there is none.

    Each change has a connection of its own, so that a broker that was restarted is no trouble. Clocks of the machines
    must agree to within the time that a lease lives without a heartbeat.
    """

    def __init__(self, broker: Broker, prefix: str) -> None:
        self._broker, self._prefix = broker, prefix

    async def take(self, lease: Lease) -> Lease:
        """See :class:`~rigs.leases.lease.LeaseStore`."""
        async with self._topic(lease.rig) as topic:
            granted = entitled(lease, topic.lease)
            if granted is not None:
                await topic.put(granted)
            if topic.lease is None or topic.lease.token != lease.token:
                raise Refused(topic.lease) if topic.lease is not None else lost_to(lease.rig, None)
            return topic.lease

    async def renew(self, lease: Lease) -> None:
        """See :class:`~rigs.leases.lease.LeaseStore`. A broker that lost its memory is told again."""
        for last in (False, True):
            async with self._topic(lease.rig) as topic:
                if topic.lease is None or topic.lease.token == lease.token:
                    await topic.put(lease)
                current = topic.lease
            if current is not None and current.token == lease.token:
                return
            if last:
                raise lost_to(lease.rig, current)
            await asyncio.sleep(_PUT_BACK_WITHIN_S)

    async def release(self, lease: Lease) -> bool:
        """See :class:`~rigs.leases.lease.LeaseStore`."""
        async with self._topic(lease.rig) as topic:
            if topic.lease is None or topic.lease.token != lease.token:
                return False
            await topic.put(lease.left(lease.heartbeat_at))
            return True

    async def kick(self, by: Lease) -> Lease | None:
        """See :class:`~rigs.leases.lease.LeaseStore`."""
        async with self._topic(by.rig) as topic:
            current = topic.lease
            await topic.put(by)
            return current

    async def holder(self, rig: str) -> Lease | None:
        """See :class:`~rigs.leases.lease.LeaseStore`."""
        async with self._topic(rig) as topic:
            return topic.lease

    @asynccontextmanager
    async def _topic(self, rig: str) -> AsyncIterator[_Topic]:
        """The topic of a rig, heard up to now; a broker that hangs up before that is tried again."""
        async with AsyncExitStack() as stack:
            for delay_s in (*_AGAIN_AFTER_S, None):
                try:
                    topic = await self._heard(stack, rig)
                    break
                except RigError:
                    if delay_s is None:
                        raise
                    await asyncio.sleep(delay_s)
            yield topic

    async def _heard(self, stack: AsyncExitStack, rig: str) -> _Topic:
        async with AsyncExitStack() as opening:
            topic = _Topic(await opening.enter_async_context(connected(self._broker)), f"{self._prefix}/{rig}")
            await topic.hear()
            await stack.enter_async_context(opening.pop_all())
            return topic


class _Topic:
    """The topic of a rig, followed by the rule; ``lease`` is what stands after all that was heard."""

    def __init__(self, session: Session, name: str) -> None:
        self._session, self._name = session, name
        self._echo = f"{name}/heard"
        self.lease: Lease | None = None

    async def hear(self) -> None:
        """Follow the topic from its retained message on."""
        await self._session.subscribe(self._name, self._echo)
        await self._catch_up()

    async def put(self, lease: Lease | None) -> None:
        """Write a lease down; where its turn came too late, what stands instead is written again."""
        await self._session.publish(self._name, to_text(lease) if lease is not None else b"", retain=True)
        await self._catch_up()
        if lease is not None and self.lease is not None and self.lease.token != lease.token:
            await self._session.publish(self._name, to_text(self.lease), retain=True)

    async def _catch_up(self) -> None:
        """Hear all that the broker had before now: a message to ourselves comes back behind it."""
        mark = secrets.token_bytes(8).hex().encode()
        await self._session.publish(self._echo, mark)
        while True:
            message = await self._session.receive()
            if message.topic == self._echo and message.payload == mark:
                return
            if message.topic == self._name:
                self._follow(from_text(message.payload))

    def _follow(self, said: Lease | None) -> None:
        if said is None or entitled(said, self.lease) is not None:
            self.lease = said
