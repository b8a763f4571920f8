"""What a block counts while its day goes by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.model import MODES, NETWORK_NAMES, ROLES, SETTLED, SRVS, Floats, Ints
from emulator.capacity.day.networks import Layout, Passage
from emulator.capacity.day.requests import KindColumns, Requests
from emulator.capacity.day.tally import (
    DIRECTIONS,
    HOURS,
    LOAD_BINS,
    MOST_ATTEMPTS,
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


class Heap:
    """Columns that are heaped up batch by batch, to be counted at once."""

    __slots__ = ("_batches",)

    def __init__(self) -> None:
        self._batches: list[tuple[NDArray[Any], ...]] = []

    def add(self, *columns: NDArray[Any]) -> None:
        """One more batch of the same columns."""
        if len(columns[0]):
            self._batches.append(columns)

    def columns(self) -> tuple[NDArray[Any], ...]:
        """All batches together; nothing where there was none."""
        if not self._batches:
            return ()
        return tuple(np.concatenate(column) for column in zip(*self._batches, strict=True))


class Counting:
    """Counts for one network; what goes into the tally is whole numbers."""

    def __init__(self, network: str, layout: Layout) -> None:
        self.tally = empty()
        self._network, self._layout = NETWORK_NAMES.index(network), layout
        self._commands, self._answers = Heap(), Heap()
        self._messages, self._passages, self._uses = (
            {way: Heap() for way in DIRECTIONS} for _ in range(3)
        )
        self.tally.add("meters", (self._network,), [len(layout)])

    def commands(self, at: Floats) -> None:
        """Attempts that the DSP hands to the network."""
        self._commands.add(at)

    def answers(self, at: Floats) -> None:
        """Answers that come to the DSP."""
        self._answers.add(at)

    def messages(self, direction: Direction, at: Floats, size: Ints) -> None:
        """Messages that are sent, before the network makes anything of them."""
        self._messages[direction].add(at, size)

    def passage(self, direction: Direction, at: Floats, passage: Passage) -> None:
        """What the network made of them."""
        self._passages[direction].add(at, passage.bytes_on_air)
        use = passage.use
        if use is not None:
            self._uses[direction].add(at, use.station, use.starts_at, use.air_s, use.waited_s, use.queue)

    # ------------------------------------------------------------------ when the day is over

    def finish(self) -> None:
        """Count what was heaped up."""
        for (at,) in self._there(self._commands):
            self.tally.add("commands", (self._network, hour_of(at)))
            first_day = at[at < DAY_S]
            self.tally.add("commands_per_minute", (self._network, minute_of(first_day)))
            self.tally.add("commands_per_second", (second_of(first_day),))
        for (at,) in self._there(self._answers):
            self.tally.add("answers_per_second", (second_of(at[at < DAY_S]),))
        for place, way in enumerate(DIRECTIONS):
            self._finish_way(place, way)
        layout = self._layout
        if layout.stations:
            self.tally.add("channel_hours", (np.arange(HOURS),), np.full(HOURS, layout.stations * layout.channels))

    def _finish_way(self, place: int, way: Direction) -> None:
        for at, size in self._there(self._messages[way]):
            places = self._network, place, hour_of(at)
            self.tally.add("messages", places)
            self.tally.add("bytes", places, size)
        for at, on_air in self._there(self._passages[way]):
            self.tally.add("bytes_on_air", (self._network, place, hour_of(at)), on_air)
        for at, station, starts_at, air_s, waited_s, queue in self._there(self._uses[way]):
            self.tally.add("queue", (place, hour_of(at), queue_bin(queue)))
            self.tally.add("waited", (place, latency_bin(waited_s)))
            self._load(place, station, starts_at, air_s)

    def _load(self, place: int, station: Ints, starts_at: Floats, air_s: Floats) -> None:
        """How busy the channels of each station were, by hour."""
        layout = self._layout
        shape = layout.stations, HOURS
        busy_s = np.bincount(station * HOURS + hour_of(starts_at), air_s, layout.stations * HOURS).reshape(shape)
        load = np.minimum(busy_s / (layout.channels * _HOUR_S) * 100, LOAD_BINS - 1).astype(np.int64)
        self.tally.add("station_load", (place, np.tile(np.arange(HOURS), layout.stations), load.ravel()))
        self.tally.add("busy_ms", (place, np.arange(HOURS)), np.rint(busy_s.sum(axis=0) * _MS))

    @staticmethod
    def _there(heap: Heap) -> list[tuple[NDArray[Any], ...]]:
        columns = heap.columns()
        return [columns] if columns else []

    # ------------------------------------------------------------------ requests

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
