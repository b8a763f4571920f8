"""``[link]``: how the device of a rig is reached. A new kind is a class here and a row of ``LinkConfig``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rigs.config.section import FilePath, Line, PortUrl, Seconds, Section


class EzspLink(Section):
    """A Zigbee dongle with an EZSP network co-processor: we are the hub of a real meter, or a meter of a real hub."""

    kind: Literal["ezsp"]
    port: PortUrl
    line: Line = Line()
    channel: Annotated[int, Field(ge=11, le=26)] = 15
    pan_id: Annotated[int, Field(ge=0, lt=0xFFFF)] | None = None
    """Chosen by the dongle unless said."""
    install_codes: FilePath | None = None
    """A file (0600) with a line ``EUI64 CODE`` for each device that may join; CODE with its CRC."""
    cbke: bool = True
    """Whether keys are established by certificates, as every device of GB does; dongles from a shop cannot."""


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
    parity_by_us: bool = False
    """Whether seven bits with parity go over a line that has eight and none, as behind a terminal server."""
    secrets: FilePath | None = None
    """A file (0600) with passwords and keys, TOML."""
    speaks: str = ""
    """Another dialect that the profile speaks than its first, like dlms-mode-e at an optical port."""
    client: str = ""
    """A client or user of the profile by name; unless said, the first that may read."""
    address: str = ""
    """What the meter is called on its line, where several listen; the serial number of one that speaks EDMI."""
    physical_device: Annotated[int, Field(ge=0, lt=1 << 14)] = 0
    address_bytes: Literal[1, 2, 4] = 1
    """HDLC: the lower part of the meter's address, and how long the address is (1: the logical device alone)."""
    information_bytes: Annotated[int, Field(ge=32, le=2030)] = 128
    window: Annotated[int, Field(ge=1, le=7)] = 1
    """HDLC: the longest information field, and how many frames in a row, that we offer to take."""
    access: Literal["range", "entry"] = "range"
    """DLMS: how rows of a profile are chosen; entry is for meters that refuse a range."""
    cumulative: bool = False
    """DLMS: whether rows show registers, so that a half-hour is the difference of two."""
    answer_within_s: Seconds = 5.0
    """How long an answer may take to begin or to go on, before it is asked for again."""


LinkConfig = Annotated[EzspLink | GfiLink | DialectLink, Field(discriminator="kind")]
