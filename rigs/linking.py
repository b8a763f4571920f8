"""From a rig file to the link that reaches its device: one table, a row for each kind of link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from rigs.config import Chf, Esme, EzspLink, GfiLink, RigConfig
from rigs.ezsp.han import HanSettings
from rigs.gfi import GfiLink as GfiLine
from rigs.gfi.assumptions import LARGEST_MESSAGE_BYTES
from rigs.link import MessageLink
from rigs.ports.opening import open_port
from rigs.ports.port import LineSettings, Port
from rigs.ports.trace import Trace
from rigs.zigbee.dongle import device_link
from rigs.zigbee.install_codes import code_of, read_install_codes


async def open_link(rig: RigConfig, *, trace: Trace | None = None) -> MessageLink:
    """The link to the device of a rig, over its own port, opened here. Raises as :func:`link_over`; PortLost."""
    port = await open_port(rig.link.port, line=line_of(rig), trace=trace)
    try:
        return await link_over(rig, port)
    except BaseException:
        await port.close()
        raise


async def link_over(rig: RigConfig, port: Port) -> MessageLink:
    """The link to the device of a rig over a port that is open already; closing the link closes the port.

    Raises PortLost, RigError; LocalError for a device that no GBCS message reaches.
    """
    maker = _MAKERS.get(rig.link.kind)
    if maker is None or not isinstance(rig.device, Esme | Chf):
        raise LocalError(f"rig {rig.name}: no GBCS messages reach a device of kind {rig.device.kind!r}")
    return await maker(rig, rig.device.eui64, port)


def line_of(rig: RigConfig) -> LineSettings:
    """Speed and form of a character on the rig's port."""
    return rig.link.line.over(LineSettings())


async def _gfi(rig: RigConfig, device: Eui64, port: Port) -> MessageLink:
    largest = rig.link.largest_message_bytes if isinstance(rig.link, GfiLink) else None
    return GfiLine(port, device, largest or LARGEST_MESSAGE_BYTES)


async def _ezsp(rig: RigConfig, device: Eui64, port: Port) -> MessageLink:
    """A tunnel to a meter that has joined the HAN of our dongle. Raises RigTimeout where it does not join in time."""
    assert isinstance(rig.link, EzspLink)  # noqa: S101 - the table says so
    if isinstance(rig.device, Chf):
        raise LocalError(
            f"rig {rig.name}: no head-end of ours reaches a real hub; meterfarm rig bridge {rig.name} joins its HAN"
        )
    path = rig.link.install_codes
    code = code_of(read_install_codes(path) if path else {}, device, path)
    settings = HanSettings(rig.link.channel, rig.link.pan_id, cbke=rig.link.cbke)
    link = await device_link(port, device, code, settings)
    try:
        await link.ready(rig.timing.join_s)
    except BaseException:
        await link.close()
        raise
    return link


Maker = Callable[[RigConfig, Eui64, Port], Awaitable[MessageLink]]
_MAKERS: Final[Mapping[str, Maker]] = {"ezsp": _ezsp, "gfi": _gfi}
