"""The values that the report shows, as they come out of a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Group:
    """Reads of one SRV, CSP, user or phase."""

    label: str
    detail: str
    asked: int
    answered: int
    within_trt: int
    retries: int
    bytes_down: int
    bytes_up: int

    @property
    def answered_share(self) -> float:
        """Answered of asked, 0 to 1; 0 when nothing was asked."""
        return self.answered / self.asked if self.asked else 0.0

    @property
    def within_share(self) -> float:
        """Answered within the target response time of asked, 0 to 1."""
        return self.within_trt / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency percentiles in seconds of the answered reads of one SRV, mode and target response time."""

    srv: str
    mode: str
    trt_s: float
    answered: int
    asked: int
    p50_s: float
    p90_s: float
    p99_s: float
    max_s: float
    within_trt: int


@dataclass(frozen=True, slots=True)
class Cdf:
    """``share[i]`` of the reads asked over one WAN were answered within ``latency_s[i]`` seconds."""

    wan: str
    asked: int
    latency_s: list[float]
    share: list[float]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Requests per bin of ten minutes: starts of the bins (UTC) and a count for each, by CSP."""

    starts: list[Any]
    by_csp: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages on the SM WAN: number, the span in which they crossed it (s), mean and busiest minute (messages/s)."""

    messages: int
    span_s: float
    mean_per_s: float
    peak_per_s: float


@dataclass(frozen=True, slots=True)
class MeterDay:
    """One meter's day: half-hours asked, got back and missing. Stamps are UTC ends of half-hours, values Wh."""

    premises: int
    device: str
    csp: str
    wan: str
    day: Any
    bounds: tuple[Any, Any]
    asked: list[tuple[str, str, Any, Any, str]]
    """(srv, role and user, from, to, outcome)"""
    channels: dict[str, tuple[list[Any], list[int]]]
    missing: list[tuple[Any, int, str, str, str]]
    """(stamp, period, MPAN kind, leg, reason)"""


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing half-hours of one premises and day, lost on one leg for one reason; ``periods`` as "1-4, 9"."""

    premises: int
    device: str
    mpan_kind: str
    srv: str
    day: str
    periods: str
    count: int
    leg: str
    reason: str


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
    outcomes: list[tuple[str, str, str, int]]
    attempts: list[tuple[int, int]]
    latencies: list[Latency]
    cdfs: list[Cdf]
    trts_s: list[float]
    arrivals: Arrivals
    rate: Rate
    completeness: list[tuple[str, str, str, int, int]]
    gap_causes: list[tuple[str, str, int, int]]
    gaps: list[Gap]
    gap_groups: int
    gap_count: int
    meter_day: MeterDay | None
    assumptions: list[tuple[str, str, str, str]]
