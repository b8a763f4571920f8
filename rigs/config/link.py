"""``[link]``: how the device of a rig is reached. A new kind is a class here and a row of ``LinkConfig``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rigs.config.section import FilePath, Line, PortUrl, Section


class EzspLink(Section):
    """A Zigbee dongle with an EZSP network co-processor: we are the hub of a real meter, or a meter of a real hub."""

    kind: Literal["ezsp"]
    port: PortUrl
    line: Line = Line()
    channel: Annotated[int, Field(ge=11, le=26)] = 15
    pan_id: Annotated[int, Field(ge=0, lt=0xFFFF)] | None = None
    """Chosen by the dongle unless said."""
    install_codes: FilePath | None = None
    """A file (0600) with a line ``EUI64 CODE`` for each device that may join."""


class GfiLink(Section):
    """Lines of GBCS messages over TCP or serial, as the field's tools speak them."""

    kind: Literal["gfi"]
    port: PortUrl
    line: Line = Line()
    largest_message_bytes: Annotated[int, Field(ge=64)] | None = None


class DialectLink(Section):
    """The optical port or serial line of a SMETS1 meter, or the same over TCP."""

    kind: Literal["dialect"]
    port: PortUrl
    line: Line = Line()
    echo: bool = False
    """Whether the probe hands back what we send, as two-wire optical heads do."""
    secrets: FilePath | None = None
    """A file (0600) with passwords and keys, TOML."""


LinkConfig = Annotated[EzspLink | GfiLink | DialectLink, Field(discriminator="kind")]
