"""What settlement asks of the networks in a day: rows of (network, cohort, service request, role), and their sums.

A row stands for so many meters that are read so often; its bytes are those of real messages. Everything a capacity
study needs of demand is a sum over rows: service requests and bytes per day, network, cohort and hour.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from emulator.capacity.scenario import NETWORKS, CapacityScenario, SizedAs
from emulator.capacity.sizes import exchange
from emulator.dcc.rule_tables import Granularity, MpanKind, Section, Window
from emulator.dcc.rules import schedulable
from emulator.scenario_names import SMETS1
from gbcs.errors import LocalError

Floats = NDArray[np.float64]
Index = NDArray[np.int16]
Flags = NDArray[np.bool_]

SMETS2: Final = "smets2"
"""The cohort of the meters that the three regions read over their SM WAN."""

HOURS: Final = 24
_DUIS_VERSION: Final = "5.4"
"""Decides what can be scheduled, as in the default scenario of a run."""

_MDR_READS_INSTEAD: Final = {"4.1.1": "4.6.1"}
"""What a data retriever asks where GBCS gives it no access: sizes of a read by a user that may not make it."""


class ReadRow(Section):
    """One row of ``reads.toml``."""

    of: MpanKind
    granularity: Granularity
    every: Literal["day", "month"]
    srv: Mapping[str, str]
    smets1: Mapping[str, str] = Field(default_factory=dict)
    source: Annotated[str, Field(min_length=1)]
    confidence: Literal["H", "M", "L", "A"]


@dataclass(frozen=True, slots=True)
class Row:
    """Reads that differ only in their meters. ``per_meter_day`` counts repeats; bytes are those of one read.

    ``flagged``: for settlement alone, so in the MHHS window; what suppliers re-use is not, and is no extra traffic.
    """

    network: str
    cohort: str
    srv: str
    role: str
    flagged: bool
    twin: bool
    meters: float
    per_meter_day: float
    down_bytes: int
    up_bytes: int


@dataclass(frozen=True, slots=True)
class Demand:
    """The rows of a scenario, and the same as columns: a numpy array a property, an entry a row.

    ``network`` and ``cohort`` point into ``networks`` and ``cohorts``. ``srvs`` are service requests a day, ``down``
    and ``up`` the bytes a day of commands and responses, ``transport`` what the SM WAN adds to both.

    Does not model: users that ask for what they are not entitled to, changes of consent, reads that serve no settlement
    (the baseline), how demand differs from day to day, the dialects of SMETS1 meters (sizes are those of GBCS, as the
    PIA counts them).
    """

    scenario: CapacityScenario
    sized_as: SizedAs
    rows: tuple[Row, ...]
    networks: tuple[str, ...]
    cohorts: tuple[str, ...]
    network: Index
    cohort: Index
    flagged: Flags
    on_demand: Floats
    srvs: Floats
    down: Floats
    up: Floats
    transport: Floats

    @property
    def total_srvs(self) -> float:
        """Service requests a day for settlement alone: the figure of PIA Table 5."""
        return float(self.srvs[self.flagged].sum())

    @property
    def total_bytes(self) -> float:
        """Bytes a day for settlement alone, with what the SM WAN adds: the figure of PIA Table 5."""
        return float(self.bytes[self.flagged].sum())

    @property
    def bytes(self) -> Floats:
        """Bytes a day of each row, all of them."""
        return self.down + self.up + self.transport

    @property
    def on_demand_share(self) -> float:
        """Share of the settlement reads that are made on demand (PIA D6): repeats, and what cannot be scheduled."""
        on_demand = float((self.srvs * self.on_demand)[self.flagged].sum())
        return on_demand / self.total_srvs if self.total_srvs else 0.0

    def by_network(self, values: Floats, *, flagged: bool = True) -> dict[str, float]:
        """Sums of a column by network."""
        kept = self.flagged == flagged
        sums = np.bincount(self.network[kept], values[kept], minlength=len(self.networks))
        return dict(zip(self.networks, sums.tolist(), strict=True))

    def by_cohort(self, values: Floats, *, flagged: bool = True) -> dict[str, float]:
        """Sums of a column by cohort."""
        kept = self.flagged == flagged
        sums = np.bincount(self.cohort[kept], values[kept], minlength=len(self.cohorts))
        return dict(zip(self.cohorts, sums.tolist(), strict=True))

    def by_hour(self, values: Floats) -> Floats:
        """Sums of a column by network and hour of the UTC day, released uniformly over each window."""
        hourly = np.zeros((len(self.networks), HOURS))
        for flagged in (True, False):
            sums = self.by_network(values, flagged=flagged)
            for at, name in enumerate(self.networks):
                hourly[at] += sums[name] * hour_shares(self.window(name, flagged=flagged))
        return hourly

    def window(self, network: str, *, flagged: bool = True) -> Window:
        """When a network carries the reads. Raises LocalError for a network that is none."""
        if network not in self.networks:
            raise LocalError(f"{network!r} is no network: {', '.join(self.networks)}")
        windows = getattr(self.scenario.windows, network)
        chosen: Window = (windows.mhhs if flagged else windows.existing).value
        return chosen


def make_demand(scenario: CapacityScenario, sized_as: SizedAs | None = None) -> Demand:
    """The demand of a scenario; ``sized_as`` in place of the scenario's own choice."""
    how = sized_as or scenario.sizing.sized_as.value
    rows = tuple(row for row in _rows(scenario, how) if row.meters and row.per_meter_day)
    cohorts = tuple(dict.fromkeys((SMETS2, *(row.cohort for row in rows))))
    srvs = np.array([row.meters * row.per_meter_day for row in rows])
    return Demand(
        scenario,
        how,
        rows,
        NETWORKS,
        cohorts,
        np.array([NETWORKS.index(row.network) for row in rows], np.int16),
        np.array([cohorts.index(row.cohort) for row in rows], np.int16),
        np.array([row.flagged for row in rows], np.bool_),
        np.array([_on_demand(row, scenario) for row in rows]),
        srvs,
        srvs * np.array([row.down_bytes for row in rows], np.float64),
        srvs * np.array([row.up_bytes for row in rows], np.float64),
        srvs * scenario.sizing.transport_bytes.value,
    )


