"""A session on one rig: leased once, brought up once, recorded, and broken once and for all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial

import pytest

from emulator.clock import utc_now, wall_time
from gbcs import eui64
from gbcs.errors import GbcsError
from rigs.capture import CaptureWriter
from rigs.config import Chf, Esme, RigConfig
from rigs.errors import LeaseLost, PortLost, RigError, RigTimeout
from rigs.loop_thread import LoopThread
from rigs.power import ensure_on
from rigs.pytest_plugin.options import Options
from rigs.pytest_plugin.rig_stand import RigStand
from rigs.reading import RigReader
from rigs.record import RECORDS, Record, recording
from rigs.session import OpenRig, open_rig
from rigs.states import Hook, State, bring_up, broken_memory
from rigs.users import plain_question

_CLOSED_WITHIN_S = 20.0
_TESTING = "tests"


class RigSession:
    """A session on one rig. Its first cause fails the test that met it; every later one skips and says it.

    A read that times out may be the test's own fault, so the next test asks the device a plain question first.
    """

    is_rig = True

    def __init__(self, asked: Options, config: RigConfig) -> None:
        self.label, self.config = f"rig {config.name}", config
        self.rig: OpenRig | None = None
        self.record_path = ""
        self._asked = asked
        self._thread = LoopThread(self.label)
        self._stand: RigStand | None = None
        self._cause: BaseException | None = None
        self._was_reported = False
        self._suspect: RigTimeout | None = None
        self._failed = 0
        self._tests = 0
        self._enough: asyncio.Event | None = None
        self._held: Future[None] | None = None
        began = f"{wall_time():%Y-%m-%d_%H-%M-%S}"
        self.capture = config.state_folder / RECORDS / f"{config.name}_{began}.messages.jsonl"

    @property
    def broken(self) -> str:
        """See :class:`rigs.pytest_plugin.session.Session`; empty too until a test has failed with the cause."""
        return str(self._cause) if self._cause is not None and self._was_reported else ""

    # ------------------------------------------------------------------ bring-up and end

    def bring_up(self) -> None:
        """Lease the rig, open its port, see that the device answers. What goes wrong is kept."""
        ready: Future[RigStand] = Future()
        self._held = self._thread.begin(self._hold(ready))
        try:
            self._stand = ready.result()
        except (GbcsError, OSError) as error:
            self._cause = error

    async def _hold(self, ready: Future[RigStand]) -> None:
        """Have the rig until it is enough, with a record of it; the lease beats meanwhile."""
        self._enough = asyncio.Event()
        try:
            with self._recorded() as record:
                broken_memory(self.config).check(self.config.name)
                async with AsyncExitStack() as stack:
                    self.rig = await stack.enter_async_context(open_rig(self.config))
                    self.capture.parent.mkdir(parents=True, exist_ok=True)
                    log = stack.enter_context(CaptureWriter(self.capture))
                    reader = await stack.enter_async_context(self.rig.reader(sink=log))
                    await self._bring_up(reader, record)
                    ready.set_result(RigStand(self.rig, reader, self._thread))
                    await self._enough.wait()
                self._conclude(record)
        except (GbcsError, OSError) as error:
            self._cause = self._cause or error
        finally:
            if not ready.done():
                ready.set_exception(self._cause or RigError(f"{self.label} was not brought up"))

    @contextmanager
    def _recorded(self) -> Iterator[Record]:
        record: Record | None = None
        try:
            with recording(self.config) as record:
                try:
                    yield record
                finally:
                    if self.capture.exists():
                        record.attach(self.capture)
        finally:
            self.record_path = str(record.path) if record is not None and record.path is not None else ""

    async def _bring_up(self, reader: RigReader, record: Record) -> None:
        """Go up to the first read, which must hold. Raises RigBroken."""

        async def first_read() -> None:
            if isinstance(self.config.device, Esme) and self.rig is not None:
                users, began = self.rig.users, asyncio.get_running_loop().time()
                use_case, role, window = plain_question(users, utc_now())
                await reader.read(use_case, role, users[role], *(window or (None, None)))
                record.measure("first_read", asyncio.get_running_loop().time() - began, "s")

        memory = broken_memory(self.config)
        hooks: dict[State, Hook] = {State.POWERED: partial(ensure_on, self.config), State.READING: first_read}
        await bring_up(self.config.name, hooks, self.config.timing, memory, record.reached)

    def _conclude(self, record: Record) -> None:
        """What the record says of the tests. Raises the first cause of a rig that broke under them."""
        record.measure("tests", self._tests, "tests")
        record.measure("failed_tests", self._failed, "tests", high=0)
        if self._cause is not None:
            raise self._cause

    def end(self) -> None:
        """Give the rig back; never hangs."""
        if self._held is not None and not self._held.done() and self._enough is not None:
            with suppress(RigError):
                self._thread.call(self._finish(self._enough, self._held), _CLOSED_WITHIN_S)
        self._thread.stop()
        if self._held is not None and self._held.done() and not self._held.cancelled():
            self._held.result()  # a fault of ours is no verdict on the rig

    @staticmethod
    async def _finish(enough: asyncio.Event, held: Future[None]) -> None:
        enough.set()
        await asyncio.wrap_future(held)

    # ------------------------------------------------------------------ what breaks

    def ended(self, report: pytest.TestReport, error: BaseException | None) -> None:
        """Take note of how a test went, and of what broke the rig under it."""
        self._tests += report.when == "call"
        self._failed += report.failed
        if isinstance(error, PortLost | LeaseLost):
            self._break(error, report.nodeid)
        elif isinstance(error, RigTimeout):
            self._suspect = error

    def _break(self, error: RigError, doing: str) -> None:
        """Keep the first cause, for this session and for whoever comes next; a lease that ended breaks nothing."""
        self._was_reported = True
        if self._cause is None:
            self._cause = error
            if not isinstance(error, LeaseLost):
                broken_memory(self.config).remember(State.READING, f"{_TESTING} {doing}", error)

    def _clear_suspicion(self, item: pytest.Item) -> None:
        suspect, self._suspect = self._suspect, None
        if suspect is None or self._stand is None or not isinstance(self.config.device, Esme):
            return
        try:
            self._stand.esme().probe()
        except (PortLost, LeaseLost) as error:
            self._break(error, item.nodeid)
        except RigError:
            self._break(suspect, item.nodeid)

    # ------------------------------------------------------------------ for the fixtures

    def stand(self, item: pytest.Item) -> RigStand:
        """The one stand there is. The first test meets the first cause itself; later ones skip."""
        self._clear_suspicion(item)
        if self._cause is not None and not self._was_reported:
            self._was_reported = True
            raise self._cause
        if self.broken or self._stand is None:
            pytest.skip(f"{self.label} is broken: {self.broken}")
        return self._stand

    def properties(self) -> dict[str, str]:
        """What the JUnit report says of the session."""
        device = self.config.device
        return {
            "meterfarm_backend": f"rig {self.config.link.kind}",
            "meterfarm_rig": self.config.name,
            "meterfarm_devices": eui64.show(device.eui64) if isinstance(device, Esme | Chf) else "",
            "meterfarm_firmware": device.firmware if isinstance(device, Esme | Chf) else "",
            "meterfarm_seed": str(self._asked.seed),
            "meterfarm_capture": str(self.capture),
        }
