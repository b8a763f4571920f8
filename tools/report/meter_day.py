"""The day of one meter, picked because it has something to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from emulator.store_schema import DAY_PERIODS
from tools.report.model import Asked, MeterDay, Missing

_LOCAL: Final = ZoneInfo("Europe/London")


def meter_day(db: duckdb.DuckDBPyConnection) -> MeterDay | None:
    """A telling meter: one with a part of its day missing, else one with import and export, else any."""
    premises = _pick(db)
    if premises is None:
        return None
    device, csp, wan = _rows(db, "SELECT device, csp, wan FROM premises WHERE premises = ?", premises)[0]
    day = _day(db, premises)
    bounds = local_day(day)
    return MeterDay(
        premises=premises,
        device=device,
        csp=csp,
        wan=wan,
        day=day,
        bounds=bounds,
        asked=_asked(db, premises, bounds),
        channels=_channels(db, premises, bounds),
        missing=_missing(db, premises, day),
    )


def local_day(day: date) -> tuple[datetime, datetime]:
    """Start and end of a local settlement day as UTC times without a zone, as the store keeps them."""
    midnights = (datetime.combine(one, time(), _LOCAL) for one in (day, day + timedelta(days=1)))
    start, end = (midnight.astimezone(UTC).replace(tzinfo=None) for midnight in midnights)
    return start, end


def _rows(db: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[Any]:
    return db.execute(sql, list(parameters)).fetchall()


def _pick(db: duckdb.DuckDBPyConnection) -> int | None:
    # A channel that was only ever read for one time of day is a register or a daily log, not a profile.
    rows = _rows(
        db,
        "WITH profiles AS (SELECT premises, channel FROM half_hours UNION SELECT premises, channel FROM single_values"
        " GROUP BY 1, 2 HAVING count(DISTINCT stamp::TIME) > 1),"
        " got AS (SELECT premises, count(*) AS channels FROM profiles GROUP BY 1),"
        " lost AS (SELECT premises, count(*) AS missing FROM gaps WHERE period > 0 GROUP BY 1)"
        " SELECT premises FROM got FULL JOIN lost USING (premises)"
        f" ORDER BY channels IS NOT NULL AND coalesce(missing, 0) BETWEEN 1 AND {DAY_PERIODS - 1} DESC,"
        " channels IS NOT NULL DESC, missing IS NOT NULL DESC, channels DESC, 1 LIMIT 1",
    )
    return int(rows[0][0]) if rows else None


def _day(db: duckdb.DuckDBPyConnection, premises: int) -> date:
    """The first local day with a gap, else the one from which most came back."""
    first: date | None = _rows(db, "SELECT min(settlement_day) FROM gaps WHERE period > 0 AND premises = ?", premises)[
        0
    ][0]
    if first is not None:
        return first
    stamps = _rows(db, "SELECT DISTINCT stamp FROM values_read WHERE premises = ? ORDER BY 1", premises)
    # A stamp ends its half-hour: that of local midnight belongs to the day before.
    starts: Iterator[datetime] = ((stamp - timedelta(minutes=30)).replace(tzinfo=UTC) for (stamp,) in stamps)
    days = Counter(start.astimezone(_LOCAL).date() for start in starts)
    return max(days, key=lambda day: days[day])


def _asked(db: duckdb.DuckDBPyConnection, premises: int, bounds: tuple[datetime, datetime]) -> list[Asked]:
    rows = _rows(
        db,
        "SELECT srv, role || ' ' || user_id, asked_from, asked_to, outcome FROM reads WHERE premises = ?"
        " AND asked_to > ? AND asked_from < ? ORDER BY requested_at",
        premises,
        *bounds,
    )
    return [Asked(*row) for row in rows]


def _channels(
    db: duckdb.DuckDBPyConnection, premises: int, bounds: tuple[datetime, datetime]
) -> dict[str, tuple[list[datetime], list[int]]]:
    """Values per channel. A channel with one value a day, or off the half-hours, is a register and left out."""
    rows = _rows(
        db,
        "WITH got AS (SELECT DISTINCT channel, stamp, value FROM values_read"
        " WHERE premises = ? AND stamp > ? AND stamp <= ?),"
        " profiles AS (SELECT channel FROM got GROUP BY 1"
        " HAVING count(DISTINCT stamp) > 1 AND bool_and(epoch(stamp) % 1800 = 0))"
        " SELECT channel, stamp, value FROM got WHERE channel IN (FROM profiles) ORDER BY 1, 2",
        premises,
        *bounds,
    )
    channels: dict[str, tuple[list[datetime], list[int]]] = {}
    for channel, stamp, value in rows:
        stamps, values = channels.setdefault(channel, ([], []))
        stamps.append(stamp)
        values.append(value)
    return channels


def _missing(db: duckdb.DuckDBPyConnection, premises: int, day: date) -> list[Missing]:
    rows = _rows(
        db,
        "SELECT DISTINCT stamp, period, mpan_kind, leg, reason FROM gaps WHERE premises = ? AND settlement_day = ?"
        " AND period > 0 ORDER BY mpan_kind DESC, stamp, leg, reason",
        premises,
        day,
    )
    return [Missing(*row) for row in rows]
