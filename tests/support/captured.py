"""A HAN with a capture on it, and what was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.han import Air, AirNode, Carried, load_han_parameters
from emulator.han.frames import wrap
from emulator.han.zigbee import CLUSTER_TUNNELING
from tools.capture import HanCapture

HUB, METER, GAS = (bytes.fromhex(f"024d46000000000{n}") for n in (1, 2, 3))


class CapturedHan:
    """A hub, a meter and a gas meter; ``carried`` is all that crossed."""

    def __init__(self, path: Path, seed: int = 1) -> None:
        self.path, self.now = path, 800_000_000.0
        self.carried: list[Carried] = []
        self.air = Air(load_han_parameters(), seed, lambda *_: None, lambda *_: None, seed)
        self.capture = HanCapture(path, self.air.keys)
        self.air.watch(self._watch)
        self.nodes: dict[bytes, AirNode] = {
            HUB: self.air.hub(HUB),
            METER: self.air.meter(METER),
            GAS: self.air.meter(GAS),
        }
        self.nodes[HUB].form()
        for eui, node in self.nodes.items():
            node.on_aps(lambda *_: None)
            if eui != HUB:
                node.join(HUB)

    def _watch(self, carried: Carried) -> None:
        self.carried.append(carried)
        self.capture(carried)

    def send(self, source: bytes, destination: bytes, data: bytes, **how: Any) -> None:
        """Send tunnel data; the hub is client of a meter's tunnel and server of a gas meter's."""
        to_server = (source == GAS) if GAS in (source, destination) else source == HUB
        self.payload(source, destination, wrap(data, 1, to_server=to_server), **how)

    def payload(self, source: bytes, destination: bytes, payload: bytes, cluster: int = CLUSTER_TUNNELING) -> None:
        self.now += 10.0
        self.nodes[source].send_aps(destination, cluster, payload, self.now)

    def close(self) -> Path:
        self.capture.close()
        return self.path
