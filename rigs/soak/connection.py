"""How a soak comes to its device: straight, or through the line that misbehaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rigs.policy import load_reading_parameters
from rigs.ports.opening import open_port
from rigs.reading import RigReader
from rigs.session import OpenRig
from rigs.soak.proxy import FaultProxy
from rigs.soak.soaking import Connect


def connection(rig: OpenRig, proxy: FaultProxy | None) -> Connect:
    """Opens the way to the device anew; each read is one attempt there, so that the ledger sees every attempt."""
    overrides = {**rig.config.reading, "attempts": {"value": 1}, "spacing_s": {"value": 0.0}}
    parameters = load_reading_parameters({"reading": overrides}, label=f"rig {rig.config.name}")

    @asynccontextmanager
    async def connect() -> AsyncIterator[RigReader]:
        port = await open_port(proxy.url) if proxy is not None else None
        try:
            async with rig.reader(port, parameters=parameters) as reader:
                yield reader
        finally:
            if port is not None:
                await port.close()

    return connect
