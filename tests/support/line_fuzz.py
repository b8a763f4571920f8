"""Hostile bytes for the line dialects: good messages mutilated, half of them with their check made right again."""

from __future__ import annotations

import random
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from line_meters import NOW
from mutations import mutated

from emulator.smets1.server import DialectServer

_WAITS_S = (0.0, 0.0, 0.0, 0.1, 2.0, 400.0)
_WARM_SHARE = 10


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What came of it: messages sent, messages answered, and KiB that the process grew behind the first tenth."""

    sent: int
    answered: int
    grown_kib: int


def fuzz(
    server: DialectServer,
    samples: Sequence[bytes],
    repaired: Callable[[bytes], bytes],
    check: Callable[[bytes], None],
    count: int,
    seed: int,
) -> Fuzzed:
    """Send ``count`` messages, mutilated or not, whole or in pieces; ``check`` every answer."""
    chance, now, answered, warm_kib = random.Random(seed), NOW, 0, 0
    for number in range(count):
        data = chance.choice(samples)
        if chance.random() < 0.7:
            data = mutated(chance, data, samples)
            data = repaired(data) if chance.random() < 0.5 else data
        cut = chance.randrange(len(data) + 1)
        now += chance.choice(_WAITS_S) if chance.random() < 0.05 else 0.0
        answer = server.tick(now) + server.receive_data(data[:cut], now) + server.receive_data(data[cut:], now)
        if answer:
            answered += 1
            check(answer)
        if number == count // _WARM_SHARE:
            warm_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Fuzzed(count, answered, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - warm_kib)
