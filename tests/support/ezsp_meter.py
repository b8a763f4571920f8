"""A process that plays a HAN: two fake radio modules on one air, an emulated meter on the second; the first is a rig's.

``python ezsp_meter.py TERMINAL KEYS METER HUB CODE`` says ``listening on ...`` when a hub may form its HAN.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from emulator.clock import utc_now
from emulator.esme.single import SingleMeter
from firmware_profiles import load
from gbcs import eui64
from gbcs.keystore import KeyStore
from rigs.errors import PortLost, RigError
from rigs.ezsp.han import HanSettings
from rigs.fake_ezsp.air import SharedAir
from rigs.fake_ezsp.serving import FakeModule
from rigs.hosting import host
from rigs.ports.listening import listen
from rigs.ports.opening import open_port
from rigs.zigbee import endpoints
from rigs.zigbee.dongle import Dongle, open_dongle
from rigs.zigbee.links import ServerLink

JOIN_S, AGAIN_S = 60.0, 1.0


async def play(terminal: Path, keys: Path, meter: bytes, hub: bytes, code: bytes) -> None:
    """Answer for ever."""
    air = SharedAir()
    near, far = FakeModule(air.station(), hub), FakeModule(air.station(), meter)
    await listen(f"pty:{terminal}", near.serve)
    other = terminal.with_name(f"{terminal.name}-meter")
    await listen(f"pty:{other}", far.serve)
    core = SingleMeter(meter, 162, load("smets2-reference")).make(KeyStore.read(keys), utc_now())
    dongle = await open_dongle(await open_port(str(other)), (endpoints.METER,), HanSettings())
    sys.stdout.write(f"listening on pty:{terminal}\n")
    sys.stdout.flush()
    while True:
        await join(dongle, hub, code)
        with suppress(PortLost):
            await host(core, ServerLink(dongle.station, hub), utc_now)


async def join(dongle: Dongle, hub: bytes, code: bytes) -> None:
    """Try until the hub lets the meter in."""
    while True:
        dongle.station.lost = None
        dongle.han.join(hub, code)
        try:
            await dongle.station.up(JOIN_S)
        except RigError:
            await asyncio.sleep(AGAIN_S)
        else:
            return


if __name__ == "__main__":
    TERMINAL, KEYS, METER, HUB, CODE = sys.argv[1:]
    asyncio.run(play(Path(TERMINAL), Path(KEYS), eui64.parse(METER), eui64.parse(HUB), bytes.fromhex(CODE)))
