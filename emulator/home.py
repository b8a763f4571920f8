"""What stands in one premises: hub and meter, each with its radio, and the meter's end of block transfers."""

from __future__ import annotations

from collections.abc import Callable

from emulator.esme.esme import Esme
from emulator.han import AirNode
from emulator.han.frames import wrap
from emulator.han.zigbee import CLUSTER_TUNNELING
from emulator.hub import CommsHub
from emulator.segmentation import BlockLink
from emulator.wan.model import WanModel
from gbcs.eui64 import Eui64

TUNNEL = 1
"""The tunnel between a hub and its meter; each HAN has one."""


class Home:
    """The hub and the meter of one premises with their radios, made when the first command is on its way."""

    __slots__ = ("_discarded", "blocks", "hub", "hub_node", "meter", "meter_node", "premises", "wan")

    def __init__(
        self, premises: int, hub: CommsHub, nodes: tuple[AirNode, AirNode], meter: Esme, wan: WanModel
    ) -> None:
        self.premises, self.hub, self.meter, self.wan = premises, hub, meter, wan
        self.hub_node, self.meter_node = nodes
        self.blocks: BlockLink | None = None
        self._discarded: dict[str, int] = {}

    def connect(
        self, at_hub: Callable[[Home, bytes, float], None], at_meter: Callable[[Home, bytes, float], None]
    ) -> None:
        """Form the HAN; payloads go to ``at_hub(home, payload, now)`` and ``at_meter``."""
        for node, action in ((self.hub_node, at_hub), (self.meter_node, at_meter)):
            node.on_aps(_handler(action, self))
        self.hub_node.form()
        self.meter_node.join(self.hub.eui)

    def to_meter(self, device: Eui64, message: bytes, now: float) -> None:
        """Send a message over the HAN."""
        self.hub_node.send_aps(device, CLUSTER_TUNNELING, wrap(message, TUNNEL, to_server=True), now)

    def discards(self) -> dict[str, int]:
        """Commands that the meter dropped without an answer, by reason."""
        return {str(reason): count for reason, count in self.meter.discarded.items()}

    def newest_discard(self) -> str:
        """The reason that the meter counted since the last look."""
        counts = self.discards()
        newest = [reason for reason, count in counts.items() if count > self._discarded.get(reason, 0)]
        self._discarded = counts
        return newest[-1] if newest else "no reason given"


def _handler(action: Callable[[Home, bytes, float], None], home: Home) -> Callable[[Eui64, int, bytes, float], None]:
    def heard(_source: Eui64, _cluster: int, payload: bytes, now: float) -> None:
        action(home, payload, now)

    return heard
