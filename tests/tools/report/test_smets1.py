"""The SMETS1 part of a report: five questions under every setting, pictures, and words that claim not too much."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tools.cli import main
from tools.report import smets1
from tools.report.data import load
from tools.report.model import RunData
from tools.report.page import render
from tools.report.summary import RunSummary

SCENARIO = 'name = "test"\npremises = 40\n[population]\nsmets1_share = 1.0\n'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    folder = tmp_path_factory.mktemp("smets1")
    (folder / "scenario.toml").write_text(SCENARIO, encoding="utf-8")
    assert main(["run", str(folder / "scenario.toml"), "--into", str(folder), "--no-report"]) == 0
    [made] = folder.glob("Run_*")
    return load(made)


def test_every_question_of_the_assessment_has_an_answer_under_every_setting(run: RunData) -> None:
    found = smets1.table(run)
    assert found is not None
    assert {line.question for line in found.lines} >= {
        "Data volume",
        "SMS volume",
        "Data rate",
        "API rate",
        "Connections",
    }
    assert len(found.headings) == 5 and all(len(line.cells) == 5 for line in found.lines)
    assert found.headings[1:3] == ("reference SMS, with cache", "reference SMS, without cache")
    assert all(cell for line in found.lines for cell in line.cells)


def test_the_page_and_the_terminal_show_the_same_answers(run: RunData) -> None:
    found = smets1.table(run)
    assert found is not None
    page = render(run)
    console = Console(width=220, record=True, file=StringIO())
    console.print(RunSummary(run))
    text = console.export_text()
    for line in found.lines[:9]:
        assert line.what in page and line.what in text
        assert all(cell in page and cell in text for cell in line.cells)


def test_three_pictures_with_a_curve_for_every_setting(run: RunData) -> None:
    drawn = {picture.key: picture for picture in smets1.pictures(run)}
    assert set(drawn) == {"smets1_sessions", "smets1_sms", "smets1_first_byte"}
    for picture in drawn.values():
        assert len(picture.figure["data"]) == 4
        assert all(len(trace["x"]) == len(trace["y"]) > 10 for trace in picture.figure["data"])
    [sms] = [picture for picture in drawn.values() if picture.key == "smets1_sms"]
    assert sum(sms.figure["data"][0]["y"]) > 0


def test_the_report_names_dialects_on_open_protocols_and_no_makers_protocol(run: RunData) -> None:
    page = render(run)
    assert "dialects on open protocols" in page
    assert "smets1-landis-gyr-e470" in page
    for claim in ("L+G protocol", "Secure protocol", "Aclara protocol", "the maker's protocol"):
        assert claim not in page


def test_a_run_without_smets1_or_cut_short_has_no_such_part(run: RunData) -> None:
    for left in ({}, {"smets1": {}}, {"smets1": None}):
        other: dict[str, Any] = {key: value for key, value in run.summary.items() if key != "smets1"} | left
        bare = replace(run, summary=other)
        assert smets1.table(bare) is None and smets1.pictures(bare) == []
        assert "five questions" not in render(bare)


def test_the_summary_file_holds_the_answers(run: RunData) -> None:
    held = json.loads((Path(run.folder) / "summary.json").read_text(encoding="utf-8"))["smets1"]
    assert held["premises"] == 40 and len(held["variants"]) == 4
    keys = ("data_bytes_per_hub_month", "sms_per_hub_month", "over_quota_gbp_per_month", "peak_data_rate_bps",
            "api_calls_per_s_peak", "contexts_peak", "context_mean_s")  # fmt: skip
    for column in (held["this_run"], *held["variants"]):
        assert all(isinstance(column[key], int | float) for key in keys)
