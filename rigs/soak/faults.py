"""What is done to a line while it is soaked: a table of kinds, and a plan that hangs off a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emulator.rng import generator
from gbcs.errors import LocalError


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A way to misbehave; ``shortest_s`` and ``longest_s`` bound how long it lasts, 0 where it is over at once."""

    text: str
    shortest_s: float = 0.0
    longest_s: float = 0.0


FAULTS: Final[Mapping[str, FaultKind]] = {
    "port_closed": FaultKind("the port is gone, and comes back", 0.2, 2.0),
    "peer_stopped": FaultKind("the far end stands still, and goes on", 0.5, 4.0),
    "garbage": FaultKind("bytes that nobody sent come in between"),
    "dropped": FaultKind("the next bytes of one direction are lost"),
    "mangled": FaultKind("one byte of the next ones from the device is another"),
}
"""Each is one that benches see. How often and how long is an assumption; a soak says its own."""

_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: when it begins, seen from the start of the soak, and how long it lasts. ``seed`` makes its bytes."""

    kind: str
    at_s: float
    lasts_s: float
    seed: int


def fault_plan(seed: int, every_s: float, kinds: Sequence[str] = tuple(FAULTS)) -> Iterator[Fault]:
    """Faults without end, one every ``every_s`` or so, the kinds in turns of random order.

    Raises LocalError for a kind that there is not.
    """
    unknown = [kind for kind in kinds if kind not in FAULTS]
    if unknown or not kinds:
        raise LocalError(f"{unknown[0] if unknown else ''!r} is no fault (allowed: {', '.join(FAULTS)})")
    return _endless(generator(seed, "soak"), every_s, list(kinds))


def _endless(chance: np.random.Generator, every_s: float, kinds: list[str]) -> Iterator[Fault]:
    at_s = 0.0
    while True:
        chance.shuffle(kinds)
        for name in kinds:
            kind = FAULTS[name]
            at_s += every_s * float(chance.uniform(1 - _SPREAD, 1 + _SPREAD))
            lasts_s = float(chance.uniform(kind.shortest_s, kind.longest_s))
            yield Fault(name, at_s, lasts_s, int(chance.integers(1 << 32)))
