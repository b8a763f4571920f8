"""What is asked from a run folder, against plain SQL over the same file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.run_folder import RunFolder, create
from emulator.store import FILE_NAME, ResultStore
from gbcs.errors import LocalError
from gbcs.times import HALF_HOUR_S, from_datetime
from tools.report.data import load, ranges
from tools.report.meter_day import local_day
from tools.report.model import RunData

ONE_PREMISES = {"csp": ["csp_south"], "wan": ["cellular_ltem"], "device": ["d0"], "granularity": ["half_hourly"]}


def ask(run: RunFolder, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(run.path / FILE_NAME), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_every_grouping_holds_every_read_once(finished_data: RunData) -> None:
    total = finished_data.total
    for groups in (
        finished_data.by_srv,
        finished_data.by_csp,
        finished_data.by_user,
        finished_data.by_phase,
        finished_data.by_trt,
    ):
        for name in ("asked", "answered", "within_trt", "retries", "bytes_down", "bytes_up"):
            assert sum(getattr(group, name) for group in groups) == getattr(total, name), name


def test_counts_of_a_service_request_are_those_of_the_store(finished_run: RunFolder, finished_data: RunData) -> None:
    for group in finished_data.by_srv:
        where = f"FROM reads WHERE srv = '{group.label}'"
        assert ask(
            finished_run,
            f"SELECT count(*), sum((outcome = 'answered')::INT), sum(within_trt::INT), sum(attempts) - count(*),"
            f" sum(bytes_down), sum(bytes_up), median(latency_s), max(latency_s), max(latency_s / trt_s) {where}",
        ) == [
            (
                group.asked, group.answered, group.within_trt, group.retries, group.bytes_down, group.bytes_up,
                pytest.approx(group.p50_s), group.max_s, group.max_of_trt,
            )
        ]  # fmt: skip
        assert ask(finished_run, f"SELECT DISTINCT trt_s {where} ORDER BY 1") == [(trt,) for trt in group.trts_s]


def test_a_curve_ends_at_the_share_that_was_answered(finished_run: RunFolder, finished_data: RunData) -> None:
    assert len(finished_data.cdfs) > 2
    for cdf in finished_data.cdfs:
        answered = f"SELECT count(latency_s) FROM reads WHERE wan = '{cdf.wan}'"
        assert [(round(cdf.share[-1] * cdf.asked),)] == ask(finished_run, answered)
        for latency, share in list(zip(cdf.latency_s, cdf.share, strict=True))[1::20]:
            [(within,)] = ask(finished_run, f"{answered} AND latency_s <= {latency!r}")
            # A disc quantile is an observed value: at least that share lies at or below it, by one read at most more.
            assert isinstance(within, int) and -1e-9 <= within - share * cdf.asked <= 1 + 1e-9
        assert cdf.latency_s == sorted(cdf.latency_s) and cdf.share == sorted(cdf.share)


def test_arrivals_hold_every_read_of_the_day(finished_data: RunData) -> None:
    arrivals = finished_data.arrivals
    assert sum(sum(counts) for counts in arrivals.by_csp.values()) == finished_data.total.asked
    assert all(len(counts) == len(arrivals.starts) for counts in arrivals.by_csp.values())
    assert {start.minute % 10 for start in arrivals.starts} == {0}


def test_gaps_are_counted_whole_and_shown_in_part(run_maker: Callable[..., RunFolder], tmp_path: Path) -> None:
    run = run_maker(tmp_path, premises=400, loss=0.9)
    data = load(run.path)
    assert len(data.gaps) == 200 < data.gap_groups
    assert [(data.gap_count,)] == ask(run, "SELECT count(*) FROM gaps")
    assert sum(cause.values for cause in data.gap_causes) == data.gap_count
    assert data.gap_groups == len(ask(run, "SELECT DISTINCT premises, mpan_kind, srv, leg FROM gaps"))


def test_the_meter_shown_has_lost_a_part_of_its_day(finished_data: RunData) -> None:
    day = finished_data.meter_day
    assert day is not None and day.day == date(2026, 11, 23)
    for kind in ("import", "export"):
        assert [one.period for one in day.missing if one.mpan_kind == kind] == [21, 22, 23]
    stamps, values = day.channels["active_import"]
    assert len(stamps) == len(values) == 45
    assert not set(stamps) & {one.stamp for one in day.missing}
    assert all(not channel.startswith("register") for channel in day.channels)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-06-21", 24), ("2026-10-25", 25)])
def test_a_settlement_day_is_local(day: str, hours: int) -> None:
    start, end = local_day(date.fromisoformat(day))
    assert end - start == timedelta(hours=hours)
    assert start.tzinfo is end.tzinfo is None


def test_a_summer_day_is_shown_by_its_local_date(tmp_path: Path) -> None:
    run = create(tmp_path, "", started=datetime(2026, 7, 2, tzinfo=UTC))
    run.write_summary({}, status="complete")
    first = int(from_datetime(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)))
    with ResultStore(run.path, ONE_PREMISES) as store:
        store.add_values(0, 0, "active_import", first + np.arange(48) * HALF_HOUR_S, np.arange(48))
        store.add_values(1, 0, "register_import", [first - HALF_HOUR_S], [5])
    day = load(run.path).meter_day
    assert day is not None and day.day == date(2026, 7, 1)
    assert list(day.channels) == ["active_import"]
    assert day.channels["active_import"][1] == list(range(48))


@given(st.sets(st.integers(1, 50), max_size=50))
def test_ranges_say_every_number_once(numbers: set[int]) -> None:
    said: list[int] = []
    for part in filter(None, ranges(sorted(numbers)).split(", ")):
        first, _, last = part.partition("-")
        said += range(int(first), int(last or first) + 1)
    assert said == sorted(numbers)


def test_reasons_are_those_of_the_granularity_that_misses_them(tmp_path: Path) -> None:
    """A customer's monthly read fails for its own reason, whatever is commoner among half-hourly ones."""
    run = create(tmp_path, "", started=datetime(2026, 11, 24, tzinfo=UTC))
    run.write_summary({}, status="complete")
    reads = [
        (0, "4.8.1", "ECS22b", "IS", "down"), (0, "4.8.1", "ECS22b", "IS", "down"), (0, "4.8.1", "ECS22b", "NO", "no"),
        (0, "4.1.1", "ECS17b", "IS", "registers"), (1, "4.1.1", "ECS17b", "MDR", "no access"),
    ]  # fmt: skip
    two = {name: column * 2 for name, column in ONE_PREMISES.items()} | {"granularity": ["half_hourly", "monthly"]}
    with ResultStore(run.path, two) as store:
        for number, (premises, srv, use_case, role, reason) in enumerate(reads):
            store.add_read(
                number, srv, use_case, role, "user", premises, "import", "scheduled", True, "D+1", 0.0, None, None, 0.0,
                None, None, 86400.0, None, False, 0, "failed", reason, "dsp", 0, 0, 0,
            )  # fmt: skip
    found = [(one.granularity, one.reason, one.reads) for one in load(run.path).phase_reasons]
    assert found == [("half_hourly", "down", 2), ("monthly", "no access", 1)]


