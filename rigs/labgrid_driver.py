"""Rigs in a labgrid environment (extra ``labgrid``): a resource that names a rig, and a driver that holds it.

::

    imports: [rigs.labgrid_driver]
    targets:
      main:
        resources:
          MeterfarmRig: {rig: bench-3, folder: bench}
        drivers:
          MeterfarmRigDriver: {}

    def test_meter(target):
        meter = target.get_driver("MeterfarmRigDriver")
        assert meter.read("ECS17b", "IS").values.registers

The one file that imports labgrid, which brings a pyserial of its own: install both into an environment made for them.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

import attr
from labgrid.driver import Driver
from labgrid.factory import target_factory
from labgrid.protocol import PowerProtocol
from labgrid.resource import Resource

from gbcs.errors import LocalError
from rigs.loading import load_rig
from rigs.loop_thread import LoopThread
from rigs.power import Switch, switch_of
from rigs.reading import Reading, RigReader
from rigs.session import OpenRig, open_rig

_READY_WITHIN_S: Final = 60.0
_DONE_WITHIN_S: Final = 300.0


@target_factory.reg_resource
@attr.s(eq=False)
class MeterfarmRig(Resource):
    """A rig by name, and the folder of its file (METERFARM_RIGS or ./bench unless given)."""

    rig: str = attr.ib(validator=attr.validators.instance_of(str))
    folder: str = attr.ib(default="", validator=attr.validators.instance_of(str))


@target_factory.reg_driver
@attr.s(eq=False)
class MeterfarmRigDriver(Driver, PowerProtocol):
    """Holds the rig while it is active: leased, its port open. Reads its device, and switches its power."""

    bindings = {"resource": "MeterfarmRig"}  # noqa: RUF012 - labgrid reads a plain dict

    def on_activate(self) -> None:
        """Lease the rig and open its port. Raises Refused, PortLost, LocalError."""
        self._config = load_rig(self.resource.rig, Path(self.resource.folder) if self.resource.folder else None)
        self._thread = LoopThread(f"labgrid {self._config.name}")
        opened: Future[tuple[OpenRig, RigReader]] = Future()
        self._enough = asyncio.Event()
        self._held = self._thread.begin(self._hold(opened))
        try:
            self._rig, self._reader = opened.result(_READY_WITHIN_S)
        except BaseException:
            self._thread.stop()
            raise

    def on_deactivate(self) -> None:
        """Give the rig back."""
        self._thread.call(self._end(), _READY_WITHIN_S)
        self._thread.stop()

    @Driver.check_active
    def read(self, use_case: str, role: str, first: int | None = None, last: int | None = None) -> Reading:
        """What the device answers to a read of a user's role (IS, NO, ES, MDR). Raises RigTimeout, PortLost."""
        if role not in self._rig.users:
            raise LocalError(f"{role!r} is no user of the key folder (there: {', '.join(self._rig.users)})")
        user = self._rig.users[role]
        return self._thread.call(self._reader.read(use_case, role, user, first, last), _DONE_WITHIN_S)

    @Driver.check_active
    def on(self) -> None:
        """Switch the device on."""
        self._thread.call(self._switch().switch(True), _DONE_WITHIN_S)

    @Driver.check_active
    def off(self) -> None:
        """Switch the device off."""
        self._thread.call(self._switch().switch(False), _DONE_WITHIN_S)

    @Driver.check_active
    def cycle(self) -> None:
        """Off, and on again after ``[timing] settle_s``."""
        self.off()
        self._thread.call(asyncio.sleep(self._config.timing.settle_s), _DONE_WITHIN_S)
        self.on()

    def _switch(self) -> Switch:
        return switch_of(self._config)

    async def _hold(self, opened: Future[tuple[OpenRig, RigReader]]) -> None:
        try:
            async with open_rig(self._config) as rig, rig.reader() as reader:
                opened.set_result((rig, reader))
                await self._enough.wait()
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    async def _end(self) -> Any:
        self._enough.set()
        return await asyncio.wrap_future(self._held)
