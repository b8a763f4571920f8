"""An emulated device behind a link, in real time: what comes is handed to its core, and what it says is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rigs.link import MessageLink

Now = Callable[[], float]
"""The true time of the device's world, in seconds since 2000-01-01 UTC."""


class DeviceCore(Protocol):
    """What every emulated GBCS device is: see :class:`emulator.device.device.Device`."""

    def receive(self, frame: bytes, now: float) -> tuple[bytes, ...]:
        """The answers to a message."""

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do."""

    def tick(self, now: float) -> tuple[bytes, ...]:
        """What the device says of its own accord."""


@dataclass(slots=True)
class Traffic:
    """What a hosted device heard and said."""

    heard: int = 0
    answers: int = 0
    alerts: int = 0


async def host(core: DeviceCore, link: MessageLink, now: Now, traffic: Traffic | None = None) -> None:
    """Let a device answer until the link is lost (raises PortLost) or the task is cancelled.

    ``traffic`` is counted as it happens. The device outlives the link: host it again on the next one.
    """
    counted = traffic or Traffic()
    coming: asyncio.Task[bytes] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(link.receive())
            if await _arrived(coming, core, now):
                message, coming = coming.result(), None
                counted.heard += 1
                counted.answers += await _send(link, core.receive(message, now()))
            else:
                counted.alerts += await _send(link, core.tick(now()))
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _arrived(coming: asyncio.Task[bytes], core: DeviceCore, now: Now) -> bool:
    """Whether a message came before the device's own deadline."""
    deadline = core.next_deadline()
    timeout = None if deadline is None else max(deadline - now(), 0.0)
    done, _ = await asyncio.wait((coming,), timeout=timeout)
    return bool(done)


async def _send(link: MessageLink, messages: tuple[bytes, ...]) -> int:
    for message in messages:
        await link.send(message)
    return len(messages)
