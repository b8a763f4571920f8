"""Where PIA Table 7 holds: which of the networks that might be give its six rows, by sampling what is not known.

Priors (spec of the sampling in ``region.toml``) are wide, because next to nothing of the radio is published. Table 7
pins two of them, the baseline and the ratio on the air; the others keep their priors, as only the product of load and
rate counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from emulator.capacity.pia import ChannelRow, Volume, pia
from emulator.capacity.radio import DayOfMessages, Quantity, RadioModel, channels_needed, on_air_ratio
from emulator.capacity.table7 import CHANNELS, table7_days
from emulator.dcc.rule_tables import Section
from emulator.rng import generator

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Reading = Literal["loose", "strict"]
READINGS: Final[tuple[Reading, ...]] = ("loose", "strict")

SAMPLES: Final = 1_000_000
_BLOCK: Final = 100_000
_MAX_TRIES: Final = 5
_PERCENTILES: Final = (5, 50, 95)


class Prior(Section):
    """A parameter that is not known: uniform between two ends."""

    title: str
    unit: str = ""
    lo: float
    hi: float
    confidence: Literal["H", "M", "L", "A"]
    source: str


@dataclass(frozen=True, slots=True)
class Spread:
    """The 5th, 50th and 95th percentile of a quantity among the accepted samples."""

    p5: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Region:
    """What was sampled and what of it gives the table.

    ``share`` is the accepted part of the samples by reading; ``spreads`` that of each parameter and of what follows
    from them; ``accepted`` the samples themselves: columns by name, for pictures.
    """

    samples: int
    seed: int
    share: dict[Reading, float]
    spreads: dict[Reading, dict[str, Spread]]
    accepted: dict[Reading, dict[str, Floats]]


@cache
def priors() -> Mapping[str, Prior]:
    """The priors by name, from ``region.toml``."""
    table = tomllib.loads((files("emulator.capacity") / "region.toml").read_text(encoding="utf-8"))
    return {name: Prior.model_validate(row) for name, row in table.items()}


def map_region(samples: int = SAMPLES, seed: int = 162) -> Region:
    """Sample the priors and keep what gives Table 7, in both readings. Same seed, same region."""
    days = table7_days()
    kept: dict[Reading, list[dict[str, Floats]]] = {reading: [] for reading in READINGS}
    for block, start in enumerate(range(0, samples, _BLOCK)):
        drawn = _draw(min(_BLOCK, samples - start), seed, block)
        model = model_of(drawn)
        for reading, flags in zip(READINGS, holds(model, days), strict=True):
            kept[reading].append({name: column[flags] for name, column in {**drawn, **_derived(model, days)}.items()})
    accepted = {reading: _joined(blocks) for reading, blocks in kept.items()}
    return Region(
        samples,
        seed,
        {reading: len(columns["message_ratio"]) / samples for reading, columns in accepted.items()},
        {reading: {name: _spread(column) for name, column in columns.items()} for reading, columns in accepted.items()},
        accepted,
    )


def holds(model: RadioModel, days: Mapping[Volume, DayOfMessages]) -> tuple[Flags, Flags]:
    """Whether all six rows come out, in the loose and in the strict reading; a flag for each network in the model."""
    rows = [_row_holds(row, model, days[row.scenario]) for row in pia().channels]
    loose, strict = (np.logical_and.reduce([row[at] for row in rows]) for at in (0, 1))
    return loose, loose & strict


def model_of(drawn: Mapping[str, Quantity]) -> RadioModel:
    """The radio of each sample."""
    return RadioModel(
        payload_bytes=np.rint(drawn["payload_bytes"]).astype(np.int64),
        overhead_bytes=np.rint(drawn["overhead_bytes"]).astype(np.int64),
        rate_bps=drawn["rate_bps"],
        frame_loss=drawn["frame_loss"],
        max_tries=_MAX_TRIES,
        north_share=drawn["north_share"],
        sites=drawn["sites"],
        busiest_to_mean=drawn["busiest_to_mean"],
        usable_share=drawn["code_rate"] * drawn["mac_efficiency"] * drawn["utilisation"],
        baseline_bytes_per_hour=drawn["baseline_gb_per_hour"] * 1e9,
        baseline_up_share=drawn["baseline_up_share"],
        baseline_message_bytes=drawn["baseline_message_bytes"],
        message_ratio=drawn["message_ratio"],
    )


def _draw(size: int, seed: int, block: int) -> dict[str, Floats]:
    """Samples of every prior, each from a stream of its own: one more prior changes no other."""
    return {
        name: generator(seed, "capacity", "region", name, block).uniform(prior.lo, prior.hi, size)
        for name, prior in priors().items()
    }


def _row_holds(row: ChannelRow, model: RadioModel, day: DayOfMessages) -> tuple[Flags, Flags]:
    """(loose, strict) for each network."""
    plain, packed = (np.asarray(channels_needed(model, day, row.window_h, compressed=how)) for how in (False, True))
    by_kind = {option.compressed: option.channels for option in row.options}
    fewest, fewest_packed = _fewest(plain), _fewest(packed)
    plain_is_right = fewest == by_kind.get(False, np.inf)
    packed_does = fewest_packed <= by_kind.get(True, np.inf)
    packed_is_right = fewest_packed == by_kind[True] if True in by_kind else fewest_packed >= fewest
    return plain_is_right & packed_does, packed_is_right


def _fewest(need: Floats) -> Floats:
    """The fewest channels that do; infinity where none do."""
    found: Floats = np.select([need <= count for count in CHANNELS], [float(count) for count in CHANNELS], np.inf)
    return found


def _derived(model: RadioModel, days: Mapping[Volume, DayOfMessages]) -> dict[str, Floats]:
    """What follows from the parameters, and is identified where they are not."""
    return {
        "on_air_ratio": np.asarray(on_air_ratio(model, days["B"], 12)),
        "net_kbps": np.asarray(model.net_bps) / 1000,
        "busiest_site_share": np.asarray(model.busiest_site_share),
    }


def _joined(blocks: list[dict[str, Floats]]) -> dict[str, Floats]:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _spread(column: Floats) -> Spread:
    if not column.size:
        return Spread(np.nan, np.nan, np.nan)
    return Spread(*(float(value) for value in np.percentile(column, _PERCENTILES)))
