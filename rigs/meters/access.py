"""All that is needed to read one meter: its profile, its dialect, how it is called, and its secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from emulator.smets1.dlms.ciphering import SecurityKeys
from emulator.smets1.dlms.settings import ClientSettings, DlmsSettings, Role
from emulator.smets1.profile import DialectProfile, load_profile
from emulator.smets1.registry import DIALECTS
from gbcs.errors import LocalError
from rigs.config.device import Smets1
from rigs.config.link import DialectLink
from rigs.meters.secrets import Secrets

Settings = TypeVar("Settings", bound=BaseModel)
_PREFERRED = ("lls", "gmac", "none")
"""The security that we read with, where a meter offers several."""


@dataclass(frozen=True, slots=True)
class MeterAccess:
    """One meter. ``take_counter`` gives invocation counters, each above all that were used before."""

    profile: DialectProfile
    dialect: str
    device: Smets1
    link: DialectLink
    secrets: Secrets
    take_counter: Callable[[], int] = field(repr=False)

    @property
    def serial_number(self) -> str:
        """That of the device, else that of the profile."""
        return self.device.serial_number or self.profile.meter.serial_number.value

    def settings(self, kind: type[Settings]) -> Settings:
        """What the profile says of the dialect."""
        found = self.profile.sections[DIALECTS[self.dialect].section]
        if not isinstance(found, kind):
            raise LocalError(f"{self.profile.name} has no {kind.__name__} for {self.dialect}")
        return found

    def security_keys(self) -> SecurityKeys:
        """The meter's keys under our own title. Raises LocalError where there are none."""
        return SecurityKeys(self.secrets.title(), *self.secrets.keys(), take_counter=self.take_counter)

    def client(self) -> ClientSettings:
        """The DLMS client that we are. Raises LocalError that lists those of the profile."""
        clients = self.settings(DlmsSettings).clients.value
        if self.link.client:
            for client in clients:
                if client.name == self.link.client:
                    return client
            names = ", ".join(client.name for client in clients)
            raise LocalError(f"{self.profile.name} has no client {self.link.client!r} (it has: {names})")
        reading = [client for client in clients if client.rank >= Role.READER]
        for security in _PREFERRED:
            for client in reading:
                if client.security == security:
                    return client
        raise LocalError(f"no client of {self.profile.name} may read")


def meter_access(device: Smets1, link: DialectLink, secrets: Secrets, take_counter: Callable[[], int]) -> MeterAccess:
    """Raises LocalError for a profile that is not there, or a dialect that it does not speak."""
    profile = load_profile(device.dialect)
    return MeterAccess(profile, profile.dialect(link.speaks or None), device, link, secrets, take_counter)
