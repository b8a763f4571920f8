"""A rig as tests see it: calls that wait, over an event loop on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from emulator.clock import utc_now
from gbcs.eui64 import Eui64
from rigs.config import Chf, Esme
from rigs.errors import RigError
from rigs.loop_thread import LoopThread
from rigs.pytest_plugin.under_test import DeviceUnderTest, EsmeUnderTest, HeadEnd
from rigs.reading import Reading, RigReader
from rigs.session import OpenRig

Result = TypeVar("Result")

MARGIN_S = 10.0
"""What a call may take beyond what the rig's own parameters allow, before it counts as hung."""


@dataclass(frozen=True, slots=True)
class RealTime:
    """The time of the world."""

    @property
    def now(self) -> float:
        """Seconds since 2000-01-01 UTC, by this machine's clock."""
        return utc_now()

    def advance(self, delay_s: float) -> None:
        """Wait; the lease goes on being renewed."""
        threading.Event().wait(delay_s)


class RigLine:
    """The way to the device on a rig; see :class:`rigs.pytest_plugin.under_test.Line`."""

    def __init__(self, rig: OpenRig, reader: RigReader, thread: LoopThread) -> None:
        self._rig, self._reader, self._thread = rig, reader, thread
        parameters = reader.parameters
        self._silence_s = parameters.answer_timeout_s.value
        self._read_within_s = parameters.attempts.value * (self._silence_s + parameters.spacing_s.value) + MARGIN_S

    def exchange(self, frame: bytes, wait_s: float | None) -> bytes | None:
        """See :class:`rigs.pytest_plugin.under_test.Line`."""
        silence_s = self._silence_s if wait_s is None else wait_s
        return self._call(self._exchange(frame, silence_s), silence_s + MARGIN_S)

    async def _exchange(self, frame: bytes, silence_s: float) -> bytes | None:
        async with self._reader.talk.expecting() as waiting:
            await waiting.send(frame)
            try:
                return await waiting.answer(silence_s, float("inf"))
            except TimeoutError:
                return None

    def read(self, use_case: str, role: str, user: Eui64, first: int | None, last: int | None) -> Reading:
        """See :class:`rigs.pytest_plugin.under_test.Line`."""
        return self._call(self._reader.read(use_case, role, user, first, last), self._read_within_s)

    def _call(self, work: Coroutine[Any, Any, Result], within_s: float) -> Result:
        """Wait for work on the other thread; where the lease was lost meanwhile, that is what went wrong."""
        try:
            return self._thread.call(work, within_s)
        except RigError as error:
            loss = self._rig.held.loss
            if loss is None or loss is error:
                raise
            raise loss from error

    def unasked(self) -> int:
        """See :class:`rigs.pytest_plugin.under_test.Line`."""
        counts = self._reader.talk.counts
        return counts.total() - counts["alert"]


class RigStand:
    """The one stand of a session on a rig."""

    def __init__(self, rig: OpenRig, reader: RigReader, thread: LoopThread) -> None:
        self.firmware, self.clock = rig.firmware, RealTime()
        self._device, self._name, self._line = rig.device, rig.config.name, RigLine(rig, reader, thread)
        self.head_end = HeadEnd(rig.device.eui64, rig.keys, rig.acb, rig.users, rig.counters, utc_now)

    def esme(self) -> EsmeUnderTest:
        """The meter; skips where the device is a hub."""
        if not isinstance(self._device, Esme):
            pytest.skip(f"the device on rig {self._name} is no electricity meter")
        return EsmeUnderTest(*self._particulars())

    def comms_hub(self) -> DeviceUnderTest:
        """The hub; skips where the device is a meter."""
        if not isinstance(self._device, Chf):
            pytest.skip(f"the device on rig {self._name} is no comms hub")
        return DeviceUnderTest(*self._particulars())

    def _particulars(self) -> tuple[Any, ...]:
        return self._device.eui64, self.firmware, self.head_end, self._line
