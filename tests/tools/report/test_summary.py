"""The summary on the terminal, at two widths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from emulator.run_folder import RunFolder
from tools.report.data import load
from tools.report.model import Cause, RunData
from tools.report.page import write_report
from tools.report.summary import RunSummary


def printed(data: RunData, width: int) -> str:
    out = StringIO()
    Console(file=out, width=width, markup=False, emoji=False, highlight=False).print(RunSummary(data))
    return out.getvalue()


def cells(text: str, label: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(label)]


@pytest.mark.parametrize("width", [80, 140])
def test_every_group_and_number_fits(finished_data: RunData, width: int) -> None:
    text = printed(finished_data, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for group in (*finished_data.by_srv, *finished_data.by_csp, *finished_data.by_user, finished_data.total):
        assert any(f" {group.asked:,} " in line for line in text.splitlines() if group.label in line), group.label
    for word in ("p50", "p90", "p99", "in TRT", "retries", "down", "up", "complete", "D+1", "RF", "for good"):
        assert word in text
    assert "9,341 reads/s" in text


def test_wide_is_one_table_and_narrow_two(finished_data: RunData) -> None:
    assert len(cells(printed(finished_data, 140), "csp_north")) == 1
    assert len(cells(printed(finished_data, 80), "csp_north")) == 2


def test_gap_causes_are_cut_short_with_their_sum(finished_data: RunData) -> None:
    causes = [Cause("hub", f"reason {number}", 100 - number, 50 - number, 1) for number in range(12)]
    text = printed(replace(finished_data, gap_causes=causes), 80)
    assert "reason 7" in text and "reason 8" not in text
    [rest] = cells(text, "4 more causes")
    assert rest.split()[3:] == [str(sum(most - number for number in range(8, 12))) for most in (100, 50)]


def test_incomplete_runs_say_so(empty_run: RunFolder, killed_run: RunFolder) -> None:
    empty = printed(load(empty_run.path), 80)
    assert "interrupted" in empty and "No read was made." in empty and "p50" not in empty
    killed = printed(load(killed_run.path), 80)
    assert "running" in killed and "csp_north" in killed


def test_square_brackets_are_text(finished_data: RunData) -> None:
    causes = [Cause("hub", "[bold]full[/bold] :smile:", 3, 3, 1)]
    assert "[bold]full[/bold] :smile:" in printed(replace(finished_data, gap_causes=causes), 140)


def test_it_says_where_the_report_is(run_maker: Callable[..., RunFolder], tmp_path: Path) -> None:
    run = run_maker(tmp_path, premises=20)
    assert "not written" in printed(load(run.path), 200)
    report = write_report(run.path)
    assert str(report) in printed(load(run.path), 200)
