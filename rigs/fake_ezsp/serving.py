"""A fake module in real time: its line on one side, its air on the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from emulator.clock import Stopwatch, wall_time
from rigs.ezsp.ash import AshEnd, AshSettings, Event, Received, Reset
from rigs.fake_ezsp.air import Air
from rigs.fake_ezsp.commands import COMMANDS
from rigs.fake_ezsp.faults import FaultPlan, Faults
from rigs.fake_ezsp.memory import load
from rigs.fake_ezsp.ncp import Firmware, Ncp
from rigs.ports.port import Port
from rigs.radio.pcap import Capture

_WINDOW = 3


class FakeModule:
    """One module. :meth:`serve` talks on a port until it is lost: hand it to :func:`rigs.ports.listening.listen`.

    Does not model: the time that a real module takes for anything but the air's own waits.
    """

    def __init__(
        self, air: Air, eui: bytes, firmware: Firmware | None = None, faults: FaultPlan | None = None,
        memory: Path | None = None,
    ) -> None:  # fmt: skip
        self.air, self.faults = air, Faults(faults or FaultPlan())
        self.ncp = Ncp(load(memory, eui), self._sent, COMMANDS, firmware)
        self._capture: AirCapture | None = None
        self.ash: AshEnd | None = None
        self._loop = asyncio.get_running_loop()
        self._to_write = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        air.on_frame(self._heard)

    def captured_by(self, capture: AirCapture) -> None:
        """Have every frame that this module sends or hears written down, with the keys that it knows."""
        self._capture = capture
        self.ncp.radio.on_key = capture.key

    async def serve(self, port: Port) -> None:
        """Be the module of one host. Raises PortLost when the host is gone."""
        self.ash = AshEnd(is_host=False, settings=AshSettings(window=_WINDOW))
        writing = self._loop.create_task(self._writes(port, self.ash))
        try:
            while True:
                data = self.faults.from_host(await port.read())
                await self._takes_its_time()
                self._pump(self.ash.receive(data, self._loop.time()))
        finally:
            writing.cancel()
            await asyncio.wait((writing,))
            self.ash = None

    async def close(self) -> None:
        """Write down what is remembered."""
        if self._timer is not None:
            self._timer.cancel()
        self.ncp.memory.save()

    async def _writes(self, port: Port, ash: AshEnd) -> None:
        while True:
            await self._to_write.wait()
            self._to_write.clear()
            data = self.faults.to_host(ash.output())
            if data:
                await port.write(data)

    async def _takes_its_time(self) -> None:
        if self.faults.plan.delay_s:
            await asyncio.sleep(self.faults.plan.delay_s)

    def _sent(self, channel: int, frame: bytes) -> None:
        if self._capture is not None:
            self._capture.watch(channel, frame)
        self.air.send(channel, frame)

    def _heard(self, channel: int, frame: bytes) -> None:
        if self._capture is not None:
            self._capture.watch(channel, frame)
        self.ncp.hear(channel, frame, self._loop.time())
        self._pump([])

    def _pump(self, events: list[Event]) -> None:
        now = self._loop.time()
        for event in events:
            if isinstance(event, Reset):
                self.ncp.reset()
            elif isinstance(event, Received):
                self.ncp.receive(event.payload, now)
        for frame in self.ncp.take():
            # Handlers that nobody listens to are lost, as with a real module.
            if self.ash is not None:
                self.ash.send(frame, now)
        self._to_write.set()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadlines = [self.ncp.next_deadline(), self.ash.next_deadline() if self.ash is not None else None]
        known = [one for one in deadlines if one is not None]
        self._timer = self._loop.call_at(min(known), self._tick) if known else None

    def _tick(self) -> None:
        now = self._loop.time()
        self.ncp.tick(now)
        self._pump(self.ash.tick(now) if self.ash is not None else [])


class AirCapture:
    """Writes the frames of an air, and the keys of modules in this process, as they become known."""

    def __init__(self, path: Path) -> None:
        self._capture = Capture(path)
        self._began, self._watch = wall_time().timestamp(), Stopwatch()

    def watch(self, _channel: int, frame: bytes) -> None:
        """Take a frame of the air."""
        self._capture.frames.write(self._began + self._watch.seconds, frame)

    def key(self, key: bytes, label: str) -> None:
        """Take a key of a module."""
        self._capture.keys.add(key, label)

    def close(self) -> None:
        """Close the files."""
        self._capture.close()
