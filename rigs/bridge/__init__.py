"""Real devices in the slots of a run: each behind its rig's link, on an event loop of its own thread."""

from rigs.bridge.broker import RigBroker
from rigs.bridge.device import RigDevice
from rigs.bridge.running import rig_devices

__all__ = ["RigBroker", "RigDevice", "rig_devices"]
