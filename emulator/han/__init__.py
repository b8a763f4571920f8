"""The home area network between comms hub and meter."""

from emulator.han.air import Air, AirNode, AirWatcher, Carried, HanParameters, load_han_parameters
from emulator.han.port import Down, Endpoint, HanEvent, HanKeys, HanPort, Joined, Left, Undelivered, Up

__all__ = [
    "Air",
    "AirNode",
    "AirWatcher",
    "Carried",
    "Down",
    "Endpoint",
    "HanEvent",
    "HanKeys",
    "HanParameters",
    "HanPort",
    "Joined",
    "Left",
    "Undelivered",
    "Up",
    "load_han_parameters",
]
