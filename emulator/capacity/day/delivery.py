"""The way of messages between head-end and meter, for whole arrays: SM WAN, hub, HAN, meter, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.counting import Counting
from emulator.capacity.day.networks import NEVER, Floats, Ints, Network
from emulator.capacity.day.outages import Outages
from emulator.capacity.day.resends import Resends
from emulator.capacity.day.tables import Dice, table
from emulator.han.air import HanParameters
from emulator.han.frames import HEADER_BYTES
from emulator.links.airtime import frame_count
from emulator.wan.model import Direction

Kept = NDArray[np.intp]


class Delivery:
    """Carries commands to meters and answers back; see :class:`emulator.journey.Journey`.

    Does not model: the buffer of the hub, two messages that cross one HAN at a time, blocks of a segmented message one
    by one (it travels as a whole).
    """

    def __init__(
        self,
        network: Network,
        han: HanParameters,
        sizes: Mapping[Direction, Ints],
        dice: Dice,
        counting: Counting,
    ) -> None:
        """``sizes`` are the bytes of messages by kind."""
        self.network = network
        self._dice, self._counting = dice, counting
        loss, payload_bytes = han.fragment_loss, han.fragment.payload_bytes
        self._fragments = {way: frame_count(size + HEADER_BYTES, payload_bytes) for way, size in sizes.items()}
        self._resends = Resends(loss.p, loss.max_tries, lambda _: loss.wait_s)
        self._rows = {way: self._resends.rows(counts) for way, counts in self._fragments.items()}
        self._seconds = {way: han.per_fragment_s.value * counts for way, counts in self._fragments.items()}
        self._rtt_s, self._execution_s = table(han.rtt_s), table(han.meter_execution_s)
        self._per_fragment_s = han.per_fragment_s.value

    def to_meter(self, hub: Ints, kind: Ints, at: Floats, outages: Outages) -> tuple[Kept, Floats]:
        """Commands that leave at ``at``: the places of those whose answer is on its way at the hub, and when it is."""
        reaches, there = self._over_wan(hub, kind, "down", at, outages)
        at_meter, heard = self._over_han(kind[reaches], "down", there)
        answered = at_meter + self._dice.draw(self._execution_s, len(at_meter))
        back, spoken = self._over_han(kind[reaches], "up", answered)
        both = heard & spoken
        return reaches[both], back[both]

    def to_head_end(self, hub: Ints, kind: Ints, at: Floats, outages: Outages) -> tuple[Kept, Floats]:
        """Answers that are at the hub at ``at``, in order of time: the places of those that arrive, and when."""
        return self._over_wan(hub, kind, "up", at, outages)

    def _over_wan(
        self, hub: Ints, kind: Ints, direction: Direction, at: Floats, outages: Outages
    ) -> tuple[Kept, Floats]:
        """What is sent to or from a hub that is cut off is lost, and so is what would arrive while it is."""
        hour = self._counting.messages(direction, at, kind)
        kept = np.flatnonzero(~outages.blocked(hub, at))
        hub, at = hub[kept], at[kept]
        passage = self.network.send(hub, direction, kind[kept], at)
        self._counting.passage(direction, hour[kept], passage)
        arrived = (passage.arrives_at < NEVER) & ~outages.blocked(hub, passage.arrives_at)
        return kept[arrived], passage.arrives_at[arrived]

    def _over_han(self, kind: Ints, direction: Direction, at: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """When payloads are across, and which of them are."""
        at = at + self._seconds[direction][kind] + self._dice.draw(self._rtt_s, len(at)) / 2
        if not self._resends.happen:
            return at, np.ones(len(at), dtype=bool)
        again, waited_s, given_up = self._resends.draw(self._rows[direction][kind], self._dice)
        return np.where(given_up, NEVER, at + self._per_fragment_s * again + waited_s), ~given_up
