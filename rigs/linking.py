"""From a rig file to the link that reaches its device: one table, a row for each kind of link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from gbcs.errors import LocalError
from rigs.config import Chf, Esme, GfiLink, RigConfig
from rigs.gfi import GfiLink as GfiLine
from rigs.gfi.assumptions import LARGEST_MESSAGE_BYTES
from rigs.link import MessageLink
from rigs.ports.opening import open_port
from rigs.ports.port import LineSettings
from rigs.ports.trace import Trace


async def open_link(rig: RigConfig, *, port: str | None = None, trace: Trace | None = None) -> MessageLink:
    """The link to the device of a rig, its port open; ``port`` stands in place of the one of the file.

    Raises PortLost; LocalError for a device that no GBCS message reaches.
    """
    opener = _OPENERS.get(rig.link.kind)
    if opener is None or not isinstance(rig.device, Esme | Chf):
        raise LocalError(f"rig {rig.name}: no GBCS messages reach a device of kind {rig.device.kind!r}")
    return await opener(rig, port or rig.link.port, trace)


async def _gfi(rig: RigConfig, port: str, trace: Trace | None) -> MessageLink:
    assert isinstance(rig.link, GfiLink) and isinstance(rig.device, Esme | Chf)  # noqa: S101 - the table's row
    opened = await open_port(port, line=rig.link.line.over(LineSettings()), trace=trace)
    return GfiLine(opened, rig.device.eui64, rig.link.largest_message_bytes or LARGEST_MESSAGE_BYTES)


Opener = Callable[[RigConfig, str, "Trace | None"], Awaitable[MessageLink]]
_OPENERS: Final[Mapping[str, Opener]] = {"gfi": _gfi}
