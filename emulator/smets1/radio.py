"""The mobile network between a SMETS1 provider and its hubs as delays and losses: SMS, contexts, packets.

Two presets differ on the point that decides whether a cache is needed; ``PRESETS`` names both.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from emulator.assumptions import Assumption
from emulator.links.airtime import bytes_on_air
from emulator.links.distributions import Distribution, NotNegative, Positive, Share, Stated, Uniform, chances, draws
from emulator.links.presets import (
    NO_OVERRIDES,
    Count,
    Framing,
    Overrides,
    PositiveValue,
    Preset,
    ShareValue,
    Value,
    load_preset,
)
from emulator.rng import generator

PRESETS = ("sms_reference", "sms_pessimistic")
_PACKAGE = "emulator.smets1"


class Retries(Stated):
    """When the network tries an SMS again, seconds after the first try."""

    after_s: tuple[NotNegative, ...]


class WeakSignal(Stated):
    """The share of hubs with a weak signal, what an SMS to them takes longer, and how much wider it is spread."""

    share: Share
    more_s: NotNegative
    sigma_factor: Positive


class IdlePenalty(Stated):
    """What the first packet after a pause takes longer."""

    after_s: NotNegative
    more_s: NotNegative


class RadioParameters(Preset):
    """The parameters of a preset; they are explained there."""

    sms_network_s: Distribution
    sms_radio_s: Distribution
    sms_first_try: ShareValue
    sms_retry: Retries
    sms_lost: ShareValue
    sms_duplicate: ShareValue
    weak_signal: WeakSignal
    pdp_s: Distribution
    pdp_retry_s: PositiveValue
    pdp_tries: Count
    rtt_s: Distribution
    tcp_rtts: Value
    idle_penalty: IdlePenalty
    rate_bps: Distribution
    transport: Framing
    session_bytes: Count
    linger_s: Value
    exchange_lost: ShareValue
    race_s: Value


def load_radio(preset: str, overrides: Overrides = NO_OVERRIDES, *, label: str = "scenario") -> RadioParameters:
    """The parameters of a preset with the scenario's own values. Raises ScenarioError, one line."""
    return load_preset(RadioParameters, _PACKAGE, preset, overrides, label=label)


class Radio:
    """Draws what the network does; every purpose has a stream of its own.

    Does not model: cells and their load; SMS that overtake others by priority; hubs that move; IP above TCP's segments.
    """

    def __init__(self, parameters: RadioParameters, seed: int, hubs: int) -> None:
        """``hubs``: their number; a hub's rate and signal hang off its index."""
        self.parameters = parameters
        one = partial(generator, seed, "smets1", "radio")
        self._network_s = draws(parameters.sms_network_s, one("sms_network"))
        self._radio_s = draws(parameters.sms_radio_s, one("sms_radio"))
        self._missed = chances(1 - parameters.sms_first_try.value, one("sms_first_try"))
        self._lost = chances(parameters.sms_lost.value, one("sms_lost"))
        self._twice = chances(parameters.sms_duplicate.value, one("sms_duplicate"))
        self.pdp_s = draws(parameters.pdp_s, one("pdp"))
        self.rtt_s = draws(parameters.rtt_s, one("rtt"))
        self.is_exchange_lost = chances(parameters.exchange_lost.value, one("exchange_lost"))
        self.share = draws(Uniform(dist="uniform", lo=0.0, hi=1.0), one("share"))
        self._weak = one("weak_signal").random(hubs) < parameters.weak_signal.share
        rates = np.maximum(parameters.rate_bps.sample(one("rate"), hubs), 1.0)
        self._seconds_per_byte: list[float] = (8 / rates).tolist()

    def deliveries(self, hub: int, validity_s: float) -> list[tuple[float, float]]:
        """When an SMS reaches a hub, as (delay of the try, delay of the arrival), seconds; the first is the earliest.

        Empty where it is lost or its validity ends before. A hub that cannot be reached at the time of a try lets the
        network try again: the later entries are those tries, until one is taken.
        """
        if self._lost():
            return []
        tries = [0.0, *self.parameters.sms_retry.after_s]
        if self._missed():
            del tries[0]
        delay_s = self._network_s() + self._leg_s(hub)
        return [(at, at + delay_s) for at in tries if at + delay_s <= validity_s]

    def duplicate_s(self) -> float | None:
        """How much later the same SMS is delivered once more, or None."""
        return self.parameters.sms_retry.after_s[0] * self.share() if self._twice() else None

    def size_on_air(self, size: int) -> int:
        """Bytes of a message with those of its transport."""
        transport = self.parameters.transport
        return bytes_on_air(size, transport.payload_bytes, transport.overhead_bytes)

    def air_s(self, hub: int, size: int) -> float:
        """Seconds that so many bytes take to or from a hub."""
        return size * self._seconds_per_byte[hub]

    def assumptions(self) -> list[Assumption]:
        """Every parameter with its confidence and source."""
        return self.parameters.assumptions()

    def _leg_s(self, hub: int) -> float:
        weak = self.parameters.weak_signal
        delay_s = self._radio_s()
        if not self._weak[hub]:
            return delay_s
        median_s: float = getattr(self.parameters.sms_radio_s, "median", delay_s)
        return float(median_s * (delay_s / median_s) ** weak.sigma_factor + weak.more_s)
