"""Ports that come back, and when they do not: the delays, what starts them over, what ends them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pty_pair import read_exactly

from gbcs.errors import LocalError
from rigs.errors import LeaseLost, PortLost
from rigs.ports import LineSettings, Port, ReopeningPort
from rigs.ports.pseudo_terminal import open_pty
from rigs.ports.reopening import DELAYS_S


class Device:
    """A dongle that is plugged in and pulled out under one name."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.port: Port | None = None

    def plug_in(self) -> Port:
        self.port = open_pty(str(self.link))
        return self.port

    async def unplug(self) -> None:
        assert self.port is not None
        await self.port.close()


class Pauses:
    """Remembers what was waited, and waits for nothing; ``then`` is called when so many have been."""

    def __init__(self, then: dict[int, Callable[[], object]] | None = None) -> None:
        self.delays_s: list[float] = []
        self.then = then or {}

    async def __call__(self, delay_s: float) -> None:
        self.delays_s.append(delay_s)
        if len(self.delays_s) in self.then:
            self.then[len(self.delays_s)]()


def run(session: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(30):
            return await session()

    return asyncio.run(limited())


async def lost(port: ReopeningPort) -> PortLost:
    with pytest.raises(PortLost) as caught:
        await port.read()
    return caught.value


def test_the_delays_are_finite_and_grow() -> None:
    assert list(DELAYS_S) == sorted(set(DELAYS_S)) and len(DELAYS_S) >= 5


def test_a_device_that_is_plugged_in_again_is_opened_again_and_a_byte_starts_the_delays_over(tmp_path: Path) -> None:
    async def session() -> None:
        device = Device(tmp_path / "dongle")
        pauses = Pauses({3: device.plug_in, 5: device.plug_in})
        near = device.plug_in()
        port = ReopeningPort(str(device.link), delays_s=(1, 2, 4), pause=pauses)
        await port.open()
        await near.write(b"one")
        assert await read_exactly(port, 3) == b"one"
        await device.unplug()
        assert "is lost" in str(await lost(port))
        await port.write(b"?")
        assert device.port is not None and await device.port.read() == b"?"
        await device.port.write(b"two")
        assert await read_exactly(port, 3) == b"two"
        assert pauses.delays_s == [1, 2, 4]
        await device.unplug()
        await lost(port)
        await port.write(b"!")
        assert pauses.delays_s == [1, 2, 4, 1, 2] and port.losses == 2
        await port.close()
        await device.unplug()

    run(session)


def test_a_device_that_stays_away_ends_in_one_error_with_its_cause(tmp_path: Path) -> None:
    async def session() -> None:
        device, pauses = Device(tmp_path / "dongle"), Pauses()
        device.plug_in()
        port = ReopeningPort(str(device.link), delays_s=(1, 2, 4), pause=pauses)
        await port.open()
        await device.unplug()
        await lost(port)
        for _ in range(2):
            error = await lost(port)
            assert "stays lost after 3 attempts" in str(error)
        assert pauses.delays_s == [1, 2, 4]

    run(session)


def test_a_device_that_opens_and_dies_at_once_does_not_spin(tmp_path: Path) -> None:
    """A server that hangs up on every connection: each loss costs a longer delay, and the list ends."""

    async def session() -> int:
        connections = 0

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        pauses = Pauses()
        port = ReopeningPort(
            f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}", delays_s=(1, 2, 4), pause=pauses
        )
        error = await lost(port)
        while "stays lost" not in str(error):
            error = await lost(port)
        assert pauses.delays_s == [1, 2, 4]
        await port.close()
        server.close()
        return connections

    assert run(session) == 4


def test_the_first_opening_is_not_tried_twice(tmp_path: Path) -> None:
    pauses = Pauses()
    with pytest.raises(PortLost, match="nothing of that name"):
        run(ReopeningPort(str(tmp_path / "none"), pause=pauses).open)
    assert pauses.delays_s == []


def test_a_wrong_url_or_setting_is_raised_at_once() -> None:
    pauses = Pauses()
    with pytest.raises(LocalError):
        run(ReopeningPort("tty0", pause=pauses).open)
    assert pauses.delays_s == []


def test_a_port_of_a_lost_lease_stays_closed(tmp_path: Path) -> None:
    async def session() -> None:
        device, pauses, ours = Device(tmp_path / "dongle"), Pauses(), True
        device.plug_in()
        port = ReopeningPort(str(device.link), delays_s=(0, 0), leased=lambda: ours, pause=pauses)
        await port.open()
        await device.unplug()
        await lost(port)
        device.plug_in()
        ours = False
        with pytest.raises(LeaseLost):
            await port.read()
        await device.unplug()

    run(session)


def test_a_closed_port_is_not_opened_again(tmp_path: Path) -> None:
    async def session() -> None:
        device, pauses = Device(tmp_path / "dongle"), Pauses()
        device.plug_in()
        port = ReopeningPort(str(device.link), pause=pauses)
        await port.open()
        waiting = asyncio.create_task(port.read())
        await asyncio.sleep(0)
        await port.close()
        with pytest.raises(PortLost, match="is closed"):
            await waiting
        with pytest.raises(PortLost, match="is closed"):
            await port.write(b"x")
        assert port.losses == 0
        await device.unplug()

    run(session)


def test_a_port_that_is_opened_again_has_the_settings_asked_for_last() -> None:
    """A terminal server would see them; here the address is refused, which says what was asked."""

    async def session() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = ReopeningPort(f"socket://127.0.0.1:{server.getsockname()[1]}")
            await port.configure(LineSettings(300))
            assert port._line == LineSettings(300)
            await port.close()

    run(session)
