"""What a lab writes about a rig: one TOML file, checked key by key."""

from rigs.config.device import Chf, Device, Esme, Smets1
from rigs.config.lease import FileLease, LeaseConfig, MqttLease
from rigs.config.link import DialectLink, EzspLink, GfiLink, LinkConfig
from rigs.config.power import (
    HttpPower,
    LabgridPower,
    ManualPower,
    MqttPower,
    NoPower,
    PowerConfig,
    RelayPower,
)
from rigs.config.rig import RigConfig
from rigs.config.timing import Timing

__all__ = [
    "Chf",
    "Device",
    "DialectLink",
    "Esme",
    "EzspLink",
    "FileLease",
    "GfiLink",
    "HttpPower",
    "LabgridPower",
    "LeaseConfig",
    "LinkConfig",
    "ManualPower",
    "MqttLease",
    "MqttPower",
    "NoPower",
    "PowerConfig",
    "RelayPower",
    "RigConfig",
    "Smets1",
    "Timing",
]
