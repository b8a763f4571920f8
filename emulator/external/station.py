"""A hub with its device: an emulated meter on an emulated HAN, or a real device behind the link of its rig."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from emulator.esme.esme import Esme
from emulator.han import Air
from emulator.han.frames import HEADER_BYTES, wrap
from emulator.han.zigbee import CLUSTER_TUNNELING
from emulator.home import TUNNEL
from emulator.hub import CommsHub, HubLimits
from emulator.kernel import Kernel
from emulator.segmentation import BlockLink
from emulator.slots import RealDevice
from gbcs.eui64 import Eui64
from gbcs.gbt import GbtEndpoint, GbtSettings, is_block


class Station(Protocol):
    """What stands in one premises."""

    device: Eui64
    hub: CommsHub

    def to_device(self, message: bytes, now: float) -> None:
        """Hand a message over."""


FromDevice: TypeAlias = Callable[[Station, bytes, str], None]
"""``from_device(station, message, dropped)``: the device's message; or its command, and why it dropped that."""


class EmulatedStation:
    """A meter on its HAN. It puts blocks together, and cuts what its hub does not take at once.

    Does not model: more than one device on a HAN.
    """

    def __init__(
        self,
        meter: Esme,
        hub: Eui64,
        air: Air,
        limits: HubLimits,
        blocks: GbtSettings,
        kernel: Kernel,
        from_device: FromDevice,
    ) -> None:
        self.device, self.hub = meter.eui, CommsHub(hub, (meter.eui,), limits)
        self._meter, self._kernel, self._air, self._from_device = meter, kernel, air, from_device
        self._cut_above = limits.message_bytes
        self._hub_node, self._meter_node = air.hub(hub), air.meter(meter.eui)
        self._hub_node.on_aps(self._at_hub)
        self._meter_node.on_aps(self._at_meter)
        self._hub_node.form()
        self._meter_node.join(hub)
        self._blocks = BlockLink(GbtEndpoint(blocks), kernel.at, self._say, self._execute, lambda _: None)

    def to_device(self, message: bytes, now: float) -> None:
        """Send a message over the HAN."""
        payload = wrap(message, TUNNEL, to_server=True)
        self._hub_node.send_aps(self.device, CLUSTER_TUNNELING, payload, now)

    def _at_meter(self, _source: Eui64, _cluster: int, payload: bytes, now: float) -> None:
        message = payload[HEADER_BYTES:]
        if is_block(message):
            self._blocks.receive(message, now)
        else:
            self._execute(message, now)

    def _execute(self, message: bytes, now: float) -> None:
        before = dict(self._meter.discarded)
        answers = self._meter.receive(message, now)
        if not answers:
            new = [reason for reason, count in self._meter.discarded.items() if count > before.get(reason, 0)]
            self._from_device(self, message, str(new[0]) if new else "no reason given")
        for answer in answers:
            leaves_at = now + self._air.execution_s()
            if len(answer) > self._cut_above:
                self._blocks.send(answer, leaves_at)
            else:
                self._say(answer, leaves_at)

    def _say(self, message: bytes, now: float) -> None:
        self._meter_node.send_aps(
            self.hub.eui, CLUSTER_TUNNELING, wrap(message, TUNNEL, to_server=False), max(now, self._kernel.now)
        )

    def _at_hub(self, _source: Eui64, _cluster: int, payload: bytes, now: float) -> None:
        self._from_device(self, payload[HEADER_BYTES:], "")


class RealStation:
    """A real device, reached through our hub.

    Does not model: anything between the hub and the device, which is real.
    """

    def __init__(
        self,
        device: RealDevice,
        hub: Eui64,
        limits: HubLimits,
        kernel: Kernel,
        from_device: FromDevice,
        lost: Callable[[Station, str], None],
    ) -> None:
        self.device, self.hub, self._real = device.eui, CommsHub(hub, (device.eui,), limits), device
        device.connect(
            lambda message: kernel.post(from_device, self, message, ""),
            lambda reason: kernel.post(lost, self, f"rig {device.rig} was lost: {reason}"),
        )

    def to_device(self, message: bytes, now: float) -> None:
        """Hand a message to the rig."""
        self._real.send(message)
