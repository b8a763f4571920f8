"""Timing in interleaved rounds, so that what disturbs the machine disturbs all parts alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter


def medians_us(parts: Mapping[str, Callable[[], int]], rounds: int, done: Callable[[], None]) -> dict[str, float]:
    """The median time of one operation of each part, in microseconds.

    A part does its operations and returns how many there were. One round before the first warms caches up and is not
    counted. ``done`` is called after every part.
    """
    found: dict[str, list[float]] = {name: [] for name in parts}
    for number in range(rounds + 1):
        for name, part in parts.items():
            took_us = _time_us(part)
            if number:
                found[name].append(took_us)
            done()
    return {name: median(times) for name, times in found.items()}


def _time_us(part: Callable[[], int]) -> float:
    gc.collect()
    started = perf_counter()
    operations = part()
    return (perf_counter() - started) / operations * 1e6
