"""Payloads over a module: to a device by its EUI-64 and cluster, in fragments where they are long, and back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from emulator.han.port import Endpoint
from emulator.han.zigbee import PROFILE_SMART_ENERGY
from gbcs import eui64
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from rigs.errors import RigError, RigTimeout
from rigs.ezsp.client import EzspClient, Values
from rigs.ezsp.fragments import Assembly, acknowledgement, cut, is_fragment, numbered
from rigs.ezsp.network import Place
from rigs.ezsp.status import NO_SHORT_ADDRESS, OUTGOING_DIRECT, ApsOption, name_of
from rigs.radio import zdo

SENT_S = 20.0
"""How long a module may try to deliver one frame: its own retries take some six seconds."""
DISCOVERY_S = 8.0
_PLAIN = ApsOption.RETRY | ApsOption.ENABLE_ROUTE_DISCOVERY
_TAGS = 256
_KEPT = 512


@dataclass(frozen=True, slots=True)
class Received:
    """A payload that arrived, whole."""

    source: Eui64
    cluster: int
    payload: bytes
    at: float
    secured: bool
    """Whether it was under the link key."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One frame of the application layer on a HAN, as its host knows it; ``is_ack`` acknowledges one."""

    at: float
    pan: int
    source: Eui64
    source_short: int
    destination: Eui64
    destination_short: int
    aps: Values
    payload: bytes
    is_ack: bool = False


