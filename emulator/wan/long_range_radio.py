"""Long-range radio of the North: base stations with a few channels, slots, and frames that are sent again."""

from __future__ import annotations

from heapq import heapreplace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from emulator.assumptions import Assumption
from emulator.links.arq import Arq
from emulator.links.distributions import Distribution, Share, Simple, Stated, draws
from emulator.links.presets import Airtime, Preset, UtilisationValue
from emulator.rng import generator
from emulator.wan.model import Delivery, Direction, column, delivered, lost, not_modelled


class FrameLoss(Stated):
    """Loss of each frame, the backoff before it is sent again, and how often it is sent at most."""

    p: Share
    max_tries: int = Field(ge=1, strict=True)
    backoff_s: Simple


class DutyCycle(Stated):
    """The share of time that a transmitter may be on."""

    value: float = Field(gt=0, le=1, strict=True)


class LongRangeRadioParameters(Preset):
    """The parameters of long-range radio."""

    downlink_wait_s: Distribution
    downlink_air: Airtime
    uplink_wait_s: Distribution
    uplink_air: Airtime
    frame_loss: FrameLoss
    backhaul_s: Distribution
    hub_duty_cycle: DutyCycle
    background_utilisation: UtilisationValue


class _Way:
    """One direction: its air time, its waits, and when the channels of each base station are free."""

    __slots__ = ("arq", "channels", "count", "overhead_bytes", "payload_bytes", "seconds_per_byte", "wait_s")

    def __init__(self, wait: Distribution, air: Airtime, loss: FrameLoss, channels: int, seed: int, name: str) -> None:
        backoff_s = draws(loss.backoff_s, generator(seed, "wan", "lrr", name, "backoff"))
        self.arq = Arq(loss.p, loss.max_tries, lambda _: backoff_s(), generator(seed, "wan", "lrr", name, "loss"))
        self.wait_s = draws(wait, generator(seed, "wan", "lrr", name, "wait"))
        self.payload_bytes, self.overhead_bytes = air.payload_bytes, air.overhead_bytes
        self.seconds_per_byte = 8 / air.rate_bps
        self.count = channels
        self.channels: dict[int, list[float]] = {}

    def start(self, station: int, now: float, busy_s: float) -> float:
        """When a channel of the station takes the message, which holds it for ``busy_s``; first come, first served."""
        free = self.channels.get(station)
        if free is None:
            free = self.channels[station] = [0.0] * self.count
        starts_at = max(now, free[0])
        heapreplace(free, starts_at + busy_s)
        return starts_at


class LongRangeRadio:
    """Base stations with channels in each direction, first come first served; loss and retransmission of each frame.

    A message holds its channel for its air time, with that of the frames sent again; waiting for a slot, for the duty
    cycle and for a retransmission adds to its delay and leaves the channel to others.

    Does not model: acknowledgements on the air, broadcasts, neighbouring base stations that interfere or take over,
    weather, relaying by other hubs, a difference between near and far hubs.
    """

    not_modelled = ""

    def __init__(
        self,
        parameters: LongRangeRadioParameters,
        seed: int,
        base_station: NDArray[np.int32],
        channels_per_base_station: int,
    ) -> None:
        """``base_station`` gives the station of each hub; hubs without one (-1) share one of their own."""
        self.parameters, self.title = parameters, parameters.title
        loss, count = parameters.frame_loss, channels_per_base_station
        self._down = _Way(parameters.downlink_wait_s, parameters.downlink_air, loss, count, seed, "down")
        self._up = _Way(parameters.uplink_wait_s, parameters.uplink_air, loss, count, seed, "up")
        self._backhaul_s = draws(parameters.backhaul_s, generator(seed, "wan", "lrr", "backhaul"))
        self._station = base_station.tolist()
        self._quiet_until = column(np.zeros(len(base_station)))
        self._stretch = 1 / (1 - parameters.background_utilisation.value)
        self._pause = 1 / parameters.hub_duty_cycle.value
        self._gave_up = f"radio frame lost {loss.max_tries} times"

    def send(self, hub: int, direction: Direction, size: int, now: float) -> Delivery:
        """See :class:`~emulator.wan.model.WanModel`."""
        down = direction == "down"
        way = self._down if down else self._up
        frames = -(-size // way.payload_bytes)
        on_air = size + frames * way.overhead_bytes
        again, backoff_s, gave_up = way.arq.send(frames)
        if again:
            on_air += on_air * again // frames
        air_s = on_air * way.seconds_per_byte * self._stretch
        on_air_at = way.start(self._station[hub], now, air_s) + way.wait_s()
        if not down:
            quiet_until = self._quiet_until[hub]
            on_air_at = max(quiet_until, on_air_at)
            self._quiet_until[hub] = on_air_at + air_s * self._pause
        if gave_up:
            return lost(self._gave_up, frames + again, on_air, air_s, on_air_at - now)
        arrives_at = on_air_at + air_s + backoff_s + self._backhaul_s()
        return delivered(arrives_at, "", frames + again, on_air, air_s, on_air_at - now)

    def assumptions(self) -> list[Assumption]:
        """Every parameter with its confidence and source."""
        return self.parameters.assumptions()


LongRangeRadio.not_modelled = not_modelled(LongRangeRadio)
