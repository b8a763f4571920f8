"""The home area network between comms hub and meter."""

from emulator.han.air import Air, AirNode, AirWatcher, Carried, HanParameters, load_han_parameters
from emulator.han.port import Endpoint, HanKeys, HanPort

__all__ = [
    "Air",
    "AirNode",
    "AirWatcher",
    "Carried",
    "Endpoint",
    "HanKeys",
    "HanParameters",
    "HanPort",
    "load_han_parameters",
]
