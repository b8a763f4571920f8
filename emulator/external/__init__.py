"""The device side alone: hubs and meters answer a head-end that is not ours; what arrives is recorded and checked."""

from emulator.external.inspection import Arrival, Inspector
from emulator.external.side import DeviceSide

__all__ = ["Arrival", "DeviceSide", "Inspector"]
