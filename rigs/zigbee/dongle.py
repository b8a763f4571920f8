"""From a port with a dongle to a place on a HAN: as a hub that meters join, or as a meter that joins a hub."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from emulator.han.port import Endpoint
from emulator.han.tunnel import TunnelTimes
from gbcs.eui64 import Eui64
from rigs.ezsp.ash import AshSettings
from rigs.ezsp.client import open_module
from rigs.ezsp.han import EzspHan, HanSettings, open_han
from rigs.ports.port import Port
from rigs.zigbee import endpoints
from rigs.zigbee.links import ClientLink
from rigs.zigbee.station import Station

FORM_S = 30.0


@dataclass(slots=True)
class Dongle:
    """A dongle that is a device on a HAN, or about to be; :meth:`close` gives its port back."""

    han: EzspHan
    station: Station
    links: list[ClientLink] = field(default_factory=list)

    async def close(self) -> None:
        """Let it go; a second call does nothing."""
        await self.han.close()


async def open_dongle(
    port: Port, about: tuple[Endpoint, ...], settings: HanSettings | None = None, line: AshSettings | None = None
) -> Dongle:
    """The dongle at a port, ready to form or join a HAN. Raises RigError; the port is closed then.

    ``line`` says how patient the serial protocol is, where that is not as the maker has it.
    """
    client = await open_module(port, line)
    try:
        han = await open_han(client, about, settings)
    except BaseException:
        await client.close()
        raise
    return Dongle(han, Station(han))


async def hub_on(
    port: Port,
    devices: Mapping[Eui64, bytes],
    settings: HanSettings | None = None,
    times: TunnelTimes | None = None,
    endpoint: int = endpoints.HUB.number,
    line: AshSettings | None = None,
) -> Dongle:
    """An emulated hub that has formed a HAN, and a link to each of its devices (by install code).

    Raises RigError where the dongle does not bring a HAN up; LocalError for an install code that is none.
    """
    dongle = await open_dongle(port, endpoints.numbered(endpoints.HUB, endpoint), settings, line)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(dongle.close)
        for device, code in devices.items():
            dongle.links.append(ClientLink(dongle.station, device, times))
            dongle.han.admit(device, code)
        dongle.han.form()
        await dongle.station.up(FORM_S)
        undo.pop_all()
    return dongle


async def device_link(
    port: Port,
    device: Eui64,
    install_code: bytes,
    settings: HanSettings | None = None,
    times: TunnelTimes | None = None,
) -> ClientLink:
    """The tunnel to one real device over a dongle that is its hub; closing the link gives the port back.

    Raises as :func:`hub_on`. The device need not have joined yet: see :meth:`~rigs.zigbee.links.ClientLink.ready`.
    """
    dongle = await open_dongle(port, (endpoints.HUB,), settings)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(dongle.close)
        link = ClientLink(dongle.station, device, times, dongle.close)
        dongle.han.admit(device, install_code)
        dongle.han.form()
        await dongle.station.up(FORM_S)
        undo.pop_all()
    return link
