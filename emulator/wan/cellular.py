"""Cellular networks (2G, 3G, LTE-M): a session to be set up, round trips, a rate, and packets that get lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from emulator.assumptions import Assumption
from emulator.links.arq import Arq
from emulator.links.distributions import Distribution, Share, Stated, draws
from emulator.links.presets import Framing, Preset, Value
from emulator.rng import generator
from emulator.wan.model import Delivery, Direction, column, delivered, lost, not_modelled


class PacketLoss(Stated):
    """Loss of each packet, the time before it is sent again (doubled each time), and how often it is sent at most."""

    p: Share
    rto_s: float = Field(ge=0, strict=True)
    max_tries: int = Field(ge=1, le=30, strict=True)


class CellularParameters(Preset):
    """The parameters of a cellular network."""

    session_setup_s: Distribution
    session_idle_s: Value
    rtt_s: Distribution
    rate_bps: Distribution
    transport: Framing
    loss: PacketLoss


class Cellular:
    """One cellular network. A session stays open for a while after its last message; each hub has a rate of its own.

    Does not model: cells and their load, one rate for both directions being an approximation, coverage that a place has
    for good, roaming, ramp-up of TCP.
    """

    not_modelled = ""

    def __init__(
        self,
        parameters: CellularParameters,
        seed: int,
        base_station: NDArray[np.int32],
        channels_per_base_station: int,
    ) -> None:
        """Base stations are of no concern here; their column says how many hubs there are."""
        self.parameters, self.title = parameters, parameters.title
        name, loss, hubs = parameters.name, parameters.loss, len(base_station)
        self._setup_s = draws(parameters.session_setup_s, generator(seed, "wan", name, "setup"))
        self._rtt_s = draws(parameters.rtt_s, generator(seed, "wan", name, "rtt"))
        self._arq = Arq(
            loss.p, loss.max_tries, lambda tries: loss.rto_s * 2 ** (tries - 1), generator(seed, "wan", name, "loss")
        )
        self._payload_bytes, self._overhead_bytes = (
            parameters.transport.payload_bytes,
            parameters.transport.overhead_bytes,
        )
        rates = np.maximum(parameters.rate_bps.sample(generator(seed, "wan", name, "rate"), hubs), 1.0)
        self._seconds_per_byte = column(8 / rates)
        self._open_until = column(np.full(hubs, -1.0))
        self._idle_s = parameters.session_idle_s.value
        self._gave_up = f"packet lost {loss.max_tries} times"

    def send(self, hub: int, direction: Direction, size: int, now: float) -> Delivery:
        """See :class:`~emulator.wan.model.WanModel`."""
        setup_s = 0.0 if now <= self._open_until[hub] else self._setup_s()
        frames = -(-size // self._payload_bytes)
        on_air = size + frames * self._overhead_bytes
        again, resend_s, gave_up = self._arq.send(frames)
        if again:
            on_air += on_air * again // frames
        air_s = on_air * self._seconds_per_byte[hub]
        arrives_at = now + setup_s + self._rtt_s() / 2 + air_s + resend_s
        self._open_until[hub] = arrives_at + self._idle_s
        if gave_up:
            return lost(self._gave_up, frames + again, on_air, air_s, setup_s)
        return delivered(arrives_at, "", frames + again, on_air, air_s, setup_s)

    def assumptions(self) -> list[Assumption]:
        """Every parameter with its confidence and source."""
        return self.parameters.assumptions()


Cellular.not_modelled = not_modelled(Cellular)
