"""What switches the device of a rig on and off: one Protocol, a file for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rigs.config import RigConfig
from rigs.power.http import HttpSwitch
from rigs.power.labgrid import LabgridSwitch
from rigs.power.manual import ManualSwitch
from rigs.power.mqtt import MqttSwitch
from rigs.power.none import NoSwitch
from rigs.power.relay import RelaySwitch
from rigs.power.switch import Switch

__all__ = ["Switch", "ensure_on", "switch_of"]

_SWITCHES: Final[Mapping[str, Callable[[str, Any], Switch]]] = {
    "none": lambda _rig, _config: NoSwitch(),
    "manual": lambda rig, _config: ManualSwitch(rig),
    "relay": lambda _rig, config: RelaySwitch(config),
    "http": lambda _rig, config: HttpSwitch(config),
    "mqtt": lambda _rig, config: MqttSwitch(config),
    "labgrid": lambda _rig, config: LabgridSwitch(config),
}


def switch_of(rig: RigConfig) -> Switch:
    """The switch of a rig."""
    return _SWITCHES[rig.power.kind](rig.name, rig.power)


async def ensure_on(rig: RigConfig) -> None:
    """Switch the device on where its switch says that it is off; where it cannot say, the device counts as on.

    Raises RigError where the switch cannot be reached or the device stays off.
    """
    switch = switch_of(rig)
    if await switch.is_on() is False:
        await switch.switch(True)
