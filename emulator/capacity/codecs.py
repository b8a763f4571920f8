"""Table 7 with what real codecs leave of the messages, in place of one ratio for everything.

A codec shortens commands, answers and each kind of read by its own share; carriers are paired, so the direction that it
shortens less decides. The transport around each message stays as it is, for no codec of ours touches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from emulator.assumptions import Assumption
from emulator.capacity.compressed import DayRatio, compressed, day_ratio
from emulator.capacity.demand import Demand, asked_as, make_demand
from emulator.capacity.pia import VOLUMES, Volume, pia
from emulator.capacity.radio import DayOfMessages, RadioModel, channels_needed, messages_of
from emulator.capacity.scenario import load_capacity_scenario
from emulator.capacity.table7 import Verdict, table7_days, verdict_of

SHOWN: Final = ("header_context", "header_context_rows", "deflate_stream", "deflate", "zstd_19", "heatshrink")
"""The codecs that a study shows: ours, a stream, and what a hub has at hand."""

ASSUMPTIONS: Final = (
    Assumption(
        "capacity.codecs.baseline",
        "compressed by the same share as settlement",
        "A",
        "what the baseline is made of is not public",
    ),
)


@dataclass(frozen=True, slots=True)
class CodecOutcome:
    """What a codec leaves of the messages of each scenario, and what Table 7 becomes with it."""

    codec: str
    ratios: Mapping[Volume, DayRatio]
    verdicts: tuple[Verdict, ...]


def codec_outcome(codec: str, model: RadioModel) -> CodecOutcome:
    """Table 7 with one codec. Raises LocalError for a codec that is unknown or has to be trained."""
    demands = {name: make_demand(load_capacity_scenario(name), "mdr") for name in VOLUMES}
    plain, packed = table7_days(), {name: _packed(demand, codec) for name, demand in demands.items()}
    ratios = {name: day_ratio(demand, codec) for name, demand in demands.items()}
    verdicts = []
    for row in pia().channels:
        name, hours = row.scenario, row.window_h
        need = float(channels_needed(model, plain[name], hours, compressed=False))
        with_codec = channels_needed(
            model, packed[name], hours, compressed=False, baseline_ratio=ratios[name].with_transport
        )
        verdicts.append(verdict_of(row, need, float(with_codec)))
    return CodecOutcome(codec, ratios, tuple(verdicts))


def _packed(demand: Demand, codec: str) -> DayOfMessages:
    """The messages as a codec leaves them."""
    sizes = [compressed(codec, *asked_as(row.srv, row.role, demand.sized_as), 1, row.twin) for row in demand.rows]
    return messages_of(
        demand,
        (
            np.array([size.command for size in sizes], np.float64),
            np.array([size.response for size in sizes], np.float64),
        ),
    )
