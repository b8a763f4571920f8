"""PIA Table 5, asked and got: six figures, their errors, and how much of the fit is fitted.

The spreadsheet behind the table is not public, so this is a reconstruction. Two hypotheses of size are set side by
side: every read as large as a data retriever's ("mdr"), and every read as large as its own user's ("role"). Three
numbers are fitted: meters times (1 + repeats), export reads a day, and the bytes that the SM WAN adds to a read; the
leave-one-out errors say what each of the six figures would have been without being used for the fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from emulator.capacity.demand import Demand, make_demand
from emulator.capacity.pia import VOLUMES, Volume, pia
from emulator.capacity.scenario import SizedAs, load_capacity_scenario

FITTED: Final = ("meters x (1 + repeats)", "export reads a day", "transport bytes a read")
WINDOWS_H: Final = (6, 8, 12, 13, 24)
"""The windows that the PIA speaks of: existing, CSP North's two, South and Central's, and a whole day."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the six figures: what the PIA says, and what the model makes of it. ``left_out`` is None where not fitted.

    ``left_out``: the error of this figure when the fit is made without it.
    """

    figure: str
    pia: float
    ours: float
    left_out: float | None = None

    @property
    def error(self) -> float:
        """Relative: +0.01 is one per cent above the PIA."""
        return self.ours / self.pia - 1


@dataclass(frozen=True, slots=True)
class Table5:
    """The six figures under one hypothesis of size; bytes with so many of transport a read."""

    title: str
    sized_as: SizedAs
    transport_bytes: float
    fitted: tuple[str, ...]
    figures: tuple[Figure, ...]

    @property
    def worst(self) -> float:
        """The largest error of the six, without its sign."""
        return max(abs(figure.error) for figure in self.figures)


@dataclass(frozen=True, slots=True)
class MeanRate:
    """Reads and bytes a second where a day's reads are spread evenly over a window."""

    scenario: Volume
    window_h: int
    srvs_per_s: float
    bytes_per_s: float
    pia_srvs_per_s: float


def table5() -> Table5:
    """The table under "every read at MDR size", which the PIA most likely used."""
    return _table("every read at MDR size", "mdr", _shipped_transport())


def role_split() -> Table5:
    """The table with every message as large as its own user's, the transport left as it is."""
    return _table("every read at its own user's size", "role", _shipped_transport())


def role_split_refitted() -> Table5:
    """The same with the transport fitted anew."""
    return _table("the same, transport fitted anew", "role", fit_transport("role"))


def fit_transport(sized_as: SizedAs, without: Volume | None = None) -> float:
    """Bytes of transport a read with the least squares of relative errors of Table 5's bytes, without one of them."""
    used = [name for name in VOLUMES if name != without]
    messages, srvs, asked = (
        np.array(column) for column in zip(*(_byte_terms(sized_as, name) for name in used), strict=True)
    )
    weight = srvs / asked
    return float((weight * (1 - messages / asked)).sum() / (weight**2).sum())


def mean_rates(windows_h: Iterable[int] = WINDOWS_H) -> tuple[MeanRate, ...]:
    """The mean rates of each scenario and window."""
    found = []
    for name in VOLUMES:
        demand = _demand(name, "mdr")
        for hours in windows_h:
            seconds = hours * 3600
            asked = pia().volumes[name].srvs / seconds
            found.append(MeanRate(name, hours, demand.total_srvs / seconds, demand.total_bytes / seconds, asked))
    return tuple(found)


# ---------------------------------------------------------------------- the fit


def _table(title: str, sized_as: SizedAs, transport: float) -> Table5:
    counts = [
        Figure(
            f"{name} SRVs a day", pia().volumes[name].srvs, _demand(name, sized_as).total_srvs, _count_left_out(name)
        )
        for name in VOLUMES
    ]
    octets = [
        Figure(f"{name} bytes a day", asked, messages + srvs * transport, _bytes_left_out(name, sized_as))
        for name, (messages, srvs, asked) in ((name, _byte_terms(sized_as, name)) for name in VOLUMES)
    ]
    return Table5(title, sized_as, transport, FITTED, (*counts, *octets))


def _byte_terms(sized_as: SizedAs, name: Volume) -> tuple[float, float, float]:
    """Bytes of the messages of a day, reads of a day, and the bytes that the PIA says."""
    demand = _demand(name, sized_as)
    messages = float((demand.down + demand.up)[demand.flagged].sum())
    return messages, demand.total_srvs, pia().volumes[name].bytes


def _bytes_left_out(name: Volume, sized_as: SizedAs) -> float:
    messages, srvs, asked = _byte_terms(sized_as, name)
    return (messages + srvs * fit_transport(sized_as, without=name)) / asked - 1


def _count_left_out(left_out: Volume) -> float:
    """The error of one count predicted from the other two, which decide meters and export reads a day exactly."""
    used = [name for name in VOLUMES if name != left_out]
    terms = np.array([_count_terms(name) for name in used])
    solved = np.linalg.solve(terms, np.array([pia().volumes[name].srvs for name in used]))
    return float(np.array(_count_terms(left_out)) @ solved) / pia().volumes[left_out].srvs - 1


def _count_terms(name: Volume) -> tuple[float, float]:
    """Reads a day are linear in (meters x (1 + repeats), the same x export reads a day): the two coefficients."""
    scenario = load_capacity_scenario(name)
    monthly, export = 1 / scenario.demand.month_days.value, scenario.meters.export_take_up.value
    flagged = scenario.in_window_share
    return flagged * (1 + monthly + export * monthly), flagged * export


@cache
def _demand(name: Volume, sized_as: SizedAs) -> Demand:
    return make_demand(load_capacity_scenario(name), sized_as)


def _shipped_transport() -> float:
    return load_capacity_scenario("C").sizing.transport_bytes.value
