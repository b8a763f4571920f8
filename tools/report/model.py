"""The values that the report shows, as they come out of a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Group:
    """Reads of one SRV, CSP, user or phase, and how long the answered ones took; None where nothing was answered."""

    label: str
    detail: str
    asked: int
    answered: int
    within_trt: int
    retries: int
    bytes_down: int
    bytes_up: int
    trts_s: tuple[float, ...]
    p50_s: float | None
    p90_s: float | None
    p99_s: float | None
    max_s: float | None
    max_of_trt: float | None
    """The latency that came nearest to its target response time, or furthest beyond it, as a share of that."""

    @property
    def answered_share(self) -> float:
        """Answered of asked, 0 to 1; 0 when nothing was asked."""
        return self.answered / self.asked if self.asked else 0.0

    @property
    def within_share(self) -> float:
        """Answered within the target response time of asked, 0 to 1; 0 when nothing was asked."""
        return self.within_trt / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Reads of one SRV and role that ended alike, of ``asked`` reads of that SRV and role."""

    outcome: str
    srv: str
    role: str
    leg: str
    reason: str
    reads: int
    asked: int


@dataclass(frozen=True, slots=True)
class Cdf:
    """``share[i]`` of the reads asked over one WAN were answered within ``latency_s[i]`` seconds."""

    wan: str
    asked: int
    latency_s: list[float]
    share: list[float]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Requests per bin of ``bin_s``: starts of the bins (UTC) and a count for each, by CSP."""

    bin_s: int
    starts: list[datetime]
    by_csp: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages on the SM WAN: number, the span in which they crossed it (s), mean and busiest minute (messages/s)."""

    messages: int
    span_s: float
    mean_per_s: float
    peak_per_s: float


@dataclass(frozen=True, slots=True)
class Complete:
    """Values expected and present at a checkpoint."""

    granularity: str
    mpan_kind: str
    checkpoint: str
    expected: int
    present: int

    @property
    def share(self) -> float:
        """Present of expected, 0 to 1; 1 when nothing was expected."""
        return self.present / self.expected if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class Cause:
    """Values missing at D+1 that were lost on one leg for one reason, and how many of them never came."""

    leg: str
    reason: str
    values: int
    never_came: int
    premises: int


@dataclass(frozen=True, slots=True)
class PhaseReason:
    """How often settlement reads of one phase, granularity and kind of MPAN gave a reason for what did not come."""

    phase: str
    granularity: str
    mpan_kind: str
    reason: str
    reads: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One read of a meter's day and the range that it asked for (UTC)."""

    srv: str
    user: str
    asked_from: datetime
    asked_to: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class Missing:
    """One half-hour that did not come back, by the UTC time of its end."""

    stamp: datetime
    period: int
    mpan_kind: str
    leg: str
    reason: str


@dataclass(frozen=True, slots=True)
class MeterDay:
    """One meter's day: half-hours asked, got back and missing. Stamps are UTC ends of half-hours, values Wh or varh."""

    premises: int
    device: str
    csp: str
    wan: str
    day: date
    bounds: tuple[datetime, datetime]
    asked: list[Asked]
    channels: dict[str, tuple[list[datetime], list[int]]]
    missing: list[Missing]


@dataclass(frozen=True, slots=True)
class Gap:
    """Values of one premises and day that were missing at D+1, lost on one leg for one reason.

    ``periods`` as "1-4, 9", empty for the one value of a day or month; ``filled`` names the checkpoint at which they
    were in after all.
    """

    premises: int
    device: str
    mpan_kind: str
    srv: str
    day: str
    periods: str
    count: int
    leg: str
    reason: str
    filled: str


@dataclass(frozen=True, slots=True)
class RunData:
    """Everything the report shows."""

    folder: Path
    summary: dict[str, Any]
    scenario_toml: str
    total: Group
    by_srv: list[Group]
    by_csp: list[Group]
    by_user: list[Group]
    by_phase: list[Group]
    by_trt: list[Group]
    unanswered: list[Unanswered]
    phase_reasons: list[PhaseReason]
    attempts: list[tuple[int, int]]
    """(commands sent for a read, number of such reads)"""
    cdfs: list[Cdf]
    arrivals: Arrivals
    rate: Rate
    completeness: list[Complete]
    gap_causes: list[Cause]
    gaps: list[Gap]
    """At most ``data.GAPS_SHOWN`` of ``gap_groups``, which hold ``gap_count`` values."""
    gap_groups: int
    gap_count: int
    meter_day: MeterDay | None
    assumptions: list[tuple[str, str, str, str]]
    """(name, value, confidence, source)"""
