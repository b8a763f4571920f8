"""``meterfarm rig bridge``: one emulated device on a dongle, until Ctrl-C.

A meter that joins a hub, and a hub that a meter joins, in two processes::

    meterfarm rig bridge --port /dev/serial/by-id/usb-two --as hub --install-codes codes --gfi tcp://127.0.0.1:0
    formed the HAN of 02-4D-46-00-00-00-01-01
    listening on tcp://127.0.0.1:40123

    meterfarm rig bridge --port /dev/serial/by-id/usb-one --as esme --install-codes codes
    joined 02-4D-46-00-00-00-01-01
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from emulator.han.tunnel_server import ServerSettings
from emulator.hub import CommsHub, HubLimits
from emulator.smets1.serve import Now
from gbcs import eui64
from gbcs.errors import LocalError
from rigs.config import Chf, EzspLink, RigConfig, Smets1
from rigs.ezsp.fragments import FRAGMENT_BYTES
from rigs.ezsp.han import HanSettings
from rigs.loading import load_rig
from rigs.ports.listening import listen
from rigs.ports.opening import open_port
from rigs.ports.port import Port
from rigs.session import open_rig
from rigs.zigbee import endpoints
from rigs.zigbee.bridging import HubRelay, be_meter
from rigs.zigbee.dongle import Dongle, hub_on, open_dongle
from rigs.zigbee.install_codes import code_of, read_install_codes
from rigs.zigbee.recording import recording_han
from tools.emulate import clock_of
from tools.emulate_esme import Wanted as WantedMeter
from tools.emulate_esme import key_store, single_meter
from tools.output import stderr_console
from tools.rig.options import RigsFolder

_ROLES: Final = ("esme", "hub")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What options and rig file ask for."""

    role: Literal["esme", "hub"]
    settings: HanSettings
    codes: Path | None
    hub: bytes
    meter: WantedMeter
    tunnels: ServerSettings
    endpoint: int
    gfi: str
    pcap: Path | None
    rig: RigConfig | None
    port: str


def command(
    rig: Annotated[str, typer.Argument(help="A rig whose link is a dongle; or say --port.")] = "",
    rigs: RigsFolder = None,
    port: Annotated[str, typer.Option(help="The dongle's port, in place of a rig's.")] = "",
    role: Annotated[str, typer.Option("--as", help="esme (joins a hub) or hub (forms a HAN).")] = "",
    install_codes: Annotated[
        Path | None, typer.Option(help="A file (0600) with a line EUI64 CODE for each device that joins.")
    ] = None,
    hub: Annotated[str, typer.Option(help="Join the HAN of this hub alone.")] = "",
    gfi: Annotated[str, typer.Option(help="Where the hub's SM WAN is a GFI line: tcp://HOST:PORT or pty:LINK.")] = (
        "tcp://127.0.0.1:0"
    ),
    keys: Annotated[Path | None, typer.Option(help="The meter's key directory; test keys without it.")] = None,
    key_seed: Annotated[int, typer.Option(min=0, help="What the test keys hang off.")] = 162,
    device: Annotated[str, typer.Option(help="The meter's EUI-64; that of the dongle unless given.")] = "",
    firmware: Annotated[str, typer.Option(help="The meter's firmware profile.")] = "smets2-reference",
    seed: Annotated[int, typer.Option(min=0, help="What the meter has used hangs off it.")] = 162,
    day: Annotated[str, typer.Option(help="The meter's clock begins the morning after this UTC day.")] = "",
    channel: Annotated[int, typer.Option(min=11, max=26)] = 15,
    pan: Annotated[str, typer.Option(help="PAN id in hexadecimal; any unless given.")] = "",
    cbke: Annotated[bool, typer.Option(help="Establish keys by certificates; no dongle from a shop can.")] = True,
    endpoint: Annotated[int, typer.Option(help="The device's endpoint; 123 shows who looks where it is.")] = 1,
    tunnel_id: Annotated[int, typer.Option(min=0, max=0xFFFE, help="The meter's first tunnel id.")] = 0,
    busy: Annotated[int, typer.Option(min=0, help="So many requests for a tunnel the meter answers busy.")] = 0,
    fragment_bytes: Annotated[int, typer.Option(help="Bytes of a fragment; few make many.")] = FRAGMENT_BYTES,
    pcap: Annotated[Path | None, typer.Option(help="Write the frames of the HAN, and the keys beside them.")] = None,
) -> None:
    """Be one emulated device on a rig's dongle until Ctrl-C: a meter that joins a hub, or a hub that meters join.

    A hub's other side is a GFI line: what is said there reaches the meters, and what they answer comes back. On a rig
    whose device is a meter we are its hub; on one whose device is a hub, its meter.

    Example: meterfarm rig bridge --port /dev/ttyUSB0 --as esme --install-codes codes.txt
    """
    config = load_rig(rig, rigs) if rig else None
    if (config is None) == (not port):
        raise LocalError("say which dongle: either the name of a rig or --port")
    settings = HanSettings(channel, _pan(pan), cbke, fragment_bytes)
    wanted = _Wanted(
        _role(role, config), settings, install_codes, eui64.parse(hub) if hub else b"",
        WantedMeter(device, keys, key_seed, firmware, seed), ServerSettings(first_id=tunnel_id, busy_at_first=busy),
        endpoint, gfi, pcap, config, port,
    )  # fmt: skip
    asyncio.run(_until_interrupted(wanted if config is None else _of_rig(wanted, config), clock_of(day)))


