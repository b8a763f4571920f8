"""A meter's twin: that of every COSEM device (:mod:`emulator.device.twin`)."""

from __future__ import annotations

from emulator.device.twin import FixedTime, add_surplus, load, selections, shown_time

__all__ = ["FixedTime", "add_surplus", "load", "selections", "shown_time"]
