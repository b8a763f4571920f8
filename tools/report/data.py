"""What the report says, asked from a run folder: small frozen values out of ``results.duckdb`` and ``summary.json``.

Every question is an aggregate, so a report of 100,000 premises is no bigger than one of 100.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from emulator.run_folder import SCENARIO_FILE, open_folder
from emulator.store import FILE_NAME
from gbcs.errors import LocalError
from tools.report.model import Arrivals, Cdf, Gap, Group, Latency, MeterDay, Rate, RunData

SRV_TITLES = {
    "4.1.1": "Read Instantaneous Import Registers",
    "4.2": "Read Instantaneous Export Register Values",
    "4.6.1": "Retrieve Import Daily Read Log",
    "4.6.2": "Retrieve Export Daily Read Log",
    "4.8.1": "Read Active Import Profile Data",
    "4.8.3": "Read Export Profile Data",
    "4.17": "Retrieve Daily Consumption Log",
}
"""Names of the service requests (PIA Table 2)."""

GAPS_SHOWN = 200
_QUANTILES = tuple(number / 100 for number in range(1, 100)) + (0.995, 0.999, 0.9995, 0.9999, 1.0)
_BIN_S = 600


def load(folder: Path) -> RunData:
    """Read a run folder. Raises LocalError when it is none or its results cannot be read."""
    run = open_folder(folder)
    file = folder / FILE_NAME
    if not file.exists():
        raise LocalError(f"{folder} holds no {FILE_NAME}: the run ended before its first result")
    try:
        with duckdb.connect(str(file), read_only=True) as db:
            return _ask(db, folder, run.read_summary(), (folder / SCENARIO_FILE).read_text(encoding="utf-8"))
    except (duckdb.Error, OSError) as error:
        raise LocalError(f"{file} cannot be read: {error}") from None


def _ask(db: duckdb.DuckDBPyConnection, folder: Path, summary: dict[str, Any], scenario_toml: str) -> RunData:
    gaps, gap_groups = _gaps(db)
    return RunData(
        folder=folder,
        summary=summary,
        scenario_toml=scenario_toml,
        total=_groups(db, "'all'", "''", "")[0],
        by_srv=_groups(db, "srv", "any_value(use_case)", "GROUP BY srv ORDER BY srv"),
        by_csp=_groups(db, "csp", "string_agg(DISTINCT wan, ', ' ORDER BY wan)", "GROUP BY csp ORDER BY csp"),
        by_user=_groups(db, "user_id", "role", "GROUP BY role, user_id ORDER BY role, user_id"),
        by_phase=_groups(db, "phase", "mode", f"GROUP BY phase, mode ORDER BY {_checkpoint_order('phase')}, mode DESC"),
        outcomes=_rows(
            db,
            "SELECT outcome, leg, reason, count(*) FROM reads WHERE outcome <> 'answered' GROUP BY ALL ORDER BY 4 DESC, 1, 2, 3",
        ),
        attempts=_rows(db, "SELECT attempts, count(*) FROM reads GROUP BY 1 ORDER BY 1"),
        latencies=_latencies(db),
        cdfs=_cdfs(db),
        trts_s=[row[0] for row in _rows(db, "SELECT DISTINCT trt_s FROM reads WHERE trt_s IS NOT NULL ORDER BY 1")],
        arrivals=_arrivals(db),
        rate=_rate(db),
        completeness=_completeness(db),
        gap_causes=_rows(
            db,
            "SELECT leg, reason, count(*), count(DISTINCT premises) FROM gaps GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        ),
        gaps=gaps,
        gap_groups=gap_groups,
        gap_count=int(_rows(db, "SELECT count(*) FROM gaps")[0][0]),
        meter_day=_meter_day(db),
        assumptions=_rows(db, "SELECT name, value, confidence, source FROM assumptions ORDER BY name"),
    )


def _checkpoint_order(column: str) -> str:
    return f"CASE {column} WHEN 'D+1' THEN 1 WHEN 'SF' THEN 2 ELSE 3 END"


def _rows(db: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[Any]:
    return db.execute(sql, list(parameters)).fetchall()


def _groups(db: duckdb.DuckDBPyConnection, label: str, detail: str, rest: str) -> list[Group]:
    """Counts per group; ``label`` and ``detail`` are SQL, ``rest`` is the GROUP BY and ORDER BY."""
    rows = _rows(
        db,
        f"SELECT {label}, {detail}, count(*), count(*) FILTER (outcome = 'answered'), count(*) FILTER (within_trt),"
        " coalesce(sum(greatest(attempts - 1, 0)), 0), coalesce(sum(bytes_down), 0), coalesce(sum(bytes_up), 0)"
        f" FROM reads {rest}",
    )
    return [Group(*row[:2], *(int(number) for number in row[2:])) for row in rows]


def _latencies(db: duckdb.DuckDBPyConnection) -> list[Latency]:
    rows = _rows(
        db,
        "SELECT srv, mode, trt_s, count(latency_s), count(*), quantile_cont(latency_s, [0.5, 0.9, 0.99]), max(latency_s),"
        " count(*) FILTER (within_trt) FROM reads GROUP BY ALL HAVING count(latency_s) > 0 ORDER BY srv, mode DESC, trt_s",
    )
    return [
        Latency(srv, mode, trt, got, asked, *quantiles, most, within)
        for srv, mode, trt, got, asked, quantiles, most, within in rows
    ]


def _cdfs(db: duckdb.DuckDBPyConnection) -> list[Cdf]:
    rows = _rows(
        db,
        f"SELECT wan, count(*), count(latency_s), quantile_disc(latency_s, {list(_QUANTILES)}), min(latency_s)"
        " FROM reads WHERE outcome <> 'refused' GROUP BY 1 HAVING count(latency_s) > 0 ORDER BY 1",
    )
    made = []
    for wan, asked, answered, quantiles, least in rows:
        shares = [0.0, *(quantile * answered / asked for quantile in _QUANTILES)]
        made.append(Cdf(wan, asked, [least, *quantiles], shares))
    return made


def _arrivals(db: duckdb.DuckDBPyConnection) -> Arrivals:
    """The reads made for D+1, two days at most: re-reads months later would stretch the axis to nothing."""
    rows = _rows(
        db,
        f"WITH bins AS (SELECT time_bucket(INTERVAL {_BIN_S} SECONDS, requested_at) AS start, csp, count(*) AS reads"
        " FROM reads WHERE phase = 'D+1' GROUP BY ALL)"
        " SELECT start, csp, reads FROM bins WHERE start < (SELECT min(start) FROM bins) + INTERVAL 48 HOURS ORDER BY 1",
    )
    starts = sorted({start for start, _, _ in rows})
    places = {start: place for place, start in enumerate(starts)}
    by_csp: dict[str, list[int]] = {csp: [0] * len(starts) for csp in sorted({csp for _, csp, _ in rows})}
    for start, csp, reads in rows:
        by_csp[csp][places[start]] = reads
    return Arrivals(starts, by_csp)


def _rate(db: duckdb.DuckDBPyConnection) -> Rate:
    """Over the reads made for D+1: commands (each attempt counts at the time of the first) and answers."""
    messages, span, peak = _rows(
        db,
        "WITH sent AS (SELECT sent_at AS at, attempts AS n FROM reads WHERE phase = 'D+1' AND sent_at IS NOT NULL"
        " UNION ALL SELECT answered_at, 1 FROM reads WHERE phase = 'D+1' AND answered_at IS NOT NULL),"
        " minutes AS (SELECT sum(n) AS n FROM sent GROUP BY time_bucket(INTERVAL 1 MINUTE, at))"
        " SELECT coalesce(sum(n), 0), coalesce(epoch(max(at) - min(at)), 0), (SELECT coalesce(max(n), 0) / 60.0 FROM minutes) FROM sent",
    )[0]
    return Rate(int(messages), float(span), float(messages) / span if span else 0.0, float(peak))


def _completeness(db: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, int, int]]:
    return _rows(
        db,
        "SELECT granularity, mpan_kind, checkpoint, sum(expected)::BIGINT, sum(present)::BIGINT FROM completeness"
        " GROUP BY ALL ORDER BY CASE granularity WHEN 'half_hourly' THEN 1 WHEN 'daily' THEN 2 ELSE 3 END, mpan_kind DESC,"
        f" {_checkpoint_order('checkpoint')}",
    )


def _gaps(db: duckdb.DuckDBPyConnection) -> tuple[list[Gap], int]:
    grouped = (
        "SELECT premises, device, mpan_kind, srv, settlement_day, list(period ORDER BY period) AS periods, leg, reason"
        " FROM gaps GROUP BY ALL"
    )
    rows = _rows(db, f"{grouped} ORDER BY settlement_day, premises, mpan_kind DESC, srv LIMIT {GAPS_SHOWN}")
    number = _rows(db, f"SELECT count(*) FROM ({grouped})")[0][0]
    gaps = [
        Gap(premises, device, kind, srv, day.isoformat(), ranges(periods), len(periods), leg, reason)
        for premises, device, kind, srv, day, periods, leg, reason in rows
    ]
    return gaps, int(number)


def ranges(numbers: list[int]) -> str:
    """Sorted numbers as "1-4, 9"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        elif not parts or number != parts[-1][1]:
            parts.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def _meter_day(db: duckdb.DuckDBPyConnection) -> MeterDay | None:
    """A telling meter: one with values and gaps if there is one, else one with import and export, else any."""
    picked = _rows(
        db,
        "WITH got AS (SELECT premises, count(*) AS days, count(DISTINCT channel) AS channels FROM half_hours GROUP BY 1),"
        " lost AS (SELECT premises, count(*) AS missing FROM gaps GROUP BY 1)"
        " SELECT coalesce(got.premises, lost.premises) FROM got FULL JOIN lost USING (premises)"
        " ORDER BY (days IS NOT NULL AND missing IS NOT NULL) DESC, (days IS NOT NULL) DESC, channels DESC, 1 LIMIT 1",
    )
    if not picked:
        return None
    premises = picked[0][0]
    device, csp, wan = _rows(db, "SELECT device, csp, wan FROM premises WHERE premises = ?", premises)[0]
    day = _rows(
        db,
        "SELECT coalesce((SELECT min(settlement_day) FROM gaps WHERE premises = $1),"
        " (SELECT min((stamp - INTERVAL 30 MINUTE)::DATE) FROM values_read WHERE premises = $1))",
        premises,
    )[0][0]
    first, last = local_day(day)
    channels: dict[str, tuple[list[Any], list[int]]] = {}
    sql = (
        "SELECT DISTINCT channel, stamp, value FROM values_read WHERE premises = ? AND stamp > ? AND stamp <= ?"
        " AND channel IN (SELECT channel FROM half_hours) ORDER BY 1, 2"
    )
    for channel, stamp, value in _rows(db, sql, premises, first, last):
        stamps, values = channels.setdefault(channel, ([], []))
        stamps.append(stamp)
        values.append(value)
    asked = _rows(
        db,
        "SELECT srv, role || ' ' || user_id, asked_from, asked_to, outcome FROM reads WHERE premises = ?"
        " AND asked_to > ? AND asked_from < ? ORDER BY requested_at",
        premises,
        first,
        last,
    )
    missing = _rows(
        db,
        "SELECT stamp, period, mpan_kind, leg, reason FROM gaps WHERE premises = ? AND settlement_day = ? ORDER BY 1, 3",
        premises,
        day,
    )
    return MeterDay(premises, device, csp, wan, day, (first, last), asked, channels, missing)


def local_day(day: date) -> tuple[datetime, datetime]:
    """Start and end of a local settlement day as UTC times without a zone, as the store keeps them."""
    midnights = (datetime.combine(one, time(), ZoneInfo("Europe/London")) for one in (day, day + timedelta(days=1)))
    start, end = (midnight.astimezone(UTC).replace(tzinfo=None) for midnight in midnights)
    return start, end
