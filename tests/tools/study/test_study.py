"""A study: what it holds is on the page and in the files, values unrounded; the page loads nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from html_page import read_page

from emulator.assumptions import Assumption
from tools.report.figure_style import Picture
from tools.report.findings import Finding
from tools.study.files import write_tables
from tools.study.model import Column, Grid, Section, Study, Tile, Words
from tools.study.page import render, write_study


def grid(key: str = "loads") -> Grid:
    columns = (
        Column("name", "network", kind="head"),
        Column("load", "load, GB", lambda load: "none" if load is None else f"{load:.1f}", "number",
               lambda load: "bad" if load and load > 2 else ""),
        Column("fits", "fits", lambda fits: "yes" if fits else "no"),
    )  # fmt: skip
    return Grid(key, "Loads", columns, (("north <1>", 2.345, True), ("south", None, False)), caption="By network.")


def study() -> Study:
    picture = Picture("p", "A picture", "What it shows.", {"data": [{"x": [1], "y": [2]}], "layout": {}})
    return Study(
        "meterfarm capacity", "Scenario C", (("seed", "1"),), (Tile("3", "things", "of them"),),
        (Finding("good", "All is well."),),
        (Section("one", "First", (picture, grid(), Words("Said so."))), Section("two", "Second", (), short="2nd")),
        (Assumption("a.b", "1", "A", "ours"),), (("Model", "everything else"),), (("version", "0"),),
    )  # fmt: skip


def test_the_page_shows_what_the_study_holds() -> None:
    page = read_page(render(study()))
    assert page.rows("north <1>") == [["north <1>", "2.3", "yes"]]
    assert page.rows("south") == [["south", "none", "no"]]
    assert page.classes("bad") == 1 and page.classes("plot") == 1
    for text in ("All is well.", "What it shows.", "Said so.", "everything else", "2nd", "By network."):
        assert text in page.text
    assert page.rows("a.b") == [["a.b", "1", "A", "ours"]]


def test_it_loads_nothing_but_its_own_tables() -> None:
    page = read_page(render(study()))
    links = {value for _, name, value in page.loads if name == "href"}
    assert links == {
        "data:,", "#one", "#two", "#assumptions", "#not-modelled", "tables/loads.csv", "tables/loads.parquet",
    }  # fmt: skip
    assert not any(name == "src" for _, name, _ in page.loads)


def test_files_hold_the_values_as_they_are(tmp_path: Path) -> None:
    page = write_study(study(), tmp_path / "out")
    assert page.name == "study.html"
    assert (tmp_path / "out" / "tables" / "loads.csv").read_text() == (
        "name,load,fits\nnorth <1>,2.345,true\nsouth,,false\n"
    )
    rows = duckdb.execute(f"SELECT * FROM '{tmp_path}/out/tables/loads.parquet'").fetchall()
    assert rows == [("north <1>", 2.345, True), ("south", None, False)]


def test_whole_numbers_beside_others_and_empty_tables_have_files_too(tmp_path: Path) -> None:
    mixed = Grid("mixed", "", (Column("a", "a"), Column("b", "b")), ((1, "x"), (2.5, 3)))
    empty = Grid("empty", "", (Column("a", "a"),), ())
    write_tables([mixed, empty], tmp_path)
    assert (tmp_path / "mixed.csv").read_text() == "a,b\n1.0,x\n2.5,3\n"
    assert (tmp_path / "empty.csv").read_text() == "a\n"


def test_a_row_that_does_not_fit_its_columns_is_a_fault() -> None:
    with pytest.raises(ValueError, match="table t: a row of 2 values under 1 columns"):
        Grid("t", "", (Column("a", "a"),), ((1, 2),))
