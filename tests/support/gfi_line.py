"""A hosted meter behind a GFI line in this process, and commands to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.answers import Sent
from emulator.dcc.counters import OriginatorCounters
from emulator.esme.esme import Esme
from emulator.esme.single import SingleMeter
from firmware_profiles import load
from gbcs.catalogue import by_use_case
from gbcs.gbt import GbtSettings
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime
from rigs.blocks import BENCH_BLOCKS, BlockLink
from rigs.gfi import GfiLink
from rigs.hosting import Traffic, host
from rigs.ports.listening import Listener, listen
from rigs.ports.opening import open_port
from rigs.ports.port import Port

METER, SUPPLIER = bytes.fromhex("024d460000000001"), bytes.fromhex("024d46f000010001")
KEYS = SeededKeyStore(
    162, {DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER, SUPPLIER: RemotePartyRole.SUPPLIER}
)  # fmt: skip
DAY = int(from_datetime(datetime(2026, 11, 23, tzinfo=UTC)))
NOW = DAY + DAY_S + 6 * 3600.0
BROKER = AccessControlBroker(DCC_ACB, KEYS, OriginatorCounters())
DEADLINE_S = 20


def meter() -> Esme:
    return SingleMeter(METER, 162, load("smets2-reference")).make(KEYS, NOW)


def command(days: int = 1) -> Sent:
    """A read of the half-hours of so many days, the last of which is 23 November 2026."""
    first = DAY - (days - 1) * DAY_S + HALF_HOUR_S
    return BROKER.command(by_use_case("ECS22b"), "IS", SUPPLIER, METER, NOW, first, DAY + DAY_S)


@asynccontextmanager
async def hosted(
    url: str = "tcp://127.0.0.1:0", traffic: Traffic | None = None, blocks: GbtSettings = BENCH_BLOCKS
) -> AsyncIterator[Listener]:
    """A meter that can be reached at the listener's address."""
    core = meter()

    async def serve(port: Port) -> None:
        link = BlockLink(GfiLink(port, DCC_ACB), blocks)
        try:
            await host(core, link, lambda: NOW, traffic)
        finally:
            await link.close()

    listener = await listen(url, serve)
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield listener
    finally:
        await listener.close()


async def connected(listener: Listener) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A plain socket to a listener on TCP."""
    host_name, _, port = listener.address.removeprefix("tcp://").rpartition(":")
    return await asyncio.open_connection(host_name, int(port))


async def opened(listener: Listener) -> Port:
    """Our own port to a listener."""
    address = listener.address
    return await open_port(address.replace("tcp:", "socket:") if address.startswith("tcp:") else address[4:])
