"""A labgrid place as a power switch: a real coordinator, exporter and client on loopback, a REST relay behind them.

labgrid stays out of our environment: it replaces pyserial. The tests run where its programs are on the path or in the
folder that LABGRID_BIN names.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rig_files import rig

from gbcs.errors import LocalError
from rigs.errors import RigError
from rigs.power import Switch, switch_of

PATH = os.pathsep.join((os.environ.get("LABGRID_BIN", ""), os.environ.get("PATH", "")))
CLIENT, COORDINATOR, EXPORTER = (
    shutil.which(f"labgrid-{name}", path=PATH) for name in ("client", "coordinator", "exporter")
)

needs_labgrid = pytest.mark.skipif(
    not (CLIENT and COORDINATOR and EXPORTER),
    reason="labgrid is not installed (in an environment of its own, whose programs LABGRID_BIN names)",
)


class Relay(ThreadingHTTPServer):
    """What labgrid's driver simplerest switches."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RelayPage)
        self.on, self.stuck = False, False


class RelayPage(BaseHTTPRequestHandler):
    server: Relay

    def do_GET(self) -> None:
        wanted = self.path.rpartition("/")[2]
        if wanted in ("0", "1") and self.path.count("/") == 3 and not self.server.stuck:
            self.server.on = wanted == "1"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"1" if self.server.on else b"0")

    def log_message(self, *_: Any) -> None: ...


def run(call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(120):
            return await call()

    return asyncio.run(limited())


class Lab:
    """A coordinator with one place, shelf-2, whose power is the relay."""

    def __init__(self, folder: Path, relay: Relay) -> None:
        self.relay = relay
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.coordinator = f"127.0.0.1:{free.getsockname()[1]}"
        self.folder = folder
        self.programs: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        resources = self.folder / "exported.yaml"
        url = f"http://127.0.0.1:{self.relay.server_port}/relay/{{index}}/{{value}}"
        resources.write_text(f"shelf:\n  NetworkPowerPort:\n    model: simplerest\n    host: '{url}'\n    index: 0\n")
        self._begin(COORDINATOR, "-l", self.coordinator)
        self._until("", "places")
        self._begin(EXPORTER, "-c", self.coordinator, "-n", "exporter", str(resources))
        self._until("exporter/shelf/NetworkPowerPort", "resources")
        self.client("create")
        self.client("add-match", "exporter/shelf/NetworkPowerPort")

    def client(self, *command: str) -> str:
        arguments = [str(CLIENT), "-x", self.coordinator, "-p", "shelf-2", *command]
        return subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=self.folder).stdout

    def _begin(self, *arguments: str | None) -> None:
        log = (self.folder / "labgrid.log").open("ab")
        self.programs.append(subprocess.Popen(list(map(str, arguments)), stdout=log, stderr=log, cwd=self.folder))

    def _until(self, wanted: str, command: str) -> None:
        arguments = [str(CLIENT), "-x", self.coordinator, command]
        for _ in range(60):
            said = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=self.folder)
            if said.returncode == 0 and wanted in said.stdout:
                return
        raise AssertionError((self.folder / "labgrid.log").read_text())

    def end(self) -> None:
        for program in reversed(self.programs):
            program.terminate()
            program.wait(30)


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    with Relay() as relay:
        thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        made = Lab(folder, relay)
        try:
            made.start()
            yield made
        finally:
            made.end()
            relay.shutdown()
            thread.join()


def switch(folder: Path, coordinator: str, **power: Any) -> Switch:
    power = {"kind": "labgrid", "place": "shelf-2", "coordinator": coordinator, "client": str(CLIENT), **power}
    return switch_of(rig(folder, power=power))


@pytest.mark.long
@needs_labgrid
def test_a_place_is_acquired_switched_and_given_back(tmp_path: Path) -> None:
    with lab(tmp_path) as made:
        power = switch(tmp_path, made.coordinator)
        run(lambda: power.switch(True))
        assert made.relay.on and run(power.is_on) is True
        run(lambda: power.switch(False))
        assert not made.relay.on and run(power.is_on) is False
        assert "acquired: None" in made.client("show")
        made.client("acquire")
        run(lambda: power.switch(True))
        assert made.relay.on and "acquired: None" not in made.client("show")
        made.relay.stuck = True
        with pytest.raises(RigError, match="shelf-2 was not switched off: labgrid says on"):
            run(lambda: power.switch(False))
        made.client("release")
        nowhere = switch(tmp_path, made.coordinator, place="shelf-9")
        with pytest.raises(RigError, match=r"labgrid-client acquire of shelf-9: .*shelf-9"):
            run(nowhere.is_on)


@needs_labgrid
def test_a_coordinator_that_is_away_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(RigError, match="labgrid-client acquire of shelf-2: "):
        run(switch(tmp_path, where).is_on)


def test_a_client_that_is_not_installed_is_said(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"cannot be run: No such file or directory .pip install labgrid"):
        run(switch(tmp_path, "", client=str(tmp_path / "labgrid-client")).is_on)


def test_a_client_that_hangs_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "labgrid-client"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(RigError, match=r"labgrid-client acquire took longer than 0.2 s"):
        run(switch(tmp_path, "", client=str(program), within_s=0.2).is_on)
