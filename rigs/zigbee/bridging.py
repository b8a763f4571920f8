"""Emulated devices on a dongle, in real time: a meter that joins a hub, a hub whose HAN meters join."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from emulator.han.port import HanEvent, Joined, Left
from emulator.han.tunnel_server import ServerSettings
from emulator.hub import Action, CommsHub, Refused, ToHan, ToWan
from gbcs import eui64
from gbcs.errors import RemoteError
from gbcs.eui64 import Eui64
from gbcs.security import DCC_ACB
from rigs.blocks import BlockLink
from rigs.errors import PortLost
from rigs.ezsp.cbke import local_certificate
from rigs.gfi import GfiLink
from rigs.hosting import DeviceCore, Now, Traffic, host
from rigs.ports.port import Port
from rigs.radio.keys import install_code_key
from rigs.zigbee.dongle import Dongle
from rigs.zigbee.links import ClientLink, ServerLink

Say = Callable[[str], object]
"""Takes a line for whoever runs the bridge."""

JOIN_S: Final = 180.0
_AGAIN_S: Final = 3.0


async def join_within(dongle: Dongle, hub: Eui64, install_code: bytes, within_s: float = JOIN_S) -> Eui64:
    """Join a hub's HAN, trying until it lets us in; the hub. An empty ``hub``: whichever is there.

    Raises LocalError for an install code that is none, RigError where the dongle has no key establishment, PortLost
    with the last cause when the time is over.
    """
    install_code_key(install_code)
    if dongle.han.settings.cbke:
        await local_certificate(dongle.han.client)
    loop = asyncio.get_running_loop()
    until = loop.time() + within_s
    while True:
        dongle.station.lost = None
        dongle.han.join(hub, install_code)
        try:
            return await dongle.station.up(max(until - loop.time(), 1.0))
        except PortLost:
            if dongle.han.client.failure is not None or loop.time() + _AGAIN_S > until:
                raise
        await asyncio.sleep(_AGAIN_S)


async def be_meter(
    dongle: Dongle, core: DeviceCore, hub: Eui64, install_code: bytes, now: Now, say: Say,
    tunnels: ServerSettings | None = None, traffic: Traffic | None = None,
) -> None:  # fmt: skip
    """Be a meter on a hub's HAN until cancelled, joining again whenever the HAN is lost. Raises as :func:`join_within`.

    A dongle that fails or is pulled out ends it: PortLost.
    """
    counted = traffic or Traffic()
    while True:
        found = await join_within(dongle, hub, install_code)
        say(f"joined {eui64.show(found)}")
        link = BlockLink(ServerLink(dongle.station, found, tunnels))
        try:
            await host(core, link, now, counted)
        except PortLost as lost:
            say(f"{lost}; {counted.heard} messages heard, {counted.answers} answered")
            if dongle.han.client.failure is not None:
                raise
        finally:
            await link.close()


class HubRelay:
    """An emulated comms hub between its HAN and whoever plays the SM WAN on a GFI line.

    Messages for a device go into its tunnel, those of devices to the line; what nobody listens to is counted.

    Does not model: the hub's own functions (CHF, GPF), its device log, segmentation by the hub, gas meters.
    """

    def __init__(self, dongle: Dongle, core: CommsHub, now: Now, say: Say) -> None:
        self.dongle, self.core = dongle, core
        self.up, self.down, self.unheard = 0, 0, 0
        self._now, self._say = now, say
        self._links = {link.peer: link for link in dongle.links}
        self._wan: GfiLink | None = None
        self._changed = asyncio.Event()
        dongle.station.watch(self._happened)

    async def run(self) -> None:
        """Relay until cancelled. Raises PortLost where the dongle fails."""
        try:
            async with asyncio.TaskGroup() as group:
                for link in self._links.values():
                    group.create_task(self._from_device(link))
                group.create_task(self._keep_time())
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def wan(self, port: Port) -> None:
        """Be the hub of one user of the GFI line: hand it to :func:`rigs.ports.listening.listen`."""
        self._wan = GfiLink(port, DCC_ACB)
        try:
            while True:
                message = await self._wan.receive()
                self.down += 1
                await self._carry_out(self.core.from_wan(message, self._now()))
                self._changed.set()
        except PortLost:
            raise
        except RemoteError as error:
            self._say(f"hung up: {error}")
        finally:
            self._wan = None

    async def _from_device(self, link: ClientLink) -> None:
        while True:
            message = await link.receive()
            self.up += 1
            await self._carry_out(self.core.from_han(message, self._now()))
            self._changed.set()

    async def _keep_time(self) -> None:
        while True:
            deadline = self.core.next_deadline()
            wait_s = None if deadline is None else max(deadline - self._now(), 0.0)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            self._changed.clear()
            await self._carry_out(self.core.tick(self._now()))

    async def _carry_out(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, ToHan):
                await self._links[action.device].send(action.message)
            elif isinstance(action, ToWan):
                await self._to_wan(action.message)
            elif isinstance(action, Refused):
                self._say(f"refused: {action.reason}")

    async def _to_wan(self, message: bytes) -> None:
        if self._wan is None:
            self.unheard += 1
            return
        with suppress(PortLost):
            await self._wan.send(message)

    def _happened(self, event: HanEvent) -> None:
        if isinstance(event, Joined | Left):
            verb = "joined by" if isinstance(event, Joined) else "left by"
            self._say(f"{verb} {eui64.show(event.device)}")
