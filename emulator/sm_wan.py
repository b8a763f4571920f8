"""The SM WAN of a run: messages between head-end and hubs, compressed at both ends where the scenario says so.

What travelled is counted layer by layer: messages, what a codec made of them, frames and bytes on the air.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.assumptions import Assumption
from emulator.compression.codec import Codec, Link
from emulator.compression.corpus.made import MadeBlock
from emulator.compression.dictionary import Dictionaries, train
from emulator.compression.endpoint import Endpoint, Received
from emulator.compression.registry import codec_row, make_codec
from emulator.dcc.requests import ServiceRequest
from emulator.hub import CommsHub
from emulator.kernel import Schedule
from emulator.networks import Networks
from emulator.wan.model import Direction, WanModel
from gbcs.eui64 import Eui64

OPPOSITE: dict[Direction, Direction] = {"down": "up", "up": "down"}
_TRAINING_SEED = 20_260_101
"""Dictionaries are trained on meters that no run has."""


class Behind(Protocol):
    """What stands behind a hub's end of the SM WAN."""

    @property
    def premises(self) -> int:
        """The premises' index."""

    @property
    def hub(self) -> CommsHub:
        """The hub."""

    @property
    def wan(self) -> WanModel:
        """Its network."""


@dataclass(slots=True)
class Layers:
    """What travelled on a network in one direction, layer by layer; ``lost`` datagrams are in all figures."""

    network: str
    direction: Direction
    messages: int = 0
    message_bytes: int = 0
    datagrams: int = 0
    datagram_bytes: int = 0
    frames: int = 0
    bytes_on_air: int = 0
    air_s: float = 0.0
    lost: int = 0


class SmWan:
    """Carries messages between the head-end and the hubs.

    With a codec, the head-end has one end for all hubs and each hub one of its own; what an end cannot expand it names,
    and it is sent again (:mod:`emulator.compression.endpoint`). Real bytes travel: what a hub hands on is what it
    expanded.

    Does not model: the time and the energy that compression takes in a hub; a hub that restarts and forgets.
    """

    def __init__(
        self,
        networks: Networks,
        schedule: Schedule,
        at_hub: Callable[[Any, bytes], None],
        at_head_end: Callable[[ServiceRequest, bytes], None],
        lost: Callable[[ServiceRequest, Direction, str], None],
        compression: str = "none",
    ) -> None:
        """``at_hub(home, message)`` and ``at_head_end(request, message)`` take what arrives."""
        self.networks, self.compression = networks, compression
        self._schedule, self._at_hub, self._at_head_end, self._lost = schedule, at_hub, at_head_end, lost
        self._layers: dict[tuple[WanModel, Direction], Layers] = {}
        self._dictionaries = _dictionaries(compression)
        self._head_end = None if compression == "none" else Endpoint(self._codec())
        self._hubs: dict[Eui64, Endpoint] = {}

    def send(self, home: Behind, direction: Direction, message: bytes, request: ServiceRequest, now: float) -> None:
        """Take a message to the other side, as bytes."""
        layers = self._layers_of(home, direction)
        layers.messages += 1
        layers.message_bytes += len(message)
        if self._head_end is None:
            self._travel(layers, home, message, request, now)
        else:
            datagram = self._end(home, direction).send(message, Link(home.hub.eui, direction))
            self._travel(layers, home, datagram, request, now)

    def layers(self) -> list[Layers]:
        """What travelled so far, by network and direction."""
        return sorted(self._layers.values(), key=lambda one: (one.network, one.direction))

    def summary(self) -> dict[str, Any]:
        """The codec and what its ends counted, for the summary of a run."""
        if self._head_end is None:
            return {"codec": "none"}
        ends = [self._head_end, *self._hubs.values()]
        contexts = list(self._context_bytes())
        return {
            "codec": self.compression,
            "title": codec_row(self.compression).title,
            "refused": sum(end.traffic.refused for end in ends),
            "sent_again": sum(end.traffic.sent_again for end in ends),
            "hubs": len(self._hubs),
            "hub_context_bytes_mean": round(sum(contexts) / len(contexts), 1) if contexts else None,
            "hub_context_bytes_max": max(contexts, default=None),
        }

    def assumptions(self) -> list[Assumption]:
        """What compression takes for granted."""
        if self._head_end is None:
            return []
        source = "PIA A13 has compression in scope and names no codec; against A4 (no changes to comms hubs)"
        return [Assumption("wan.compression", f"{self.compression}: between head-end and hub", "A", source)]

    # ------------------------------------------------------------------ the way

    def _travel(self, layers: Layers, home: Behind, data: bytes, request: ServiceRequest, now: float) -> None:
        direction = layers.direction
        delivery = home.wan.send(home.premises, direction, len(data), now)
        layers.datagrams += 1
        layers.datagram_bytes += len(data)
        layers.frames += delivery.frames
        layers.bytes_on_air += delivery.bytes_on_air
        layers.air_s += delivery.air_s
        if delivery.arrives_at is None:
            layers.lost += 1
            self._lost(request, direction, delivery.reason)
            return
        for at in (delivery.arrives_at, delivery.again_at):
            if at is not None:
                self._arrive_at(at, direction, home, request, data)

    def _arrive_at(self, at: float, direction: Direction, home: Behind, request: ServiceRequest, data: bytes) -> None:
        if self._head_end is not None:
            self._schedule(at, self._expand, direction, home, request, data, at)
        elif direction == "down":
            self._schedule(at, self._at_hub, home, data)
        else:
            self._schedule(at, self._at_head_end, request, data)

    def _expand(self, direction: Direction, home: Behind, request: ServiceRequest, data: bytes, at: float) -> None:
        """Have the other end make of a datagram what it can."""
        received: Received = self._end(home, OPPOSITE[direction]).receive(data, Link(home.hub.eui, direction))
        if received.message is not None and direction == "down":
            self._at_hub(home, received.message)
        elif received.message is not None:
            self._at_head_end(request, received.message)
        if received.reason:
            self._lost(request, direction, received.reason)
        if received.reply is not None:
            self._travel(self._layers_of(home, OPPOSITE[direction]), home, received.reply, request, at)

    # ------------------------------------------------------------------ ends

    def _end(self, home: Behind, direction: Direction) -> Endpoint:
        """The end that sends in a direction."""
        if direction == "down":
            assert self._head_end is not None  # noqa: S101 - asked for only where there is a codec
            return self._head_end
        hub = home.hub.eui
        end = self._hubs.get(hub)
        if end is None:
            end = self._hubs[hub] = Endpoint(self._codec())
        return end

    def _codec(self) -> Codec:
        return make_codec(self.compression, self._dictionaries)

    def _layers_of(self, home: Behind, direction: Direction) -> Layers:
        key = home.wan, direction
        found = self._layers.get(key)
        if found is None:
            found = self._layers[key] = Layers(self.networks.preset(home.premises), direction)
        return found

    def _context_bytes(self) -> Iterator[int]:
        for hub, end in self._hubs.items():
            measure = getattr(end.codec, "context_bytes", None)
            if measure is not None:
                yield measure(hub)


def _dictionaries(compression: str) -> Dictionaries | None:
    """Dictionaries for a codec that needs some, trained on made meters."""
    if compression == "none" or not codec_row(compression).needs_dictionaries:
        return None
    samples: dict[Direction, list[bytes]] = {"down": [], "up": []}
    for conversation in MadeBlock(_TRAINING_SEED, 0, 1).training():
        for sample in conversation.samples:
            samples[sample.direction].append(sample.data)
    return train(samples)
