"""Mean sizes, and the mixes of reads that a network carries: ratios per direction, with and without transport."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from emulator.assumptions import Assumption


class Place(NamedTuple):
    """Which messages a mean size is of."""

    use_case: str
    role: str
    kind: str
    direction: str


@dataclass(frozen=True, slots=True)
class Sizes:
    """Mean bytes of messages, as they are, at their floor, and by what was measured (a codec or a placement)."""

    raw: Mapping[Place, float]
    floor: Mapping[Place, float]
    sent: Mapping[str, Mapping[Place, float]]

    def ratio(self, measured: str, use_case: str, role: str, direction: str = "", kind: str = "single") -> float | None:
        """Bytes sent for a byte of a read, both ways unless a direction is named; None where it was not measured."""
        places = [Place(use_case, role, kind, each) for each in ((direction,) if direction else ("down", "up"))]
        table = self.sent.get(measured, {})
        if any(place not in table for place in places):
            return None
        return sum(table[place] for place in places) / sum(self.raw[place] for place in places)


@dataclass(frozen=True, slots=True)
class Mix:
    """What is read of a meter: by whom, and of which share of meters export as well."""

    name: str
    role: str
    export: float
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class Mixes:
    """The mixes, what they read a day, and the transport around each message."""

    mixes: tuple[Mix, ...]
    reads: Mapping[str, Mapping[str, float]]
    transport_bytes: int
    cut_transport_bytes: int
    assumptions: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """A meter's bytes a day by direction, and how many messages carry them each way."""

    down: float
    up: float
    messages: float

    @property
    def total(self) -> float:
        """Both directions."""
        return self.down + self.up

    def with_transport(self, bytes_a_message: float) -> float:
        """Both directions with the transport of each message."""
        return self.total + 2 * self.messages * bytes_a_message


@cache
def load_mixes() -> Mixes:
    """The mixes of this version."""
    table = tomllib.loads((files(__package__) / "mixes.toml").read_text(encoding="utf-8"))
    reads = table["reads"]
    whole, cut = table["transport_bytes"], table["cut_transport_bytes"]
    assumptions = (
        Assumption("compression.transport_bytes", str(whole["value"]), whole["confidence"], whole["source"]),
        Assumption("compression.cut_transport_bytes", str(cut["value"]), cut["confidence"], cut["source"]),
        Assumption("compression.reads", "half-hours daily, registers monthly", reads["confidence"], reads["source"]),
    )
    return Mixes(
        tuple(Mix(**row) for row in table["mixes"]),
        {"import": reads["import"], "export": reads["export"]},
        whole["value"],
        cut["value"],
        assumptions,
    )


def load_of(mix: Mix, sizes: Mapping[Place, float]) -> Load | None:
    """The bytes a day of a meter of a mix; None where a size is missing."""
    reads = load_mixes().reads
    down = up = messages = 0.0
    for use_case, role, often in [
        *((use_case, mix.role, often) for use_case, often in reads["import"].items()),
        *((use_case, "MDR", often * mix.export) for use_case, often in reads["export"].items()),
    ]:
        places = Place(use_case, role, "single", "down"), Place(use_case, role, "single", "up")
        if often and any(place not in sizes for place in places):
            return None
        down += often * sizes.get(places[0], 0.0)
        up += often * sizes.get(places[1], 0.0)
        messages += often
    return Load(down, up, messages)


@dataclass(frozen=True, slots=True)
class MixRatios:
    """Ratios of one mix under one codec or placement."""

    mix: Mix
    measured: str
    raw_bytes: float
    down: float
    up: float
    total: float
    with_transport: float
    with_cut_transport: float


def mix_ratios(sizes: Sizes, measured: str) -> list[MixRatios]:
    """The ratios of every mix that the sizes allow."""
    known, found = load_mixes(), list[MixRatios]()
    for mix in known.mixes:
        raw, sent = load_of(mix, sizes.raw), load_of(mix, sizes.sent.get(measured, {}))
        if raw is None or sent is None:
            continue
        framed = raw.with_transport(known.transport_bytes)
        found.append(
            MixRatios(
                mix,
                measured,
                raw.total,
                sent.down / raw.down,
                sent.up / raw.up,
                sent.total / raw.total,
                sent.with_transport(known.transport_bytes) / framed,
                sent.with_transport(known.cut_transport_bytes) / framed,
            )
        )
    return found