def _role(role: str, config: RigConfig | None) -> Literal["esme", "hub"]:
    """As told, else the other side of a rig's device."""
    if not role and config is not None:
        return "esme" if isinstance(config.device, Chf) else "hub"
    if role not in _ROLES:
        raise LocalError(f"--as {role or '?'}: say which device to be (allowed: {', '.join(_ROLES)})")
    return "esme" if role == "esme" else "hub"


def _pan(text: str) -> int | None:
    try:
        return int(text, 16) if text else None
    except ValueError:
        raise LocalError(f"{text!r} is no PAN id: write it like 1A62") from None


def _of_rig(wanted: _Wanted, rig: RigConfig) -> _Wanted:
    """The settings of a rig file in place of options. Raises LocalError for a rig without a dongle."""
    if not isinstance(rig.link, EzspLink) or isinstance(rig.device, Smets1):
        raise LocalError(f"rig {rig.name} has no dongle: its link is of kind {rig.link.kind!r}")
    settings = replace(wanted.settings, channel=rig.link.channel, pan_id=rig.link.pan_id, cbke=rig.link.cbke)
    return replace(
        wanted,
        settings=settings,
        codes=wanted.codes or rig.link.install_codes,
        hub=wanted.hub or (rig.device.eui64 if isinstance(rig.device, Chf) else b""),
        meter=replace(wanted.meter, keys=wanted.meter.keys or rig.device.keys, firmware=rig.device.firmware),
    )


# ---------------------------------------------------------------------- running


async def _until_interrupted(wanted: _Wanted, now: Now) -> None:
    """Raises PortLost, RigError where the dongle fails or no HAN comes of it."""
    running = asyncio.ensure_future(_run(wanted, now))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        stderr_console().print("ended")


async def _run(wanted: _Wanted, now: Now) -> None:
    async with _port(wanted) as port:
        await (_meter if wanted.role == "esme" else _hub)(wanted, port, now)


@asynccontextmanager
async def _port(wanted: _Wanted) -> AsyncIterator[Port]:
    """The port of the rig, leased; or the one that was named."""
    if wanted.rig is None:
        yield await open_port(wanted.port)
        return
    async with open_rig(wanted.rig) as opened:
        yield opened.port


async def _meter(wanted: _Wanted, port: Port, now: Now) -> None:
    about = endpoints.numbered(endpoints.METER, wanted.endpoint)
    async with AsyncExitStack() as stack:
        dongle = await _kept(stack, await open_dongle(port, about, wanted.settings), wanted)
        eui = dongle.han.eui
        device = wanted.meter.device or eui64.show(eui)
        meter, keys = single_meter(replace(wanted.meter, device=device)), key_store(wanted.meter)
        code = code_of(read_install_codes(wanted.codes) if wanted.codes else {}, eui, wanted.codes)
        stderr_console().print(f"meter {device}, {meter.firmware.name}, {'test keys' if keys.is_test else 'real keys'}")
        core = meter.make(keys, now())
        await be_meter(dongle, core, wanted.hub, code, now, typer.echo, wanted.tunnels)


async def _hub(wanted: _Wanted, port: Port, now: Now) -> None:
    devices = read_install_codes(wanted.codes) if wanted.codes else {}
    if not devices:
        raise LocalError("nobody could join: name a file with --install-codes")
    async with AsyncExitStack() as stack:
        dongle = await hub_on(port, devices, wanted.settings, endpoint=wanted.endpoint)
        await _kept(stack, dongle, wanted)
        core = CommsHub(dongle.han.eui, devices, HubLimits())
        relay = HubRelay(dongle, core, now, typer.echo)
        typer.echo(f"formed the HAN of {eui64.show(dongle.han.eui)}")
        listener = await listen(wanted.gfi, relay.wan)
        stack.push_async_callback(listener.close)
        typer.echo(f"listening on {listener.address}")
        await relay.run()


async def _kept(stack: AsyncExitStack, dongle: Dongle, wanted: _Wanted) -> Dongle:
    """The dongle, given back at the end; its frames written down where that is wanted."""
    stack.push_async_callback(dongle.close)
    if wanted.pcap is not None:
        stack.enter_context(recording_han(dongle.han, wanted.pcap))
    return dongle