def hour_shares(window: Window) -> Floats:
    """The share of a window that lies in each hour of the day; they add up to 1."""
    hours = np.arange(HOURS) * 3600.0
    overlap = np.minimum(hours + 3600.0, window.end_s) - np.maximum(hours, window.start_s)
    shares: Floats = np.maximum(overlap, 0.0) / (window.end_s - window.start_s)
    return shares


# ---------------------------------------------------------------------- rows


@cache
def read_rows() -> tuple[ReadRow, ...]:
    """The rows of ``reads.toml``."""
    text = (files("emulator.capacity") / "reads.toml").read_text(encoding="utf-8")
    return tuple(ReadRow.model_validate(row) for row in tomllib.loads(text)["read"])


def _rows(scenario: CapacityScenario, sized_as: SizedAs) -> Iterator[Row]:
    twin_share = scenario.meters.twin_share.value
    for network, cohort, meters in _homes(scenario):
        for read in read_rows():
            read_meters = meters * _share_read(scenario, read)
            for role, flagged, share in _users(scenario, read.of):
                srv = (read.smets1 if cohort != SMETS2 and read.smets1 else read.srv)[role]
                for twin, of in ((False, 1 - twin_share), (True, twin_share)):
                    down, up = _size(srv, role, twin, sized_as)
                    read_by = read_meters * share * of
                    yield Row(network, cohort, srv, role, flagged, twin, read_by, _rate(scenario, read), down, up)


def _homes(scenario: CapacityScenario) -> Iterator[tuple[str, str, float]]:
    """(network, cohort, meters) of every group of meters."""
    for network, share in scenario.networks.shares.value.items():
        meters = scenario.meters.esmes.value * share
        cohorts: Mapping[str, float] = {SMETS2: 1.0}
        if network == SMETS1:
            cohorts = scenario.networks.smets1_cohorts.value
        for cohort, part in cohorts.items():
            yield network, cohort, meters * part


def _share_read(scenario: CapacityScenario, read: ReadRow) -> float:
    """The share of the meters that a row of the table is about."""
    if read.of == "export":
        return scenario.meters.export_take_up.value
    return scenario.meters.granularity.value.get(read.granularity, 0.0)


def _users(scenario: CapacityScenario, kind: MpanKind) -> tuple[tuple[str, bool, float], ...]:
    """(role, for settlement alone, share) of who reads: MDR Users flag all, suppliers what they do not re-use."""
    mdr, reuse = scenario.demand.mdr_share.value, scenario.demand.data_reuse_share.value
    supplier = "IS" if kind == "import" else "ES"
    return ("MDR", True, mdr), (supplier, True, (1 - mdr) * (1 - reuse)), (supplier, False, (1 - mdr) * reuse)


def _rate(scenario: CapacityScenario, read: ReadRow) -> float:
    """Reads a meter and day, repeats included."""
    daily = scenario.demand.export_reads_per_day.value if read.of == "export" else 1.0
    once = daily if read.every == "day" else 1.0 / scenario.demand.month_days.value
    return once * (1 + scenario.demand.repeats_share.value)


def _size(srv: str, role: str, twin: bool, sized_as: SizedAs) -> tuple[int, int]:
    """Bytes of command and response."""
    made = exchange(*asked_as(srv, role, sized_as), 1, twin)
    return len(made.command), len(made.response)


def asked_as(srv: str, role: str, sized_as: SizedAs) -> tuple[str, str]:
    """The read and role whose messages count: its own, or what a data retriever would ask."""
    return (srv, role) if sized_as == "role" else (_MDR_READS_INSTEAD.get(srv, srv), "MDR")


def _on_demand(row: Row, scenario: CapacityScenario) -> float:
    """Share of a row that is made on demand."""
    repeats = scenario.demand.repeats_share.value
    first = scenario.demand.on_demand_share.value if schedulable(row.srv, _DUIS_VERSION) else 1.0
    return (first + repeats) / (1 + repeats)
