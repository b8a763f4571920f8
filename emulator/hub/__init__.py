"""The comms hub."""

from emulator.hub.comms_hub import Action, CommsHub, Refused, ToHan, ToWan
from emulator.hub.limits import HubLimits, HubParameters, load_hub_parameters

__all__ = [
    "Action",
    "CommsHub",
    "HubLimits",
    "HubParameters",
    "Refused",
    "ToHan",
    "ToWan",
    "load_hub_parameters",
]
