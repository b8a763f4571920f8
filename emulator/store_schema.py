"""The tables of ``results.duckdb``: one place that says which column holds what.

Every instant is a ``TIMESTAMP`` in UTC, every energy a whole number of Wh (varh for reactive energy), every duration is
in seconds. ``values_read`` is a view: days of 48 consecutive half-hours are kept one day a row in ``half_hours`` (a
fifth of the cells of a narrow table, so a fifth of the time), everything else one value a row in ``single_values``.
"""

from __future__ import annotations

DAY_PERIODS = 48
"""Half-hours in one row of ``half_hours``."""

HALF_HOUR_COLUMNS = tuple(f"h{number:02d}" for number in range(1, DAY_PERIODS + 1))

OUTCOMES = ("answered", "refused", "failed", "error")
"""``answered``: values came; ``refused``: no command was sent; ``failed``: no answer; ``error``: the meter said no."""

LEGS = ("", "dsp", "s1sp", "dco", "sms", "apn", "wan_down", "hub", "han", "rig", "esme", "wan_up", "head_end")
"""Where a read was lost, in the order of its journey; empty when it was not.

``s1sp`` to ``apn`` are SMETS1's own, ``rig`` is where a real device stands.
"""

GRANULARITIES = ("half_hourly", "daily", "monthly")
CHECKPOINTS = ("D+1", "SF", "RF")
REREAD = "RF re-read"
"""Stands for a checkpoint where completeness counts what a late re-read could still serve."""
MPAN_KINDS = ("import", "export")

READ_COLUMNS: tuple[tuple[str, str], ...] = (
    ("read_id", "BIGINT"),
    ("srv", "VARCHAR"),
    ("use_case", "VARCHAR"),
    ("role", "VARCHAR"),
    ("user_id", "VARCHAR"),
    ("csp", "VARCHAR"),
    ("wan", "VARCHAR"),
    ("premises", "INTEGER"),
    ("device", "VARCHAR"),
    ("mpan_kind", "VARCHAR"),
    ("mode", "VARCHAR"),
    ("for_settlement", "BOOLEAN"),
    ("phase", "VARCHAR"),
    ("day", "DATE"),
    ("asked_from", "TIMESTAMP"),
    ("asked_to", "TIMESTAMP"),
    ("requested_at", "TIMESTAMP"),
    ("sent_at", "TIMESTAMP"),
    ("answered_at", "TIMESTAMP"),
    ("trt_s", "DOUBLE"),
    ("latency_s", "DOUBLE"),
    ("within_trt", "BOOLEAN"),
    ("attempts", "INTEGER"),
    ("outcome", "VARCHAR"),
    ("reason", "VARCHAR"),
    ("leg", "VARCHAR"),
    ("bytes_down", "INTEGER"),
    ("bytes_up", "INTEGER"),
    ("rows", "INTEGER"),
)

_OTHER_TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "half_hours": (
        ("read_id", "BIGINT"),
        ("premises", "INTEGER"),
        ("channel", "VARCHAR"),
        ("first_stamp", "TIMESTAMP"),
        *((name, "BIGINT") for name in HALF_HOUR_COLUMNS),
    ),
    "single_values": (
        ("read_id", "BIGINT"),
        ("premises", "INTEGER"),
        ("channel", "VARCHAR"),
        ("stamp", "TIMESTAMP"),
        ("value", "BIGINT"),
    ),
    "gaps": (
        ("premises", "INTEGER"),
        ("device", "VARCHAR"),
        ("mpan_kind", "VARCHAR"),
        ("srv", "VARCHAR"),
        ("settlement_day", "DATE"),
        ("period", "INTEGER"),
        ("stamp", "TIMESTAMP"),
        ("leg", "VARCHAR"),
        ("reason", "VARCHAR"),
        ("filled", "VARCHAR"),
    ),
    "completeness": (
        ("granularity", "VARCHAR"),
        ("mpan_kind", "VARCHAR"),
        ("checkpoint", "VARCHAR"),
        ("expected", "BIGINT"),
        ("present", "BIGINT"),
    ),
    "assumptions": (
        ("name", "VARCHAR"),
        ("value", "VARCHAR"),
        ("confidence", "VARCHAR"),
        ("source", "VARCHAR"),
    ),
}

PARQUET_TABLES = ("reads", "values_read", "gaps", "completeness", "assumptions", "premises")
"""What an export writes, one file each."""

_VALUES_VIEW = f"""
CREATE VIEW values_read AS
SELECT read_id, premises, channel, first_stamp + slot * INTERVAL 30 MINUTE AS stamp, value
FROM (SELECT read_id, premises, channel, first_stamp,
             unnest(range({DAY_PERIODS})) AS slot, unnest([{", ".join(HALF_HOUR_COLUMNS)}]) AS value
      FROM half_hours)
UNION ALL
SELECT read_id, premises, channel, stamp, value FROM single_values
"""


def ddl() -> list[str]:
    """The statements that make an empty results database; the table ``premises`` comes from the run's own columns."""
    tables = {"reads": READ_COLUMNS, **_OTHER_TABLES}
    made = [f"CREATE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns)})" for name, columns in tables.items()]
    return [*made, _VALUES_VIEW]
