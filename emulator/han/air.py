"""The HAN inside the process: nodes that hear each other after a modelled delay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from pydantic import Field

from emulator.assumptions import Assumption
from emulator.han import zigbee
from emulator.han.frames import FRAGMENT_OVERHEAD_BYTES
from emulator.han.port import ApsHandler, Endpoint, EventHandler, HanEvent, HanKeys, Joined, Undelivered, Up
from emulator.links.arq import Arq
from emulator.links.distributions import Distribution, NotNegative, Share, Stated, draws
from emulator.links.presets import NO_OVERRIDES, Framing, Overrides, Preset, Value, load_preset
from emulator.rng import generator
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64

Schedule = Callable[..., object]
"""``schedule(at, callback, *args)`` calls ``callback(*args)`` at an instant."""

OnLost = Callable[[str, bytes], object]
"""Takes why a payload was lost, and the payload."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A payload that crosses a HAN: from when until when, on whose HAN, from whom to whom, on which cluster."""

    starts_at: float
    arrives_at: float
    coordinator: Eui64
    source: Eui64
    destination: Eui64
    cluster: int
    payload: bytes


AirWatcher = Callable[[Carried], object]
"""Sees what crosses the HANs, when it starts: a capture. Payloads that are given up are not shown."""

_KEY_LABEL = b"meterfarm stand-in for CBKE"

_HUB_ENDPOINTS = (
    Endpoint(
        1,
        zigbee.PROFILE_SMART_ENERGY,
        zigbee.DEVICE_ENERGY_SERVICE_INTERFACE,
        server_clusters=(zigbee.CLUSTER_KEY_ESTABLISHMENT,),
        client_clusters=(zigbee.CLUSTER_TUNNELING, zigbee.CLUSTER_METERING, zigbee.CLUSTER_KEY_ESTABLISHMENT),
    ),
)
_METER_ENDPOINTS = (
    Endpoint(
        1,
        zigbee.PROFILE_SMART_ENERGY,
        zigbee.DEVICE_METERING,
        server_clusters=(zigbee.CLUSTER_TUNNELING, zigbee.CLUSTER_METERING, zigbee.CLUSTER_KEY_ESTABLISHMENT),
        client_clusters=(zigbee.CLUSTER_KEY_ESTABLISHMENT,),
    ),
)


class FragmentLoss(Stated):
    """Loss of each fragment, how long its sender waits for an acknowledgement, and how often it sends it at most."""

    p: Share
    max_tries: int = Field(ge=1, strict=True)
    wait_s: NotNegative


class HanParameters(Preset):
    """The parameters of the HAN."""

    rtt_s: Distribution
    per_fragment_s: Value
    fragment: Framing
    fragment_loss: FragmentLoss
    meter_execution_s: Distribution


def load_han_parameters(overrides: Overrides = NO_OVERRIDES, *, label: str = "scenario") -> HanParameters:
    """The shipped parameters with overrides. Raises ScenarioError, one line, for a mistake in them."""
    return load_preset(HanParameters, "emulator.han", "han_zigbee", overrides, label=label)


class Air:
    """What the nodes of all HANs of a farm share: parameters, draws, and who hears of arrivals and losses.

    The time that a meter takes to execute a command is one of the parameters; whoever runs the meter draws it.

    Does not model: security on the air, acknowledgements, several hops, interference between HANs or with Wi-Fi, the
    868 MHz band and its duty cycles, sleepy devices, joining and tunnel set-up.
    """

    def __init__(
        self, parameters: HanParameters, seed: int, schedule: Schedule, on_lost: OnLost, key_seed: int = 0
    ) -> None:
        """``key_seed`` is what the link keys hang on."""
        self.parameters, self.schedule, self.on_lost = parameters, schedule, on_lost
        loss = parameters.fragment_loss
        self.rtt_s = draws(parameters.rtt_s, generator(seed, "han", "rtt"))
        self.execution_s = draws(parameters.meter_execution_s, generator(seed, "han", "execution"))
        self.arq = Arq(loss.p, loss.max_tries, lambda _: loss.wait_s, generator(seed, "han", "loss"))
        self.per_fragment_s, self.payload_bytes = parameters.per_fragment_s.value, parameters.fragment.payload_bytes
        self.gave_up = f"APS fragment lost {loss.max_tries} times"
        self.coordinators: dict[Eui64, AirNode] = {}
        self.payloads = self.payload_octets = self.fragments = 0
        """What was sent so far; fragments that were sent again are counted each time."""
        self.watcher: AirWatcher | None = None
        self._key_seed = key_seed

    def hub(self, eui: Eui64) -> AirNode:
        """A node for a comms hub."""
        return AirNode(self, eui, is_meter=False)

    def meter(self, eui: Eui64) -> AirNode:
        """A node for a meter."""
        return AirNode(self, eui, is_meter=True)

    def traffic(self) -> dict[str, int]:
        """What was sent so far, by layer: payloads of APS, their bytes, fragments, and bytes on the air."""
        on_air = self.payload_octets + self.fragments * FRAGMENT_OVERHEAD_BYTES
        return {
            "payloads": self.payloads,
            "payload_bytes": self.payload_octets,
            "fragments": self.fragments,
            "bytes_on_air": on_air,
        }

    def watch(self, watcher: AirWatcher) -> None:
        """Let somebody see every payload that crosses a HAN from now on."""
        self.watcher = watcher

    def keys(self, coordinator: Eui64, one: Eui64, other: Eui64) -> HanKeys:
        """The keys of a HAN, and of the link between two of its devices."""
        return HanKeys(self.key(coordinator), self.key(*sorted((one, other))))

    def key(self, *parties: Eui64) -> bytes:
        """A stand-in for a key: the same for the same parties, derived anew each time, kept and logged nowhere."""
        label = b"".join((_KEY_LABEL, self._key_seed.to_bytes(32, "big", signed=True), *parties))
        return blake2b(label, digest_size=16).digest()

    def assumptions(self) -> list[Assumption]:
        """Every parameter with its confidence and source, and the keys."""
        keys = Assumption(
            "han.link_keys",
            "derived from the key seed",
            "A",
            "a stand-in: no certificate-based key establishment (CBKE)",
        )
        return [*self.parameters.assumptions(), keys]


