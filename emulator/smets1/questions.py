"""The five questions that the PIA (5.4.1) puts to SMETS1 providers and operators, answered from what was counted.

Data and SMS are per hub and month of :data:`MONTH_DAYS` days like those counted; peaks are those of the counted time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.smets1.measures import Measures
from emulator.smets1.road import Smets1Road

MONTH_DAYS = 30
_PEAK_S = 60
_BIN_S = 600
_TARGET_S = 16.0
_QUANTILES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 1.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """What is counted: instants from ``start`` until ``end``, which hold the reads of so many settlement days."""

    start: float
    end: float
    days: int
    hubs: int

    def among(self, at: Floats) -> NDArray[np.bool_]:
        """Which of the instants are in it."""
        inside: NDArray[np.bool_] = (at >= self.start) & (at < self.end)
        return inside


@dataclass(frozen=True, slots=True)
class Reads:
    """What became of the reads asked for."""

    asked: int
    answered: int
    within_trt: int
    from_cache: int


@dataclass(frozen=True, slots=True)
class Answers:
    """One column of the comparison."""

    sms_preset: str
    cache: bool
    reads: Reads
    meter_reads: int
    data_bytes_per_hub_month: float
    sms_per_hub_month: float
    sms_over_quota_per_hub_month: float
    over_quota_gbp_per_month: float
    peak_data_rate_bps: float
    api_calls_per_s_peak: float
    contexts_peak: int
    context_mean_s: float
    context_p95_s: float
    first_byte_p50_s: float | None
    first_byte_p95_s: float | None
    first_byte_within_16_s: float | None
    dco_requests: int
    dco_late: int
    faults: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """As the summary of a run holds it, numbers rounded to what they mean."""
        return {key: _rounded(value) for key, value in asdict(self).items()}


def answer(road: Smets1Road, reads: Reads, span: Span) -> Answers:
    """The answers of one road over a span."""
    measures, setting = road.measures, road.setting
    days_to_month = MONTH_DAYS / span.days
    sms, over, gbp = _sms(road, span, days_to_month)
    data_at = _floats(measures.data_at)
    data = _floats(measures.data_bytes)[span.among(data_at)].sum()
    up, down = _contexts(measures, span)
    lasted = down - up
    first_bytes = _first_bytes(measures, span)
    return Answers(
        setting.sms_preset,
        setting.cache,
        reads,
        int(span.among(_floats(measures.read_at)).sum()),
        float(data) * days_to_month / max(span.hubs, 1),
        sms,
        over,
        gbp,
        _peak_rate_bps(measures, span),
        _peak_a_second(_floats(measures.api_at), span),
        int(_open(up, down).max(initial=0)),
        float(lasted.mean()) if len(lasted) else 0.0,
        float(np.quantile(lasted, 0.95)) if len(lasted) else 0.0,
        _quantile(first_bytes, 0.5),
        _quantile(first_bytes, 0.95),
        float((first_bytes <= _TARGET_S).mean()) if len(first_bytes) else None,
        len(road.dco.answers_s) + road.dco.refused,
        road.dco.late,
        dict(sorted(measures.faults.items())),
    )


def series(road: Smets1Road, span: Span) -> dict[str, Any]:
    """What the pictures show: sessions and SMS in bins of ten minutes, and the wake-to-first-byte curve."""
    measures, setting = road.measures, road.setting
    edges = np.arange(span.start, span.end + _BIN_S, _BIN_S)
    sms, _ = np.histogram(_floats(measures.sms_at), edges)
    up, down = _contexts(measures, span)
    first_bytes = _first_bytes(measures, span)
    quantiles = [_quantile(first_bytes, share) for share in _QUANTILES] if len(first_bytes) else []
    return {
        "sms_preset": setting.sms_preset,
        "cache": setting.cache,
        "bin_s": _BIN_S,
        "start": span.start,
        "sms": sms.tolist(),
        "sessions": _peak_in_bins(up, down, edges),
        "first_byte_shares": list(_QUANTILES) if quantiles else [],
        "first_byte_s": [_rounded(value) for value in quantiles],
    }


def by_cohort(road: Smets1Road, span: Span) -> list[dict[str, Any]]:
    """SMS and data of every cohort, its quota, and what went over it."""
    population, measures = road.around.population, road.measures
    days_to_month = MONTH_DAYS / span.days
    sms_of = _per_hub(measures.sms_at, measures.sms_hub, None, span, len(population))
    data_of = _per_hub(measures.data_at, measures.data_hub, measures.data_bytes, span, len(population))
    rows = []
    for place, name in enumerate(population.names.cohort):
        members = population.cohort == place
        hubs = int(members.sum())
        if not hubs:
            continue
        row = road.around.cohorts.cohort[name]
        sms = float(sms_of[members].sum()) * days_to_month / hubs
        rows.append(
            {
                "cohort": name,
                "title": row.title,
                "s1sp": row.s1sp,
                "profile": row.profile.value,
                "hubs": hubs,
                "data_bytes_per_hub_month": round(float(data_of[members].sum()) * days_to_month / hubs, 1),
                "sms_per_hub_month": round(sms, 2),
                "sms_quota_per_month": row.sms_quota_per_month.value,
                "sms_over_quota_per_hub_month": round(max(0.0, sms - row.sms_quota_per_month.value), 2),
            }
        )
    return rows


def by_provider(road: Smets1Road, span: Span) -> list[dict[str, Any]]:
    """What every service provider was asked, its queue and cache, and its data rate against its link (PIA A10)."""
    population = road.around.population
    of_cohort = [road.around.cohorts.cohort[name].s1sp for name in population.names.cohort]
    rows = []
    for name, provider in road.providers.items():
        hubs = np.isin(population.cohort, [place for place, one in enumerate(of_cohort) if one == name])
        if not hubs.any():
            continue
        peak_bps = _peak_rate_bps(road.measures, span, hubs)
        rows.append(
            {
                "s1sp": name,
                "title": provider.row.title,
                "hubs": int(hubs.sum()),
                "requests": provider.gate.passed,
                "longest_wait_s": round(provider.gate.longest_wait_s, 3),
                "from_cache": provider.counts["from the cache"],
                "peak_data_rate_bps": round(peak_bps, 1),
                "link_share": peak_bps / provider.row.link_bps.value,
            }
        )
    return rows


# ---------------------------------------------------------------------- arithmetic


def _sms(road: Smets1Road, span: Span, days_to_month: float) -> tuple[float, float, float]:
    """SMS per hub and month, those over the quota, and pounds a month for all hubs.

    A hub's month is that of its cohort on average: one day says nothing about which hub will need more next week.
    """
    population, measures = road.around.population, road.measures
    sms_of = _per_hub(measures.sms_at, measures.sms_hub, None, span, len(population))
    total = over = gbp = 0.0
    for place, name in enumerate(population.names.cohort):
        members = population.cohort == place
        hubs = int(members.sum())
        if not hubs:
            continue
        row = road.around.cohorts.cohort[name]
        month = float(sms_of[members].sum()) * days_to_month
        beyond = max(0.0, month - row.sms_quota_per_month.value * hubs)
        price = sum(
            share * road.around.cohorts.operator[operator].sms_over_quota_gbp.value
            for operator, share in row.operators.value.items()
        )
        total, over, gbp = total + month, over + beyond, gbp + beyond * price
    return total / max(span.hubs, 1), over / max(span.hubs, 1), gbp


def _per_hub(at: Any, hub: Any, weight: Any, span: Span, hubs: int) -> Floats:
    inside = span.among(_floats(at))
    weights = None if weight is None else _floats(weight)[inside]
    found: Floats = np.bincount(np.array(hub, np.int64)[inside], weights, hubs).astype(np.float64)
    return found


def _first_bytes(measures: Measures, span: Span) -> Floats:
    return _floats(measures.first_byte_s)[span.among(_floats(measures.first_byte_at))]


def _contexts(measures: Measures, span: Span) -> tuple[Floats, Floats]:
    up, down = _floats(measures.context_up_at), _floats(measures.context_down_at)
    inside = span.among(up)
    return up[inside], down[inside]


def _open(up: Floats, down: Floats) -> NDArray[np.int64]:
    """How many contexts are open after each change; one that closes goes before one that opens at the same instant."""
    at = np.concatenate([down, up])
    steps = np.repeat(np.array([-1, 1]), [len(down), len(up)])
    found: NDArray[np.int64] = np.cumsum(steps[np.argsort(at, kind="stable")])
    return found


def _peak_in_bins(up: Floats, down: Floats, edges: Floats) -> list[int]:
    """The most contexts open at a time within each bin."""
    if not len(up):
        return [0] * (len(edges) - 1)
    at = np.concatenate([down, up])
    order = np.argsort(at, kind="stable")
    counts, at = _open(up, down), at[order]
    starts = np.searchsorted(at, edges)
    peaks, before = [], 0
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        peaks.append(int(max(before, counts[first:last].max(initial=0))))
        before = int(counts[last - 1]) if last else 0
    return peaks


def _peak_a_second(at: Floats, span: Span) -> float:
    inside = at[span.among(at)]
    if not len(inside):
        return 0.0
    return float(np.bincount((inside - span.start).astype(np.int64)).max())


def _peak_rate_bps(measures: Measures, span: Span, hubs: NDArray[np.bool_] | None = None) -> float:
    """Bits a second in the busiest minute, each stretch of data spread evenly over its time; of some hubs or all."""
    at = _floats(measures.data_at)
    inside = span.among(at)
    if hubs is not None:
        inside = inside & hubs[np.array(measures.data_hub, np.int64)]
    if not inside.any():
        return 0.0
    start, seconds = at[inside] - span.start, np.maximum(_floats(measures.data_s)[inside], 1e-3)
    rate, end = 8 * _floats(measures.data_bytes)[inside] / seconds, start + seconds
    bits = np.zeros(int(end.max() // _PEAK_S) + 2)
    first, last = (start // _PEAK_S).astype(np.int64), (end // _PEAK_S).astype(np.int64)
    for step in range(int((last - first).max()) + 1):
        here = first + step
        share = np.minimum(end, (here + 1) * _PEAK_S) - np.maximum(start, here * _PEAK_S)
        wanted = here <= last
        np.add.at(bits, here[wanted], (rate * np.maximum(share, 0))[wanted])
    return float(bits.max() / _PEAK_S)


def _quantile(values: Floats, share: float) -> float | None:
    return float(np.quantile(values, share)) if len(values) else None


def _floats(column: Any) -> Floats:
    return np.array(column, np.float64)


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
