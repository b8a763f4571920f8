"""A HAN over a radio module: the backend ``ezsp`` of :class:`emulator.han.port.HanPort`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from emulator.han.port import ApsHandler, Down, Endpoint, EventHandler, HanEvent, HanKeys, Joined, Left, Undelivered, Up
from emulator.han.zigbee import CLUSTER_KEY_ESTABLISHMENT
from gbcs import eui64
from gbcs.errors import GbcsError, LocalError
from gbcs.eui64 import Eui64
from rigs.errors import RigError
from rigs.ezsp import network
from rigs.ezsp.cbke import Establishment
from rigs.ezsp.client import EzspClient, Values
from rigs.ezsp.fragments import FRAGMENT_BYTES
from rigs.ezsp.messages import Crossing, Messages, Received
from rigs.ezsp.network import Place
from rigs.ezsp.status import NodeType, Status, name_of

PERMIT_S = 254
_PERMIT_AGAIN_S = 240.0
_DEVICE_LEFT = 2


@dataclass(frozen=True, slots=True)
class HanSettings:
    """How a module is used. ``fragment_bytes`` is a knob: smaller fragments are unusual, and legal."""

    channel: int = 15
    pan_id: int | None = None
    cbke: bool = True
    fragment_bytes: int = FRAGMENT_BYTES
    resume: bool = True
    """Whether a network that the module is on already is kept."""


class EzspHan:
    """See :class:`~emulator.han.port.HanPort`. Make it with :func:`open_han`; everything happens in the event loop.

    Payloads leave one after the other, fragment by fragment. The link key is that of the install code first and, with
    ``cbke``, that of key establishment before a device counts as joined.

    Does not model: sub-GHz channels, devices that sleep (their polls), more than one network a module.
    """

    def __init__(self, client: EzspClient, eui: Eui64, endpoints: tuple[Endpoint, ...], settings: HanSettings) -> None:
        self.client, self.eui, self.settings = client, eui, settings
        self.place: Place | None = None
        self.failures: list[str] = []
        self._is_up = False
        self._endpoints = endpoints
        self._handler: ApsHandler | None = None
        self._on_event: EventHandler | None = None
        self.network_key = b""
        self._keys: dict[Eui64, HanKeys] = {}
        self._admitted: dict[Eui64, bytes] = {}
        self._members: set[Eui64] = set()
        self._establishing: dict[Eui64, Establishment] = {}
        self._computing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._permitting: asyncio.Task[None] | None = None
        self.messages = Messages(client, eui, endpoints[0], settings.fragment_bytes, self._arrived)
        client.on_handler(self._module_says)
        client.on_lost(lambda error: self._happened(Down(str(error))))

    # ------------------------------------------------------------------ HanPort

    def form(self) -> None:
        """See :class:`~emulator.han.port.HanPort`."""
        self._begin(self._form())

    def join(self, coordinator: Eui64, install_code: bytes = b"") -> None:
        """See :class:`~emulator.han.port.HanPort`. Any coordinator will do where ``coordinator`` is empty."""
        self._begin(self._join(coordinator, install_code))

    def admit(self, device: Eui64, install_code: bytes = b"") -> None:
        """See :class:`~emulator.han.port.HanPort`."""
        self._admitted[device] = install_code
        if self.place is not None:
            self._begin(self._admit(device, install_code))

    def endpoints(self) -> tuple[Endpoint, ...]:
        """See :class:`~emulator.han.port.HanPort`."""
        return self._endpoints

    def send_aps(self, destination: Eui64, cluster: int, payload: bytes, now: float) -> None:
        """See :class:`~emulator.han.port.HanPort`."""
        self._begin(self._send(destination, cluster, payload))

    def on_aps(self, handler: ApsHandler) -> None:
        """See :class:`~emulator.han.port.HanPort`; ``when`` is an instant of the event loop."""
        self._handler = handler

    def on_event(self, handler: EventHandler) -> None:
        """See :class:`~emulator.han.port.HanPort`."""
        self._on_event = handler

    def on_crossing(self, watcher: Callable[[Crossing], object]) -> None:
        """Have every frame that crosses the HAN brought to ``watcher``, the last ones before as well: a capture."""
        self.messages.watch(watcher)

    def keys(self, partner: Eui64) -> HanKeys:
        """See :class:`~emulator.han.port.HanPort`. Raises LocalError where there are none, or the module hides them."""
        found = self._keys.get(partner)
        if found is None:
            raise LocalError(
                f"no keys with {eui64.show(partner)} are known: it has not joined, or the module hides them"
            )
        return found

    async def close(self) -> None:
        """Let the module go; it stays on its network. A second call does nothing."""
        if self._permitting is not None:
            self._permitting.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.messages.close()
        await self.client.close()

    # ------------------------------------------------------------------ networks

    async def _form(self) -> None:
        place = await network.resume(self.client) if self.settings.resume else None
        if place is not None and not self._is_wanted(place, NodeType.COORDINATOR):
            await network.leave(self.client)
            place = None
        is_known = place is not None
        place = place or await network.form(self.client, self.settings.channel, self.settings.pan_id)
        await self._up(place)
        for device, code in tuple(self._admitted.items()):
            await self._admit(device, code)
            if is_known and await network.knows(self.client, device):
                self._members.add(device)
                await self._learn_keys(device)
        self._happened(Up(self.eui))

    async def _join(self, coordinator: Eui64, install_code: bytes) -> None:
        place = await network.resume(self.client) if self.settings.resume else None
        if place is not None and not self._is_wanted(place, NodeType.ROUTER):
            await network.leave(self.client)
            place = None
        is_new = place is None
        place = place or await network.join(self.client, self.settings.channel, self.settings.pan_id, install_code)
        network.check_partner(place, coordinator)
        await self._up(place)
        self.messages.know(0, place.trust_centre)
        if is_new and self.settings.cbke:
            await self._establish_or_leave(place.trust_centre)
        await self._learn_keys(place.trust_centre)
        self._members.add(place.trust_centre)
        self._happened(Up(place.trust_centre))

    async def _establish_or_leave(self, trust_centre: Eui64) -> None:
        """A HAN without a link key of its own is of no use, and the next try has to begin with a join."""
        try:
            await self._establish(trust_centre, initiator=True)
        except RigError:
            if self.client.failure is None:
                self.place = None
                await network.leave(self.client)
            raise

    async def _up(self, place: Place) -> None:
        self.place = place
        self.messages.place = place
        try:
            self.network_key = await network.network_key(self.client)
        except RigError as error:
            self.failures.append(f"the network key is not known: {error}")

    def _is_wanted(self, place: Place, node_type: int) -> bool:
        pan = self.settings.pan_id
        return (place.node_type, place.channel) == (node_type, self.settings.channel) and pan in (None, place.pan)

    async def _admit(self, device: Eui64, install_code: bytes) -> None:
        await network.admit(self.client, device, install_code)
        if self._permitting is None:
            await self.client.do("permitJoining", duration=PERMIT_S)
            self._permitting = asyncio.ensure_future(self._permit_on())

    async def _permit_on(self) -> None:
        """Let devices join for as long as the HAN lasts; a trust centre turns away whom it has no key for."""
        try:
            while True:
                await asyncio.sleep(_PERMIT_AGAIN_S)
                await self.client.do("permitJoining", duration=PERMIT_S)
        except RigError as error:
            self.failures.append(str(error))

    # ------------------------------------------------------------------ devices

    def _module_says(self, name: str, values: Values) -> None:
        if name == "trustCenterJoinHandler":
            self.messages.know(values["short"], values["eui"])
            self._members.discard(values["eui"])
            if values["status"] == _DEVICE_LEFT:
                self._happened(Left(values["eui"]))
            elif not self.settings.cbke and values["eui"] in self._admitted:
                self._begin(self._joined(values["eui"]))
        elif name == "stackStatusHandler" and self.place is not None:
            self._network_changed(values["status"])

    def _network_changed(self, status: int) -> None:
        if status in (Status.NETWORK_DOWN, Status.NOT_JOINED):
            self.place = None
            self._happened(Down(f"the module has left its HAN: {name_of(status)}"))

    async def _joined(self, device: Eui64) -> None:
        """The module forgets an install code once it was used; a device that loses its HAN joins with it again."""
        await self._learn_keys(device)
        self._members.add(device)
        if device in self._admitted:
            await network.admit(self.client, device, self._admitted[device])
        self._happened(Joined(device))

    async def _establish(self, partner: Eui64, *, initiator: bool) -> None:
        async def send(payload: bytes) -> None:
            await self.messages.send(partner, CLUSTER_KEY_ESTABLISHMENT, payload, secured=False)

        exchange = self._establishing[partner] = Establishment(self.client, partner, send)
        try:
            if initiator:
                await exchange.initiate()
            else:
                async with self._computing:
                    await exchange.respond()
        finally:
            self._establishing.pop(partner, None)

    async def _answer(self, partner: Eui64, payload: bytes) -> None:
        """A device that has joined wants a key."""
        exchange = self._establishing.get(partner)
        if exchange is not None:
            exchange.hear(payload)
            return
        running = asyncio.ensure_future(self._establish(partner, initiator=False))
        await asyncio.sleep(0)
        self._establishing[partner].hear(payload)
        await running
        await self._joined(partner)

    async def _learn_keys(self, partner: Eui64) -> None:
        try:
            self._keys[partner] = await network.keys_with(self.client, partner)
        except RigError as error:
            self.failures.append(f"keys with {eui64.show(partner)} are not known: {error}")

    # ------------------------------------------------------------------ payloads

    async def _send(self, destination: Eui64, cluster: int, payload: bytes) -> None:
        try:
            if destination not in self._members:
                # Until a key is established a device counts as absent, though it may be heard already.
                raise RigError(f"{eui64.show(destination)} is not on the HAN")
            await self.messages.send(destination, cluster, payload)
        except GbcsError as error:
            self._happened(Undelivered(destination, cluster, payload, str(error)))

    def _arrived(self, came: Received) -> None:
        if came.cluster == CLUSTER_KEY_ESTABLISHMENT:
            if self.settings.cbke:
                self._begin(self._answer(came.source, came.payload))
        elif not came.secured:
            # Only key establishment goes without the link key; anybody with the network key could say the rest.
            self.failures.append(f"{eui64.show(came.source)} sent {len(came.payload)} bytes without its link key")
        elif self._handler is not None:
            self._handler(came.source, came.cluster, came.payload, came.at)

    # ------------------------------------------------------------------ tasks and events

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before its first step leaves what it was to do unbegun.
        task.add_done_callback(lambda _: work.close())

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """What fails for good is an event, while there is no HAN yet; later it is kept to be looked at."""
        try:
            await work
        except GbcsError as error:
            self.failures.append(str(error))
            if not self._is_up or self.client.failure is not None:
                self._happened(Down(str(error)))

    def _happened(self, event: HanEvent) -> None:
        if isinstance(event, Up | Down):
            self._is_up = isinstance(event, Up)
        if self._on_event is not None:
            self._on_event(event)


async def open_han(client: EzspClient, endpoints: tuple[Endpoint, ...], settings: HanSettings | None = None) -> EzspHan:
    """A HAN over a module that has been started, with the endpoints that it answers for. Raises RigError."""
    eui = (await client.ask("getEui64"))["eui"]
    for endpoint in endpoints:
        await network.add_endpoint(client, endpoint)
    return EzspHan(client, eui, endpoints, settings or HanSettings())
