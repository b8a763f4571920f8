"""Anti-replay of a meter: that of every device (:mod:`emulator.device.replay`)."""

from __future__ import annotations

from emulator.device.replay import Freshness, ReplayGuard

__all__ = ["Freshness", "ReplayGuard"]
