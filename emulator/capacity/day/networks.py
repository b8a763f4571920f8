"""The SM WANs of a run for whole arrays of messages: the same parameters, the same arithmetic, the same states of hubs.

Times are seconds from the midnight at which the day of reads begins. A message that does not arrive arrives at infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.queues import Channels, waiting_before
from emulator.capacity.day.resends import Resends
from emulator.capacity.day.tables import Dice, Values, categories, table
from emulator.errors import ScenarioError
from emulator.links.airtime import bytes_on_air, frame_count
from emulator.links.presets import Airtime, Framing, Preset
from emulator.wan.cellular import CellularParameters
from emulator.wan.long_range_radio import LongRangeRadioParameters
from emulator.wan.mesh import MeshParameters
from emulator.wan.model import Direction
from emulator.wan.sms_wake_up import SmsWakeUpParameters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = float("inf")
HOURS = 24
_HOUR_S = 3600.0
_FROM_COMMAND_ON = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the hubs of a block are: base station of each (from 0), how many there are, and their channels.

    ``background`` is the share of each direction's air time that other traffic takes, by hour of the day.
    """

    station: Ints
    stations: int
    channels: int
    background: dict[Direction, Floats]

    def __len__(self) -> int:
        return len(self.station)


@dataclass(frozen=True, slots=True)
class Use:
    """How messages used channels: station, start and length of each, what it waited, and how many waited before it."""

    station: Ints
    starts_at: Floats
    air_s: Floats
    waited_s: Floats
    queue: Ints


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of messages: when each arrived, and its bytes on the air; of a network with channels, their use."""

    arrives_at: Floats
    bytes_on_air: Ints
    use: Use | None = None


class Network(Protocol):
    """A network as a block of hubs sees it."""

    queues: bool
    """Whether messages of one hub wait for those of others."""
    sms_at: list[Floats]
    """When SMS were sent, batch by batch."""

    def send(self, hub: Ints, direction: Direction, size: Ints, at: Floats) -> Passage:
        """What becomes of messages, in order of ``at``."""

    def rest(self) -> None:
        """Nothing has been sent for so long that all channels are free."""


class Radio:
    """Long-range radio; see :class:`emulator.wan.long_range_radio.LongRangeRadio`. Queues are exact.

    Does not model: what that does not; two answers of one hub within the pause that its duty cycle asks for, where both
    are of one batch.
    """

    queues = True

    def __init__(self, parameters: LongRangeRadioParameters, dice: Dice, layout: Layout) -> None:
        loss = parameters.frame_loss
        self._dice, self._layout = dice, layout
        self._resends = Resends(loss.p, loss.max_tries)
        self._backoff_s, self._backhaul_s = table(loss.backoff_s), table(parameters.backhaul_s)
        self._air: dict[Direction, Airtime] = {"down": parameters.downlink_air, "up": parameters.uplink_air}
        self._wait_s = {"down": table(parameters.downlink_wait_s), "up": table(parameters.uplink_wait_s)}
        self._channels = {way: Channels(layout.stations, layout.channels) for way in self._air}
        base = parameters.background_utilisation.value
        self._stretch = {way: 1 / ((1 - base) * (1 - layout.background[way])) for way in self._air}
        self._quiet_until = np.zeros(len(layout))
        self._pause = 1 / parameters.hub_duty_cycle.value
        self.sms_at: list[Floats] = []

    def send(self, hub: Ints, direction: Direction, size: Ints, at: Floats) -> Passage:
        """See :class:`Network`."""
        air, dice = self._air[direction], self._dice
        frames = frame_count(size, air.payload_bytes)
        again, _, given_up = self._resends.draw(frames, dice)
        once = bytes_on_air(size, air.payload_bytes, air.overhead_bytes)
        on_air = once + once * again // frames
        hour = (at // _HOUR_S).astype(np.int64) % HOURS
        air_s = on_air * 8 / air.rate_bps * self._stretch[direction][hour]
        use = self._used(hub, direction, at, air_s)
        on_air_at = use.starts_at + dice.draw(self._wait_s[direction], len(at))
        if direction == "up":
            on_air_at = np.maximum(on_air_at, self._quiet_until[hub])
            self._quiet_until[hub] = on_air_at + air_s * self._pause
        arrives_at = on_air_at + air_s + dice.draw(self._backhaul_s, len(at))
        self._add_backoff(arrives_at, again)
        arrives_at[given_up] = NEVER
        return Passage(arrives_at, on_air, use)

    def rest(self) -> None:
        """See :class:`Network`."""
        for channels in self._channels.values():
            channels.reset()

    def _used(self, hub: Ints, direction: Direction, at: Floats, air_s: Floats) -> Use:
        """Queue for the channels of each station, first come, first served."""
        station = self._layout.station[hub]
        order = np.argsort(station.astype(np.uint16), kind="stable")
        place, come = station[order], at[order]
        begun = self._channels[direction].start(place, come, air_s[order])
        starts_at, queue = np.empty_like(at), np.empty(len(at), np.int64)
        starts_at[order], queue[order] = begun, waiting_before(place, come, begun)
        return Use(station, starts_at, air_s, starts_at - at, queue)

    def _add_backoff(self, arrives_at: Floats, again: Ints) -> None:
        resent = np.flatnonzero(again)
        turns = again[resent]
        which = np.repeat(np.arange(len(resent)), turns)
        drawn = self._dice.draw(self._backoff_s, len(which))
        arrives_at[resent] += np.bincount(which, drawn, len(resent))


class Cellular:
    """A cellular network; see :class:`emulator.wan.cellular.Cellular`.

    Does not model: what that does not; a session that a message finds open because of another of the same batch.
    """

    queues = False

    def __init__(self, parameters: CellularParameters, dice: Dice, layout: Layout) -> None:
        loss = parameters.loss
        self._dice, self._transport = dice, parameters.transport
        self._resends = Resends(loss.p, loss.max_tries, lambda tries: loss.rto_s * 2.0 ** (tries - 1))
        self._setup_s, self._rtt_s = table(parameters.session_setup_s), table(parameters.rtt_s)
        self._seconds_per_byte = 8 / np.maximum(dice.draw(table(parameters.rate_bps), len(layout)), 1.0)
        self._open_until = np.full(len(layout), -1.0)
        self._idle_s = parameters.session_idle_s.value
        self.sms_at: list[Floats] = []

    def send(self, hub: Ints, direction: Direction, size: Ints, at: Floats) -> Passage:
        """See :class:`Network`."""
        dice, count = self._dice, len(at)
        frames, once = _framed(size, self._transport)
        again, resend_s, given_up = self._resends.draw(frames, dice)
        on_air = once + once * again // frames
        arrives_at = at + on_air * self._seconds_per_byte[hub] + resend_s
        arrives_at += dice.draw(self._rtt_s, count) / 2
        closed = np.flatnonzero(at > self._open_until[hub])
        arrives_at[closed] += dice.draw(self._setup_s, len(closed))
        self._open_until[hub] = arrives_at + self._idle_s
        arrives_at[given_up] = NEVER
        return Passage(arrives_at, on_air)

    def rest(self) -> None:
        """See :class:`Network`."""


class Mesh:
    """Hops and a cellular network behind them; see :class:`emulator.wan.mesh.Mesh`.

    Does not model: what that does not; what :class:`Cellular` does not.
    """

    queues = False

    def __init__(self, parameters: MeshParameters, dice: Dice, layout: Layout) -> None:
        loss = parameters.hop_loss
        self._dice, self._air = dice, parameters.hop_air
        self._base = Cellular(parameters.base, dice, layout)
        self._hops = categories(parameters.hops)[dice.places(len(layout))]
        self._per_hop_s, self._backoff_s = table(parameters.per_hop_s), table(loss.backoff_s)
        self._resends = Resends(loss.p, loss.retries + 1)
        self.sms_at: list[Floats] = []

    def send(self, hub: Ints, direction: Direction, size: Ints, at: Floats) -> Passage:
        """See :class:`Network`."""
        air, hops = self._air, self._hops[hub]
        frames = frame_count(size, air.payload_bytes) * hops
        once = size * hops + frames * air.overhead_bytes
        again, _, given_up = self._resends.draw(frames, self._dice)
        on_air = once + once * again // frames
        mesh_s = on_air * (8 / air.rate_bps) + self._summed(self._per_hop_s, hops) + self._summed(self._backoff_s, again)
        if direction == "down":
            base = self._base.send(hub, direction, size, at)
            arrives_at = base.arrives_at + mesh_s
            arrives_at[given_up] = NEVER
            return Passage(arrives_at, on_air + base.bytes_on_air)
        reaches = np.flatnonzero(~given_up)
        base = self._base.send(hub[reaches], direction, size[reaches], at[reaches] + mesh_s[reaches])
        arrives_at = np.full(len(at), NEVER)
        arrives_at[reaches] = base.arrives_at
        on_air[reaches] += base.bytes_on_air
        return Passage(arrives_at, on_air)

    def rest(self) -> None:
        """See :class:`Network`."""

    def _summed(self, values: Values, times: Ints) -> Floats:
        """So many draws for each message, added up."""
        which = np.repeat(np.arange(len(times)), times)
        return np.bincount(which, self._dice.draw(values, len(which)), len(times))


class SmsWakeUp:
    """SMS wake-up and a data session; see :class:`emulator.wan.sms_wake_up.SmsWakeUp`.

    Does not model: what that does not; a session that a message finds open because of another of the same batch.
    """

    queues = False

    def __init__(self, parameters: SmsWakeUpParameters, dice: Dice, layout: Layout) -> None:
        self._dice, self._transport = dice, parameters.transport
        self._sms_s, self._wake_s = table(parameters.mt_sms_s), table(parameters.wake_to_pdp_s)
        self._rtt_s, self._lost = table(parameters.rtt_s), 1 - parameters.mt_sms_success.p_final
        self._retry_s = parameters.mt_sms_success.retry_s
        self._seconds_per_byte = 8 / np.maximum(dice.draw(table(parameters.rate_bps), len(layout)), 1.0)
        self._open_until = np.full(len(layout), -1.0)
        self._hold_s = parameters.pdp_hold_s.value
        self._before_command = max(0, parameters.exchanges.value - _FROM_COMMAND_ON)
        self.sms_at: list[Floats] = []

    def send(self, hub: Ints, direction: Direction, size: Ints, at: Floats) -> Passage:
        """See :class:`Network`."""
        dice, count = self._dice, len(at)
        _, on_air = _framed(size, self._transport)
        rtt_s = dice.draw(self._rtt_s, count)
        arrives_at = at + rtt_s / 2 + on_air * self._seconds_per_byte[hub]
        closed = np.flatnonzero(at > self._open_until[hub])
        arrives_at[closed] += dice.draw(self._wake_s, len(closed))
        if direction == "down":
            arrives_at[closed] += self._woken(at[closed]) + self._before_command * rtt_s[closed]
        there = np.isfinite(arrives_at)
        self._open_until[hub[there]] = arrives_at[there] + self._hold_s
        return Passage(arrives_at, on_air)

    def rest(self) -> None:
        """See :class:`Network`."""

    def _woken(self, at: Floats) -> Floats:
        """Seconds until each SMS is there; never for those that are lost. All tries count as SMS."""
        dice, count = self._dice, len(at)
        sms_s = dice.draw(self._sms_s, count).astype(np.float64)
        sms_s[dice.chance(self._lost, count)] = NEVER
        self.sms_at += [at, *(at[sms_s > retry_s] + retry_s for retry_s in self._retry_s)]
        return sms_s


def _framed(size: Ints, transport: Framing) -> tuple[Ints, Ints]:
    """Frames of each message, and its bytes with their overhead."""
    payload_bytes, overhead_bytes = transport.payload_bytes, transport.overhead_bytes
    return frame_count(size, payload_bytes), bytes_on_air(size, payload_bytes, overhead_bytes)


_MODELS: dict[type[Preset], Callable[[Any, Dice, Layout], Network]] = {
    LongRangeRadioParameters: Radio,
    CellularParameters: Cellular,
    MeshParameters: Mesh,
    SmsWakeUpParameters: SmsWakeUp,
}


def make_network(parameters: Preset, dice: Dice, layout: Layout) -> Network:
    """The model for the parameters of a preset. Raises ScenarioError for one that has none."""
    make = _MODELS.get(type(parameters))
    if make is None:
        raise ScenarioError(f"network {parameters.name} has no model for whole arrays")
    return make(parameters, dice, layout)
