"""What the report says, asked from a run folder: small frozen values out of ``results.duckdb`` and ``summary.json``.

Every question is an aggregate, so a report of 100,000 premises is no bigger than one of 100.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb

from emulator.run_folder import SCENARIO_FILE, open_folder
from emulator.store import FILE_NAME
from gbcs.errors import LocalError
from tools.report.meter_day import meter_day
from tools.report.model import Arrivals, Cause, Cdf, Complete, Gap, Group, PhaseReason, Rate, RunData, Unanswered

GAPS_SHOWN: Final = 200
_BIN_S: Final = 600
_QUANTILES: Final = (*(number / 100 for number in range(1, 100)), 0.995, 0.999, 0.9995, 0.9999, 1.0)
"""Close together where a curve ends: whether a target is met is decided there."""

_SMETS1 = "SMETS1, SMS wake-up"


def load(folder: Path) -> RunData:
    """Read a run folder. Raises LocalError when it is none or its results cannot be read."""
    summary = open_folder(folder).read_summary()
    file = folder / FILE_NAME
    if not file.exists():
        raise LocalError(f"{folder} holds no {FILE_NAME}: the run ended before its first result")
    try:
        scenario = (folder / SCENARIO_FILE).read_text(encoding="utf-8")
        with duckdb.connect(str(file), read_only=True) as db:
            return _ask(db, folder, summary, scenario)
    except (duckdb.Error, OSError, UnicodeError) as error:
        raise LocalError(f"{folder} cannot be read: {error}") from None


def _ask(db: duckdb.DuckDBPyConnection, folder: Path, summary: dict[str, Any], scenario_toml: str) -> RunData:
    gaps, gap_groups = _gaps(db)
    return RunData(
        folder=folder,
        summary=summary,
        scenario_toml=scenario_toml,
        total=_groups(db, "'all'", "''", "")[0],
        by_srv=_groups(db, "srv", "string_agg(DISTINCT use_case, ', ' ORDER BY use_case)", "GROUP BY srv ORDER BY srv"),
        by_csp=_groups(db, "csp", "string_agg(DISTINCT wan, ', ' ORDER BY wan)", "GROUP BY csp ORDER BY csp"),
        by_user=_groups(db, "user_id", "role", "GROUP BY role, user_id ORDER BY role, user_id"),
        by_phase=_groups(db, "phase", "mode", f"GROUP BY phase, mode ORDER BY {_checkpoint_order('phase')}, mode DESC"),
        by_trt=_groups(db, "srv", "mode", "GROUP BY srv, mode, trt_s ORDER BY srv, mode DESC, trt_s"),
        unanswered=_unanswered(db),
        phase_reasons=_phase_reasons(db),
        attempts=_rows(db, "SELECT attempts, count(*) FROM reads GROUP BY 1 ORDER BY 1"),
        cdfs=_cdfs(db),
        arrivals=_arrivals(db),
        rate=_rate(db),
        completeness=_completeness(db),
        gap_causes=_gap_causes(db),
        gaps=gaps,
        gap_groups=gap_groups,
        gap_count=int(_rows(db, "SELECT count(*) FROM gaps")[0][0]),
        meter_day=meter_day(db),
        assumptions=_rows(db, "SELECT name, value, confidence, source FROM assumptions ORDER BY name"),
    )


def _checkpoint_order(column: str) -> str:
    return f"CASE {column} WHEN 'D+1' THEN 1 WHEN 'SF' THEN 2 ELSE 3 END"


def _rows(db: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    return db.execute(sql).fetchall()


def _groups(db: duckdb.DuckDBPyConnection, label: str, detail: str, rest: str) -> list[Group]:
    """Counts and latencies per group; ``label`` and ``detail`` are SQL, ``rest`` is the GROUP BY and ORDER BY."""
    rows = _rows(
        db,
        f"SELECT {label}, {detail}, count(*), count(*) FILTER (outcome = 'answered'), count(*) FILTER (within_trt),"
        " coalesce(sum(greatest(attempts - 1, 0)), 0), coalesce(sum(bytes_down), 0), coalesce(sum(bytes_up), 0),"
        " list_sort(list(DISTINCT trt_s) FILTER (trt_s IS NOT NULL)), quantile_cont(latency_s, [0.5, 0.9, 0.99]),"
        f" max(latency_s), max(latency_s / trt_s) FILTER (trt_s > 0) FROM reads {rest}",
    )
    return [_group(*row) for row in rows]


def _group(label: str, detail: str, *rest: Any) -> Group:
    *counts, trts, quantiles, longest, max_of_trt = rest
    asked, answered, within, retries, down, up = map(int, counts)
    p50, p90, p99 = quantiles or (None, None, None)
    return Group(
        label, detail, asked, answered, within, retries, down, up, tuple(trts or ()), p50, p90, p99, longest, max_of_trt
    )


def _unanswered(db: duckdb.DuckDBPyConnection) -> list[Unanswered]:
    rows = _rows(
        db,
        "WITH all_reads AS (SELECT srv, role, count(*) AS asked FROM reads GROUP BY ALL),"
        " ended AS (SELECT outcome, srv, role, leg, reason, count(*) AS n FROM reads WHERE outcome <> 'answered'"
        " GROUP BY ALL) SELECT outcome, srv, role, leg, reason, n, asked FROM ended JOIN all_reads USING (srv, role)"
        " ORDER BY n DESC, 1, 2, 3, 4, 5",
    )
    return [Unanswered(*row) for row in rows]


def _phase_reasons(db: duckdb.DuckDBPyConnection) -> list[PhaseReason]:
    """Of reads for settlement alone: the profiles, and the one read that daily and monthly customers have instead."""
    rows = _rows(
        db,
        "WITH settled AS (SELECT phase, mpan_kind, reason, CASE WHEN use_case IN ('ECS22a', 'ECS22b')"
        " THEN 'half_hourly' ELSE granularity END AS settled_as FROM reads JOIN premises USING (premises)"
        " WHERE reason <> '' AND outcome <> 'answered' AND role <> 'NO' AND (use_case IN ('ECS22a', 'ECS22b')"
        " OR mpan_kind = 'import' AND granularity <> 'half_hourly')) SELECT phase, settled_as, mpan_kind, reason,"
        " count(*) FROM settled GROUP BY ALL ORDER BY 5 DESC, 1, 2, 3, 4",
    )
    return [PhaseReason(*row) for row in rows]


def _cdfs(db: duckdb.DuckDBPyConnection) -> list[Cdf]:
    """A refused read crossed no network; one that got no answer keeps the curve of its network below 100 %.

    The cohorts of SMETS1 are one curve here: they have pictures of their own.
    """
    rows = _rows(
        db,
        f"SELECT CASE WHEN csp = 'smets1' THEN '{_SMETS1}' ELSE wan END, count(*),"
        f" count(latency_s), quantile_disc(latency_s, {list(_QUANTILES)}), min(latency_s)"
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
        " FROM reads WHERE phase = 'D+1' GROUP BY ALL) SELECT start, csp, reads FROM bins"
        " WHERE start < (SELECT min(start) FROM bins) + INTERVAL 48 HOURS ORDER BY 1",
    )
    starts = sorted({start for start, _, _ in rows})
    places = {start: place for place, start in enumerate(starts)}
    by_csp: dict[str, list[int]] = {csp: [0] * len(starts) for csp in sorted({csp for _, csp, _ in rows})}
    for start, csp, reads in rows:
        by_csp[csp][places[start]] = reads
    return Arrivals(_BIN_S, starts, by_csp)


def _rate(db: duckdb.DuckDBPyConnection) -> Rate:
    """Over the reads made for D+1: commands (each attempt counts at the time of the first) and answers."""
    messages, span, peak = _rows(
        db,
        "WITH early AS (FROM reads WHERE phase = 'D+1'),"
        " crossed AS (SELECT sent_at AS moment, attempts AS n FROM early WHERE sent_at IS NOT NULL"
        " UNION ALL SELECT answered_at, 1 FROM early WHERE answered_at IS NOT NULL),"
        " minutes AS (SELECT sum(n) AS n FROM crossed GROUP BY time_bucket(INTERVAL 1 MINUTE, moment))"
        " SELECT coalesce(sum(n), 0), coalesce(epoch(max(moment) - min(moment)), 0),"
        " (SELECT coalesce(max(n), 0) / 60.0 FROM minutes) FROM crossed",
    )[0]
    return Rate(int(messages), float(span), float(messages) / span if span else 0.0, float(peak))


def _completeness(db: duckdb.DuckDBPyConnection) -> list[Complete]:
    rows = _rows(
        db,
        "SELECT granularity, mpan_kind, checkpoint, sum(expected)::BIGINT, sum(present)::BIGINT FROM completeness"
        " GROUP BY 1, 2, 3 ORDER BY CASE granularity WHEN 'half_hourly' THEN 1 WHEN 'daily' THEN 2 ELSE 3 END,"
        f" mpan_kind DESC, {_checkpoint_order('checkpoint')}",
    )
    return [Complete(*row) for row in rows]


def _gap_causes(db: duckdb.DuckDBPyConnection) -> list[Cause]:
    rows = _rows(
        db,
        "SELECT leg, reason, count(*), count(*) FILTER (filled = ''), count(DISTINCT premises) FROM gaps"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
    )
    return [Cause(*row) for row in rows]


def _gaps(db: duckdb.DuckDBPyConnection) -> tuple[list[Gap], int]:
    grouped = (
        "SELECT premises, device, mpan_kind, srv, settlement_day, list(period ORDER BY period) AS periods, leg, reason,"
        " filled FROM gaps GROUP BY ALL"
    )
    rows = _rows(
        db, f"{grouped} ORDER BY settlement_day, premises, mpan_kind DESC, srv, leg, reason, filled LIMIT {GAPS_SHOWN}"
    )
    number = _rows(db, f"SELECT count(*) FROM ({grouped})")[0][0]
    gaps = [
        Gap(
            premises,
            device,
            kind,
            srv,
            day.isoformat(),
            ranges([*filter(None, periods)]),
            len(periods),
            leg,
            reason,
            filled,
        )
        for premises, device, kind, srv, day, periods, leg, reason, filled in rows
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
