"""Where blocks are worked on: one small interface, ``map(task, blocks)``, with the processes of this machine behind it.

Results add up. Each block is added once: a worker that dies takes nothing with it but the work on the block that it was
at, which is done again. A cluster stands behind the same interface in :mod:`emulator.capacity.engine_dask`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

from emulator.processes import processes, processors
from gbcs.errors import LocalError

Item = TypeVar("Item")
Result = TypeVar("Result", bound="Sum")

_LOOK_EVERY_S = 0.2
_DEATHS_OF_ONE_BLOCK = 3


class Sum(Protocol):
    """A result that adds up with others, in any order."""

    def __add__(self, other: Self) -> Self:
        """Both together."""


class Watch(Protocol):
    """Whoever follows the work and may end it early."""

    def done(self, item: Any) -> None:
        """A block is done."""

    def stops(self) -> bool:
        """Whether to come to an end with what is done."""


class Unwatched:
    """Follows nothing."""

    def done(self, item: Any) -> None:
        """Nothing comes of it."""

    def stops(self) -> bool:
        """Never."""
        return False


class StopsWith(Unwatched):
    """Follows nothing, and ends with another watch."""

    def __init__(self, other: Watch) -> None:
        self._other = other

    def stops(self) -> bool:
        """When the other does."""
        return self._other.stops()


@dataclass(slots=True)
class Outcome(Generic[Result]):
    """What came of the blocks, and what it took. ``value`` is None where no block was done.

    ``peak_rss_bytes`` adds up the peaks of all processes: no more was used at any moment. ``deaths`` of workers.
    """

    value: Result | None = None
    done: int = 0
    of: int = 0
    deaths: int = 0
    peaks: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def peak_rss_bytes(self) -> int:
        """See the class."""
        return sum(self.peaks.values())

    @property
    def is_whole(self) -> bool:
        """Whether every block was done."""
        return self.done == self.of

    def add(self, result: Measured[Result]) -> None:
        """Take the result of one block."""
        self.value = result.value if self.value is None else self.value + result.value
        self.done += 1
        self.saw(result.process, result.peak_rss_bytes)

    def saw(self, process: tuple[str, int], peak_rss_bytes: int) -> None:
        """A process used so much."""
        self.peaks[process] = max(peak_rss_bytes, self.peaks.get(process, 0))


@dataclass(frozen=True, slots=True)
class Measured(Generic[Result]):
    """A result with the process that it came from (host, pid) and what that had used by then."""

    value: Result
    process: tuple[str, int]
    peak_rss_bytes: int


class Engine(Protocol):
    """Somewhere to work."""

    def map(self, task: Callable[[Item], Result], items: Sequence[Item], watch: Watch) -> Outcome[Result]:
        """Have every item worked on once and add the results up. Task and items travel, so they can be pickled."""


class Here:
    """The process itself, one block after the other."""

    def map(self, task: Callable[[Item], Result], items: Sequence[Item], watch: Watch) -> Outcome[Result]:
        """See :class:`Engine`."""
        outcome = Outcome[Result](of=len(items))
        for item in items:
            if watch.stops():
                break
            outcome.add(measured(task, item))
            watch.done(item)
        return outcome


class Pool:
    """Processes of this machine."""

    def __init__(self, workers: int = 0) -> None:
        """0 workers: as many as the machine has processors for this process."""
        self.workers = workers or processors()

    def map(self, task: Callable[[Item], Result], items: Sequence[Item], watch: Watch) -> Outcome[Result]:
        """See :class:`Engine`. Raises LocalError for a block that ends every process that takes it on."""
        outcome = Outcome[Result](of=len(items))
        left = dict(enumerate(items))
        blamed: dict[int, int] = {}
        while left and not watch.stops():
            before = outcome.done
            broke = self._round(task, left, outcome, watch)
            if not broke:
                break
            outcome.deaths += 1
            # Work begins in order: the block that broke the pool is among the first that are left.
            for number in list(left)[: self.workers] if outcome.done == before else ():
                blamed[number] = blamed.get(number, 0) + 1
                if blamed[number] >= _DEATHS_OF_ONE_BLOCK:
                    raise LocalError(f"processes end while they work on block {number}: too little memory for it?")
        outcome.saw(_process(), peak_rss_bytes())
        return outcome

    def _round(
        self, task: Callable[[Item], Result], left: dict[int, Item], outcome: Outcome[Result], watch: Watch
    ) -> bool:
        """Work on what is left; whether the pool broke before all was done."""
        with processes(min(self.workers, len(left))) as pool:
            try:
                waiting: dict[Future[Measured[Result]], int] = {
                    pool.submit(measured, task, item): number for number, item in left.items()
                }
                while waiting and not watch.stops():
                    finished, _ = wait(waiting, _LOOK_EVERY_S, FIRST_COMPLETED)
                    for future in finished:
                        number = waiting.pop(future)
                        outcome.add(future.result())
                        watch.done(left.pop(number))
            except BrokenExecutor:
                return True
        return False


def measured(task: Callable[[Item], Result], item: Item) -> Measured[Result]:
    """Do the work, in whatever process this is called."""
    value = task(item)
    return Measured(value, _process(), peak_rss_bytes())


def peak_rss_bytes() -> int:
    """The most memory that this process has held; 0 where the system does not tell."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _process() -> tuple[str, int]:
    return os.uname().nodename if hasattr(os, "uname") else "", os.getpid()