class Messages:
    """Sends and receives for one module; payloads to one and the same HAN leave one after the other.

    Endpoints of partners are asked for (match descriptor), once, and learned from what comes.
    """

    def __init__(
        self, client: EzspClient, eui: Eui64, own: Endpoint, fragment_bytes: int, arrived: Callable[[Received], object]
    ) -> None:
        self._watchers: list[Callable[[Crossing], object]] = []
        self._crossed: deque[Crossing] = deque(maxlen=_KEPT)
        self.place: Place | None = None
        self.fragments_sent = 0
        self.fragments_received = 0
        self._own_eui = eui
        self._client, self._own, self._fragment_bytes, self._arrived = client, own, fragment_bytes, arrived
        self._euis: dict[int, Eui64] = {}
        self._where: dict[tuple[Eui64, int], int] = {}
        self._assembly = Assembly()
        self._turn = asyncio.Lock()
        self._tag = 0
        self._sent: dict[int, asyncio.Future[int]] = {}
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._zdo_sequence = 0
        self._coming: asyncio.Queue[Values] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._listening = self._loop.create_task(self._listen())
        client.on_handler(self._module_says)
        client.on_lost(self._lost)

    def know(self, short: int, eui: Eui64) -> None:
        """Keep who has a short address; endpoints of a device that joined anew are asked for again."""
        if self._euis.get(short) != eui:
            self._euis = {other: known for other, known in self._euis.items() if known != eui}
            self._euis[short] = eui
            self._where = {key: found for key, found in self._where.items() if key[0] != eui}

    def watch(self, watcher: Callable[[Crossing], object]) -> None:
        """Have every frame brought to ``watcher``, those that crossed lately first: a tunnel may be open already."""
        for crossing in self._crossed:
            watcher(crossing)
        self._watchers.append(watcher)

    async def close(self) -> None:
        """Listen no more."""
        self._listening.cancel()
        await asyncio.wait((self._listening,))

    # ------------------------------------------------------------------ sending

    async def send(self, destination: Eui64, cluster: int, payload: bytes, *, secured: bool = True) -> None:
        """Send a payload until its last fragment is acknowledged. Raises RigError where it is not."""
        async with self._turn:
            short = await self._short_of(destination)
            endpoint = await self._endpoint_of(destination, short, cluster)
            options = _PLAIN | (ApsOption.ENCRYPTION if secured else ApsOption(0))
            aps = {
                "profile": PROFILE_SMART_ENERGY, "cluster": cluster, "source_endpoint": self._own.number,
                "destination_endpoint": endpoint, "options": int(options), "group": 0, "sequence": 0,
            }  # fmt: skip
            pieces = cut(payload, self._fragment_bytes)
            if len(pieces) == 1:
                await self._frame(short, destination, aps, payload)
                return
            for group, piece in numbered(pieces):
                one = {**aps, "options": int(options | ApsOption.FRAGMENT), "group": group}
                aps["sequence"] = await self._frame(short, destination, one, piece)
                self.fragments_sent += 1

    async def _frame(self, short: int, destination: Eui64, aps: Values, message: bytes) -> int:
        """Send one frame; its APS sequence number once it is acknowledged. Raises RigError."""
        self._tag = tag = (self._tag + 1) % _TAGS
        sent: asyncio.Future[int] = self._loop.create_future()
        self._sent[tag] = sent
        try:
            found = await self._client.do(
                "sendUnicast", kind=OUTGOING_DIRECT, destination=short, aps=aps, tag=tag, message=message
            )
            aps = {**aps, "sequence": found["sequence"]}
            self._show(aps, message, short, destination)
            async with asyncio.timeout(SENT_S):
                status = await sent
        except TimeoutError:
            raise RigTimeout(f"the module does not say what became of a frame to {eui64.show(destination)}") from None
        finally:
            self._sent.pop(tag, None)
        if status:
            raise RigError(f"{eui64.show(destination)} does not acknowledge: {name_of(status)}")
        self._show(aps, b"", short, destination, acknowledged=True)
        return int(found["sequence"])

    def _lost(self, error: RigError) -> None:
        """Nobody waits for a module that is gone."""
        waiting: list[asyncio.Future[Any]] = [*self._sent.values(), *self._answers.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()

    # ------------------------------------------------------------------ addresses and endpoints

    async def _short_of(self, device: Eui64) -> int:
        found = await self._client.ask("lookupNodeIdByEui64", eui=device)
        short = int(found["short"])
        if short == NO_SHORT_ADDRESS:
            known = [one for one, eui in self._euis.items() if eui == device]
            if not known:
                raise RigError(f"{eui64.show(device)} is not on the HAN")
            return known[0]
        return short

    async def _endpoint_of(self, device: Eui64, short: int, cluster: int) -> int:
        found = self._where.get((device, cluster))
        if found is None:
            found = await self._discover(device, short, cluster)
            self._where[device, cluster] = found
        return found

    async def _discover(self, device: Eui64, short: int, cluster: int) -> int:
        """Ask for the endpoint that offers a cluster. Raises RigError where none does."""
        self._zdo_sequence = sequence = (self._zdo_sequence + 1) & 0xFF
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answers[sequence] = answer
        aps = {
            "profile": zdo.PROFILE, "cluster": int(zdo.Cluster.MATCH_DESCRIPTOR), "source_endpoint": 0,
            "destination_endpoint": 0, "options": int(_PLAIN), "group": 0, "sequence": 0,
        }  # fmt: skip
        try:
            request = zdo.match_request(sequence, short, PROFILE_SMART_ENERGY, (cluster,), ())
            await self._frame(short, device, aps, request)
            async with asyncio.timeout(DISCOVERY_S):
                status, endpoints = zdo.matched(await answer)
        except TimeoutError:
            raise RigTimeout(f"{eui64.show(device)} does not say where cluster {cluster:#06x} is") from None
        finally:
            self._answers.pop(sequence, None)
        if status or not endpoints:
            raise RigError(f"{eui64.show(device)} offers no cluster {cluster:#06x} on any endpoint")
        return endpoints[0]

    # ------------------------------------------------------------------ what comes

    def _module_says(self, name: str, values: Values) -> None:
        if name == "messageSentHandler":
            sent = self._sent.get(values["tag"])
            if sent is not None and not sent.done():
                sent.set_result(int(values["status"]))
        elif name == "incomingMessageHandler":
            self._coming.put_nowait(values)

    async def _listen(self) -> None:
        """Take what comes in its order; what cannot be attributed is left alone."""
        while True:
            values = await self._coming.get()
            with suppress(RigError, DecodeError):
                await self._take(values)

    async def _take(self, values: Values) -> None:
        aps, message, sender = values["aps"], values["message"], values["sender"]
        if aps["profile"] == zdo.PROFILE:
            self._zdo(aps, message)
            if sender in self._euis:
                self._show(aps, message, sender, self._euis[sender], received=True)
            return
        source = await self._eui_of(sender)
        self._show(aps, message, sender, source, received=True)
        if is_fragment(aps):
            ack = acknowledgement(aps)
            await self._client.do("sendReply", destination=sender, aps=ack, message=b"")
            self._show(aps, b"", sender, source, received=True, acknowledged=True)
            self.fragments_received += 1
            whole = self._assembly.take(sender, aps, message, self._loop.time())
            if whole is None:
                return
            message = whole
        self._where[source, aps["cluster"]] = aps["source_endpoint"]
        secured = bool(aps["options"] & ApsOption.ENCRYPTION)
        self._arrived(Received(source, aps["cluster"], message, self._loop.time(), secured))

    def _zdo(self, aps: Values, message: bytes) -> None:
        if aps["cluster"] == zdo.Cluster.MATCH_DESCRIPTOR | zdo.ANSWER and message:
            answer = self._answers.get(message[0])
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif aps["cluster"] == zdo.Cluster.ANNOUNCEMENT and len(message) >= 11:
            self.know(int.from_bytes(message[1:3], "little"), message[3:11][::-1])

    async def _eui_of(self, short: int) -> Eui64:
        found = self._euis.get(short)
        if found is None:
            found = (await self._client.do("lookupEui64ByNodeId", short=short))["eui"]
            self._euis[short] = found
        return found

    def _show(
        self, aps: Values, payload: bytes, partner_short: int, partner: Eui64, *, received: bool = False,
        acknowledged: bool = False,
    ) -> None:  # fmt: skip
        """Let watchers see a frame; an acknowledgement goes the other way."""
        if self.place is None:
            return
        own: tuple[Eui64, int] = (self._own_eui, self.place.short)
        other = (partner, partner_short)
        from_partner = received != acknowledged
        (source, source_short), (destination, destination_short) = (other, own) if from_partner else (own, other)
        crossing = Crossing(
            self._loop.time(), self.place.pan, source, source_short, destination, destination_short, aps, payload,
            acknowledged,
        )  # fmt: skip
        self._crossed.append(crossing)
        for watch in self._watchers:
            watch(crossing)
