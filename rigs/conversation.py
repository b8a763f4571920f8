"""What crosses the link to one device: answers go to whoever waits for them, everything else is kept and counted."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self, TypeAlias

from emulator.hub.addresses import COUNTER_AT, CRA_AT, NOT_GBCS, ORIGINATOR_AT, RECIPIENT_AT, header_start
from emulator.hub.limits import HubLimits
from emulator.segmentation import load_segmentation_parameters
from gbcs.errors import RemoteError
from gbcs.framing import Cra
from gbcs.gbt import GbtEndpoint, GbtSettings, Turn, is_block
from rigs.errors import RigError
from rigs.link import MessageLink

Direction: TypeAlias = Literal["down", "up"]
Kind: TypeAlias = Literal["alert", "late", "duplicate", "unasked", "not_gbcs"]
"""What a message is that nobody waits for; an answer after its time is late."""

_KEPT = 256
_NAMES_KEPT = 4096
"""Commands that are over and still told from strangers, should an answer come late."""

_MESSAGE_BYTES = HubLimits().message_bytes


class CaptureSink(Protocol):
    """Sees every message on a link, blocks of segmented ones as they are."""

    def message(self, at_utc: float, direction: Direction, device: bytes, message: bytes) -> None:
        """One message, down to the device or up from it, and when."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that nobody waited for, and when it came (seconds since 2000)."""

    at_utc: float
    kind: Kind
    message: bytes


def default_segmentation() -> GbtSettings:
    """The shipped parameters of block transfer."""
    return load_segmentation_parameters().settings(_MESSAGE_BYTES)


class Expectation:
    """Somebody who waits for the answers to the commands that he sends through it."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._came: asyncio.Queue[bytes | RigError] = asyncio.Queue()
        self.names: list[bytes] = []
        self.bytes_down = 0

    async def send(self, command: bytes) -> None:
        """Send a command; its answers come here. Raises PortLost."""
        self._talk.expect(command, self)
        self.bytes_down += len(command)
        await self._talk.send(command)

    async def answer(self, timeout_s: float, until: float) -> bytes:
        """The next answer. Raises TimeoutError after ``timeout_s`` without a byte of it, or at ``until``; PortLost.

        ``until`` is an instant of the event loop. Each block of an answer starts the time-out anew.
        """
        talk = self._talk
        waits_since = asyncio.get_running_loop().time()
        while True:
            ends_at = min(until, max(waits_since, talk.block_at) + timeout_s)
            try:
                async with asyncio.timeout_at(ends_at):
                    came = await self._came.get()
            except TimeoutError:
                if min(until, talk.block_at + timeout_s) > ends_at:
                    continue
                raise
            if isinstance(came, RigError):
                raise came
            return came

    def left(self) -> list[bytes]:
        """Answers that nobody took."""
        came = [self._came.get_nowait() for _ in range(self._came.qsize())]
        return [message for message in came if isinstance(message, bytes)]

    def put(self, came: bytes | RigError) -> None:
        """Take an answer, or the end of the link."""
        self._came.put_nowait(came)


class Conversation:
    """One head-end's end of a link: use it as an asynchronous context manager; the link itself stays open.

    Messages that are too long for a hub leave as blocks, and blocks that come are acknowledged and put together.

    Does not model: more than one device behind a link.
    """

    def __init__(
        self,
        link: MessageLink,
        now: Callable[[], float],
        sink: CaptureSink | None = None,
        segmentation: GbtSettings | None = None,
    ) -> None:
        """``now`` tells the time of the capture, in seconds since 2000."""
        self.peer, self._link, self._now, self._sink = link.peer, link, now, sink
        self.counts: Counter[str] = Counter()
        self.kept: deque[Heard] = deque(maxlen=_KEPT)
        self.block_at = float("-inf")
        self._endpoint = GbtEndpoint(segmentation or default_segmentation())
        self._waiting: dict[bytes, Expectation] = {}
        self._closed: dict[bytes, Kind] = {}
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._lost: RigError | None = None

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep_time())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @asynccontextmanager
    async def expecting(self) -> AsyncIterator[Expectation]:
        """Somebody who waits, for as long as this lasts; answers that come later are counted as late."""
        waiting, answered = Expectation(self), False
        try:
            yield waiting
            answered = True
        finally:
            for name in waiting.names:
                self._waiting.pop(name, None)
                self._closed[name] = "duplicate" if answered else "late"
                if len(self._closed) > _NAMES_KEPT:
                    del self._closed[next(iter(self._closed))]
            for message in waiting.left():
                self._keep("duplicate", message)

    def expect(self, command: bytes, waiting: Expectation) -> None:
        """Have the answers to a command brought to ``waiting``. Raises the error that ended the link."""
        if self._lost is not None:
            raise self._lost
        name = _name(command, RECIPIENT_AT)
        waiting.names.append(name)
        self._waiting[name] = waiting

    async def send(self, message: bytes) -> None:
        """Send a message, in blocks where it is too long. Raises PortLost."""
        if len(message) > _MESSAGE_BYTES:
            await self._do(self._endpoint.send(message, asyncio.get_running_loop().time()))
        else:
            await self._carry(message)

    # ------------------------------------------------------------------ what comes

    async def _listen(self) -> None:
        try:
            while True:
                await self._heard(await self._link.receive())
        except RigError as error:
            self._lost = error
            for waiting in set(self._waiting.values()):
                waiting.put(error)

    async def _heard(self, message: bytes) -> None:
        self._show("up", message)
        if not is_block(message):
            self._whole(message)
            return
        self.block_at = asyncio.get_running_loop().time()
        try:
            turn = self._endpoint.receive(message, self.block_at)
        except RemoteError:
            self._keep("not_gbcs", message)
        else:
            await self._do(turn)

    def _whole(self, message: bytes) -> None:
        name = _name(message, ORIGINATOR_AT)
        if not name:
            self._keep("not_gbcs", message)
        elif message[header_start(message) + CRA_AT] == Cra.ALERT:
            self._keep("alert", message)
        elif (waiting := self._waiting.get(name)) is not None:
            waiting.put(message)
        else:
            self._keep(self._closed.get(name, "unasked"), message)

    def _keep(self, kind: Kind, message: bytes) -> None:
        self.counts[kind] += 1
        self.kept.append(Heard(self._now(), kind, message))

    # ------------------------------------------------------------------ blocks and time

    async def _do(self, turn: Turn) -> None:
        for block in turn.blocks:
            await self._carry(block)
        for message in turn.messages:
            self._whole(message)
        for failure in turn.failures:
            self.counts[f"block transfer: {failure.reason}"] += 1
        self._changed.set()

    async def _keep_time(self) -> None:
        """Tick the block transfers when they want it."""
        loop = asyncio.get_running_loop()
        with suppress(RigError):
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(self._endpoint.next_deadline()):
                        await self._changed.wait()
                self._changed.clear()
                turn = self._endpoint.tick(loop.time())
                if turn != Turn():
                    await self._do(turn)

    async def _carry(self, message: bytes) -> None:
        self._show("down", message)
        await self._link.send(message)

    def _show(self, direction: Direction, message: bytes) -> None:
        if self._sink is not None:
            self._sink.message(self._now(), direction, self.peer, message)


def _name(message: bytes, device_at: int) -> bytes:
    """Device and counter, which an answer copies from its command; empty where the bytes are no message."""
    start = header_start(message)
    if start == NOT_GBCS:
        return b""
    return message[start + device_at : start + device_at + 8] + message[start + COUNTER_AT : start + COUNTER_AT + 8]
