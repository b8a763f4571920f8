"""``meterfarm emulate esme``: one emulated SMETS2 meter behind a GFI line, with the keys of a directory or test keys.

Start it and wait for its first line::

    meterfarm keys new keys/
    meterfarm emulate esme --gfi tcp://127.0.0.1:0 --keys keys/ --day 2026-11-23
    listening on tcp://127.0.0.1:40123

``--gfi pty:`` prints ``listening on pty:/dev/pts/7``, and ``--gfi pty:/tmp/esme`` makes a link of that name.
"""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table

from emulator.esme.logs import MeterLogs
from emulator.esme.single import SingleMeter
from emulator.smets1.meter import Window
from emulator.smets1.serve import Now
from firmware_profiles import load
from gbcs import eui64
from gbcs.errors import RemoteError
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, HALF_HOUR_S, iso
from rigs.blocks import BlockLink
from rigs.errors import PortLost
from rigs.gfi import GfiLink
from rigs.hosting import DeviceCore, Traffic, host
from rigs.ports.listening import listen
from rigs.ports.port import Port
from tools.output import emit_json, stderr_console, stdout_console

NAME = "esme"
"""Stands in place of a dialect profile."""

DEFAULT_GFI = "tcp://127.0.0.1:0"

FIRST_METER = bytes.fromhex("024d460000000001")
"""The first meter of ``meterfarm keys new`` and of an emulated farm."""

_TEST_PARTIES = {
    DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER,
    bytes.fromhex("024d46f000010001"): RemotePartyRole.SUPPLIER,
    bytes.fromhex("024d46f000030001"): RemotePartyRole.NETWORK_OPERATOR,
    bytes.fromhex("024d46f000040001"): RemotePartyRole.OTHER,
}
"""The first of each kind of user under the identifiers of ``meterfarm keys new``."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for. ``keys`` None: test keys of ``key_seed``."""

    device: str
    keys: Path | None
    key_seed: int
    firmware: str
    seed: int


def key_store(wanted: Wanted) -> KeyStore:
    """The keys of the meter and of whoever asks it. Raises LocalError where a directory has none."""
    if wanted.keys is not None:
        return KeyStore.read(wanted.keys)
    return SeededKeyStore(wanted.key_seed, _TEST_PARTIES)


def single_meter(wanted: Wanted) -> SingleMeter:
    """The meter that is asked for. Raises LocalError for an identifier or a firmware that is none."""
    eui = eui64.parse(wanted.device) if wanted.device else FIRST_METER
    return SingleMeter(eui, wanted.seed, load(wanted.firmware))


def serve_esme(wanted: Wanted, url: str, now: Now) -> None:
    """Let the meter answer until it is interrupted; ``now`` runs already. Raises LocalError, PortLost."""
    meter, keys = single_meter(wanted), key_store(wanted)
    kind = "test keys" if keys.is_test else "the keys of a directory"
    serve_core(meter.make(keys, now()), f"meter {eui64.show(meter.eui)}, {meter.firmware.name}, with {kind}", url, now)


def serve_core(core: DeviceCore, label: str, url: str, now: Now) -> None:
    """Let a device answer behind a GFI line until it is interrupted. Raises LocalError, PortLost."""
    asyncio.run(_until_interrupted(core, label, url, now))


async def _until_interrupted(core: DeviceCore, label: str, url: str, now: Now) -> None:
    ended, traffic = asyncio.Event(), Traffic()
    said = stderr_console()

    async def answer(port: Port) -> None:
        link = BlockLink(GfiLink(port, DCC_ACB))
        try:
            await host(core, link, now, traffic)
        except PortLost as lost:
            said.print(f"{lost}; {traffic.heard} messages heard, {traffic.answers} answered")
        except RemoteError as error:
            said.print(f"hung up: {error}")
        finally:
            await link.close()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    listener = await listen(url, answer)
    try:
        said.print(label)
        typer.echo(f"listening on {listener.address}")
        await ended.wait()
    finally:
        await listener.close()


def print_esme(wanted: Wanted, start: float, window: Window | None, *, json: bool) -> None:
    """Print the half-hours that a read of the meter brings; without a day those of the last 24 hours."""
    meter = single_meter(wanted)
    objects = meter.objects(start)
    last = int(start // HALF_HOUR_S) * HALF_HOUR_S
    first, last = (last - DAY_S + HALF_HOUR_S, last) if window is None else (window.first, window.last)
    found = MeterLogs(objects.energy, objects.settings).rows("profile_active_import", first, last, start).tolist()
    rows = [{"at_utc": iso(stamp), "active_import_wh": imported} for stamp, imported in found]
    if json:
        emit_json({"device": eui64.show(meter.eui), "firmware": meter.firmware.name, "rows": rows})
        return
    table = Table(title=f"meter {eui64.show(meter.eui)}", title_justify="left")
    table.add_column("half-hour ends (UTC)")
    table.add_column("import, Wh", justify="right")
    for row in rows:
        table.add_row(str(row["at_utc"]), str(row["active_import_wh"]))
    stdout_console().print(table)
