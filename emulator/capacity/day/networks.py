"""The SM WANs of a run for whole arrays of messages: the same parameters, arithmetic and states of hubs.

Times are seconds from the midnight at which the day of reads begins. What does not arrive arrives at infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.queues import Channels, waiting_before
from emulator.capacity.day.resends import Resends
from emulator.capacity.day.tables import Dice, categories, table
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

Sizes = Mapping[Direction, Ints]
"""Bytes of messages by kind, in each direction."""

NEVER = float("inf")
HOURS = 24
_HOUR_S = 3600.0
_FROM_COMMAND_ON = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the hubs of a block are: base station of each (from 0), how many there are, and their channels.

    ``background`` is the share of the channels' time that other traffic takes: base station, hour of the day.
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


class _Cut:
    """Messages of each kind as a link cuts them: frames, bytes with their overhead, and the tables of their resends."""

    __slots__ = ("frames", "on_air", "rows")

    def __init__(self, size: Ints, framing: Framing, resends: Resends | None = None) -> None:
        self.frames = frame_count(size, framing.payload_bytes)
        self.on_air = bytes_on_air(size, framing.payload_bytes, framing.overhead_bytes)
        self.rows = resends.rows(self.frames) if resends is not None else self.frames


def _with_resent(on_air: Ints, frames: Ints, again: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Add the frames that are sent again, of average length, to the bytes; also, which messages have such."""
    resent = np.flatnonzero(again)
    on_air[resent] += on_air[resent] * again[resent] // frames[resent]
    return on_air, resent


class Network(Protocol):
    """A network as a block of hubs sees it."""

    queues: bool
    """Whether messages of one hub wait for those of others."""
    sms_at: list[Floats]
    """When SMS were sent, batch by batch."""

    def send(self, hub: Ints, direction: Direction, kind: Ints, at: Floats) -> Passage:
        """What becomes of messages of some kinds, in order of ``at``."""

    def rest(self) -> None:
        """Nothing has been sent for so long that all channels are free."""


class Radio:
    """Long-range radio; see :class:`emulator.wan.long_range_radio.LongRangeRadio`. Queues are exact.

    Does not model: what that does not; two answers of one hub within the pause that its duty cycle asks for, where both
    are of one batch.
    """

    queues = True

    def __init__(self, parameters: LongRangeRadioParameters, dice: Dice, layout: Layout, sizes: Sizes) -> None:
        loss = parameters.frame_loss
        self._dice, self._layout = dice, layout
        self._resends = Resends(loss.p, loss.max_tries)
        self._backoff_s, self._backhaul_s = table(loss.backoff_s), table(parameters.backhaul_s)
        air: dict[Direction, Airtime] = {"down": parameters.downlink_air, "up": parameters.uplink_air}
        self._cut = {way: _Cut(sizes[way], one, self._resends) for way, one in air.items()}
        self._wait_s = {"down": table(parameters.downlink_wait_s), "up": table(parameters.uplink_wait_s)}
        self._channels = {way: Channels(layout.stations, layout.channels) for way in air}
        used = parameters.background_utilisation.value
        # Other traffic leaves a share of the channels' time: the same frames then take so much longer.
        self._seconds_per_byte = {
            way: 8 / one.rate_bps / ((1 - used) * (1 - layout.background[way])) for way, one in air.items()
        }
        self._quiet_until = np.zeros(len(layout))
        self._pause = 1 / parameters.hub_duty_cycle.value
        self.sms_at: list[Floats] = []

    def send(self, hub: Ints, direction: Direction, kind: Ints, at: Floats) -> Passage:
        """See :class:`Network`."""
        cut, dice = self._cut[direction], self._dice
        again, _, given_up = self._resends.draw(cut.rows[kind], dice)
        on_air, resent = _with_resent(cut.on_air[kind], cut.frames[kind], again)
        station = self._layout.station[hub]
        air_s = on_air * self._seconds_per_byte[direction][station, _hour_of_day(at)]
        use = self._used(station, direction, at, air_s)
        on_air_at = use.starts_at + dice.draw(self._wait_s[direction], len(at))
        if direction == "up":
            on_air_at = np.maximum(on_air_at, self._quiet_until[hub])
            self._quiet_until[hub] = on_air_at + air_s * self._pause
        arrives_at = on_air_at + air_s + dice.draw(self._backhaul_s, len(at))
        arrives_at[resent] += dice.summed(self._backoff_s, again[resent])
        arrives_at[given_up] = NEVER
        return Passage(arrives_at, on_air, use)

    def rest(self) -> None:
        """See :class:`Network`."""
        for channels in self._channels.values():
            channels.reset()

    def _used(self, station: Ints, direction: Direction, at: Floats, air_s: Floats) -> Use:
        """Queue for the channels of each station, first come, first served."""
        order = np.argsort(station.astype(np.uint16), kind="stable")
        place, come = station[order], at[order]
        begun = self._channels[direction].start(place, come, air_s[order])
        starts_at, queue = np.empty_like(at), np.empty(len(at), np.int64)
        starts_at[order], queue[order] = begun, waiting_before(place, come, begun)
        return Use(station, starts_at, air_s, starts_at - at, queue)


