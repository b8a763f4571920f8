"""A rig file as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr

from gbcs.errors import LocalError
from rigs.config.device import Device, Smets1
from rigs.config.lease import FileLease, LeaseConfig
from rigs.config.link import DialectLink, LinkConfig
from rigs.config.power import NoPower, PowerConfig, RelayPower
from rigs.config.section import Name, Section
from rigs.config.timing import Timing
from rigs.policy import load_reading_parameters

STATE_FOLDER = ".state"


def _known_parameters(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        load_reading_parameters({"reading": overrides})
    except LocalError as error:
        raise LocalError(str(error).rpartition(".overrides.reading.")[2]) from None
    return overrides


class RigConfig(Section):
    """One rig: a device, the link that reaches it, and what keeps order around them."""

    name: Name
    description: str = ""
    device: Device
    link: LinkConfig
    power: PowerConfig = Field(default_factory=NoPower)
    timing: Timing = Field(default_factory=Timing)
    lease: LeaseConfig = Field(default_factory=FileLease)
    reading: Annotated[Mapping[str, Any], AfterValidator(_known_parameters)] = Field(default_factory=dict)
    """What replaces parameters of ``presets/reading.toml``."""
    trace: bool = False
    """Whether every byte of every port is kept, in the state folder."""
    _file: Path = PrivateAttr(default=Path("rig.toml"))

    def came_from(self, file: Path) -> RigConfig:
        """The same, knowing its file."""
        self._file = file
        return self

    @property
    def file(self) -> Path:
        """The file that says all this."""
        return self._file

    @property
    def state_folder(self) -> Path:
        """Where leases, counters, first causes and records of the rig live."""
        named = self.lease.folder if isinstance(self.lease, FileLease) else None
        return named or self._file.parent / STATE_FOLDER

    @property
    def ports(self) -> tuple[str, ...]:
        """The URLs of all ports of the rig, sorted: they are always taken in this order."""
        urls = {self.link.port}
        if isinstance(self.power, RelayPower):
            urls.add(self.power.port)
        return tuple(sorted(urls))

    def mistakes(self) -> tuple[tuple[str, str], ...]:
        """What no single key shows: (key, problem)."""
        if isinstance(self.device, Smets1) != isinstance(self.link, DialectLink):
            wanted = "dialect" if isinstance(self.device, Smets1) else "ezsp, gfi"
            return (
                (
                    "link.kind",
                    f"{self.link.kind!r} does not reach a device of kind {self.device.kind!r} (allowed: {wanted})",
                ),
            )
        return ()