def test_a_killed_run_shows_the_blocks_that_were_written(killed_run: RunFolder) -> None:
    data = load(killed_run.path)
    assert data.summary["status"] == "running"
    assert data.total.asked == data.total.answered == 20
    assert load(killed_run.path).total == data.total


def test_folders_that_hold_no_run(tmp_path: Path, finished_run: RunFolder) -> None:
    with pytest.raises(LocalError, match=r"no run folder"):
        load(tmp_path)
    copied = tmp_path / "copied"
    shutil.copytree(finished_run.path, copied)
    (copied / FILE_NAME).write_bytes(b"not a database" * 1000)
    with pytest.raises(LocalError, match=r"cannot be read"):
        load(copied)
    (copied / FILE_NAME).unlink()
    with pytest.raises(LocalError, match=r"ended before its first result"):
        load(copied)


def test_gaps_that_were_filled_and_registers_are_told_apart(tmp_path: Path) -> None:
    run = create(tmp_path, "", started=datetime(2026, 11, 24, tzinfo=UTC))
    run.write_summary({}, status="complete")
    day = from_datetime(datetime(2026, 11, 23, tzinfo=UTC))
    with ResultStore(run.path, ONE_PREMISES) as store:
        stamps = [day + period * HALF_HOUR_S for period in (1, 2, 3)]
        store.add_gaps(0, "import", "4.8.1", day, [1, 2], stamps[:2], "hub", "busy", "SF")
        store.add_gaps(0, "import", "4.8.1", day, [3], stamps[2:], "hub", "busy")
        store.add_gaps(0, "import", "4.6.1", day, [0], [day], "hub", "busy")
    data = load(run.path)
    assert [(gap.srv, gap.periods, gap.count, gap.filled) for gap in data.gaps] == [
        ("4.6.1", "", 1, ""), ("4.8.1", "3", 1, ""), ("4.8.1", "1-2", 2, "SF"),
    ]  # fmt: skip
    [cause] = data.gap_causes
    assert (cause.values, cause.never_came, cause.premises) == (4, 2, 1)
    assert data.meter_day is not None and [one.period for one in data.meter_day.missing] == [1, 2, 3]
