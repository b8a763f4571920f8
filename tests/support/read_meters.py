"""Reads SMETS1 meters on real links as ``meterfarm rig read`` does, in this process."""

from __future__ import annotations

import asyncio
import itertools
import os
import pty
import termios
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from line_meters import FIRST, LAST, NOW, ONE_DAY

from emulator.smets1.emulated import meter_of
from emulator.smets1.meter import Smets1Meter, Window
from emulator.smets1.profile import load_profile
from emulator.smets1.serve import Endpoint, running_from, serve
from emulator.smets1.server import DialectServer
from rigs.config.device import Smets1
from rigs.config.link import DialectLink
from rigs.meters.access import MeterAccess, meter_access
from rigs.meters.reading import read_meter
from rigs.meters.secrets import Secrets, emulated_secrets
from rigs.meters.values import Ask, Found

EVERYTHING = Ask(("profile", "register", "clock"), FIRST, LAST)
Damage = Callable[[bytes], bytes]
_CODES = {getattr(termios, f"B{speed}"): speed for speed in (300, 9600, 19200, 115200)}


def smets1_meter(profile: str, window: Window | None = ONE_DAY) -> Smets1Meter:
    return meter_of(load_profile(profile), 7, now=NOW, window=window)


def access(
    profile: str, url: str, dialect: str = "", secrets: Secrets | None = None, serial: str = "", **link: Any
) -> MeterAccess:
    """What is needed to read an emulated meter at a port; with its test secrets unless told otherwise."""
    known = emulated_secrets(load_profile(profile)) if secrets is None else secrets
    counter = itertools.count(1)
    return meter_access(
        Smets1(kind="smets1", dialect=profile, serial_number=serial),
        DialectLink(kind="dialect", port=url, speaks=dialect, **link),
        known,
        lambda: next(counter),
    )


def url_of(address: str) -> str:
    """The port that leads to an address of :mod:`emulator.smets1.serve`."""
    return address.replace("tcp:", "socket:") if address.startswith("tcp:") else address.removeprefix("pty:")


def read_served(
    profile: str, dialect: str, kind: Any = "tcp", ask: Ask = EVERYTHING, window: Window | None = ONE_DAY, **link: Any
) -> Found:
    """What is read of an emulated meter that is served on a real link."""

    async def main() -> Found:
        meter = smets1_meter(profile, window)
        servers = load_profile(profile).servers(meter, dialect)
        served = await serve(servers, Endpoint(kind), running_from(NOW), paced=False)
        try:
            return await read_meter(access(profile, url_of(served.address), dialect, **link), ask, within_s=30)
        finally:
            served.close()

    return asyncio.run(main())


def rows_of(found: Found) -> list[tuple[Any, ...]]:
    """Stamp, Wh imported, Wh exported."""
    return [(row.stamp, row.values["active_import_wh"], row.values["active_export_wh"]) for row in found.rows]


class StrictLine:
    """A meter on a terminal which hears and says nothing at a speed that the other end does not have.

    Bytes cross a terminal in no time, so what is heard counts as said at the speed now or at the one before.
    """

    def __init__(self, server: DialectServer, damage_up: Damage, damage_down: Damage, *, echo: bool) -> None:
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        os.set_blocking(self.ours, False)
        self.server, self.damage_up, self.damage_down, self.echo = server, damage_up, damage_down, echo
        self.speed, self.seen = server.take_baud() or 0, {0}
        self.started = asyncio.get_running_loop().time()

    def now(self) -> float:
        return NOW + asyncio.get_running_loop().time() - self.started

    def heard(self) -> None:
        """Bytes are there."""
        data = os.read(self.ours, 65_536)
        before = self.seen
        self.seen = {0, _CODES.get(termios.tcgetattr(self.ours)[5], 0)}
        if self.echo:
            os.write(self.ours, data)
        if self.speed in before | self.seen:
            self.say(self.server.receive_data(self.damage_up(data), self.now()))

    def say(self, data: bytes) -> None:
        self.seen = {0, _CODES.get(termios.tcgetattr(self.ours)[5], 0)}
        if data and self.speed in self.seen:
            os.write(self.ours, self.damage_down(data))
        self.speed = self.server.take_baud() or self.speed

    async def tick(self) -> None:
        """Let the meter's own deadlines pass."""
        while True:
            deadline = self.server.next_deadline()
            await asyncio.sleep(0.02 if deadline is None else min(max(deadline - self.now(), 0.0), 0.02))
            if deadline is not None and deadline <= self.now():
                self.say(self.server.tick(self.now()))


def _untouched(data: bytes) -> bytes:
    return data


@asynccontextmanager
async def strict_line(
    server: DialectServer, damage_up: Damage = _untouched, damage_down: Damage = _untouched, *, echo: bool = False
) -> AsyncIterator[str]:
    """The path of such a terminal.

    ``damage`` is done to what the meter hears (up) and says (down), piece by piece; ``echo``: its probe hands back what
    comes.
    """
    line = StrictLine(server, damage_up, damage_down, echo=echo)
    loop = asyncio.get_running_loop()
    loop.add_reader(line.ours, line.heard)
    ticking = asyncio.ensure_future(line.tick())
    try:
        yield os.ttyname(line.theirs)
    finally:
        ticking.cancel()
        loop.remove_reader(line.ours)
        os.close(line.ours)
        os.close(line.theirs)
