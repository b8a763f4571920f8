"""EZSP over a port: commands and their responses, handlers, and one clear error where the module or its line fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gbcs.errors import DecodeError, LocalError
from rigs.errors import PortLost, RigError, RigTimeout
from rigs.ezsp.ash import AshEnd, AshSettings, Event, Failed, Received, Reset
from rigs.ezsp.frames import VERSIONS, FrameTable, Header, build, frame_table, read, split
from rigs.ezsp.status import EzspStatus, name_of
from rigs.ports.port import Port

Values = dict[str, Any]
Handler = Callable[[str, Values], object]
"""Takes a handler's name and what it brings."""

COMMAND_WAIT_S = 10.0
_FIRST_ASKED = 4
"""The version that every host asks for at first, in the old header; the module answers with its own."""


class EzspClient:
    """One radio module. Make it with :func:`open_module`; a failure of line or module ends it for good.

    Does not model: several networks a module, more than one command on the way.
    """

    def __init__(self, port: Port, settings: AshSettings | None = None, command_wait_s: float = COMMAND_WAIT_S) -> None:
        self.port, self.command_wait_s = port, command_wait_s
        self.ash = AshEnd(settings=settings)
        self.version = 0
        self.stack_version = 0
        self.failure: RigError | None = None
        self._table: FrameTable = frame_table(VERSIONS.stop - 1)
        self._handlers: list[Handler] = []
        self._on_lost: list[Callable[[RigError], object]] = []
        self._sequence = 0
        self._one_at_a_time = asyncio.Lock()
        self._answer: tuple[int, asyncio.Future[tuple[Header, bytes]]] | None = None
        self._reset: asyncio.Future[int] | None = None
        self._waiting: set[asyncio.Future[Any]] = set()
        self._to_write = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._tasks = [self._loop.create_task(self._reads()), self._loop.create_task(self._writes())]

    # ------------------------------------------------------------------ asking

    async def start(self) -> None:
        """Reset the module and agree on the protocol version. Raises RigError, PortLost, RigTimeout."""
        self._alive()
        self._reset = self._future()
        self.ash.reset(self._loop.time())
        self._pump([])
        await self._reset
        asked = {"desired": _FIRST_ASKED}
        found = await self._ask("version", asked, legacy=True)
        if found["version"] not in VERSIONS:
            raise RigError(
                f"{self.port.url}: the module speaks EZSP {found['version']}; versions {VERSIONS.start} to"
                f" {VERSIONS.stop - 1} are spoken here: load a firmware with EmberZNet 6.7 to 7.4"
            )
        self._table = frame_table(found["version"])
        found = await self._ask("version", {"desired": found["version"]})
        self.version, self.stack_version = found["version"], found["stack_version"]

    def has(self, name: str) -> bool:
        """Whether the module's protocol version has a command."""
        return name in self._table.by_name

    async def ask(self, name: str, **values: Any) -> Values:
        """The response to a command. Raises LocalError for wrong parameters, RigError where the module has no such."""
        return await self._ask(name, values)

    async def do(self, name: str, **values: Any) -> Values:
        """Like :meth:`ask`; raises RigError besides where the status is not success."""
        found = await self._ask(name, values)
        if found.get("status"):
            raise RigError(f"{self.port.url}: {name} ended in {name_of(found['status'])}")
        return found

    async def _ask(self, name: str, values: Values, *, legacy: bool = False) -> Values:
        kind = self._table.named(name)
        parameters = build(kind.command, name, values)
        async with self._one_at_a_time:
            self._alive()
            self._sequence = (self._sequence + 1) & 0xFF
            header = Header(self._sequence, kind.id, is_legacy=legacy)
            answer: asyncio.Future[tuple[Header, bytes]] = self._future()
            self._answer = self._sequence, answer
            self.ash.send(header.encode() + parameters, self._loop.time())
            self._pump([])
            try:
                async with asyncio.timeout(self.command_wait_s):
                    found, content = await answer
            except TimeoutError:
                raise RigTimeout(
                    f"{self.port.url}: no response to {name} within {self.command_wait_s:g} s: reset the module"
                ) from None
            finally:
                self._answer = None
        if found.frame_id != kind.id:
            raise self._refused(name, found, content)
        return read(kind.response, name, content)

    def _refused(self, name: str, found: Header, content: bytes) -> RigError:
        if found.frame_id == self._table.named("invalidCommand").id and content:
            reason = content[0]
            known = {one.value: one.name for one in EzspStatus}
            return RigError(f"{self.port.url}: the module refuses {name}: {known.get(reason, f'{reason:#04x}')}")
        return RigError(f"{self.port.url}: the response to {name} is one to frame {found.frame_id:#06x}")

    # ------------------------------------------------------------------ listening

    def on_handler(self, handler: Handler) -> None:
        """Have every handler of the module brought to ``handler``."""
        self._handlers.append(handler)

    def on_lost(self, callback: Callable[[RigError], object]) -> None:
        """Have the end of the module brought to ``callback``, once."""
        self._on_lost.append(callback)

    def expect(self, name: str, fits: Callable[[Values], bool] = lambda _: True) -> asyncio.Future[Values]:
        """The next such handler, from now on; it fails where the module does. Cancel what is not waited for."""
        future: asyncio.Future[Values] = self._future()

        def handler(found: str, values: Values) -> None:
            if found == name and not future.done() and fits(values):
                future.set_result(values)

        self._handlers.append(handler)
        future.add_done_callback(lambda _: self._handlers.remove(handler))
        return future

    async def close(self) -> None:
        """Let the module and its port go; a second call does nothing."""
        self._fail(PortLost(f"{self.port.url}: closed"))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(PortLost):
            await self.port.close()

    # ------------------------------------------------------------------ line

    async def _reads(self) -> None:
        try:
            while True:
                data = await self.port.read()
                self._pump(self.ash.receive(data, self._loop.time()))
        except PortLost as error:
            self._fail(error)

    async def _writes(self) -> None:
        try:
            while True:
                await self._to_write.wait()
                self._to_write.clear()
                data = self.ash.output()
                if data:
                    await self.port.write(data)
        except PortLost as error:
            self._fail(error)

    def _pump(self, events: list[Event]) -> None:
        for event in events:
            self._happened(event)
        self._to_write.set()
        if self._timer is not None:
            self._timer.cancel()
        deadline = self.ash.next_deadline()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._pump(self.ash.tick(self._loop.time()))

    def _happened(self, event: Event) -> None:
        if isinstance(event, Failed):
            self._fail(RigError(f"{self.port.url}: {event.cause}: is a radio module (EZSP) plugged in there?"))
        elif isinstance(event, Reset):
            if self._reset is not None and not self._reset.done():
                self._reset.set_result(event.code)
        else:
            self._frame(event)

    def _frame(self, event: Received) -> None:
        """A frame that cannot be read is left alone: its command ends in a time-out that names it."""
        try:
            header, content = split(event.payload)
            if self._answer is not None and header.sequence == self._answer[0] and not header.is_callback:
                if not self._answer[1].done():
                    self._answer[1].set_result((header, content))
                return
            kind = self._table.by_id.get(header.frame_id)
            if kind is None or not kind.is_handler:
                return
            values = read(kind.response, kind.name, content)
        except (DecodeError, LocalError):
            return
        for handler in tuple(self._handlers):
            handler(kind.name, values)

    def _fail(self, error: RigError) -> None:
        if self.failure is not None:
            return
        self.failure = error
        if self._timer is not None:
            self._timer.cancel()
        for future in tuple(self._waiting):
            if not future.done():
                future.set_exception(error)
                future.exception()  # one that nobody waits for any more is no fault of the program
        for callback in tuple(self._on_lost):
            callback(error)

    def _future(self) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)
        return future

    def _alive(self) -> None:
        if self.failure is not None:
            raise self.failure


async def open_module(port: Port, settings: AshSettings | None = None) -> EzspClient:
    """The module behind a port, reset and ready. Raises RigError where there is none; the port is closed then."""
    client = EzspClient(port, settings)
    try:
        await client.start()
    except BaseException:
        await client.close()
        raise
    return client
