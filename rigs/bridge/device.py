"""One rig's device as a run sees it: messages cross between the thread of the run and the event loop of the rig."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from emulator.dcc.brokers import Broker
from gbcs import eui64
from gbcs.eui64 import Eui64
from gbcs.keystore import KeyStore
from rigs.bridge.broker import RigBroker
from rigs.config import RigConfig
from rigs.conversation import CaptureSink
from rigs.errors import PortLost, RigError
from rigs.link import MessageLink
from rigs.record import recording
from rigs.session import OpenRig, open_rig

GBCS_VERSION = "4.3"


class RigDevice:
    """An :class:`~emulator.slots.RealDevice`. :meth:`serve` runs on the event loop, everything else in any thread.

    A port that is lost is opened again as long as its delays last; what is sent meanwhile is lost, as it would be in a
    tunnel that is down.

    Does not model: more than one run at a time.
    """

    broker: Broker
    keys: KeyStore

    def __init__(self, config: RigConfig, now: Callable[[], float], sink: CaptureSink | None = None) -> None:
        self.rig = config.name
        self.trouble = ""
        self.eui: Eui64 = getattr(config.device, "eui64", b"")
        self._config, self._now, self._sink = config, now, sink
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()
        self._lock = Lock()
        self._early: deque[bytes] = deque()
        self._heard: Callable[[bytes], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._loss, self._losses = "", 0

    # ------------------------------------------------------------------ the run's side

    def connect(self, heard: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """See :class:`~emulator.slots.RealDevice`."""
        with self._lock:
            self._heard, self._lost = heard, lost
            while self._early:
                heard(self._early.popleft())
            if self._loss:
                lost(self._loss)

    def send(self, message: bytes) -> None:
        """See :class:`~emulator.slots.RealDevice`."""
        if self._loop is not None:
            with suppress(RuntimeError):  # a loop that has ended takes nothing any more
                self._loop.call_soon_threadsafe(self._outgoing.put_nowait, message)

    def end(self) -> None:
        """Let the rig go."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)

    # ------------------------------------------------------------------ the rig's side

    async def serve(self, ready: Callable[[], None]) -> None:
        """Lease the rig, call ``ready``, and carry messages until :meth:`end`; a record is left in any case.

        Raises what keeps the rig from being ready; later losses are told to the run and raised at the end.
        """
        self._loop = asyncio.get_running_loop()
        with recording(self._config) as record:
            try:
                async with open_rig(self._config) as opened:
                    self.keys = opened.keys
                    self.broker = RigBroker(
                        self.rig, opened.acb, opened.keys, opened.users, opened.counters, GBCS_VERSION
                    )
                    await self._until_ended(opened, ready)
                record.measure("port_losses", self._losses, "losses", high=0)
                record.first_cause = self.trouble
            except RigError as error:
                self._is_lost(str(error))
                raise

    async def _until_ended(self, opened: OpenRig, ready: Callable[[], None]) -> None:
        carrying = asyncio.create_task(self._carry(opened, ready))
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait((carrying, ending), return_when=asyncio.FIRST_COMPLETED)
            if carrying.done():
                carrying.result()
        finally:
            carrying.cancel()
            ending.cancel()
            await asyncio.gather(carrying, ending, return_exceptions=True)

    async def _carry(self, opened: OpenRig, ready: Callable[[], None]) -> None:
        """Carry messages over one link after the other. Raises PortLost where the port stays lost."""
        is_ready = False
        while True:
            try:
                async with opened.link() as link:
                    self.trouble = ""
                    if not is_ready:
                        is_ready = True
                        ready()
                    await self._over(link)
            except PortLost as lost:
                if not is_ready:
                    raise
                self._losses += 1
                self.trouble = f"its port was lost ({lost})"
                await opened.reopen()

    async def _over(self, link: MessageLink) -> None:
        """Both ways until the link is lost."""
        ways = asyncio.create_task(self._up(link)), asyncio.create_task(self._down(link))
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _up(self, link: MessageLink) -> None:
        while True:
            message = await link.receive()
            self._show("up", message)
            with self._lock:
                if self._heard is None:
                    self._early.append(message)
                else:
                    self._heard(message)

    async def _down(self, link: MessageLink) -> None:
        while True:
            message = await self._outgoing.get()
            self._show("down", message)
            await link.send(message)

    def _show(self, direction: str, message: bytes) -> None:
        if self._sink is not None:
            self._sink.message(self._now(), direction, self.eui, message)  # type: ignore[arg-type]

    def _is_lost(self, reason: str) -> None:
        with self._lock:
            self._loss = self.trouble = reason
            if self._lost is not None:
                self._lost(reason)

    def __repr__(self) -> str:
        return f"<RigDevice {eui64.show(self.eui)} on rig {self.rig}>"
