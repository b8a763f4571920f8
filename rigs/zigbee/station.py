"""A device's place on a HAN with several partners: what comes from each goes to whoever talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeAlias

from emulator.han.port import Down, HanEvent, HanPort, Joined, Left, Undelivered, Up
from emulator.han.zigbee import CLUSTER_TUNNELING
from gbcs.eui64 import Eui64
from rigs.errors import PortLost, RigTimeout

PartnerEvent: TypeAlias = Up | Down | Joined | Left | Undelivered


class Partner(Protocol):
    """Somebody who talks to one device."""

    def heard(self, payload: bytes, now: float) -> None:
        """Take a payload of the tunneling cluster."""

    def happened(self, event: PartnerEvent, now: float) -> None:
        """Take what happened to the device, or to the HAN."""


class Station:
    """A HAN port in the event loop.

    Does not model: clusters besides Tunneling (price, messaging, the mirror, over-the-air upgrades).
    """

    def __init__(self, han: HanPort) -> None:
        self.han = han
        self.coordinator: Eui64 | None = None
        self.lost: PortLost | None = None
        self._partners: dict[Eui64, Partner] = {}
        self._anybody: Callable[[Eui64], Partner] | None = None
        self._watchers: list[Callable[[HanEvent], object]] = []
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        han.on_aps(self._heard)
        han.on_event(self._happened)

    def talk_to(self, device: Eui64, partner: Partner) -> None:
        """Bring what comes from a device to ``partner``."""
        self._partners[device] = partner

    def anybody(self, make: Callable[[Eui64], Partner]) -> None:
        """Make a partner for a device that nobody talks to yet."""
        self._anybody = make

    def watch(self, watcher: Callable[[HanEvent], object]) -> None:
        """Have everything that happens brought to ``watcher``."""
        self._watchers.append(watcher)

    def send(self, device: Eui64, payload: bytes) -> None:
        """Send a payload of the tunneling cluster."""
        self.han.send_aps(device, CLUSTER_TUNNELING, payload, self._loop.time())

    async def up(self, within_s: float) -> Eui64:
        """The coordinator of the HAN, once there is one. Raises PortLost, saying why there is none; RigTimeout."""
        try:
            async with asyncio.timeout(within_s):
                while self.coordinator is None:
                    if self.lost is not None:
                        raise self.lost
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise RigTimeout(f"no HAN within {within_s:g} s") from None
        return self.coordinator

    def _heard(self, source: Eui64, cluster: int, payload: bytes, now: float) -> None:
        if cluster != CLUSTER_TUNNELING:
            return
        partner = self._partners.get(source)
        if partner is None and self._anybody is not None:
            partner = self._partners[source] = self._anybody(source)
        if partner is not None:
            partner.heard(payload, now)

    def _happened(self, event: HanEvent) -> None:
        now = self._loop.time()
        if isinstance(event, Up):
            self.coordinator = event.coordinator
        elif isinstance(event, Down):
            self.coordinator, self.lost = None, PortLost(event.cause)
        self._changed.set()
        for watch in self._watchers:
            watch(event)
        for device, partner in tuple(self._partners.items()):
            if isinstance(event, Up | Down) or device == _device_of(event):
                partner.happened(event, now)


def _device_of(event: Joined | Left | Undelivered) -> Eui64:
    return event.destination if isinstance(event, Undelivered) else event.device
