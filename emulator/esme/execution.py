"""How a meter executes commands: as every COSEM device does (:mod:`emulator.device.dlms`)."""

from __future__ import annotations

from emulator.device.dlms import Execution, bounds
from emulator.device.policy import DeviceKeys, Discard, Unanswered
from emulator.device.policy import DevicePolicy as EsmePolicy

__all__ = ["DeviceKeys", "Discard", "EsmePolicy", "Execution", "Unanswered", "bounds"]
