"""Power switches against what they would meet: a person on a terminal, a relay card on a line, a web page, a broker."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import threading
import tty
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from brokers import KINDS, broker
from pty_pair import pty_pair
from rig_files import rig

from gbcs.errors import LocalError
from rigs.errors import PortLost, RigError
from rigs.mqtt import Broker, connected
from rigs.ports import open_port
from rigs.power import Switch, ensure_on, switch_of
from rigs.power.manual import ManualSwitch


def run(session: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(30):
            return await session()

    return asyncio.run(limited())


def made(folder: Path, **power: Any) -> Switch:
    return switch_of(rig(folder, power=power))


def test_a_rig_without_power_is_on_and_cannot_be_switched_off(tmp_path: Path) -> None:
    switch = made(tmp_path, kind="none")
    assert run(switch.is_on) is True
    run(lambda: switch.switch(True))
    with pytest.raises(LocalError, match=r"has no .power."):
        run(lambda: switch.switch(False))


# ---------------------------------------------------------------------- a person


@contextmanager
def person(types: bytes) -> Iterator[tuple[ManualSwitch, int]]:
    """A switch that asks on a terminal whose person types this; and what the person sees."""
    near, far = os.openpty()
    tty.setcbreak(far)
    with os.fdopen(os.dup(far), "r") as terminal, os.fdopen(os.dup(far), "w") as screen:
        os.write(near, types)
        yield ManualSwitch("bench-3", terminal, screen), near
    os.close(near)
    os.close(far)


def test_the_person_at_the_bench_is_asked_and_may_say_no() -> None:
    with person(b"\n") as (switch, near):
        run(lambda: switch.switch(True))
        assert b"Switch bench-3 ON and press Enter" in os.read(near, 200)
        assert run(switch.is_on) is None
    with person(b"n\n") as (switch, _), pytest.raises(RigError, match="was not switched off: the person"):
        run(lambda: switch.switch(False))


def test_where_nobody_sits_nobody_is_asked(tmp_path: Path) -> None:
    with (tmp_path / "no terminal").open("w+") as file, pytest.raises(LocalError, match="no terminal to ask on"):
        run(lambda: ManualSwitch("bench-3", file, file).switch(True))


# ---------------------------------------------------------------------- a relay card

ON, OFF = "A0 01 01 A2", "A0 01 00 A1"


def test_a_relay_card_gets_the_bytes_and_its_port_is_free_again(tmp_path: Path) -> None:
    async def session() -> None:
        with pty_pair() as card:
            switch = made(tmp_path, kind="relay", port=card.path, on=ON, off=OFF)
            for on, command in ((True, ON), (False, OFF)):
                await switch.switch(on)
                assert os.read(card.near, 100) == bytes.fromhex(command)
            assert await switch.is_on() is None
            await (await open_port(card.path)).close()

    run(session)


@pytest.mark.parametrize(("says", "heard"), [(b"\xa0\x01\x00\xa1", "a00100a1"), (b"\xa0", "a0"), (b"", "nothing")])
def test_a_relay_card_that_answers_wrongly_or_too_little_has_not_switched(
    tmp_path: Path, says: bytes, heard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rigs.power.relay._ANSWER_WITHIN_S", 0.1)

    async def session() -> None:
        with pty_pair() as card:
            switch = made(tmp_path, kind="relay", port=card.path, on=ON, off=OFF, on_answer=ON)
            asyncio.get_running_loop().add_reader(
                card.near, lambda: os.write(card.near, (os.read(card.near, 99), says)[1])
            )
            with pytest.raises(RigError, match=f"was not switched on: the card answered {heard}, not a00101a2"):
                await switch.switch(True)
            asyncio.get_running_loop().remove_reader(card.near)

    run(session)


def test_a_relay_card_that_answers_rightly_and_one_that_somebody_else_uses_for_a_moment(tmp_path: Path) -> None:
    async def session() -> None:
        with pty_pair() as card:
            switch = made(tmp_path, kind="relay", port=card.path, on=ON, off=OFF, on_answer=ON)
            other = await open_port(card.path)
            asyncio.get_running_loop().add_reader(card.near, lambda: os.write(card.near, os.read(card.near, 99)))
            switching = asyncio.create_task(switch.switch(True))
            done, _ = await asyncio.wait([switching], timeout=0.2)
            assert not done
            await other.close()
            await switching
            asyncio.get_running_loop().remove_reader(card.near)

    run(session)


def test_a_relay_card_that_is_not_there_is_said(tmp_path: Path) -> None:
    switch = made(tmp_path, kind="relay", port=str(tmp_path / "card"), on=ON, off=OFF)
    for call in (switch.is_on, lambda: switch.switch(True)):
        with pytest.raises(PortLost, match="nothing of that name"):
            run(call)


# ---------------------------------------------------------------------- a web page


class Plug(ThreadingHTTPServer):
    """A Tasmota socket: state, what it was asked, and how it misbehaves."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PlugPage)
        self.on, self.stuck, self.answer, self.password = False, False, "", ""
        self.asked: list[str] = []


