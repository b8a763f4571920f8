"""What a run takes for granted: every value that no vector and no published text decides, by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """A named value with how sure it is and where it comes from.

    ``confidence``: H measured or published, M derived from published ranges or second-hand, L by engineering judgement,
    A assumed: replace it with your own figure.
    """

    name: str
    value: str
    confidence: str
    source: str
