"""``report.html``: its numbers, what it hides, and that it needs nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from html_page import Page, read_page

from emulator.run_folder import RunFolder
from emulator.store import FILE_NAME
from tools.report.data import load
from tools.report.model import RunData
from tools.report.page import BANNERS, render, without_key_seed, write_report


def test_the_numbers_of_the_store_stand_in_the_tables(finished_run: RunFolder, finished_page: Page) -> None:
    with duckdb.connect(str(finished_run.path / FILE_NAME), read_only=True) as db:
        for column in ("srv", "csp", "user_id", "phase"):
            rows = db.execute(
                f"SELECT {column}, count(*), sum((outcome = 'answered')::INT), sum(greatest(attempts - 1, 0))"
                f" FROM reads GROUP BY {column}{', mode' if column == 'phase' else ''}"
            ).fetchall()
            for label, asked, answered, retries in rows:
                found = [(row[2], row[3], row[6]) for row in finished_page.rows(label) if len(row) == 15]
                assert (f"{asked:,}", f"{answered:,}", f"{retries:,}") in found, label
        for granularity, checkpoint, expected, present in db.execute(
            "SELECT granularity, checkpoint, sum(expected), sum(present) FROM completeness WHERE mpan_kind = 'import'"
            " GROUP BY ALL"
        ).fetchall():
            label = granularity.replace("_", "-")
            row = [label, "import", checkpoint, f"{expected:,}", f"{present:,}", f"{expected - present:,}"]
            assert row in [found[:6] for found in finished_page.rows(label)]
        gaps = db.execute(
            "SELECT leg, count(*), sum((filled = '')::INT), count(DISTINCT premises) FROM gaps GROUP BY 1"
        ).fetchall()
    legs = {"esme": "at the meter", "wan_down": "on the SM WAN, downwards"}
    for leg, *numbers in gaps:
        assert [f"{number:,}" for number in numbers] in [row[2:] for row in finished_page.rows(legs[leg])]


def test_the_key_figures_and_the_title(finished_data: RunData, finished_page: Page) -> None:
    total = finished_data.total
    for text in (
        f"{total.asked:,}", f"{total.answered:,} reads", "default, settlement day 2026-11-23", "162", "complete",
        "9,341/s",
        "more than one ESME; the mirror for gas; firmware distribution.", finished_data.summary["message_sha256"],
    ):  # fmt: skip
        assert text in finished_page.text, text
    assert "Incomplete" not in finished_page.text


def test_assumptions_keep_mark_and_source_and_text_stays_text(finished_data: RunData, finished_page: Page) -> None:
    html = render(finished_data)
    assert "&lt;untrusted &amp; text&gt;" in html and "<untrusted" not in html
    assert ["replay.window", "64", "A", "GBCS rule for reads not public <untrusted & text>"] in (
        finished_page.rows("replay.window")
    )
    for mark in "HMLA":
        assert finished_page.classes(f"mark-{mark}") >= 1


def test_hostile_text_cannot_leave_its_place(finished_data: RunData) -> None:
    evil = "</script><script>alert(1)</script><img src=http://evil.test/x>"
    day = finished_data.meter_day
    assert day is not None
    data = replace(
        finished_data,
        scenario_toml=f'name = "{evil}"',
        summary={**finished_data.summary, "scenario": evil, "status": evil, "versions": {evil: evil}},
        meter_day=replace(day, missing=[replace(one, reason=evil) for one in day.missing]),
        gap_causes=[replace(one, reason=evil) for one in finished_data.gap_causes],
        assumptions=[(evil, evil, evil, evil)],
    )
    page = read_page(render(data))
    assert len(page.scripts) == 2
    assert not any(tag == "img" for tag, _ in page.tags)
    assert page.text.count(evil) >= 8


def test_nothing_is_loaded_from_anywhere(finished_page: Page) -> None:
    assert [value for _, _, value in finished_page.loads] == ["data:,"]
    for style in finished_page.styles:
        assert "url(" not in style and "@import" not in style
    policies = [tag for name, tag in finished_page.tags if name == "meta" and "http-equiv" in tag]
    assert policies[0]["content"].startswith("default-src 'none'; ")
    assert "http" not in policies[0]["content"]


def test_plotly_is_there_once_and_its_figures_are_json(finished_data: RunData, finished_page: Page) -> None:
    library, own = finished_page.scripts
    assert library.count("plotly.js v") == 1 and len(library) > 1_000_000 > len(own)
    figures = re.search(r"^const figures = (.*);$", own, re.MULTILINE)
    assert figures is not None
    assert set(json.loads(figures[1])) == {
        attributes["data-figure"] for _, attributes in finished_page.tags if "data-figure" in attributes
    }
    assert "NaN" not in figures[1]
    assert render(finished_data).count("plotly.js v") == 1


@pytest.mark.parametrize("status", ["interrupted", "running"])
def test_an_incomplete_run_is_marked(finished_data: RunData, status: str) -> None:
    page = read_page(render(replace(finished_data, summary={**finished_data.summary, "status": status})))
    assert page.classes("banner") == 1 and BANNERS[status] in page.text


def test_an_interrupted_run_from_its_folder(run_maker: Callable[..., RunFolder], tmp_path: Path) -> None:
    run = run_maker(tmp_path, premises=20, status="interrupted")
    assert BANNERS["interrupted"] in read_page(write_report(run.path).read_text(encoding="utf-8")).text


def test_a_run_without_reads_or_summary_still_has_a_page(empty_run: RunFolder) -> None:
    page = read_page(render(load(empty_run.path)))
    assert "No read was made." in page.text and BANNERS["interrupted"] in page.text
    assert page.scripts == [] and page.classes("plot") == 0


def test_a_killed_run_has_a_page(killed_run: RunFolder) -> None:
    page = read_page(write_report(killed_run.path).read_text(encoding="utf-8"))
    assert BANNERS["running"] in page.text
    assert page.rows("4.8.1")[0][2:4] == ["20", "20"]


@pytest.mark.parametrize(
    "summary",
    [
        {},
        {"status": 7, "versions": [], "not_modelled": {}, "windows": {}, "premises": "many", "wall_s": None},
        {"status": "complete", "not_modelled": [3, {}, {"name": None}], "value_mismatches": [], "days": True},
    ],
)
def test_a_summary_that_lacks_keys_or_holds_others_does_no_harm(finished_data: RunData, summary: object) -> None:
    assert isinstance(summary, dict)
    page = read_page(render(replace(finished_data, summary=summary)))
    assert page.rows("4.8.1") and page.classes("plot") == 5


def test_the_gap_list_is_cut_short_and_says_so(run_maker: Callable[..., RunFolder], tmp_path: Path) -> None:
    data = load(run_maker(tmp_path, premises=400, loss=0.9).path)
    page = read_page(render(data))
    assert f"and {data.gap_groups - 200:,} more" in page.text
    assert len(page.rows("2026-11-23")) == 200


def test_the_seed_of_the_keys_is_left_out(empty_run: RunFolder, finished_data: RunData) -> None:
    assert "98765" not in render(load(empty_run.path))
    shown = without_key_seed("seed = 5\n key_seed=4711 # x\n[a]\nkey_seed = 4711\nmonkey_seed = 3\n")
    assert "4711" not in shown and "seed = 5\n" in shown and "monkey_seed = 3\n" in shown
    assert "key_seed" in finished_data.scenario_toml and "left out" in render(finished_data)


def test_writing_again_replaces_the_report_and_leaves_no_draft(killed_run: RunFolder) -> None:
    first = write_report(killed_run.path).read_bytes()
    before = sorted(killed_run.path.iterdir())
    assert write_report(killed_run.path).read_bytes() == first
    assert sorted(killed_run.path.iterdir()) == before
