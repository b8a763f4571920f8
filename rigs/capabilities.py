"""What a test may ask a device or its rig to be able to do: one table. A rig file lists those that its rig has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gbcs.errors import LocalError


@dataclass(frozen=True, slots=True)
class Capability:
    """``emulated`` says why the emulator cannot; empty where it can."""

    text: str
    emulated: str = ""


CAPABILITIES: Final[Mapping[str, Capability]] = {
    "export": Capability("the meter measures export"),
    "full_log": Capability("the meter has been commissioned for longer than its half-hourly log reaches back"),
    "twin_element": Capability("the meter has two elements"),
    "power_cut": Capability("a test may cut the meter's power"),
    "virtual_time": Capability("time can be moved on at will"),
    "cbke": Capability("device and hub agree their link key by certificates", "an emulated HAN agrees no keys"),
    "comms_hub": Capability("the device is a comms hub, or a hub stands beside it"),
}


def known(name: str) -> Capability:
    """The row of a capability. Raises LocalError that lists them all."""
    if name not in CAPABILITIES:
        raise LocalError(f"{name!r} is no capability (allowed: {', '.join(CAPABILITIES)})")
    return CAPABILITIES[name]
