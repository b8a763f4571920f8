"""The clocks that a device takes."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class DeviceTime(Protocol):
    """The device's own clock."""

    def reads(self, now: float) -> float:
        """What the clock shows at true time ``now``."""


class TrueTime:
    """A clock that is never wrong."""

    def reads(self, now: float) -> float:
        """True time."""
        return now


@runtime_checkable
class SettableTime(Protocol):
    """A clock that a command can set."""

    def set(self, now: float, offset_s: float = 0.0) -> None:
        """Show true time ``now`` from here on."""
