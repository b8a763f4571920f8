"""Both engines on the same meters: the byte-exact run, and the statistical day from random streams of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from emulator.capacity.day.exact import ExactTask, shards
from emulator.capacity.day.model import NETWORK_NAMES, Block, Setting
from emulator.capacity.day.of_run import RunSource
from emulator.capacity.day.tally import OUTCOMES, Counts, Tally, quantile_s, total
from emulator.capacity.day.work import DayTask
from emulator.capacity.engine import Engine, Unwatched, Watch
from emulator.scenario import Scenario
from gbcs.errors import LocalError

QUANTILES = (0.5, 0.9, 0.99)
COUNTS_WITHIN, QUANTILES_WITHIN = 0.01, 0.05
_STREAM_BLOCKS = 1_000_000
_SIGMAS = 2.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of one network from both engines; ``noise`` is what chance alone makes of it, as a share (2 sigma).

    Of counts it is how far the streams of the statistical day are apart, which is how far another run would be.
    """

    network: str
    figure: str
    exact: float
    model: float
    noise: float
    limit: float

    @property
    def difference(self) -> float:
        """Of the statistical day from the run, as a share of the run's."""
        return self.model / self.exact - 1 if self.exact else float(self.model != 0)

    @property
    def is_within(self) -> bool:
        """Whether the difference is no larger than its limit."""
        return abs(self.difference) <= self.limit

    @property
    def is_explained(self) -> bool:
        """Whether it is within its limit but for chance."""
        return abs(self.difference) <= self.limit + self.noise


@dataclass(frozen=True, slots=True)
class Streams:
    """Tallies of the same day, by the stream of random numbers that they come from."""

    tallies: dict[int, Tally]

    def __add__(self, other: Streams) -> Streams:
        every = self.tallies.keys() | other.tallies.keys()
        return Streams(
            {each: total(part.tallies[each] for part in (self, other) if each in part.tallies) for each in every}
        )


@dataclass(frozen=True, slots=True)
class StreamTask:
    """Works on blocks whose number says which stream they belong to."""

    task: DayTask

    def __call__(self, block: Block) -> Streams:
        """The day of a block, under the number of its stream."""
        return Streams({block.number // _STREAM_BLOCKS: self.task(block)})


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """The tally of the run, that of the statistical day over so many streams, and the comparison."""

    exact: Tally
    model: Tally
    streams: int
    rows: tuple[Comparison, ...]


def cross_check(scenario: Scenario, engine: Engine, streams: int = 8, watch: Watch | None = None) -> CrossCheck:
    """Run a farm byte for byte, and its day as statistics so many times. Raises LocalError where this is ended early.

    The reads are those that the run's own plan holds; when each is made is drawn anew, as is all that happens to it.
    """
    watch = watch or Unwatched()
    exact = engine.map(ExactTask(scenario), shards(scenario, 1), watch).value
    source = RunSource(Setting(scenario))
    blocks = [
        replace(block, number=block.number + stream * _STREAM_BLOCKS)
        for stream in range(1, streams + 1)
        for block in source.blocks()
    ]
    outcome = engine.map(StreamTask(DayTask(source)), blocks, watch)
    if exact is None or outcome.value is None or not outcome.is_whole:
        raise LocalError("the cross-check was ended before both engines were done")
    found = list(outcome.value.tallies.values())
    return CrossCheck(exact, total(found), streams, tuple(compare(exact, found)))


def compare(exact: Tally, streams: Sequence[Tally]) -> Iterator[Comparison]:
    """Counts and quantiles of every network that the farm has."""
    answered, model = OUTCOMES.index("answered"), total(streams)
    for place, network in enumerate(NETWORK_NAMES):
        if not exact["meters"][place]:
            continue
        counted = (
            ("planned reads", "planned", (place,)),
            ("answers", "outcomes", (place, slice(None), slice(None), answered)),
            ("commands", "commands", (place,)),
            ("bytes down", "bytes", (place, 0)),
            ("bytes up", "bytes", (place, 1)),
        )
        for figure, name, where in counted:
            theirs = np.array([stream[name][where].sum() for stream in streams], np.float64)
            noise = _SIGMAS * float(theirs.std(ddof=1)) / float(theirs.mean()) if len(streams) > 1 else 0.0
            yield Comparison(
                network, figure, float(exact[name][where].sum()), float(theirs.mean()), noise, COUNTS_WITHIN
            )
        for share in QUANTILES:
            yield _quantile(network, share, exact["latency"][place], model["latency"][place])


def _quantile(network: str, share: float, exact: Counts, model: Counts) -> Comparison:
    """A quantile of the planned reads; follow-ups wait for windows and are a story of their own."""
    ours, theirs = exact[:, 0].sum(axis=0), model[:, 0].sum(axis=0)
    low_s, high_s = chance_range_s(theirs, share, int(ours.sum()), _SIGMAS)
    found_s = quantile_s(theirs, share)
    noise = (high_s - low_s) / 2 / found_s
    return Comparison(network, f"p{share * 100:g}", quantile_s(ours, share), found_s, noise, QUANTILES_WITHIN)


def chance_range_s(histogram: Counts, share: float, reads: int, sigmas: float) -> tuple[float, float]:
    """Between which latencies a quantile of so many reads lies, drawn from a distribution, but for chance."""
    spread = sigmas * float(np.sqrt(share * (1 - share) / reads))
    return quantile_s(histogram, max(share - spread, 0.0)), quantile_s(histogram, min(share + spread, 1.0))
