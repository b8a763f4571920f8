"""Draws of the SMETS1 networks for whole arrays; see :class:`emulator.smets1.radio.Radio`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.model import Floats, Ints
from emulator.capacity.day.tables import Dice, Values, table
from emulator.links.airtime import bytes_on_air
from emulator.smets1.cohorts import CohortRow
from emulator.smets1.exchange import Round, sizes
from emulator.smets1.radio import RadioParameters

NEVER = float("inf")
Reachable = Callable[[Ints, Floats], NDArray[np.bool_]]


class Rounds:
    """Rounds of a dialogue by kind: how many, and their bytes on the air, down and up.

    ``counted`` are the bytes that a run reports of a read: all rounds as if they were one message each way.
    """

    __slots__ = ("count", "counted", "down", "up")

    def __init__(self, kinds: Sequence[Sequence[Round]], parameters: RadioParameters) -> None:
        transport = parameters.transport

        def on_air(size: int) -> int:
            return bytes_on_air(size, transport.payload_bytes, transport.overhead_bytes)

        self.count = np.array([len(rounds) for rounds in kinds], np.int64)
        self.down = np.array([sum(on_air(down) for down, _ in rounds) for rounds in kinds], np.int64)
        self.up = np.array([sum(on_air(up) for _, up in rounds) for rounds in kinds], np.int64)
        self.counted = np.array([[on_air(size) for size in sizes(rounds)] for rounds in kinds], np.int64)


class Smets1Radio:
    """The network between a provider and the hubs of one cohort.

    Does not model: what :class:`emulator.smets1.radio.Radio` does not; SMS that come twice or late.
    """

    def __init__(self, parameters: RadioParameters, cohort: CohortRow, dice: Dice, hubs: int) -> None:
        self.parameters, self._cohort, self.dice = parameters, cohort, dice
        self._network_s, self._radio_s = table(parameters.sms_network_s), table(parameters.sms_radio_s)
        self.pdp_s, self._rtt_s = table(parameters.pdp_s), table(parameters.rtt_s)
        self._is_weak = dice.chance(parameters.weak_signal.share, hubs)
        rates = np.maximum(dice.draw(table(parameters.rate_bps), hubs), 1.0)
        self._seconds_per_byte = 8 / rates.astype(np.float64)

    def sms_arrive_at(self, hub: Ints, at: Floats, validity_s: float, reachable: Reachable) -> Floats:
        """When as many SMS as wake a hub have arrived, all sent at ``at``; never where one is lost."""
        arrived = [self._sms(hub, at, validity_s, reachable) for _ in range(self._cohort.sms_per_wake.value)]
        latest: Floats = np.max(arrived, axis=0)
        return latest

    def rtt_s(self, count: int) -> Values:
        """Round trips."""
        return self.dice.draw(self._rtt_s, count)

    def connected_s(self, hub: Ints) -> Floats:
        """Seconds to open a connection."""
        parameters = self.parameters
        extra = 1.0 if self._cohort.session.value == "device" else 0.0
        seconds = (parameters.tcp_rtts.value + extra) * self.rtt_s(len(hub)).astype(np.float64)
        return np.maximum(seconds, parameters.session_bytes.value * self._seconds_per_byte[hub])

    def seconds(self, hub: Ints, rounds: Rounds, kind: Ints) -> Floats:
        """Seconds that the rounds of a kind take with each hub."""
        count = rounds.count[kind]
        trips_s = self.dice.summed(self._rtt_s, count)
        air_s = (rounds.down[kind] + rounds.up[kind]) * self._seconds_per_byte[hub]
        seconds: Floats = trips_s + air_s + count * self._cohort.behind_hub_s.value
        return seconds

    def _sms(self, hub: Ints, at: Floats, validity_s: float, reachable: Reachable) -> Floats:
        """One SMS to each hub: the first try of the network at which the hub can be reached brings it."""
        parameters, dice, count = self.parameters, self.dice, len(hub)
        delay_s = dice.draw(self._network_s, count) + self._leg_s(hub)
        missed = dice.chance(1 - parameters.sms_first_try.value, count)
        lost = dice.chance(parameters.sms_lost.value, count)
        arrives_at = np.full(count, NEVER)
        at_once = np.flatnonzero(~lost & ~missed & (delay_s <= validity_s))
        at_once = at_once[reachable(hub[at_once], at[at_once])]
        arrives_at[at_once] = at[at_once] + delay_s[at_once]
        left = np.flatnonzero((arrives_at == NEVER) & ~lost)
        tries_s = np.array(parameters.sms_retry.after_s)
        if not len(left) or not len(tries_s):
            return arrives_at
        tried_at = at[left, None] + tries_s
        there = reachable(np.repeat(hub[left], len(tries_s)), tried_at.ravel()).reshape(tried_at.shape)
        there &= tries_s + delay_s[left, None] <= validity_s
        found = there.any(axis=1)
        arrives_at[left[found]] = (tried_at + delay_s[left, None])[found, there[found].argmax(axis=1)]
        return arrives_at

    def _leg_s(self, hub: Ints) -> Floats:
        weak, legs = self.parameters.weak_signal, self.parameters.sms_radio_s
        delay_s = self.dice.draw(self._radio_s, len(hub)).astype(np.float64)
        poor = np.flatnonzero(self._is_weak[hub])
        median_s = np.full(len(poor), getattr(legs, "median", 0.0)) if hasattr(legs, "median") else delay_s[poor]
        delay_s[poor] = median_s * (delay_s[poor] / median_s) ** weak.sigma_factor + weak.more_s
        return delay_s
