"""What the tests of a session run against, as far as options and rig file say it before the first of them."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_profiles import FirmwareProfile, load
from rigs.pytest_plugin.options import Options


@dataclass(frozen=True, slots=True)
class Target:
    """``firmware`` None: whatever a test asks for, else the reference."""

    label: str
    is_rig: bool
    firmware: FirmwareProfile | None
    capabilities: frozenset[str] = frozenset()


def target_of(asked: Options) -> Target:
    """The target. Raises LocalError for a rig or a firmware that there is not."""
    firmware = load(asked.profile) if asked.profile is not None else None
    return Target("the emulator", False, firmware)
