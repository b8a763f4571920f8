"""Messages longer than a link takes: cut into blocks on the way out, put together on the way in, in real time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from gbcs.errors import RemoteError
from gbcs.eui64 import Eui64
from gbcs.gbt import Failure, GbtEndpoint, GbtSettings, Turn, is_block
from rigs.link import MessageLink

BENCH_BLOCKS: Final = GbtSettings(ack_timeout_s=10.0, max_tries=3)
"""On a bench nothing sleeps, so silence is told sooner than over a wide-area network."""


class BlockLink:
    """A link for messages of any length, over one for blocks; a :class:`~rigs.link.MessageLink` itself.

    A message that fits into a block goes as it is. ``failures`` holds the last transfers that came to nothing, and
    ``dropped`` counts blocks that could not be read.

    Acknowledgements and resends happen while somebody waits in :meth:`receive`, as a reader or a host does.

    Does not model: a limit to the messages that wait to be sent.
    """

    def __init__(self, link: MessageLink, settings: GbtSettings = BENCH_BLOCKS) -> None:
        self.peer: Eui64 = link.peer
        self.failures: deque[Failure] = deque(maxlen=16)
        self.dropped = 0
        self._link, self._settings = link, settings
        self._endpoint = GbtEndpoint(settings)
        self._messages: deque[bytes] = deque()
        self._coming: asyncio.Task[bytes] | None = None

    async def send(self, message: bytes) -> None:
        """See :class:`~rigs.link.MessageLink`; LocalError for what no blocks can carry."""
        if len(message) <= self._settings.block_bytes:
            await self._link.send(message)
        else:
            await self._do(self._endpoint.send(message, _now()))

    async def receive(self) -> bytes:
        """See :class:`~rigs.link.MessageLink`. A wait that is given up loses nothing."""
        while not self._messages:
            heard = await self._next()
            if heard is None:
                await self._do(self._endpoint.tick(_now()))
            elif is_block(heard):
                await self._take(heard)
            else:
                self._messages.append(heard)
        return self._messages.popleft()

    async def close(self) -> None:
        """Close the link below."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
        await self._link.close()

    async def _next(self) -> bytes | None:
        """What the link below brings next; None where a timer of the blocks is due before."""
        if self._coming is None:
            self._coming = asyncio.ensure_future(self._link.receive())
        deadline = self._endpoint.next_deadline()
        timeout = None if deadline is None else max(deadline - _now(), 0.0)
        done, _ = await asyncio.wait((self._coming,), timeout=timeout)
        if not done:
            return None
        coming, self._coming = self._coming, None
        return coming.result()

    async def _take(self, block: bytes) -> None:
        try:
            turn = self._endpoint.receive(block, _now())
        except RemoteError:
            self.dropped += 1
        else:
            await self._do(turn)

    async def _do(self, turn: Turn) -> None:
        self.failures += turn.failures
        self._messages += turn.messages
        for block in turn.blocks:
            await self._link.send(block)


def _now() -> float:
    return asyncio.get_running_loop().time()
