"""Fake radio modules on one air in this process, each behind a pseudo-terminal or TCP, and hosts that drive them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rigs.ezsp.client import EzspClient, Values, open_module
from rigs.ezsp.status import Security, Status
from rigs.fake_ezsp.air import SharedAir
from rigs.fake_ezsp.faults import FaultPlan, Faults
from rigs.fake_ezsp.ncp import Firmware
from rigs.fake_ezsp.serving import AirCapture, FakeModule
from rigs.ports.listening import listen
from rigs.ports.opening import open_port
from rigs.radio.keys import install_code_key

HUB, METER, OTHER = (bytes.fromhex(f"024d4600000001{n:02x}") for n in (1, 2, 3))
INSTALL_CODE = bytes.fromhex("83fed3407a939723a5c639b26916d505c3b5")
WITHIN_S = 30.0
PAN = 0x1A62


@dataclass(slots=True)
class Dongles:
    """Modules on one air; :meth:`plug_in` makes one, :meth:`host` drives one."""

    stack: AsyncExitStack
    air: SharedAir
    folder: Path

    async def plug_in(
        self,
        eui: bytes,
        wire: str = "pty",
        faults: FaultPlan | None = None,
        firmware: Firmware | None = None,
        memory: Path | None = None,
        capture: AirCapture | None = None,
    ) -> tuple[FakeModule, str]:
        """A module, and the URL of the port that it is at."""
        module = FakeModule(self.air.station(), eui, firmware, faults, memory)
        self.stack.push_async_callback(module.close)
        if capture is not None:
            module.captured_by(capture)
        if wire == "pty":
            listener = await listen(f"pty:{self.folder / eui.hex()}", module.serve)
        else:
            listener = await listen("tcp://127.0.0.1:0", module.serve)
        self.stack.push_async_callback(listener.close)
        return module, listener.address.removeprefix("pty:").replace("tcp://", "socket://")

    async def host(self, url: str) -> EzspClient:
        """A host that drives the module at ``url``."""
        client = await open_module(await open_port(url))
        self.stack.push_async_callback(client.close)
        return client


@asynccontextmanager
async def dongles(folder: Path, faults: FaultPlan | None = None, within_s: float = WITHIN_S) -> AsyncIterator[Dongles]:
    """An air, with whatever is plugged in while this lasts, which is not for ever."""
    async with asyncio.timeout(within_s), AsyncExitStack() as stack:
        air = SharedAir(Faults(faults) if faults else None)
        yield Dongles(stack, air, folder)


def network(**other: Any) -> Values:
    """Parameters of a network."""
    plain = {"power": 8, "channel": 15, "join_method": 0, "manager": 0, "update": 0, "channels": 0}
    return {"extended_pan": bytes(8), "pan": PAN, **plain, **other}


async def secure(client: EzspClient, link_key: bytes, network_key: bytes = b"") -> None:
    """Set the keys that a network begins with, or is joined with."""
    bits = Security.HAVE_PRECONFIGURED_KEY | Security.REQUIRE_ENCRYPTED_KEY
    bits |= Security.HAVE_NETWORK_KEY if network_key else Security(0)
    await client.do(
        "setInitialSecurityState", bitmask=int(bits), link_key=link_key, network_key=network_key or bytes(16),
        sequence=0, trust_centre=bytes(8),
    )  # fmt: skip


async def form(client: EzspClient, *welcome: bytes) -> None:
    """Start a network that those with these identifiers may join, with the one install code of these tests."""
    await secure(client, b"a trust centre's", b"the network key ")
    up = client.expect("stackStatusHandler")
    await client.do("formNetwork", parameters=network())
    assert (await up)["status"] == Status.NETWORK_UP
    for eui in welcome:
        await welcome_in(client, eui)
    await client.do("permitJoining", duration=255)


async def welcome_in(client: EzspClient, eui: bytes, code: bytes = INSTALL_CODE) -> None:
    """Let a device join, whichever version the module speaks."""
    key = install_code_key(code)
    if client.has("importTransientKey"):
        await client.do("importTransientKey", eui=eui, key=key, flags=0)
    else:
        await client.do("addTransientLinkKey", eui=eui, key=key)


async def join(client: EzspClient, code: bytes = INSTALL_CODE, **other: Any) -> int:
    """Ask to join; the status that comes of it."""
    await secure(client, install_code_key(code))
    ended = client.expect("stackStatusHandler")
    await client.do("joinNetwork", node_type=2, parameters=network(**other))
    return int((await ended)["status"])


def aps(**other: int) -> Values:
    """Options of a message on the tunneling cluster."""
    plain = {"profile": 0x0109, "cluster": 0x0704, "source_endpoint": 1, "destination_endpoint": 1}
    return {**plain, "options": 0x0060, "group": 0, "sequence": 0, **other}


async def unicast(client: EzspClient, destination: int, message: bytes, **other: int) -> int:
    """Send a message; what became of it."""
    sent = client.expect("messageSentHandler")
    await client.do("sendUnicast", kind=0, destination=destination, aps=aps(**other), tag=0, message=message)
    return int((await sent)["status"])
