"""SMETS1: an SMS wakes the hub, which opens a data session; the session is held for a while and then released."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emulator.assumptions import Assumption
from emulator.links.distributions import Distribution, NotNegative, Share, Stated, chances, draws
from emulator.links.presets import Count, Framing, Preset, Value
from emulator.rng import generator
from emulator.wan.model import Delivery, Direction, column, delivered, lost, not_modelled

_FROM_COMMAND_ON = 2
"""Of the exchanges of a session the last two, the read itself and the release; association and the like come before."""


class SmsSuccess(Stated):
    """The share of SMS that arrive in the end, and the times after the first try at which the network tries again."""

    p_final: Share
    retry_s: tuple[NotNegative, ...]


class SmsWakeUpParameters(Preset):
    """The parameters of SMS wake-up; the part of ``mt_sms_s`` with the long tail is a hub that the first try missed."""

    mt_sms_s: Distribution
    mt_sms_success: SmsSuccess
    wake_to_pdp_s: Distribution
    pdp_hold_s: Value
    rtt_s: Distribution
    rate_bps: Distribution
    transport: Framing
    exchanges: Count


class SmsWakeUp:
    """SMS wake-up and data sessions. ``sms_sent`` counts SMS, those of the network's own retries included.

    Does not model: limits on sessions or SMS a second, loss inside a session, a head-end that sends the SMS again.
    """

    not_modelled = ""

    def __init__(
        self,
        parameters: SmsWakeUpParameters,
        seed: int,
        base_station: NDArray[np.int32],
        channels_per_base_station: int,
    ) -> None:
        """Base stations are of no concern here; their column says how many hubs there are."""
        self.parameters, self.title = parameters, parameters.title
        hubs, success = len(base_station), parameters.mt_sms_success
        self._sms_s = draws(parameters.mt_sms_s, generator(seed, "wan", "sms", "delay"))
        self._sms_lost = chances(1 - success.p_final, generator(seed, "wan", "sms", "success"))
        self._wake_s = draws(parameters.wake_to_pdp_s, generator(seed, "wan", "sms", "wake"))
        self._rtt_s = draws(parameters.rtt_s, generator(seed, "wan", "sms", "rtt"))
        rates = np.maximum(parameters.rate_bps.sample(generator(seed, "wan", "sms", "rate"), hubs), 1.0)
        self._seconds_per_byte = column(8 / rates)
        self._payload_bytes, self._overhead_bytes = (
            parameters.transport.payload_bytes,
            parameters.transport.overhead_bytes,
        )
        self._open_until = column(np.full(hubs, -1.0))
        self._hold_s = parameters.pdp_hold_s.value
        exchanges = parameters.exchanges.value
        self._before_command = max(0, exchanges - _FROM_COMMAND_ON)
        self._retry_s = success.retry_s
        self._gave_up = f"wake-up SMS not delivered in {1 + len(self._retry_s)} tries"
        self.sms_sent = 0

    def send(self, hub: int, direction: Direction, size: int, now: float) -> Delivery:
        """See :class:`~emulator.wan.model.WanModel`."""
        rtt_s = self._rtt_s()
        waited_s = 0.0
        if now > self._open_until[hub]:
            if direction == "down":
                sms_s = self._wake_up()
                if sms_s is None:
                    return lost(self._gave_up)
                waited_s = sms_s + self._before_command * rtt_s
            waited_s += self._wake_s()
        frames = -(-size // self._payload_bytes)
        on_air = size + frames * self._overhead_bytes
        air_s = on_air * self._seconds_per_byte[hub]
        arrives_at = now + waited_s + rtt_s / 2 + air_s
        self._open_until[hub] = arrives_at + self._hold_s
        return delivered(arrives_at, "", frames, on_air, air_s, waited_s)

    def assumptions(self) -> list[Assumption]:
        """Every parameter with its confidence and source."""
        return self.parameters.assumptions()

    def _wake_up(self) -> float | None:
        """Seconds until the SMS is there; None if it never is."""
        if self._sms_lost():
            self.sms_sent += 1 + len(self._retry_s)
            return None
        sms_s = self._sms_s()
        self.sms_sent += 1 + sum(sms_s > retry_s for retry_s in self._retry_s)
        return sms_s


SmsWakeUp.not_modelled = not_modelled(SmsWakeUp)
