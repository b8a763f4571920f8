"""Tunnels as message links: the hub's end to one meter, and a meter's end to its hub."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from emulator.han.port import Down, HanPort, Joined, Undelivered, Up
from emulator.han.tunnel import TunnelClient, TunnelState, TunnelTimes, TunnelTurn
from emulator.han.tunnel_server import ServerSettings, ServerTurn, TunnelServer
from gbcs import eui64
from gbcs.eui64 import Eui64
from rigs.errors import PortLost, RigError, RigTimeout
from rigs.zigbee.station import PartnerEvent, Station

_KEPT = 32


class _Inbox:
    """Messages that wait for their reader, and why no more will come."""

    def __init__(self) -> None:
        self.failures: deque[str] = deque(maxlen=_KEPT)
        self._messages: deque[bytes] = deque()
        self._lost: RigError | None = None
        self._changed = asyncio.Event()

    def put(self, messages: tuple[bytes, ...], failures: tuple[str, ...]) -> None:
        self._messages += messages
        self.failures += failures
        self.wake()

    def lose(self, error: RigError) -> None:
        self._lost = self._lost or error
        self.wake()

    def wake(self) -> None:
        self._changed.set()

    def check(self) -> None:
        if self._lost is not None:
            raise PortLost(self._lost.message, hint=self._lost.hint) from self._lost

    async def changed(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def take(self) -> bytes:
        while not self._messages:
            self.check()
            await self.changed()
        return self._messages.popleft()


class ClientLink:
    """The hub's end of the tunnel to an ESME (HCALCS, PPMID): a :class:`~rigs.link.MessageLink`.

    It asks for the tunnel as soon as the device has joined, and again whenever it is lost; messages wait meanwhile.
    ``failures`` holds what came to nothing lately, ready to be shown. ``release`` is called when the link is closed.
    """

    def __init__(
        self, station: Station, peer: Eui64, times: TunnelTimes | None = None,
        release: Callable[[], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        self.peer = peer
        self.tunnel = TunnelClient(times)
        self._station, self._release, self._inbox = station, release, _Inbox()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        station.talk_to(peer, self)

    @property
    def failures(self) -> deque[str]:
        """What came to nothing lately, the newest last."""
        return self._inbox.failures

    @property
    def han(self) -> HanPort:
        """The HAN that it is a tunnel on."""
        return self._station.han

    async def ready(self, within_s: float) -> None:
        """Return once the tunnel is open. Raises RigTimeout with the last cause, RigError where it is refused."""
        try:
            async with asyncio.timeout(within_s):
                while self.tunnel.state is not TunnelState.OPEN:
                    self._inbox.check()
                    self._check_refused()
                    await self._inbox.changed()
        except TimeoutError:
            why = self.failures[-1] if self.failures else "it has not joined"
            raise RigTimeout(f"no tunnel to {eui64.show(self.peer)} within {within_s:g} s: {why}") from None

    async def send(self, message: bytes) -> None:
        """See :class:`~rigs.link.MessageLink`. Raises RigError where the device refuses a tunnel for good."""
        self._inbox.check()
        self._check_refused()
        self._do(self.tunnel.send(message, self._loop.time()))

    async def receive(self) -> bytes:
        """See :class:`~rigs.link.MessageLink`."""
        return await self._inbox.take()

    async def close(self) -> None:
        """See :class:`~rigs.link.MessageLink`."""
        self._inbox.lose(PortLost(f"the link to {eui64.show(self.peer)} is closed"))
        self._do(self.tunnel.close())
        release, self._release = self._release, None
        if release is not None:
            await release()

    def _check_refused(self) -> None:
        if self.tunnel.state is TunnelState.REFUSED:
            raise RigError(f"{eui64.show(self.peer)}: {self.failures[-1]}", hint="is this hub in its device log?")

    # ------------------------------------------------------------------ Partner

    def heard(self, payload: bytes, now: float) -> None:
        """See :class:`~rigs.zigbee.station.Partner`."""
        self._do(self.tunnel.receive(payload, now))

    def happened(self, event: PartnerEvent, now: float) -> None:
        """See :class:`~rigs.zigbee.station.Partner`."""
        if isinstance(event, Joined):
            self._do(self.tunnel.rejoined(now))
        elif isinstance(event, Up):
            self._do(self.tunnel.open(now))
        elif isinstance(event, Undelivered):
            self._do(self.tunnel.undelivered(event.payload, event.cause, now))
        elif isinstance(event, Down):
            self._inbox.lose(PortLost(event.cause))

    def _do(self, turn: TunnelTurn) -> None:
        for payload in turn.payloads:
            self._station.send(self.peer, payload)
        self._inbox.put(turn.messages, turn.failures)
        if self._timer is not None:
            self._timer.cancel()
        deadline = self.tunnel.next_deadline()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._do(self.tunnel.tick(self._loop.time()))


class ServerLink:
    """A meter's end of the tunnel that its hub asks for: a :class:`~rigs.link.MessageLink`.

    Does not model: clients besides the hub (a PPMID may ask a meter for a tunnel of its own).
    """

    def __init__(self, station: Station, hub: Eui64, settings: ServerSettings | None = None) -> None:
        self.peer = hub
        self.server = TunnelServer(settings, lambda client: client == hub)
        self._station, self._inbox = station, _Inbox()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        station.talk_to(hub, self)

    @property
    def failures(self) -> deque[str]:
        """What came to nothing lately, the newest last."""
        return self._inbox.failures

    async def send(self, message: bytes) -> None:
        """See :class:`~rigs.link.MessageLink`; without a tunnel the message is lost, which ``failures`` says."""
        self._inbox.check()
        self._do(self.server.send(self.peer, message, self._loop.time()))

    async def receive(self) -> bytes:
        """See :class:`~rigs.link.MessageLink`."""
        return await self._inbox.take()

    async def close(self) -> None:
        """See :class:`~rigs.link.MessageLink`."""
        self._inbox.lose(PortLost("the link is closed"))
        if self._timer is not None:
            self._timer.cancel()

    # ------------------------------------------------------------------ Partner

    def heard(self, payload: bytes, now: float) -> None:
        """See :class:`~rigs.zigbee.station.Partner`."""
        self._do(self.server.receive(self.peer, payload, now))

    def happened(self, event: PartnerEvent, now: float) -> None:
        """See :class:`~rigs.zigbee.station.Partner`."""
        if isinstance(event, Undelivered):
            self._inbox.put((), (f"not delivered: {event.cause}",))
        elif isinstance(event, Down):
            self._inbox.lose(PortLost(event.cause))

    def _do(self, turn: ServerTurn) -> None:
        for device, payload in turn.payloads:
            self._station.send(device, payload)
        self._inbox.put(tuple(message for _, message in turn.messages), turn.failures)
        if self._timer is not None:
            self._timer.cancel()
        deadline = self.server.next_deadline()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._do(self.server.tick(self._loop.time()))
