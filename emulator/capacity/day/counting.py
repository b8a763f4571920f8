"""What a block counts while its day goes by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.model import MODES, NETWORK_NAMES, ROLES, SETTLED, SRVS, Floats, Ints
from emulator.capacity.day.networks import Layout, Passage, Use
from emulator.capacity.day.requests import NEVER, KindColumns, Requests
from emulator.capacity.day.tally import (
    CHECKPOINTS,
    DIRECTIONS,
    HOURS,
    LOAD_BINS,
    MOST_ATTEMPTS,
    OUTCOMES,
    empty,
    hour_of,
    latency_bin,
    minute_of,
    queue_bin,
    second_of,
)
from emulator.wan.model import Direction
from gbcs.times import DAY_S

_MS, _HOUR_S = 1000.0, 3600.0


class Counting:
    """Counts for one network; what goes into the tally is whole numbers."""

    def __init__(self, network: str, layout: Layout) -> None:
        self.tally = empty()
        self._network, self._layout = NETWORK_NAMES.index(network), layout
        self._busy_s = {way: np.zeros((layout.stations, HOURS)) for way in DIRECTIONS}
        self.tally.add("meters", (self._network,), [len(layout)])

    def commands(self, at: Floats) -> None:
        """Attempts that the DSP hands to the network."""
        self.tally.add("commands", (self._network, hour_of(at)))
        first_day = at[at < DAY_S]
        self.tally.add("commands_per_minute", (self._network, minute_of(first_day)))
        self.tally.add("commands_per_second", (second_of(first_day),))

    def answers(self, at: Floats) -> None:
        """Answers that come to the DSP."""
        self.tally.add("answers_per_second", (second_of(at[at < DAY_S]),))

    def messages(self, direction: Direction, at: Floats, size: Ints) -> None:
        """Messages that are sent, before the network makes anything of them."""
        places = self._network, DIRECTIONS.index(direction), hour_of(at)
        self.tally.add("messages", places)
        self.tally.add("bytes", places, size)

    def passage(self, direction: Direction, at: Floats, passage: Passage) -> None:
        """What the network made of them."""
        places = self._network, DIRECTIONS.index(direction), hour_of(at)
        self.tally.add("bytes_on_air", places, passage.bytes_on_air)
        if passage.use is not None:
            self._use(direction, at, passage.use)

    def finish(self) -> None:
        """Enter what is known of the stations when the day is over."""
        layout = self._layout
        if not layout.stations:
            return
        self.tally.add("channel_hours", (np.arange(HOURS),), np.full(HOURS, layout.stations * layout.channels))
        available_s = layout.channels * _HOUR_S
        for place, way in enumerate(DIRECTIONS):
            busy_s = self._busy_s[way]
            hour = np.broadcast_to(np.arange(HOURS), busy_s.shape)
            load = np.minimum(busy_s / available_s * 100, LOAD_BINS - 1).astype(np.int64)
            self.tally.add("station_load", (place, hour.ravel(), load.ravel()))
            self.tally.add("busy_ms", (place, np.arange(HOURS)), np.rint(busy_s.sum(axis=0) * _MS))

    def _use(self, direction: Direction, at: Floats, use: Use) -> None:
        place, hour = DIRECTIONS.index(direction), hour_of(at)
        self.tally.add("queue", (place, hour, queue_bin(use.queue)))
        self.tally.add("waited", (place, latency_bin(use.waited_s)))
        at_station = use.station * HOURS + hour_of(use.starts_at)
        busy_s = np.bincount(at_station, use.air_s, self._busy_s[direction].size)
        self._busy_s[direction] += busy_s.reshape(self._busy_s[direction].shape)

    # ------------------------------------------------------------------ at the end

    def requests(self, requests: Requests, columns: KindColumns) -> None:
        """Enter the requests of the day, follow-ups included."""
        count, network = requests.count, self._network
        kind = requests.kind[:count]
        srv = _places(columns, SRVS, "srv")[kind]
        role = _places(columns, ROLES, "role")[kind]
        mode = _places(columns, MODES, "mode")[kind]
        started_at, answered_at = requests.started_at[:count], requests.answered_at[:count]
        is_answered = np.isfinite(answered_at)
        refused = columns.refused[kind]
        outcome = np.where(is_answered, 0, np.where(refused, 1, 2))
        self.tally.add("asked", (network, srv, role, mode, hour_of(started_at)))
        self.tally.add("outcomes", (network, srv, mode, outcome))
        self.tally.add("planned", (network, srv[requests.follow_up[:count] == 0]))
        self.tally.add("attempts", (network, np.minimum(requests.attempts[:count], MOST_ATTEMPTS - 1)))
        done = np.flatnonzero(is_answered)
        latency_s = answered_at[done] - started_at[done]
        self.tally.add("latency", (network, srv[done], latency_bin(latency_s)))
        self.tally.add("answered", (network, hour_of(answered_at[done])))
        in_time = done[latency_s <= columns.trt_s[kind[done]]]
        self.tally.add("within_trt", (network, srv[in_time], mode[in_time]))

    def settled(self, requests: Requests, checkpoints: tuple[float, float], at_rf: NDArray[np.bool_]) -> None:
        """Enter what settlement expected, and what was in at D+1, SF (before these instants) and RF."""
        which = np.repeat(np.arange(len(SETTLED)), requests.hubs)[requests.is_expected]
        settled_at = requests.settled_at[requests.is_expected]
        counted = [np.ones(len(which), dtype=bool), *(settled_at < at for at in checkpoints), at_rf[requests.is_expected]]
        for place, flags in enumerate(counted):
            self.tally.add("settled", (which[flags], np.full(int(flags.sum()), place)))


def _places(columns: KindColumns, names: tuple[str, ...], what: str) -> Ints:
    return np.array([names.index(getattr(kind, what)) for kind in columns.kinds], np.int64)


__all__ = ["CHECKPOINTS", "NEVER", "OUTCOMES", "Counting"]
