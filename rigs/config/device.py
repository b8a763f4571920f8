"""``[device]``: the real device on a rig."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from rigs.capabilities import known
from rigs.config.section import Eui, FilePath, Section


def _known_capability(name: str) -> str:
    known(name)
    return name


Capabilities = tuple[Annotated[str, AfterValidator(_known_capability)], ...]


class Esme(Section):
    """A SMETS2 electricity meter, read through a link that carries GBCS messages."""

    kind: Literal["esme"]
    eui64: Eui
    keys: FilePath
    """The folder of certificates and of the remote parties' private keys, as ``meterfarm keys new`` makes one."""
    firmware: str = "smets2-reference"
    """A firmware profile: a name, a file beside the rig file, or a stack of them joined by +."""
    emulated: bool = False
    """Whether meterfarm itself emulates the device at the other end: only then may its keys come from a seed."""
    capabilities: Capabilities = ()
    """What the device and its rig can do, for tests that ask: see ``rigs.capabilities``."""


class Chf(Section):
    """A real comms hub. The CSP's WAN is closed to us, so its head-end is somebody else's: we are the device side."""

    kind: Literal["chf"]
    eui64: Eui
    keys: FilePath
    firmware: str = "smets2-reference"
    head_end: Literal["external"]
    emulated: bool = False
    capabilities: Capabilities = ()


class Smets1(Section):
    """A SMETS1 meter, read in its dialect."""

    kind: Literal["smets1"]
    dialect: Annotated[str, Field(min_length=1)]
    """A dialect profile of ``meterfarm emulate --list``."""
    serial_number: str = ""
    """What the meter says it is, where the rig shall refuse another one."""


Device = Annotated[Esme | Chf | Smets1, Field(discriminator="kind")]
