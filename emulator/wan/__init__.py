"""Models of the smart metering wide area networks."""

from emulator.wan.faults import with_faults
from emulator.wan.model import Delivery, Direction, WanModel
from emulator.wan.outages import InterruptedWan, Outages, outage_parameters
from emulator.wan.registry import NETWORKS, load_parameters, make_wan

__all__ = [
    "NETWORKS",
    "Delivery",
    "Direction",
    "InterruptedWan",
    "Outages",
    "WanModel",
    "load_parameters",
    "make_wan",
    "outage_parameters",
    "with_faults",
]
