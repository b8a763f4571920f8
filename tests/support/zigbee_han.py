"""An emulated hub and an emulated meter, each on a fake dongle, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dongles import HUB, INSTALL_CODE, PAN, Dongles, dongles
from gfi_line import METER, NOW, meter

from emulator.han.tunnel import TunnelTimes
from emulator.han.tunnel_server import ServerSettings
from rigs.ezsp.ash import AshSettings
from rigs.ezsp.han import HanSettings
from rigs.fake_ezsp.faults import FaultPlan
from rigs.fake_ezsp.ncp import Firmware
from rigs.fake_ezsp.serving import FakeModule
from rigs.hosting import host
from rigs.ports.opening import open_port
from rigs.zigbee import endpoints
from rigs.zigbee.dongle import Dongle, hub_on, open_dongle
from rigs.zigbee.links import ClientLink, ServerLink

QUICK = TunnelTimes(answer_s=3.0, busy_s=0.2, no_more_ids_s=0.2, lost_s=0.2)
READY_S = 25.0


@dataclass(slots=True)
class Han:
    """Both ends: the hub's link to the meter, and the meter's to the hub."""

    bench: Dongles
    hub: Dongle
    meter: Dongle
    hub_module: FakeModule
    meter_module: FakeModule
    server: ServerLink

    @property
    def client(self) -> ClientLink:
        return self.hub.links[0]

    async def hosts_a_meter(self) -> asyncio.Task[None]:
        """An emulated ESME at the meter's end."""
        return asyncio.ensure_future(host(meter(), self.server, lambda: NOW))


@asynccontextmanager
async def han(
    folder: Path,
    *,
    hub_faults: FaultPlan | None = None,
    meter_faults: FaultPlan | None = None,
    air_faults: FaultPlan | None = None,
    firmware: Firmware | None = None,
    tunnels: ServerSettings | None = None,
    endpoint: int = 1,
    line: AshSettings | None = None,
    **settings: Any,
) -> AsyncIterator[Han]:
    """A HAN whose tunnel is open."""
    wanted = HanSettings(pan_id=PAN, **settings)
    async with dongles(folder, air_faults) as bench:
        hub_module, hub_url = await bench.plug_in(HUB, faults=hub_faults, firmware=firmware)
        meter_module, meter_url = await bench.plug_in(METER, faults=meter_faults, firmware=firmware)
        hub = await hub_on(await open_port(hub_url), {METER: INSTALL_CODE}, wanted, QUICK, line=line)
        bench.stack.push_async_callback(hub.close)
        about = endpoints.numbered(endpoints.METER, endpoint)
        device = await open_dongle(await open_port(meter_url), about, wanted, line)
        bench.stack.push_async_callback(device.close)
        server = ServerLink(device.station, HUB, tunnels)
        device.han.join(HUB, INSTALL_CODE)
        await device.station.up(READY_S)
        found = Han(bench, hub, device, hub_module, meter_module, server)
        await found.client.ready(READY_S)
        yield found
