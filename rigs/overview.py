"""What a folder of rigs looks like: who has which rig, what is broken, which file holds a mistake."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulator.clock import utc_now
from gbcs.errors import GbcsError, LocalError
from rigs.config import RigConfig
from rigs.leases import Lease, lease_store
from rigs.loading import load_rig, rig_names
from rigs.states import FirstCause, broken_memory

_ANSWER_WITHIN_S: Final = 5.0
"""A place of leases that takes longer is said to be away; the other rigs do not wait for it."""


@dataclass(frozen=True, slots=True)
class RigStatus:
    """A rig at a glance. ``mistake`` is that of its file, ``unknown`` why nobody can say who has it."""

    name: str
    config: RigConfig | None = None
    lease: Lease | None = None
    cause: FirstCause | None = None
    mistake: str = ""
    unknown: str = ""

    @property
    def state(self) -> str:
        """One line that says whether the rig can be had."""
        if self.mistake:
            return f"mistake: {self.mistake}"
        if self.unknown:
            return f"unknown: {self.unknown}"
        if self.lease is not None:
            return f"leased by {self.lease.holder()}"
        return f"broken since {self.cause}" if self.cause else "free"

    def content(self) -> dict[str, Any]:
        """The same for a script."""
        config, lease, cause = self.config, self.lease, self.cause
        return {
            "name": self.name,
            "file": str(config.file) if config else None,
            "device": config.device.kind if config else None,
            "link": config.link.kind if config else None,
            "ports": list(config.ports) if config else [],
            "state": self.state.partition(" ")[0].rstrip(":"),
            "says": self.state,
            "lease": {"owner": lease.owner, "host": lease.host, "process": lease.pid} if lease else None,
            "broken": cause.message if cause else None,
        }


async def overview(folder: Path | None = None) -> tuple[RigStatus, ...]:
    """All rigs of a folder, each asked beside the others. Raises LocalError where there is no such folder."""
    return tuple(await asyncio.gather(*(_status(name, folder) for name in rig_names(folder))))


async def _status(name: str, folder: Path | None) -> RigStatus:
    try:
        config = load_rig(name, folder)
    except LocalError as error:
        return RigStatus(name, mistake=str(error))
    cause = broken_memory(config).recall()
    try:
        lease = await live_lease(config)
    except (GbcsError, TimeoutError) as error:
        return RigStatus(name, config, cause=cause, unknown=str(error) or "the place of its leases does not answer")
    return RigStatus(name, config, lease, cause)


async def live_lease(rig: RigConfig) -> Lease | None:
    """The lease that stands. Raises RigError, TimeoutError where its place cannot be reached."""
    async with asyncio.timeout(_ANSWER_WITHIN_S):
        lease = await lease_store(rig.lease, rig.state_folder).holder(rig.name)
    return lease if lease is not None and lease.is_live(utc_now()) else None
