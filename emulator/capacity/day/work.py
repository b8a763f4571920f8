"""What an engine does with a block of a day."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.capacity.day.model import Block, Source, Surroundings
from emulator.capacity.day.smets1 import Smets1Day
from emulator.capacity.day.smets2 import Smets2Day
from emulator.capacity.day.tally import Tally
from emulator.scenario_names import SMETS1


@dataclass(frozen=True, slots=True)
class DayTask:
    """Works on blocks of a source, in whatever process it is called."""

    source: Source

    def __call__(self, block: Block) -> Tally:
        """What the day of a block came to."""
        source, around = _here(self.source)
        day = Smets1Day if block.network == SMETS1 else Smets2Day
        return day(source, block, around).run()


_last: list[tuple[Source, Surroundings]] = []
"""What this process has read and worked out last: blocks of one source come one after the other."""


def _here(source: Source) -> tuple[Source, Surroundings]:
    if not _last or _last[0][0] != source:
        _last[:] = [(source, Surroundings(source.setting))]
    return _last[0]