class PlugPage(BaseHTTPRequestHandler):
    server: Plug

    def do_GET(self) -> None:
        plug = self.server
        plug.asked.append(self.path)
        given = self.headers.get("Authorization", "")
        if plug.password and given != f"Basic {base64.b64encode(plug.password.encode()).decode()}":
            self.send_error(401)
            return
        if not plug.stuck and "%20" in self.path:
            plug.on = self.path.endswith("On")
        self.send_response(200)
        self.end_headers()
        self.wfile.write((plug.answer or json.dumps({"POWER": "ON" if plug.on else "OFF"})).encode())

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def plugged() -> Iterator[tuple[Plug, str]]:
    with Plug() as plug:
        thread = threading.Thread(target=plug.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield plug, f"http://127.0.0.1:{plug.server_port}"
        finally:
            plug.shutdown()
            thread.join()


def test_a_web_socket_switches_and_its_own_word_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with plugged() as (plug, url):
        switch = made(tmp_path, kind="http", url=url)
        run(lambda: switch.switch(True))
        assert plug.on and run(switch.is_on) is True
        run(lambda: switch.switch(False))
        assert not plug.on and run(switch.is_on) is False
        assert plug.asked[0] == "/cm?cmnd=Power%20On" and plug.asked[1] == "/cm?cmnd=Power"
        plug.stuck = True
        with pytest.raises(RigError, match="was not switched on: it says off"):
            run(lambda: switch.switch(True))


def test_a_device_is_switched_on_only_where_its_switch_says_that_it_is_off(tmp_path: Path) -> None:
    with plugged() as (plug, url):
        config = rig(tmp_path, power={"kind": "http", "url": url})
        for _ in range(2):
            run(lambda: ensure_on(config))
        assert plug.on and plug.asked == ["/cm?cmnd=Power", "/cm?cmnd=Power%20On", "/cm?cmnd=Power"]
    with pty_pair() as card:
        run(lambda: ensure_on(rig(tmp_path, power={"kind": "relay", "port": card.path, "on": ON, "off": OFF})))
        os.set_blocking(card.near, False)
        with pytest.raises(BlockingIOError):
            os.read(card.near, 9)
    run(lambda: ensure_on(rig(tmp_path, power={"kind": "manual"})))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("<html>", "something else than JSON"),
        ("[]", "no POWER that is ON or OFF"),
        ('{"POWER": 1}', "no POWER that is ON or OFF"),
        ('{"POWER1": "ON"}', "no POWER that is ON or OFF"),
    ],
)
def test_an_answer_of_another_kind_is_no_answer(tmp_path: Path, answer: str, said: str) -> None:
    with plugged() as (plug, url):
        plug.answer = answer
        with pytest.raises(RigError, match=said):
            run(made(tmp_path, kind="http", url=url).is_on)


def test_a_web_socket_with_a_password_and_one_that_is_away(tmp_path: Path) -> None:
    with plugged() as (plug, url):
        plug.password = "admin:secret"
        with pytest.raises(RigError, match="refuses: 401"):
            run(made(tmp_path, kind="http", url=url).is_on)
        (tmp_path / "plug").write_text("admin:secret\n")
        (tmp_path / "plug").chmod(0o600)
        assert run(made(tmp_path, kind="http", url=url, password_file="plug").is_on) is False
    with pytest.raises(RigError, match="does not answer"):
        run(made(tmp_path, kind="http", url=url).is_on)


# ---------------------------------------------------------------------- a broker


@asynccontextmanager
async def tasmota(where: Broker, *, stuck: bool = False, dead: bool = False) -> AsyncIterator[list[bytes]]:
    """A socket on a broker that follows commands, or is stuck in off, or dead; the commands that it heard."""
    heard: list[bytes] = []
    ready = asyncio.Event()

    async def live() -> None:
        async with connected(where, 60) as session:
            await session.subscribe("cmnd/plug-3/POWER")
            ready.set()
            on = False
            while True:
                heard.append((await session.receive()).payload)
                on = heard[-1] == b"ON" if heard[-1] and not stuck else on
                if not dead:
                    await session.publish("stat/plug-3/POWER", b"ON" if on else b"OFF")

    living = asyncio.create_task(live())
    await ready.wait()
    try:
        yield heard
    finally:
        living.cancel()
        await asyncio.wait([living])


@pytest.mark.parametrize("kind", KINDS)
def test_a_socket_on_a_broker_switches_and_its_own_word_counts(tmp_path: Path, kind: str) -> None:
    async def session() -> None:
        async with broker(kind) as where:
            switch = made(tmp_path, kind="mqtt", port=where.port, topic="plug-3")
            async with tasmota(where) as heard:
                await switch.switch(True)
                assert await switch.is_on() is True
                await switch.switch(False)
                assert await switch.is_on() is False
                assert heard == [b"ON", b"", b"OFF", b""]
            async with tasmota(where, stuck=True):
                with pytest.raises(RigError, match="plug-3 was not switched on: it says off"):
                    await switch.switch(True)

    run(session)


def test_a_word_that_the_broker_kept_from_before_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rigs.power.mqtt._ANSWER_WITHIN_S", 0.3)

    async def session() -> None:
        async with broker("mosquitto") as where:
            async with connected(where) as earlier:
                await earlier.publish("stat/plug-3/POWER", b"ON", retain=True)
            switch = made(tmp_path, kind="mqtt", port=where.port, topic="plug-3")
            async with tasmota(where, dead=True):
                with pytest.raises(RigError, match=r"plug-3 on mqtt://.* does not answer: is it powered"):
                    await switch.switch(True)

    run(session)


def test_a_socket_whose_broker_is_away_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(RigError, match=f"mqtt://127.0.0.1:{port} cannot be used"):
        run(made(tmp_path, kind="mqtt", port=port, topic="plug-3").is_on)
