"""The same day once more under every setting: a model of sizes on the same requests, the same seed, the same states.

What meters say was learnt from the run itself, dialogue by dialogue; here only its size travels. So the setting of the
run gives what the run gave, as long as nothing is asked twice; a test holds the two equal. Requests that users make
after a failure are left out: which there are hangs on the setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count

import numpy as np

from emulator.dcc.requests import FinishedRead, ServiceRequest
from emulator.kernel import Kernel
from emulator.population import Population
from emulator.smets1.cohorts import Cohorts
from emulator.smets1.exchange import Ask, Exchange, Reading, Round, Sizes, Values
from emulator.smets1.papers import NoPapers
from emulator.smets1.questions import Answers, Reads, Span, answer, series
from emulator.smets1.radio import PRESETS
from emulator.smets1.readers.steps import DAILY
from emulator.smets1.road import Setting, Smets1Road, Surroundings
from gbcs.times import DAY_S, HALF_HOUR_S

SETTLE_S = 4 * 3600.0
"""How long after the last request sessions and retries may still go on."""


class SizedDialogue:
    """Answers with what a family's dialogue was like when it was held for real: rounds of the same size.

    Does not model: values; rows that a meter lacks; refusals.
    """

    def __init__(self, population: Population, cohorts: Cohorts, sizes: Sizes) -> None:
        self._cohort = population.cohort
        self._profiles = [cohorts.cohort[name].profile.value for name in population.names.cohort]
        self._sizes = sizes

    def hold(self, premises: int, asks: Sequence[Ask], now: float) -> Exchange:
        """See :class:`~emulator.smets1.exchange.Dialogue`."""
        profile = self._profiles[self._cohort[premises]]
        known = [self._sizes.like(profile, ask.srv, now) or _UNKNOWN for ask in asks]
        readings = tuple(_reading(one.readings[0].rounds, ask, now) for one, ask in zip(known, asks, strict=True))
        return Exchange(known[0].opening, readings, known[0].closing)


_UNKNOWN = Exchange(((64, 51),), (Reading(((108, 1022),), None),), ((13, 13),))
"""A read of 48 half-hours over DLMS, for what was never read in the run."""


def _reading(rounds: tuple[Round, ...], ask: Ask, now: float) -> Reading:
    if ask.first is None or ask.last is None:
        return Reading(rounds, Values(now, register_wh=0))
    return Reading(rounds, Values(now, _rows(ask.first, ask.last, DAY_S if ask.srv == DAILY else HALF_HOUR_S)))


@lru_cache(maxsize=256)
def _rows(first: int, last: int, step_s: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint32]]:
    stamps = np.arange(-(-first // step_s) * step_s, last + 1, step_s)
    return np.column_stack([stamps, np.zeros_like(stamps)]).astype(">u4")


def settings(cache_hits_consult_dco: bool) -> tuple[Setting, ...]:
    """Every setting that is compared: both presets, each with and without the cache."""
    return tuple(Setting(preset, cache, cache_hits_consult_dco) for preset in PRESETS for cache in (True, False))


def compare(
    around: Surroundings,
    requests: Sequence[ServiceRequest],
    sizes: Sizes,
    span: Span,
    chosen: Iterable[Setting],
) -> list[tuple[Answers, dict[str, object]]]:
    """Answers and series of each setting, from a model run over the same requests."""
    return [_one(around, requests, sizes, span, setting) for setting in chosen]


def _one(
    around: Surroundings,
    requests: Sequence[ServiceRequest],
    sizes: Sizes,
    span: Span,
    setting: Setting,
) -> tuple[Answers, dict[str, object]]:
    kernel = Kernel(span.start)
    tally = Tally()
    dialogue = SizedDialogue(around.population, around.cohorts, sizes)
    road = Smets1Road(around, setting, kernel, dialogue, NoPapers(), tally.take, count())
    for request in requests:
        kernel.at(request.due_at, _submit, road, request)
    kernel.run(until=span.end + SETTLE_S)
    return answer(road, tally.reads(), span), series(road, span)


def _submit(road: Smets1Road, request: ServiceRequest) -> None:
    road.desk.submit(request, request.due_at)


class Tally:
    """Counts what became of the reads that were made for D+1."""

    __slots__ = ("answered", "asked", "from_cache", "within_trt")

    def __init__(self) -> None:
        self.asked = self.answered = self.within_trt = self.from_cache = 0

    def take(self, finished: FinishedRead, _read_at: float = 0.0) -> None:
        """Count one read; one that was answered without a byte from a hub came from a cache."""
        if finished.outcome == "refused" or finished.request.phase != "D+1":
            return
        is_answered = finished.outcome == "answered"
        self.asked += 1
        self.answered += is_answered
        self.within_trt += finished.within_trt
        self.from_cache += is_answered and not finished.bytes_up

    def reads(self) -> Reads:
        """The count."""
        return Reads(self.asked, self.answered, self.within_trt, self.from_cache)
