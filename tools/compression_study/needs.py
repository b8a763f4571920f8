"""What 50 % needs: of each mix and each part of its traffic the least placement that reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.compression.findings import PARTS, needed
from emulator.compression.mixes import Sizes, mix_ratios
from emulator.compression.placements import PLACEMENTS, Placement


@dataclass(frozen=True, slots=True)
class Need:
    """One mix and part: what each placement leaves of it by letter, and the least one that reaches half, if any."""

    mix: str
    part: str
    reached: Mapping[str, float]
    placement: Placement | None


def needs(sizes: Sizes) -> list[Need]:
    """Every mix and part that was measured."""
    by_placement = {place: mix_ratios(sizes, place.measured) for place in PLACEMENTS}
    found: list[Need] = []
    for position, mix in enumerate(ratios.mix for ratios in by_placement[PLACEMENTS[1]]):
        for part, value in PARTS.items():
            reached = {
                place.letter: value(ratios[position])
                for place, ratios in by_placement.items()
                if len(ratios) > position
            }
            found.append(Need(mix.name, part, reached, needed(reached)))
    return found