class AirNode:
    """A :class:`~emulator.han.port.HanPort` inside the process. What it sends leaves one after the other, in order.

    Whoever asks may join. What happens on the HAN happens before the call that brings it about returns.

    Does not model: more than one HAN a node, leaving a HAN, who is admitted and who is not.
    """

    __slots__ = ("_air", "_coordinator", "_endpoints", "_free_at", "_handler", "_members", "_on_event", "eui")

    def __init__(self, air: Air, eui: Eui64, *, is_meter: bool) -> None:
        self.eui, self._air = eui, air
        self._endpoints = _METER_ENDPOINTS if is_meter else _HUB_ENDPOINTS
        self._free_at = 0.0
        self._handler: ApsHandler | None = None
        self._on_event: EventHandler | None = None
        self._coordinator: AirNode | None = None
        self._members: dict[Eui64, AirNode] | None = None

    def form(self) -> None:
        """See :class:`~emulator.han.port.HanPort`."""
        self._coordinator, self._members = self, {}
        self._air.coordinators[self.eui] = self
        self._happened(Up(self.eui))

    def join(self, coordinator: Eui64, install_code: bytes = b"") -> None:
        """See :class:`~emulator.han.port.HanPort`. The install code is not looked at."""
        node = self._air.coordinators.get(coordinator)
        if node is None or node._members is None:
            raise LocalError(f"there is no HAN of {eui64.show(coordinator)} to join")
        node._members[self.eui] = self
        self._coordinator = node
        self._happened(Up(coordinator))
        node._happened(Joined(self.eui))

    def admit(self, device: Eui64, install_code: bytes = b"") -> None:
        """See :class:`~emulator.han.port.HanPort`. Everybody is admitted anyhow."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """See :class:`~emulator.han.port.HanPort`."""
        return self._endpoints

    def on_aps(self, handler: ApsHandler) -> None:
        """See :class:`~emulator.han.port.HanPort`."""
        self._handler = handler

    def on_event(self, handler: EventHandler) -> None:
        """See :class:`~emulator.han.port.HanPort`."""
        self._on_event = handler

    def keys(self, partner: Eui64) -> HanKeys:
        """See :class:`~emulator.han.port.HanPort`. Raises LocalError before the node is on a HAN."""
        if self._coordinator is None:
            raise LocalError(f"{eui64.show(self.eui)} is on no HAN, so it has no keys")
        return self._air.keys(self._coordinator.eui, self.eui, partner)

    def send_aps(self, destination: Eui64, cluster: int, payload: bytes, now: float) -> None:
        """See :class:`~emulator.han.port.HanPort`."""
        air, coordinator = self._air, self._coordinator
        handler = self._heard_by(destination)
        if handler is None or coordinator is None:
            self._lose(destination, cluster, payload, f"{eui64.show(destination)} is not on the HAN")
            return
        fragments = -(-len(payload) // air.payload_bytes)
        again, waited_s, gave_up = air.arq.send(fragments)
        air.payloads += 1
        air.payload_octets += len(payload)
        air.fragments += fragments + again
        if gave_up:
            self._lose(destination, cluster, payload, air.gave_up)
            return
        starts_at = max(now, self._free_at)
        at = self._free_at = starts_at + air.rtt_s() / 2 + air.per_fragment_s * (fragments + again) + waited_s
        if air.watcher is not None:
            air.watcher(Carried(starts_at, at, coordinator.eui, self.eui, destination, cluster, payload))
        air.schedule(at, handler, self.eui, cluster, payload, at)

    def _lose(self, destination: Eui64, cluster: int, payload: bytes, cause: str) -> None:
        self._air.on_lost(cause, payload)
        self._happened(Undelivered(destination, cluster, payload, cause))

    def _happened(self, event: HanEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)

    def _heard_by(self, destination: Eui64) -> ApsHandler | None:
        """The handler of a node on the same HAN."""
        coordinator = self._coordinator
        if coordinator is None or coordinator._members is None:
            return None
        node = coordinator if destination == coordinator.eui else coordinator._members.get(destination)
        return None if node is None else node._handler
