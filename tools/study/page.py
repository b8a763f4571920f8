"""A study as one HTML file that needs nothing but a browser, offline too."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from tools.report.figure_style import CONFIG, Picture, theme
from tools.report.page import plotly_script
from tools.report.words import MARKS
from tools.study.files import write_tables
from tools.study.model import Grid, Study, Words

PAGE: Final = "study.html"
TABLES: Final = "tables"


def write_study(study: Study, folder: Path) -> Path:
    """Write ``study.html`` at one stroke, and every table of it beside as CSV and Parquet. Returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(study.grids(), folder / TABLES)
    file = folder / PAGE
    draft = file.with_suffix(".html.new")
    draft.write_text(render(study), encoding="utf-8")
    draft.replace(file)
    return file


def render(study: Study) -> str:
    """The whole page."""
    pictures = list(study.pictures())
    return _environment().get_template("study.html.j2").render(
        study=study,
        figures={picture.key: picture.figure for picture in pictures},
        themes={"light": theme(dark=False), "dark": theme(dark=True)},
        config=CONFIG,
        plotly=plotly_script() if pictures else "",
        marks=MARKS,
        tables=TABLES,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("tools.study"), PackageLoader("tools.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests |= {
        "picture": lambda part: isinstance(part, Picture),
        "grid": lambda part: isinstance(part, Grid),
        "words": lambda part: isinstance(part, Words),
    }
    return environment
