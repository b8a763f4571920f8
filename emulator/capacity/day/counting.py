"""What a block counts while its day goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.day.model import MODES, NETWORK_NAMES, ROLES, SETTLED, SRVS, Floats, Ints
from emulator.capacity.day.networks import Layout, Passage
from emulator.capacity.day.requests import NEVER, KindColumns, Requests
from emulator.capacity.day.tally import (
    DIRECTIONS,
    HOURS,
    LATENCY_BINS,
    LOAD_BINS,
    MINUTES,
    MOST_ATTEMPTS,
    Tally,
    empty,
    hour_of,
    latency_bin,
    queue_bin,
    seconds,
)
from emulator.wan.model import Direction
from gbcs.times import DAY_S

Hours = NDArray[np.uint8]

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

    def __init__(self, network: str, layout: Layout, sizes: Mapping[Direction, Ints]) -> None:
        """``sizes``: bytes of messages by kind."""
        self._sizes = sizes
        self.tally = empty()
        self._network, self._layout = NETWORK_NAMES.index(network), layout
        self._commands, self._answers, self._cached, self._contexts = Heap(), Heap(), Heap(), Heap()
        self._reads, self._airs, self._sms, self._api = Heap(), Heap(), Heap(), Heap()
        self._messages, self._passages, self._uses, self._waits = (
            {way: Heap() for way in DIRECTIONS} for _ in range(4)
        )
        self.tally.add("meters", (self._network,), [len(layout)])

    def commands(self, at: Floats) -> None:
        """Attempts that the DSP hands to the network."""
        self._commands.add(at)

    def answers(self, at: Floats) -> None:
        """Answers that come to the DSP."""
        self._answers.add(at)

    def messages(self, direction: Direction, at: Floats, kind: Ints) -> Hours:
        """Messages that are sent, before the network makes anything of them; the hour of each."""
        hour = hour_of(at).astype(np.uint8)
        self._messages[direction].add(hour, kind.astype(np.uint16))
        return hour

    def passage(self, direction: Direction, hour: Hours, passage: Passage) -> None:
        """What the network made of them, by the hour in which they were sent."""
        self._passages[direction].add(hour, passage.bytes_on_air.astype(np.int32))
        use = passage.use
        if use is not None:
            place = (use.station * HOURS + hour_of(use.starts_at)).astype(np.int32)
            self._uses[direction].add(hour, place, use.air_s.astype(np.float32))
            waits = np.flatnonzero(use.waited_s > 0)
            self._waits[direction].add(hour[waits], use.queue[waits], use.waited_s[waits])

    # ------------------------------------------------------------------ SMETS1

    def read(self, at: Floats, down: Ints, up: Ints) -> None:
        """Reads of SMETS1 meters with the bytes of their rounds, those of the transport included."""
        self._reads.add(at, down, up)

    def on_air(self, at: Floats, down: Ints, up: Ints) -> None:
        """Whatever crossed the air of a SMETS1 network."""
        self._airs.add(at, down, up)

    def sms(self, at: Floats) -> None:
        """SMS that are handed to an operator, each a call of its interface."""
        self._sms.add(at)
        self._api.add(at)

    def api(self, at: Floats) -> None:
        """Other calls of an operator's interface."""
        self._api.add(at)

    def context(self, up_at: Floats, down_at: Floats) -> None:
        """PDP contexts that have ended."""
        self._contexts.add(up_at, down_at)

    def from_cache(self, at: Floats) -> None:
        """Answers that no meter was asked for."""
        self._cached.add(at)

    # ------------------------------------------------------------------ when the day is over

    def finish(self) -> Tally:
        """Count what was heaped up; all counts of the block."""
        for (at,) in self._there(self._commands):
            by_second = seconds(at)
            self.tally.spread("commands", (self._network,), by_second.reshape(HOURS, -1).sum(axis=1))
            self.tally.spread("commands_per_second", (slice(None),), by_second[:DAY_S])
            self.tally.spread(
                "commands_per_minute", (self._network,), by_second[:DAY_S].reshape(MINUTES, -1).sum(axis=1)
            )
        for (at,) in self._there(self._answers):
            self.tally.spread("answers_per_second", (slice(None),), seconds(at)[:DAY_S])
        for place, way in enumerate(DIRECTIONS):
            self._finish_way(place, way)
        self._finish_smets1()
        layout = self._layout
        if layout.stations:
            self.tally.add("channel_hours", (np.arange(HOURS),), np.full(HOURS, layout.stations * layout.channels))
        return self.tally

    def _finish_smets1(self) -> None:
        for at, *ways in self._there(self._reads):
            for place, size in enumerate(ways):
                self.tally.add("messages", (self._network, place, hour_of(at)))
                self.tally.add("bytes", (self._network, place, hour_of(at)), size)
        for at, *ways in self._there(self._airs):
            for place, size in enumerate(ways):
                self.tally.add("bytes_on_air", (self._network, place, hour_of(at)), size)
        for name, heap in (("sms_per_second", self._sms), ("api_per_second", self._api)):
            for (at,) in self._there(heap):
                self.tally.spread(name, (slice(None),), seconds(at)[:DAY_S])
        for up_at, down_at in self._there(self._contexts):
            change = seconds(up_at) - seconds(down_at)
            self.tally.spread("contexts_change", (slice(None),), change[:DAY_S])
            self.tally.add("contexts_held_s", (latency_bin(down_at - up_at),))
        for (at,) in self._there(self._cached):
            self.tally.add("from_cache", (hour_of(at),))

    def _finish_way(self, place: int, way: Direction) -> None:
        for hour, kind in self._there(self._messages[way]):
            size = self._sizes[way]
            hourly = np.bincount(kind.astype(np.intp) * HOURS + hour, minlength=len(size) * HOURS).reshape(-1, HOURS)
            self.tally.spread("messages", (self._network, place), hourly.sum(axis=0))
            self.tally.spread("bytes", (self._network, place), size @ hourly)
        for hour, on_air in self._there(self._passages[way]):
            hourly_bytes = np.bincount(hour, on_air, HOURS).astype(np.int64)
            self.tally.spread("bytes_on_air", (self._network, place), hourly_bytes)
        for hour, at_station, air_s in self._there(self._uses[way]):
            # Most messages wait for nobody: all are counted as such first, and those that do wait are moved.
            self.tally.spread("queue", (place, slice(None), 0), np.bincount(hour, minlength=HOURS))
            self.tally.spread("waited", (place, 0), np.array(len(hour)))
            self._load(place, at_station, air_s)
        for hour, queue, waited_s in self._there(self._waits[way]):
            self.tally.spread("queue", (place, slice(None), 0), -np.bincount(hour, minlength=HOURS))
            self.tally.spread("waited", (place, 0), np.array(-len(hour)))
            self.tally.add("queue", (place, hour.astype(np.intp), queue_bin(queue)))
            self.tally.add("waited", (place, latency_bin(waited_s)))

    def _load(self, place: int, at_station: NDArray[np.int32], air_s: NDArray[np.float32]) -> None:
        """How busy the channels of each station were, by hour."""
        layout = self._layout
        shape = layout.stations, HOURS
        busy_s = np.bincount(at_station, air_s, layout.stations * HOURS).reshape(shape)
        load = np.minimum(busy_s / (layout.channels * _HOUR_S) * 100, LOAD_BINS - 1).astype(np.int64)
        self.tally.add("station_load", (place, np.tile(np.arange(HOURS), layout.stations), load.ravel()))
        self.tally.add("busy_ms", (place, np.arange(HOURS)), np.rint(busy_s.sum(axis=0) * _MS))

    @staticmethod
    def _there(heap: Heap) -> list[tuple[NDArray[Any], ...]]:
        columns = heap.columns()
        return [columns] if columns else []

    # ------------------------------------------------------------------ requests

    def requests(self, requests: Requests, columns: KindColumns) -> None:
        """Enter the requests of the day, follow-ups included: counted by kind first, of which there are few."""
        count, network, kinds = requests.count, self._network, len(columns.kinds)
        kind, started_at = requests.kind[:count], requests.started_at[:count]
        answered_at, first = requests.answered_at[:count], requests.follow_up[:count] == 0
        srv, role, mode = (_places(columns, names, what) for names, what in _NAMES)
        done = np.flatnonzero(answered_at < NEVER)
        latency_s, kind_done = answered_at[done] - started_at[done], kind[done]

        hourly = np.bincount(kind * HOURS + hour_of(started_at), minlength=kinds * HOURS).reshape(kinds, HOURS)
        asked, answered = hourly.sum(axis=1), np.bincount(kind_done, minlength=kinds)
        in_time = np.bincount(kind_done[latency_s <= columns.trt_s[kind_done]], minlength=kinds)
        bins = latency_bin(latency_s) + LATENCY_BINS * (~first[done]).astype(np.int64)
        latency = np.bincount(kind_done * 2 * LATENCY_BINS + bins, minlength=kinds * 2 * LATENCY_BINS)
        planned = np.bincount(kind[first], minlength=kinds)
        for at in range(kinds):
            where = network, int(srv[at])
            self.tally.spread("asked", (*where, int(role[at]), int(mode[at])), hourly[at])
            left = asked[at] - answered[at]
            refused = left if columns.refused[at] else 0
            outcomes = np.array([answered[at], refused, left - refused])
            self.tally.spread("outcomes", (*where, int(mode[at])), outcomes)
            self.tally.spread("within_trt", (*where, int(mode[at])), in_time[at])
            self.tally.spread("planned", where, planned[at])
            self.tally.spread("latency", where, latency.reshape(kinds, 2, LATENCY_BINS)[at])
        self.tally.add("attempts", (network, np.minimum(requests.attempts[:count], MOST_ATTEMPTS - 1)))
        self.tally.add("answered", (network, hour_of(answered_at[done])))

    def settled(self, requests: Requests, at_checkpoints: Sequence[NDArray[np.bool_]]) -> None:
        """Enter what settlement expected, and of it what was in at D+1, SF and RF."""
        for place, flags in enumerate((requests.is_expected, *at_checkpoints)):
            counted = (flags & requests.is_expected).reshape(len(SETTLED), -1).sum(axis=1)
            self.tally.spread("settled", (slice(None), place), counted)


_NAMES = ((SRVS, "srv"), (ROLES, "role"), (MODES, "mode"))


def _places(columns: KindColumns, names: tuple[str, ...], what: str) -> Ints:
    return np.array([names.index(getattr(kind, what)) for kind in columns.kinds], np.int64)
