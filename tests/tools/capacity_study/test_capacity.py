"""``meterfarm capacity``: one object for scripts, one page for people, and both say what was worked out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from html_page import Page, read_page
from processes import running
from shell import Ended as Call
from shell import meterfarm

from emulator.capacity.engine import Unwatched
from tools.capacity_study.facts import Asked, work_out
from tools.capacity_study.findings import findings

SMALL = ("--premises", "30", "--samples", "20000", "--part", "0")


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Call:
    return meterfarm("capacity", "--scenario", "C", *SMALL, "--into", str(tmp_path_factory.mktemp("c")), "--json")


@pytest.fixture(scope="module")
def study(ended: Call) -> dict[str, Any]:
    return ended.json()


@pytest.fixture(scope="module")
def page(study: dict[str, Any]) -> Page:
    return read_page(Path(study["study"]).read_text(encoding="utf-8"))


def test_it_ends_well_and_says_nothing_else(ended: Call) -> None:
    assert ended.code == 0 and ended.err == ""


def test_json_has_the_keys_that_scripts_ask_for(study: dict[str, Any]) -> None:
    assert study["srvs"] == pytest.approx(73.6e6, rel=0.002)
    assert study["wall_s"] > 0 and study["peak_rss_bytes"] > 50e6
    assert [set(row) >= {"figure", "pia", "ours", "error"} for row in study["table5"]] == [True] * 6
    assert all(abs(row["error"]) < 0.02 for row in study["table5"])
    assert [(row["row"], row["ours"] == row["pia"]) for row in study["table7"]] == [
        (name, True) for name in ("A/8", "A/12", "B/8", "B/12", "C/8", "C/12")
    ]
    assert all(row["margin"] > 0.03 for row in study["table7"])
    assert [row["row"] for row in study["checklist"]] == list(range(1, 32))
    assert all(set(row) >= {"row", "pia", "ours", "verdict"} for row in study["checklist"])
    assert 0 < study["region"]["share"]["strict"] < study["region"]["share"]["loose"] < 0.05
    assert study["sample"]["wrong_values"] == 0


def test_networks_add_up(study: dict[str, Any]) -> None:
    for what in ("srvs", "bytes"):
        assert sum(row[what] for row in study["by_network"].values()) == pytest.approx(study[what], abs=4)


def test_hours_add_up_and_lie_in_the_windows(study: dict[str, Any]) -> None:
    hours = study["srvs_by_hour"]
    assert sum(map(sum, hours.values())) == pytest.approx(study["srvs"], abs=100)
    assert [hour for hour, count in enumerate(hours["csp_north"]) if count] == list(range(8, 20))


def test_the_page_shows_the_same_numbers(study: dict[str, Any], page: Page) -> None:
    for row in study["table7"]:
        scenario, hours = row["row"].split("/")
        cells = [cells for cells in page.rows(scenario) if cells[1:2] == [hours] and len(cells) == 8]
        assert cells and cells[0][2] == f"{row['channels']:.2f}" and cells[0][4] == row["ours"]
    for row in study["checklist"]:
        shown = page.rows(str(row["row"]))
        assert any(cells[1] == row["what"] and cells[4] == (row["ours"] or "–") for cells in shown)  # noqa: RUF001
    assert "73.6 million service requests" in page.text


def test_every_section_has_its_pictures_and_the_page_loads_nothing(page: Page) -> None:
    drawn = {attributes["data-figure"] for _, attributes in page.tags if "data-figure" in attributes}
    assert drawn == {"table5", "errors", "load", "rates", "table7", "channels", "region", "priors", "codecs", "costs"}
    targets = {value for _, name, value in page.loads if name == "href" and value != "data:,"}
    assert all(value.startswith(("#", "tables/")) for value in targets)
    assert not [value for _, name, value in page.loads if name == "src"]


def test_tables_lie_beside_it_unrounded(study: dict[str, Any]) -> None:
    folder = Path(study["study"]).parent / "tables"
    names = {file.stem for file in folder.iterdir()}
    assert names >= {
        "table5",
        "table7",
        "checklist",
        "demand",
        "mean_rates",
        "region",
        "shares",
        "costs",
        "completeness",
    }
    assert {file.suffix for file in folder.iterdir()} == {".csv", ".parquet"}
    with (folder / "table7.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["margin"]) for row in rows] == [row["margin"] for row in study["table7"]]


def test_a_person_gets_findings_both_tables_and_the_place_of_the_study(tmp_path: Path) -> None:
    ended = meterfarm(
        "capacity", "--scenario", "A", "--premises", "0", "--samples", "1000", "--part", "0", "--into", str(tmp_path)
    )
    assert ended.code == 0
    for said in (
        "11.1 million service requests",
        "Table 5",
        "Table 7",
        "8 / 4, No / Yes",
        "No byte-exact sample",
        "study",
    ):
        assert said in ended.out


def test_without_a_page_nothing_is_written(tmp_path: Path) -> None:
    ended = meterfarm(
        "capacity",
        "--premises",
        "0",
        "--samples",
        "1000",
        "--part",
        "0",
        "--into",
        str(tmp_path),
        "--no-report",
        "--json",
    )
    assert ended.json()["study"] is None and ended.json()["sample"] is None
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "quiet.toml"
    file.write_text("title = 'Quiet'\n[baseline]\nbytes_per_hub_hour = 0\n")
    ended = meterfarm(
        "capacity",
        "--scenario",
        str(file),
        "--premises",
        "0",
        "--samples",
        "1000",
        "--part",
        "0",
        "--no-report",
        "--json",
    )
    found = ended.json()
    assert found["title"] == "Quiet"
    broken = [row["row"] for row in found["table7"] if row["ours"] != row["pia"]]
    assert broken == ["A/8", "B/8", "B/12", "C/8", "C/12"]
    assert found["checklist"][10]["verdict"] == "differs"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--scenario", "D"), "shipped: A, B, C"),
        (("--premises", "-1"), "--premises"),
        (("--samples", "5"), "--samples"),
        (("--part", "2"), "--part"),
        (("--premises", "0", "--samples", "1000", "--engine", "mill"), "mill"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    ended = meterfarm("capacity", *arguments, "--no-report")
    assert ended.code == 2 and said in ended.error()


def test_json_is_json(study: dict[str, Any]) -> None:
    assert json.loads(json.dumps(study, allow_nan=False)) == study


# ---------------------------------------------------------------------- the statistical day


@pytest.fixture(scope="module")
def with_day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = str(tmp_path_factory.mktemp("day"))
    few = ("--premises", "0", "--samples", "1000", "--part", "0.0002", "--engine", "here")
    return meterfarm("capacity", "--scenario", "C", *few, "--into", folder, "--json").json()


def test_a_day_of_the_country_is_in_the_object(with_day: dict[str, Any]) -> None:
    day = with_day["day"]
    assert day["is_whole"] and day["part"] == 0.0002
    assert (day["channels"], day["compressed"]) == (8, False), "what Table 7 lists for C in 12 hours"
    planned = sum(one["planned"] for one in day["networks"])
    assert planned == pytest.approx(with_day["srvs"], rel=0.05), "scaled to the whole country"
    assert all(0.5 < one["attainment"] <= 1 for one in day["networks"])
    assert {one["checkpoint"] for one in day["completeness"]} == {"D+1", "SF", "RF"}
    assert day["smets1"]["sms_per_s"] > 0


def test_a_day_of_the_country_is_on_the_page(with_day: dict[str, Any]) -> None:
    page = read_page(Path(with_day["study"]).read_text(encoding="utf-8"))
    drawn = {attributes["data-figure"] for _, attributes in page.tags if "data-figure" in attributes}
    assert drawn >= {"day_load", "stations", "latency", "trt"}
    assert "A statistical day of" in page.text
    assert "Only --part 1 is a result" in page.text and "scaled from 0.0002 of the meters" in page.text
    cells = [row for row in page.rows("CSP North") if len(row) == 9]
    north = next(one for one in with_day["day"]["networks"] if one["network"] == "csp_north")
    assert cells and cells[0][2] == f"{north['planned']:,.0f}"


def test_both_engines_stand_side_by_side(tmp_path: Path) -> None:
    ended = meterfarm(
        "capacity", "--premises", "0", "--samples", "2000", "--part", "0", "--both", "60", "--engine", "here",
        "--into", str(tmp_path), "--json",
    )  # fmt: skip
    study = ended.json()
    checked = study["cross_check"]
    assert checked["premises"] == 60
    figures = {(row["network"], row["figure"]): row for row in checked["figures"]}
    for network in ("csp_north", "csp_south", "csp_central"):
        assert figures[network, "planned reads"]["difference"] == 0
        assert 0.5 < figures[network, "p50"]["model"] / figures[network, "p50"]["exact"] < 2
    page = read_page(Path(study["study"]).read_text(encoding="utf-8"))
    assert page.rows("CSP North")


class Ended(Unwatched):
    """Somebody who ends the work at once."""

    def stops(self) -> bool:
        return True


class EndedLater(Unwatched):
    """Somebody who ends the work once the first block of the day is done."""

    def __init__(self) -> None:
        self.blocks = 0

    def done(self, item: object) -> None:
        self.blocks += 1

    def stops(self) -> bool:
        return self.blocks > 0


def test_ctrl_c_while_processes_start_keeps_the_rest_of_the_study(tmp_path: Path) -> None:
    few = "--premises", "0", "--samples", "1000", "--scenario", "A", "--engine", "pool:2", "--into", str(tmp_path)
    with running("capacity", *few) as process:
        process.wait_for(r"^the day$")
        code = process.interrupt_group()
        process.wait_for("^interrupted$")
    assert code == 130
    (study,) = tmp_path.glob("Capacity_*/study.html")
    assert "Interrupted" in read_page(study.read_text(encoding="utf-8")).text


def test_an_early_end_keeps_what_was_done() -> None:
    few = Asked("C", premises=0, samples=1000, part=0.0002, engine="here", both=20)
    nothing = work_out(few, watch=Ended())
    assert nothing.day is None and nothing.both is None and len(nothing.checklist) == 31
    some = work_out(few, watch=EndedLater())
    assert some.day is not None and (some.day.blocks_done, some.day.is_whole) == (1, False)
    assert any("ended early" in finding.text for finding in findings(some))
