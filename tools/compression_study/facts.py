"""What a compression study is made from."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.compression.leakage import Days, Leak
from emulator.compression.mixes import Sizes
from tools.compression.effects import Effects
from tools.compression.engine import Outcome
from tools.compression.reading import Corpus


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was measured; ``leaks`` and ``effects`` only where they were asked for."""

    outcome: Outcome
    corpus: Corpus
    sizes: Sizes
    wall_s: float
    days: Days | None
    leaks: tuple[Leak, ...]
    effects: tuple[Effects, ...]
    call: str
