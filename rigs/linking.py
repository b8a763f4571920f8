"""From a rig file to the link that reaches its device: one table, a row for each kind of link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from rigs.config import Chf, Esme, GfiLink, RigConfig
from rigs.gfi import GfiLink as GfiLine
from rigs.gfi.assumptions import LARGEST_MESSAGE_BYTES
from rigs.link import MessageLink
from rigs.ports.opening import open_port
from rigs.ports.port import LineSettings, Port
from rigs.ports.trace import Trace


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


Maker = Callable[[RigConfig, Eui64, Port], Awaitable[MessageLink]]
_MAKERS: Final[Mapping[str, Maker]] = {"gfi": _gfi}
