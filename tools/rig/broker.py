"""``meterfarm rig broker``: an MQTT broker for leases and power switches, on a bench that has none."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from gbcs.errors import LocalError
from rigs.broker import embedded_broker


def command(
    listen: Annotated[str, typer.Option(help="HOST:PORT; whoever reaches it may use it.")] = "127.0.0.1:1883",
) -> None:
    """Serve MQTT until Ctrl-C: leases of rigs that several machines reach, and power switches.

    There is no password: let it listen where only the bench can reach it.

    Example: meterfarm rig broker
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= 0xFFFF:
        raise LocalError(f"{listen!r} is nowhere to listen: write it like 127.0.0.1:1883")
    asyncio.run(_serve(host, int(port)))


async def _serve(host: str, port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with embedded_broker(host, port):
        typer.echo(f"listening on mqtt://{host}:{port}")
        await ended.wait()
