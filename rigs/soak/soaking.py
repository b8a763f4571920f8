"""Reads one after the other for as long as it is wanted, while faults are injected; nothing is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from emulator.clock import utc_now
from gbcs.errors import RemoteError
from gbcs.eui64 import Eui64
from rigs.errors import LeaseLost, PortLost
from rigs.reading import RigReader
from rigs.soak.faults import Fault
from rigs.soak.ledger import Entry, Failed, Ledger
from rigs.soak.proxy import FaultProxy

ROUNDS: Final = 5
"""Attempts at one read; each is a command of its own."""

PAUSES_S: Final = (0.0, 0.2, 0.5, 1.0, 2.0)
"""What is waited before a lost line is opened again, growing with each attempt at the same read."""

AFTERMATH_S: Final = 0.5
"""For how long after its end a fault may be to blame for an attempt that began only then."""

_REMEMBERED_S = 3600.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a use case by a user in a role, and the window of a log."""

    use_case: str
    role: str
    user: Eui64
    window: tuple[int, int] | None = None


Connect = Callable[[], AbstractAsyncContextManager[RigReader]]
"""Opens the rig's line anew. Raises PortLost."""


@dataclass(slots=True)
class _AtWork:
    """A fault, until when it may be to blame (an instant of the event loop)."""

    kind: str
    ended_at: float = float("inf")


@dataclass(slots=True)
class Soak:
    """One soak. The ledger is whole at every moment.

    Does not model: several users at a time.
    """

    connect: Connect
    questions: Iterator[Question]
    faults: Iterator[Fault] = field(default_factory=lambda: iter(()))
    proxy: FaultProxy | None = None
    pause_s: float = 0.0
    ledger: Ledger = field(default_factory=Ledger)
    progress: Callable[[Ledger], None] = lambda _: None
    _enough: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: asyncio.Task[None] | None = None
    _is_stopped: bool = False
    _at_work: list[_AtWork] = field(default_factory=list)
    _line: AsyncExitStack | None = None
    _reader: RigReader | None = None

    def stop(self) -> None:
        """End at once; a read under way counts as interrupted."""
        self._is_stopped = True
        if self._reading is not None:
            self._reading.cancel()

    async def run(self, lasts_s: float) -> Ledger:
        """Begin reads for so long, and see the last one to its end. Raises LeaseLost, LocalError."""
        timer = asyncio.get_running_loop().call_later(lasts_s, self._enough.set)
        try:
            async with self._misbehaving():
                self._reading = asyncio.create_task(self._read_all())
                await self._reading
        except asyncio.CancelledError:
            if not self._is_stopped:
                raise
        finally:
            timer.cancel()
            await self._hang_up()
        return self.ledger

    async def _read_all(self) -> None:
        while not (self._is_stopped or self._enough.is_set()):
            await self._read(next(self.questions))
            self.progress(self.ledger)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.pause_s):
                    await self._enough.wait()

    # ------------------------------------------------------------------ one read

    async def _read(self, question: Question) -> None:
        entry = self.ledger.begin(question.use_case, question.window, utc_now())
        for number in range(ROUNDS):
            await asyncio.sleep(PAUSES_S[number])
            began = asyncio.get_running_loop().time()
            try:
                await self._ask(question, entry)
            except LeaseLost:
                raise
            except asyncio.CancelledError:
                entry.was_interrupted = True
                raise
            except RemoteError as error:
                await self._failed(entry, error, began)
            else:
                return

    async def _ask(self, question: Question, entry: Entry) -> None:
        reader = await self._connected()
        first, last = question.window or (None, None)
        reading = await reader.read(question.use_case, question.role, question.user, first, last)
        entry.ended_at_utc, entry.code = utc_now(), reading.values.code
        entry.rows = 0 if reading.values.rows is None else len(reading.values.rows)

    async def _failed(self, entry: Entry, error: RemoteError, began: float) -> None:
        at = utc_now()
        during = tuple(dict.fromkeys(one.kind for one in self._at_work if one.ended_at >= began - AFTERMATH_S))
        entry.failed.append(Failed(at, type(error).__name__, str(error), during))
        entry.ended_at_utc = at
        if isinstance(error, PortLost):
            await self._hang_up()

    # ------------------------------------------------------------------ the line

    async def _connected(self) -> RigReader:
        if self._reader is None:
            line = AsyncExitStack()
            self._reader = await line.enter_async_context(self.connect())
            self._line = line
        return self._reader

    async def _hang_up(self) -> None:
        line, reader, self._line, self._reader = self._line, self._reader, None, None
        if reader is not None:
            self.ledger.unasked += reader.talk.counts
        if line is not None:
            with suppress(RemoteError):
                await line.aclose()

    # ------------------------------------------------------------------ faults

    @asynccontextmanager
    async def _misbehaving(self) -> AsyncIterator[None]:
        """Faults happen for as long as this lasts."""
        if self.proxy is None:
            yield
            return
        task = asyncio.create_task(self._inject_all(self.proxy))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _inject_all(self, proxy: FaultProxy) -> None:
        started = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for fault in self.faults:
                await asyncio.sleep(max(started + fault.at_s - asyncio.get_running_loop().time(), 0.0))
                group.create_task(self._inject(proxy, fault))

    async def _inject(self, proxy: FaultProxy, fault: Fault) -> None:
        self.ledger.faults.append(fault)
        loop, at_work = asyncio.get_running_loop(), _AtWork(fault.kind)
        self._at_work = [one for one in self._at_work if one.ended_at > loop.time() - _REMEMBERED_S]
        self._at_work.append(at_work)
        try:
            await proxy.inject(fault)
        finally:
            at_work.ended_at = loop.time()
