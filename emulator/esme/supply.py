"""Power cuts that happen to a premises, as a pure function of its seed."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.esme.mixing import mix
from emulator.esme.overrides import PowerCut
from gbcs.times import DAY_S

CUTS_PER_YEAR = 0.4
"""Assumption ``power_cuts_per_year`` (M): network operators report 35 to 50 interruptions a year per 100 customers."""
_SHORTEST_S, _LONGEST_S = 240, 4 * 3600
_DAYS_IN_YEAR = 365.25

Number = TypeVar("Number", float, NDArray[np.float64])


def power_cuts(seed: int, first_day: int, last_day: int, per_year: float = CUTS_PER_YEAR) -> list[PowerCut]:
    """The cuts that start on the UTC days ``first_day`` to ``last_day`` (from 2000-01-01 as 0), both included.

    At most one a day, at any second, of 4 minutes to 4 hours, short ones more often (uniform in the square root).
    """
    limit = int(min(per_year / _DAYS_IN_YEAR, 1.0) * 2**32)
    cuts = []
    for day in range(first_day, last_day + 1):
        drawn = mix(seed ^ 0x504F_5745_525F_4355, day)
        if drawn >> 32 < limit:
            starts_at = day * DAY_S + (drawn & 0xFFFF) * DAY_S / 65536
            cuts.append(PowerCut(starts_at, starts_at + cut_length_s((drawn >> 16 & 0xFFFF) / 65536)))
    return cuts


def cut_length_s(drawn: Number) -> Number:
    """How long a cut lasts, of a number drawn evenly from 0 to 1 (or of an array of them)."""
    return _SHORTEST_S + drawn**2 * (_LONGEST_S - _SHORTEST_S)
