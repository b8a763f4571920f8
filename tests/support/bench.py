"""A bench in a folder: keys, a rig file, and a meter that answers GFI lines on a pseudo-terminal in a thread."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shell import meterfarm

from emulator.clock import utc_now
from emulator.esme.device_clock import DeviceClock
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.firmware import clock_settings, esme_policy, log_settings
from emulator.esme.live import LiveObjects
from emulator.esme.single import known_parties
from firmware_profiles import FirmwareProfile, load
from gbcs import eui64
from gbcs.keystore import KeyStore
from gbcs.security import DCC_ACB
from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.blocks import BlockLink
from rigs.gfi import GfiLink
from rigs.hosting import host
from rigs.link import MessageLink
from rigs.ports.listening import Listener, listen
from rigs.ports.port import Port

METER = bytes.fromhex("024d460000000001")
NAME = "bench-3"
Serve = Callable[[MessageLink], Awaitable[None]]


def keys_of(folder: Path) -> Path:
    """A key folder for one meter and its users, made from a seed."""
    keys = folder / "keys"
    if not keys.exists():
        made = meterfarm("keys", "new", str(keys), "--seed", "5")
        assert made.code == 0, made.err
    return keys


def meter(
    keys: Path, firmware: FirmwareProfile | None = None, *, seed: int = 77, cut_yesterday: bool = False,
    behind_s: float = 0.0,
) -> Esme:  # fmt: skip
    """The meter on the bench; its power went for a while yesterday before dawn if asked."""
    profile, store, now = firmware or load("smets2-reference"), KeyStore.read(keys), utc_now()
    energy = MeterEnergy(energy_model("ev", True), seed, commissioned_at=int(now) - 900 * DAY_S)
    if cut_yesterday:
        starts_at = int(now // DAY_S - 1) * DAY_S + 5 * HALF_HOUR_S + 60
        energy.power_cut(starts_at, starts_at + 600)
    settings = clock_settings(profile)
    return Esme(
        METER, store, DCC_ACB, known_parties(store), LiveObjects(energy, log_settings(profile)),
        DeviceClock(settings, seed, set_at=now - settings.resync_interval_s + 60, offset_s=-behind_s),
        esme_policy(profile, "4.3"), profile.reads.replay_window.value,
    )  # fmt: skip


@dataclass
class Bench:
    """The folder of rig files, and what hangs on the line."""

    folder: Path
    port: Path
    unplug: Callable[[], None]
    served: list[bytes] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """Where leases, counters and records are."""
        return self.folder / ".state"

    def records(self) -> list[Path]:
        """The records so far, the latest last."""
        return sorted((self.state / "records").glob("*.json"), key=lambda file: file.stat().st_mtime_ns)


def write_rig(folder: Path, port: str, keys: Path, more: str = "", firmware: str = "smets2-reference") -> Path:
    """A rig file for the meter."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{NAME}.toml"
    file.write_text(
        f'name = "{NAME}"\n{more}\n[device]\nkind = "esme"\neui64 = "{eui64.show(METER)}"\nkeys = "{keys}"\n'
        f'firmware = "{firmware}"\nemulated = true\n[link]\nkind = "gfi"\nport = "{port}"\n',
        encoding="utf-8",
    )
    return file


@contextmanager
def bench(
    tmp_path: Path, core: Esme | None = None, *, serve: Serve | None = None, more: str = "",
    firmware: str = "smets2-reference",
) -> Iterator[Bench]:  # fmt: skip
    """A bench whose meter answers; ``serve`` talks on the link in the meter's place."""
    keys, port = keys_of(tmp_path), tmp_path / "line"
    write_rig(tmp_path / "bench", str(port), keys, more, firmware)
    device = core or meter(keys)

    async def usual(link: MessageLink) -> None:
        await host(device, link, utc_now)

    thread = _Thread(f"pty:{port}", serve or usual)
    try:
        yield Bench(tmp_path / "bench", port, thread.close)
    finally:
        thread.stop()


@contextmanager
def emulated_esme(keys: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``meterfarm emulate esme`` in a process of its own, and the URL of its line; killed at the end."""
    arguments = [
        sys.executable,
        "-m",
        "tools.cli",
        "emulate",
        "esme",
        "--gfi",
        "tcp://127.0.0.1:0",
        "--keys",
        str(keys),
    ]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("listening on tcp://"), said
        yield process, said.removeprefix("listening on ").strip().replace("tcp:", "socket:")
    finally:
        process.kill()
        process.communicate()


class _Thread:
    """An event loop that serves a line until it is unplugged."""

    def __init__(self, url: str, serve: Serve) -> None:
        self._url, self._serve = url, serve
        self._loop = asyncio.new_event_loop()
        self._listener: Listener | None = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="bench")
        self._thread.start()
        assert ready.wait(10)

    def close(self) -> None:
        """Unplug the line."""
        if self._listener is not None:
            asyncio.run_coroutine_threadsafe(self._listener.close(), self._loop).result(10)
            self._listener = None

    def stop(self) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        async def begin() -> None:
            self._listener = await listen(self._url, self._answer)
            ready.set()

        self._loop.run_until_complete(begin())
        self._loop.run_forever()
        self._loop.close()

    async def _answer(self, port: Port) -> None:
        link = BlockLink(GfiLink(port, DCC_ACB))
        try:
            await self._serve(link)
        finally:
            await link.close()
