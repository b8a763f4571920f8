"""A device core behind a message link in the process: what the other end of a rig does, in as few lines as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from one_meter import KEYS, METER

from emulator.dcc.counters import OriginatorCounters
from gbcs.security import DCC_ACB
from rigs.link import MemoryLink, memory_links
from rigs.reading import RigReader

Answer = Callable[[bytes, MemoryLink], Awaitable[None]]


@asynccontextmanager
async def answered_by(answer: Answer) -> AsyncIterator[MemoryLink]:
    """The head-end's end of a link; each message that is sent goes to ``answer(message, the device's end)``."""
    near, far = memory_links(DCC_ACB, METER)

    async def host() -> None:
        while True:
            await answer(await far.receive(), far)

    task = asyncio.create_task(host())
    try:
        yield near
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def reader(link: MemoryLink, **given: Any) -> RigReader:
    """A reader with the test keys."""
    keys = given.pop("keys", KEYS)
    return RigReader(link, keys, OriginatorCounters(), **{"rig": "bench-3", "is_emulated": True, **given})
