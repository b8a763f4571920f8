"""The result store: every value that goes in comes out, blocks are whole, and a run that ends badly is readable."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from emulator.assumptions import Assumption
from emulator.store import ResultStore
from emulator.store_schema import PARQUET_TABLES
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S, to_datetime

DAY = 9823 * DAY_S
STAMPS = np.arange(1, 49) * HALF_HOUR_S + DAY
PREMISES: dict[str, Any] = {
    "csp": ["csp_north", "csp_south"],
    "wan": ["csp_north_lrr", "cellular_ltem"],
    "device": ["02-4D-01", "02-4D-02"],
    "twin": np.array([False, True]),
}


def store_in(folder: Path, **options: int) -> ResultStore:
    return ResultStore(folder, PREMISES, **options)


def add_read(store: ResultStore, read_id: int, premises: int = 0, **changes: object) -> None:
    row: dict[str, object] = {
        "srv": "4.8.1", "use_case": "ECS22b", "role": "IS", "user_id": "alder", "mpan_kind": "import",
        "mode": "scheduled", "for_settlement": True, "phase": "D+1", "day": float(DAY), "asked_from": DAY + 1800.0,
        "asked_to": DAY + 86400.0, "requested_at": DAY + 90000.5, "sent_at": DAY + 90001.0,
        "answered_at": DAY + 90009.25, "trt_s": 86400.0, "latency_s": 8.75, "within_trt": True, "attempts": 1,
        "outcome": "answered", "reason": "", "leg": "", "bytes_down": 187, "bytes_up": 552, "rows": 48,
    }  # fmt: skip
    store.add_read(read_id, premises=premises, **(row | changes))  # type: ignore[arg-type]


def moment(seconds: float) -> datetime:
    return to_datetime(seconds).replace(tzinfo=None)


def test_a_read_comes_back_with_the_columns_of_its_premises(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        add_read(store, 2**40, premises=1)
        (row,) = store.query(
            "SELECT read_id, csp, wan, device, day::VARCHAR, asked_from, answered_at, latency_s, within_trt, rows"
            " FROM reads"
        )
    assert row == (
        2**40, "csp_south", "cellular_ltem", "02-4D-02", "2026-11-23", moment(DAY + 1800), moment(DAY + 90009.25), 8.75,
        True, 48,
    )  # fmt: skip


def test_what_is_not_known_is_null(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        add_read(store, 1, answered_at=None, latency_s=None, sent_at=None, asked_from=None, outcome="failed")
        add_read(store, 2)
        found = store.query("SELECT answered_at, latency_s, sent_at, asked_from FROM reads ORDER BY read_id")
    assert found[0] == (None, None, None, None) and None not in found[1]


@pytest.mark.parametrize("block_reads", [1, 2, 10_000])
def test_values_of_days_and_single_values_are_one_view(tmp_path: Path, block_reads: int) -> None:
    values = np.arange(48) * 7 + 2**33
    gapped = np.delete(np.arange(48), 20)
    read: list[tuple[Any, Any]] = [(STAMPS, values), (STAMPS[gapped], values[gapped])]
    read += [([DAY + DAY_S], [5]), ([], []), (STAMPS + 7, values)]
    with store_in(tmp_path, block_reads=block_reads) as store:
        for number, (stamps, measured) in enumerate(read):
            store.add_values(number, 0, "active_import", stamps, measured)
            add_read(store, number)
        for number, (stamps, measured) in enumerate(((STAMPS, values), (STAMPS[gapped], values[gapped]))):
            rows = store.query(f"SELECT stamp, value FROM values_read WHERE read_id = {number} ORDER BY stamp")
            assert rows == [(moment(int(s)), int(v)) for s, v in zip(stamps, measured, strict=True)]
        assert store.query("SELECT count(*) FROM values_read")[0] == (48 + 47 + 1 + 48,)
        assert store.query("SELECT count(*) FROM half_hours")[0] == (2,)


def test_values_of_the_same_length_may_come_in_both_forms_in_one_block(tmp_path: Path) -> None:
    uneven = STAMPS.copy()
    uneven[-1] += HALF_HOUR_S
    with store_in(tmp_path) as store:
        store.add_values(1, 0, "active_import", STAMPS, np.arange(48))
        store.add_values(2, 1, "active_import", uneven, np.arange(48) + 100)
        rows = store.query(
            "SELECT read_id, premises, min(value), max(value), count(*) FROM values_read GROUP BY ALL ORDER BY 1"
        )
    assert rows == [(1, 0, 0, 47, 48), (2, 1, 100, 147, 48)]


def test_gaps_are_listed_by_day_leg_and_reason_with_their_periods(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        store.add_gaps(1, "import", "4.8.1", DAY, [22, 21], [STAMPS[21], STAMPS[20]], "esme", "no row")
        store.add_gaps(1, "import", "4.8.1", DAY, [1], [STAMPS[0]], "wan_up", "lost")
        gaps = store.gap_list()
        with pytest.raises(ValueError, match="zip"):
            store.add_gaps(1, "import", "4.8.1", DAY, [1, 2], [STAMPS[0]], "esme", "uneven")
    common = {
        "premises": 1,
        "device": "02-4D-02",
        "settlement_day": "2026-11-23",
        "mpan_kind": "import",
        "srv": "4.8.1",
    }
    expected = [
        {**common, "periods": [21, 22], "leg": "esme", "reason": "no row"},
        {**common, "periods": [1], "leg": "wan_up", "reason": "lost"},
    ]
    assert [{key: gap[key] for key in one} for gap, one in zip(gaps, expected, strict=True)] == expected


def test_totals_count_reads_bytes_retries_and_messages(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        assert store.totals()["reads"] == {"asked": 0, "answered": 0, "within_trt": 0}
        add_read(store, 1)
        add_read(store, 2, attempts=3, within_trt=False)
        add_read(store, 3, attempts=0, outcome="refused", answered_at=None, within_trt=False, bytes_down=0, bytes_up=0)
        totals = store.totals()
    assert totals == {
        "reads": {"asked": 3, "answered": 2, "within_trt": 1},
        "bytes": {"up": 2 * 552, "down": 2 * 187},
        "retries": 2,
        "messages": 6,
    }


def test_assumptions_are_kept_once_and_completeness_as_counted(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        for value in ("first", "second"):
            store.add_assumptions([Assumption("window", value, "A", "none")])
        store.add_completeness("daily", "import", "SF", 10, 9)
        assert store.query("SELECT name, value FROM assumptions") == [("window", "first")]
        assert store.query("SELECT * FROM completeness") == [("daily", "import", "SF", 10, 9)]


def test_a_closed_store_is_readable_by_anybody_and_closes_twice(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    add_read(store, 1)
    store.close()
    store.close()
    with duckdb.connect(str(tmp_path / "results.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM reads").fetchone() == (1,)
        assert db.execute("SELECT device FROM premises ORDER BY premises").fetchall() == [("02-4D-01",), ("02-4D-02",)]


def test_a_store_is_never_written_over(tmp_path: Path) -> None:
    store_in(tmp_path).close()
    with pytest.raises(LocalError, match="exists already"):
        store_in(tmp_path)


def test_a_block_that_cannot_be_written_leaves_nothing_behind_and_waits(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        add_read(store, 1)
        store.add_values(1, 0, "active_import", [DAY], [2**70])
        with pytest.raises((OverflowError, ValueError, duckdb.Error)):
            store.flush()
        assert len(store._reads) == 1
        store._values.clear()
        assert store.query("SELECT count(*) FROM reads") == [(1,)]


def count_rows(file: Path) -> int:
    with duckdb.connect() as db:
        (row,) = db.execute("SELECT count(*) FROM read_parquet(?)", [str(file)]).fetchall()
    return int(row[0])


def test_parquet_files_hold_the_same_rows(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        add_read(store, 1)
        store.add_values(1, 0, "active_import", STAMPS, np.arange(48))
        files = store.export_parquet(tmp_path / "it's here")
    assert [file.stem for file in files] == list(PARQUET_TABLES)
    counts = {file.stem: count_rows(file) for file in files}
    assert counts["reads"] == 1 and counts["values_read"] == 48 and counts["premises"] == 2
