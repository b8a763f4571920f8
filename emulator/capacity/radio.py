"""The radio of CSP North as a capacity: how many channels the busiest site needs for what is sent in an hour.

Frames, rate, loss and tries are those of the preset that a run uses, and the arithmetic of frames is the run's own
(:mod:`emulator.links.airtime`). What the preset does not say stands in the scenario: sites, how much busier the busiest
one is, the share of a channel that can be used, and the baseline. Only the product (busiest-site load over net rate) is
identified by anything published: do not take sites, rate or frame for known one by one.

Every quantity may be a number, or an array of them: the region in which PIA Table 7 holds is mapped by the same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emulator.assumptions import Assumption
from emulator.capacity.demand import Demand
from emulator.capacity.scenario import CapacityScenario
from emulator.links.airtime import bytes_on_air
from emulator.wan.long_range_radio import LongRangeRadioParameters
from emulator.wan.registry import load_parameters
from gbcs.errors import LocalError

NORTH: Final = "csp_north"
_HOUR_S: Final = 3600.0

Floats = NDArray[np.float64]
Quantity: TypeAlias = float | Floats
"""A number, or one for each of many networks that might be."""

Messages: TypeAlias = tuple[tuple[float, float], ...]
"""(bytes of a message with its transport, messages a day) of all networks together."""


@dataclass(frozen=True, slots=True)
class RadioModel:
    """What turns bytes into channels.

    ``north_share`` is CSP North's part of all reads and of the baseline, which is given in bytes an hour over all
    networks, both directions together.

    Does not model: neighbouring sites that share a channel or take over, acknowledgements on the air, broadcasts, hubs
    that differ, the spread of load within an hour (a run and the statistical day have queues; this has a mean).
    """

    payload_bytes: Quantity
    overhead_bytes: Quantity
    rate_bps: Quantity
    frame_loss: Quantity
    max_tries: int
    north_share: Quantity
    sites: Quantity
    busiest_to_mean: Quantity
    usable_share: Quantity
    baseline_bytes_per_hour: Quantity
    baseline_up_share: Quantity
    baseline_message_bytes: Quantity
    message_ratio: Quantity

    @property
    def sends_per_frame(self) -> Quantity:
        """Frames on the air for each frame of a message, those sent again included."""
        return sum((self.frame_loss**again for again in range(1, self.max_tries)), start=1.0 + 0.0 * self.frame_loss)

    @property
    def net_bps(self) -> Quantity:
        """Bits a second of messages and their frames that a channel carries, those sent again not counted."""
        return self.rate_bps * self.usable_share / self.sends_per_frame

    @property
    def busiest_site_share(self) -> Quantity:
        """The part of all reads that the busiest site of CSP North carries."""
        return self.north_share * self.busiest_to_mean / self.sites

    def on_air(self, size: Quantity, ratio: Quantity) -> Floats:
        """Bytes on the air of a message of ``size`` bytes that is compressed to ``ratio``."""
        octets = np.maximum(1, np.rint(np.asarray(size * ratio))).astype(np.int64)
        framed: Floats = bytes_on_air(octets, self.payload_bytes, self.overhead_bytes)  # type: ignore[arg-type]
        return framed

    def channels(self, bytes_per_hour: Quantity) -> Quantity:
        """Channels that the busiest site needs where all networks carry so many bytes on the air in one direction."""
        return bytes_per_hour * self.busiest_site_share * 8 / (self.net_bps * _HOUR_S)


def radio_model(scenario: CapacityScenario) -> RadioModel:
    """The model of a scenario, on the preset that a run uses. Raises LocalError where that is no long-range radio."""
    radio, baseline, preset = scenario.radio, scenario.baseline, load_parameters(scenario.radio.preset.value)
    if not isinstance(preset, LongRangeRadioParameters):
        raise LocalError(f"preset {preset.name} is no long-range radio")
    air, loss = preset.uplink_air, preset.frame_loss
    return RadioModel(
        payload_bytes=air.payload_bytes,
        overhead_bytes=air.overhead_bytes,
        rate_bps=air.rate_bps,
        frame_loss=loss.p,
        max_tries=loss.max_tries,
        north_share=scenario.networks.shares.value.get(NORTH, 0.0),
        sites=radio.sites.value,
        busiest_to_mean=radio.busiest_to_mean.value,
        usable_share=radio.usable_share.value,
        baseline_bytes_per_hour=baseline.bytes_per_hub_hour.value * scenario.meters.esmes.value,
        baseline_up_share=baseline.up_share.value,
        baseline_message_bytes=baseline.message_bytes.value,
        message_ratio=radio.message_ratio.value,
    )


def radio_assumptions(scenario: CapacityScenario) -> list[Assumption]:
    """What the preset says; the scenario's own values are among its assumptions."""
    return load_parameters(scenario.radio.preset.value).assumptions()


@dataclass(frozen=True, slots=True)
class DayOfMessages:
    """The settlement messages of a day by size, in each direction, over all networks."""

    down: Messages
    up: Messages


def messages_of(demand: Demand, sizes: tuple[Floats, Floats] | None = None) -> DayOfMessages:
    """The messages of a demand: transport is half each way.

    ``sizes``: bytes of commands and of answers by row, in place of the demand's own.
    """
    half = demand.scenario.sizing.transport_bytes.value / 2
    own = np.array([(row.down_bytes, row.up_bytes) for row in demand.rows], np.float64)
    down, up = sizes or (own[:, 0], own[:, 1])
    return DayOfMessages(_by_size(demand, down + half), _by_size(demand, up + half))


def channels_needed(
    model: RadioModel, day: DayOfMessages, window_h: float, *, compressed: bool, baseline_ratio: Quantity | None = None
) -> Quantity:
    """Channels that the busiest site needs where the day's settlement reads fill a window of so many hours.

    Not a whole number, so that a verdict has a margin. Carriers are paired, so the busier direction rules.
    ``baseline_ratio`` is what compression leaves of the baseline, where that is not the same as of the day's messages.
    """
    ratio = model.message_ratio if compressed else 1.0
    down, up = load(model, day, window_h, ratio, ratio if baseline_ratio is None else baseline_ratio)
    return model.channels(np.maximum(down, up))


def load(
    model: RadioModel, day: DayOfMessages, window_h: float, ratio: Quantity, baseline_ratio: Quantity
) -> tuple[Quantity, Quantity]:
    """Bytes on the air in an hour of the window, down and up: settlement and baseline, over all networks."""
    grown = model.on_air(model.baseline_message_bytes, baseline_ratio) / model.baseline_message_bytes
    baseline = model.baseline_bytes_per_hour * grown
    return (
        _framed(model, day.down, ratio) / window_h + baseline * (1 - model.baseline_up_share),
        _framed(model, day.up, ratio) / window_h + baseline * model.baseline_up_share,
    )


def on_air_ratio(model: RadioModel, day: DayOfMessages, window_h: float) -> Quantity:
    """What compression leaves of the busier direction on the air: frames do not shrink as messages do."""
    plain, packed = (channels_needed(model, day, window_h, compressed=how) for how in (False, True))
    return packed / plain


def _framed(model: RadioModel, messages: Messages, ratio: Quantity) -> Quantity:
    """Bytes a day on the air."""
    return sum((count * model.on_air(size, ratio) for size, count in messages), start=np.zeros(()))


def _by_size(demand: Demand, sizes: Floats) -> Messages:
    kept = demand.flagged
    unique, place = np.unique(sizes[kept], return_inverse=True)
    return tuple(zip(unique.tolist(), np.bincount(place, demand.srvs[kept]).tolist(), strict=True))
