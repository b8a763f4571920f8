"""A device that is always on."""

from __future__ import annotations

from gbcs.errors import LocalError


class NoSwitch:
    """See :class:`~rigs.power.switch.Switch`."""

    async def switch(self, on: bool) -> None:
        """Nothing to do for on. Raises LocalError for off."""
        if not on:
            raise LocalError("the device cannot be switched off: its rig file has no [power]")

    async def is_on(self) -> bool | None:
        """On."""
        return True
