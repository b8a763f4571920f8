"""``[power]``: what switches a device on and off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gbcs.errors import LocalError
from rigs.config.section import FilePath, Line, PortUrl, Seconds, Section, TcpPort


def _hex(text: str) -> str:
    try:
        good = len(bytes.fromhex(text)) > 0
    except ValueError:
        good = False
    if not good:
        raise LocalError(f"{text!r} is no string of bytes: write them in hexadecimal, like A0 01 01 A2")
    return text


HexBytes = Annotated[str, AfterValidator(_hex)]


class NoPower(Section):
    """The device is always on; it is never switched."""

    kind: Literal["none"] = "none"


class ManualPower(Section):
    """The person at the bench switches; asked on the terminal."""

    kind: Literal["manual"]


class RelayPower(Section):
    """A relay card on a serial port: bytes that switch, and what it answers, where it does."""

    kind: Literal["relay"]
    port: PortUrl
    line: Line = Line(baud=9600)
    on: HexBytes
    off: HexBytes
    on_answer: HexBytes | None = None
    off_answer: HexBytes | None = None


class HttpPower(Section):
    """A socket with a web interface. The defaults are Tasmota's."""

    kind: Literal["http"]
    url: Annotated[str, Field(pattern="^https?://[^/ ]+$")]
    on: str = "/cm?cmnd=Power%20On"
    off: str = "/cm?cmnd=Power%20Off"
    state: str = "/cm?cmnd=Power"
    key: str = "POWER"
    """The key of the answer that holds ON or OFF."""
    password_file: FilePath | None = None
    """A file (0600) with a line ``USER:PASSWORD``."""


class MqttPower(Section):
    """A socket on an MQTT broker, with Tasmota's topics: ``cmnd/TOPIC/POWER`` and ``stat/TOPIC/POWER``."""

    kind: Literal["mqtt"]
    host: str = "127.0.0.1"
    port: TcpPort = 1883
    topic: Annotated[str, Field(pattern="^[^#+ ]+$")]
    relay: Annotated[str, Field(pattern="^POWER[0-9]*$")] = "POWER"
    password_file: FilePath | None = None
    tls_ca: FilePath | None = None
    """Certificates that the broker's must hang off; TLS is spoken where they are named."""


class LabgridPower(Section):
    """A place of a labgrid coordinator, acquired and switched through ``labgrid-client``."""

    kind: Literal["labgrid"]
    place: Annotated[str, Field(min_length=1)]
    coordinator: str = ""
    """HOST:PORT; labgrid's own default (LG_COORDINATOR) unless said."""
    client: str = "labgrid-client"
    """The program, a path where it is in an environment of its own."""
    within_s: Seconds = 60.0


PowerConfig = Annotated[
    NoPower | ManualPower | RelayPower | HttpPower | MqttPower | LabgridPower, Field(discriminator="kind")
]
