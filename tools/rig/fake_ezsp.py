"""``meterfarm rig fake-ezsp``: a radio module of our own, over TCP or a pseudo-terminal, on a virtual air.

Two of them on one air, in two processes::

    meterfarm rig fake-ezsp --listen tcp://127.0.0.1:5001 --serve-air tcp://127.0.0.1:5000
    air on tcp://127.0.0.1:5000
    listening on tcp://127.0.0.1:5001

    meterfarm rig fake-ezsp --pty /tmp/dongle-2 --air tcp://127.0.0.1:5000
    listening on /tmp/dongle-2
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Annotated

import typer

from gbcs import eui64
from gbcs.errors import LocalError
from rigs.errors import PortLost
from rigs.fake_ezsp.air import Air, RemoteStation, SharedAir, join_air
from rigs.fake_ezsp.faults import FaultPlan, Faults
from rigs.fake_ezsp.ncp import Firmware
from rigs.fake_ezsp.serving import AirCapture, FakeModule
from rigs.ports.listening import listen
from tools.output import stderr_console

_LOCAL_BIT = 0x02
"""Of an EUI-64's first byte: nobody's own."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options ask for."""

    listen: str
    serve_air: str
    air: str
    eui: bytes
    firmware: Firmware
    faults: FaultPlan
    lose_on_air: FaultPlan
    memory: Path | None
    pcap: Path | None


def command(
    listen_on: Annotated[str, typer.Option("--listen", help="tcp://HOST:PORT (port 0: any).")] = "",
    pty: Annotated[str, typer.Option(help="Make a pseudo-terminal with a link of this name.")] = "",
    serve_air: Annotated[str, typer.Option(help="Let other fake modules on this air, at tcp://HOST:PORT.")] = "",
    air: Annotated[str, typer.Option(help="Be on the air that another one serves, at tcp://HOST:PORT.")] = "",
    eui: Annotated[str, typer.Option(help="The module's EUI-64; any unless given.")] = "",
    ezsp: Annotated[int, typer.Option(help="EZSP version of the firmware, 8 to 13.")] = Firmware().ezsp_version,
    cbke: Annotated[bool, typer.Option(help="Firmware with key establishment, which is not on sale.")] = True,
    memory: Annotated[Path | None, typer.Option(help="Keep network and keys in this file over restarts.")] = None,
    pcap: Annotated[Path | None, typer.Option(help="Write the frames of the air, and the keys beside them.")] = None,
    lose: Annotated[float, typer.Option(help="Share of frames lost on the line, each way.")] = 0.0,
    duplicate: Annotated[float, typer.Option(help="Share of frames to the host that come twice.")] = 0.0,
    noise: Annotated[float, typer.Option(help="Share of frames to the host with noise before them.")] = 0.0,
    nak: Annotated[float, typer.Option(help="Share of frames from the host that arrive spoilt.")] = 0.0,
    delay_s: Annotated[float, typer.Option(help="Wait before what comes from the host is looked at.")] = 0.0,
    lose_on_air: Annotated[float, typer.Option(help="Share of frames that the served air loses.")] = 0.0,
    clear_after: Annotated[int, typer.Option(min=0, help="After so many faults all goes well.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="What the faults hang off.")] = 1,
) -> None:
    """Be a radio module (EZSP) on a virtual air, until Ctrl-C.

    "listening on ..." says that it is ready. Two on one air form a HAN without any radio. Key establishment has real
    messages and a stand-in for ECMQV.

    Example: meterfarm rig fake-ezsp --listen tcp://127.0.0.1:5001 --serve-air tcp://127.0.0.1:5000
    """
    if bool(listen_on) == bool(pty):
        raise LocalError("say where to be plugged in: either --listen tcp://HOST:PORT or --pty LINK")
    if serve_air and air:
        raise LocalError("an air is either served (--serve-air) or somebody else's (--air)")
    if lose_on_air and air:
        raise LocalError("--lose-on-air belongs to the process that serves the air")
    faults = FaultPlan(lose, duplicate, noise, nak, delay_s, clear_after, seed)
    wanted = _Wanted(
        listen_on or f"pty:{pty}", serve_air, air, eui64.parse(eui) if eui else _any_eui(),
        Firmware(ezsp_version=ezsp, has_cbke=cbke), faults, FaultPlan(lose_on_air, seed=seed), memory, pcap,
    )  # fmt: skip
    asyncio.run(_until_interrupted(wanted))


def _any_eui() -> bytes:
    return bytes((_LOCAL_BIT,)) + SystemRandom().randbytes(7)


async def _until_interrupted(wanted: _Wanted) -> None:
    """Raises PortLost where a port is taken, and where somebody else's air goes."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        air, lost = await _air(wanted, stack)
        module = FakeModule(air, wanted.eui, wanted.firmware, wanted.faults, wanted.memory)
        stack.push_async_callback(module.close)
        if wanted.pcap is not None:
            capture = AirCapture(wanted.pcap)
            stack.callback(capture.close)
            module.captured_by(capture)
        listener = await listen(wanted.listen, module.serve)
        stack.push_async_callback(listener.close)
        firmware = wanted.firmware
        stderr_console().print(
            f"module {eui64.show(module.ncp.eui)}, EZSP {firmware.ezsp_version},"
            f" {'with' if firmware.has_cbke else 'without'} key establishment"
        )
        typer.echo(f"listening on {listener.address.removeprefix('pty:')}")
        await _first(ended, lost)


async def _air(wanted: _Wanted, stack: AsyncExitStack) -> tuple[Air, RemoteStation | None]:
    if wanted.air:
        remote = await join_air(wanted.air)
        stack.push_async_callback(remote.close)
        return remote, remote
    shared = SharedAir(Faults(wanted.lose_on_air))
    stack.push_async_callback(shared.close)
    if wanted.serve_air:
        typer.echo(f"air on {await shared.serve(wanted.serve_air)}")
    return shared.station(), None


async def _first(ended: asyncio.Event, remote: RemoteStation | None) -> None:
    """Wait for Ctrl-C, or for the end of somebody else's air."""
    waiting = asyncio.ensure_future(ended.wait())
    if remote is None:
        await waiting
        return
    await asyncio.wait((waiting, remote.lost), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if remote.lost.done() and not remote.lost.cancelled():
        error = remote.lost.exception()
        if isinstance(error, PortLost):
            raise error
