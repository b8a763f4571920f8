"""868 MHz mesh: a hub without coverage reaches one that has it over some hops, and the cellular network from there."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from emulator.assumptions import Assumption
from emulator.links.arq import Arq
from emulator.links.distributions import Categorical, Distribution, Share, Simple, Stated, draws
from emulator.links.presets import Airtime, Preset
from emulator.rng import generator
from emulator.wan.cellular import Cellular, CellularParameters
from emulator.wan.model import Delivery, Direction, delivered, lost, not_modelled


class HopLoss(Stated):
    """Loss of each frame on each hop, the backoff before it is sent again, and how often that is done."""

    p: Share
    retries: int = Field(ge=0, strict=True)
    backoff_s: Simple


class MeshParameters(Preset):
    """The parameters of the mesh; ``base`` are those of the network behind it."""

    hops: Categorical
    per_hop_s: Distribution
    hop_air: Airtime
    hop_loss: HopLoss
    base: CellularParameters


class Mesh:
    """Hops to a gateway, their number fixed for each hub, and a cellular network behind it.

    Does not model: hubs that share a gateway and its session, channels shared by neighbours, routes that change.
    """

    not_modelled = ""

    def __init__(
        self, parameters: MeshParameters, seed: int, base_station: NDArray[np.int32], channels_per_base_station: int
    ) -> None:
        """Base stations are of no concern here; their column says how many hubs there are."""
        self.parameters, self.title = parameters, parameters.title
        loss, air = parameters.hop_loss, parameters.hop_air
        self._base = Cellular(parameters.base, seed, base_station, channels_per_base_station)
        hops = parameters.hops.sample(generator(seed, "wan", "mesh", "hops"), len(base_station))
        self._hops = array("l", hops.tolist())
        self._per_hop_s = draws(parameters.per_hop_s, generator(seed, "wan", "mesh", "per_hop"))
        backoff_s = draws(loss.backoff_s, generator(seed, "wan", "mesh", "backoff"))
        self._arq = Arq(loss.p, loss.retries + 1, lambda _: backoff_s(), generator(seed, "wan", "mesh", "loss"))
        self._payload_bytes, self._overhead_bytes = air.payload_bytes, air.overhead_bytes
        self._seconds_per_byte = 8 / air.rate_bps
        self._gave_up = f"mesh frame lost {loss.retries + 1} times"

    def send(self, hub: int, direction: Direction, size: int, now: float) -> Delivery:
        """See :class:`~emulator.wan.model.WanModel`."""
        hops = self._hops[hub]
        frames = -(-size // self._payload_bytes) * hops
        on_air = size * hops + frames * self._overhead_bytes
        again, backoff_s, gave_up = self._arq.send(frames)
        if again:
            on_air += on_air * again // frames
        air_s = on_air * self._seconds_per_byte
        mesh_s = air_s + backoff_s
        for _ in range(hops):
            mesh_s += self._per_hop_s()
        down = direction == "down"
        if gave_up and not down:
            return lost(self._gave_up, frames + again, on_air, air_s)
        base = self._base.send(hub, direction, size, now if down else now + mesh_s)
        frames += again + base.frames
        on_air += base.bytes_on_air
        air_s += base.air_s
        if base.arrives_at is None or gave_up:
            return lost(base.reason or self._gave_up, frames, on_air, air_s, base.waited_s)
        arrives_at = base.arrives_at + mesh_s if down else base.arrives_at
        return delivered(arrives_at, "", frames, on_air, air_s, base.waited_s)

    def assumptions(self) -> list[Assumption]:
        """Every parameter with its confidence and source, those of the network behind the mesh included."""
        return self.parameters.assumptions()


Mesh.not_modelled = not_modelled(Mesh)