class Cellular:
    """A cellular network; see :class:`emulator.wan.cellular.Cellular`.

    Does not model: what that does not; a session that a message finds open because of another of the same batch.
    """

    queues = False

    def __init__(self, parameters: CellularParameters, dice: Dice, layout: Layout, sizes: Sizes) -> None:
        loss = parameters.loss
        self._dice = dice
        self._resends = Resends(loss.p, loss.max_tries, lambda tries: loss.rto_s * 2.0 ** (tries - 1))
        self._cut = {way: _Cut(size, parameters.transport, self._resends) for way, size in sizes.items()}
        self._setup_s, self._rtt_s = table(parameters.session_setup_s), table(parameters.rtt_s)
        self._seconds_per_byte = 8 / np.maximum(dice.draw(table(parameters.rate_bps), len(layout)), 1.0)
        self._open_until = np.full(len(layout), -1.0)
        self._idle_s = parameters.session_idle_s.value
        self.sms_at: list[Floats] = []

    def send(self, hub: Ints, direction: Direction, kind: Ints, at: Floats) -> Passage:
        """See :class:`Network`."""
        cut, dice = self._cut[direction], self._dice
        again, resend_s, given_up = self._resends.draw(cut.rows[kind], dice)
        on_air, _ = _with_resent(cut.on_air[kind], cut.frames[kind], again)
        arrives_at = at + on_air * self._seconds_per_byte[hub] + resend_s + dice.draw(self._rtt_s, len(at)) / 2
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

    def __init__(self, parameters: MeshParameters, dice: Dice, layout: Layout, sizes: Sizes) -> None:
        loss = parameters.hop_loss
        self._dice, self._base = dice, Cellular(parameters.base, dice, layout, sizes)
        self._hops = categories(parameters.hops)[dice.places(len(layout))]
        self._per_hop_s, self._backoff_s = table(parameters.per_hop_s), table(loss.backoff_s)
        self._resends = Resends(loss.p, loss.retries + 1)
        self._cut = {way: _Cut(size, parameters.hop_air) for way, size in sizes.items()}
        self._seconds_per_byte = 8 / parameters.hop_air.rate_bps
        self.sms_at: list[Floats] = []

    def send(self, hub: Ints, direction: Direction, kind: Ints, at: Floats) -> Passage:
        """See :class:`Network`."""
        cut, hops = self._cut[direction], self._hops[hub]
        frames = cut.frames[kind] * hops
        again, _, given_up = self._resends.draw(self._resends.rows(frames), self._dice)
        on_air, _ = _with_resent(cut.on_air[kind] * hops, frames, again)
        mesh_s = on_air * self._seconds_per_byte + self._dice.summed(self._per_hop_s, hops)
        mesh_s += self._dice.summed(self._backoff_s, again)
        if direction == "down":
            base = self._base.send(hub, direction, kind, at)
            arrives_at = base.arrives_at + mesh_s
            arrives_at[given_up] = NEVER
            return Passage(arrives_at, on_air + base.bytes_on_air)
        reaches = np.flatnonzero(~given_up)
        base = self._base.send(hub[reaches], direction, kind[reaches], at[reaches] + mesh_s[reaches])
        arrives_at = np.full(len(at), NEVER)
        arrives_at[reaches] = base.arrives_at
        on_air[reaches] += base.bytes_on_air
        return Passage(arrives_at, on_air)

    def rest(self) -> None:
        """See :class:`Network`."""


class SmsWakeUp:
    """SMS wake-up and a data session; see :class:`emulator.wan.sms_wake_up.SmsWakeUp`.

    Does not model: what that does not; a session that a message finds open because of another of the same batch.
    """

    queues = False

    def __init__(self, parameters: SmsWakeUpParameters, dice: Dice, layout: Layout, sizes: Sizes) -> None:
        self._dice = dice
        self._cut = {way: _Cut(size, parameters.transport) for way, size in sizes.items()}
        self._sms_s, self._wake_s = table(parameters.mt_sms_s), table(parameters.wake_to_pdp_s)
        self._rtt_s, self._lost = table(parameters.rtt_s), 1 - parameters.mt_sms_success.p_final
        self._retry_s = parameters.mt_sms_success.retry_s
        self._seconds_per_byte = 8 / np.maximum(dice.draw(table(parameters.rate_bps), len(layout)), 1.0)
        self._open_until = np.full(len(layout), -1.0)
        self._hold_s = parameters.pdp_hold_s.value
        self._before_command = max(0, parameters.exchanges.value - _FROM_COMMAND_ON)
        self.sms_at: list[Floats] = []

    def send(self, hub: Ints, direction: Direction, kind: Ints, at: Floats) -> Passage:
        """See :class:`Network`."""
        dice, count = self._dice, len(at)
        on_air = self._cut[direction].on_air[kind]
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


def _hour_of_day(at: Floats) -> Ints:
    hour: Ints = (at * (1 / _HOUR_S)).astype(np.int64) % HOURS
    return hour


_MODELS: dict[type[Preset], Callable[[Any, Dice, Layout, Sizes], Network]] = {
    LongRangeRadioParameters: Radio,
    CellularParameters: Cellular,
    MeshParameters: Mesh,
    SmsWakeUpParameters: SmsWakeUp,
}


def make_network(parameters: Preset, dice: Dice, layout: Layout, sizes: Sizes) -> Network:
    """The model for the parameters of a preset. Raises ScenarioError for one that has none."""
    make = _MODELS.get(type(parameters))
    if make is None:
        raise ScenarioError(f"network {parameters.name} has no model for whole arrays")
    return make(parameters, dice, layout, sizes)
