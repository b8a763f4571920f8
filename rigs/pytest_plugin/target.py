"""What the tests of a session run against, as far as options and rig file say it before the first of them."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_profiles import FirmwareProfile, load
from gbcs.errors import LocalError
from rigs.config import Chf, Esme, RigConfig
from rigs.loading import load_rig
from rigs.pytest_plugin.options import Options


@dataclass(frozen=True, slots=True)
class Target:
    """``firmware`` None: whatever a test asks for, else the reference."""

    label: str
    is_rig: bool
    firmware: FirmwareProfile | None
    capabilities: frozenset[str] = frozenset()
    rig: RigConfig | None = None


def target_of(asked: Options) -> Target:
    """The target. Raises LocalError for a rig or a firmware that there is not."""
    if asked.rig is None:
        firmware = load(asked.profile) if asked.profile is not None else None
        return Target("the emulator", False, firmware)
    if asked.profile is not None:
        raise LocalError("--meterfarm-profile is for emulated meters: the file of a rig says its own firmware")
    rig = load_rig(asked.rig, asked.rigs)
    if not isinstance(rig.device, Esme | Chf):
        raise LocalError(f"rig {rig.name}: the tests speak GBCS, and its device is of kind {rig.device.kind!r}")
    capabilities = frozenset(rig.device.capabilities) | ({"comms_hub"} if isinstance(rig.device, Chf) else set())
    return Target(f"rig {rig.name}", True, load(rig.device.firmware, [rig.file.parent]), capabilities, rig)
