"""``report.html``: one file that needs nothing but a browser, offline too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from emulator.run_folder import REPORT_FILE
from tools.report import smets1, words
from tools.report.data import load
from tools.report.figure_style import CONFIG, theme
from tools.report.figures import pictures
from tools.report.findings import findings, wrong_values
from tools.report.model import RunData

_KEY_SEED: Final = re.compile(r"^([ \t]*key_seed[ \t]*=).*$", re.MULTILINE)
_LEFT_OUT: Final = r'\1 "left out: the test keys hang off it"'

BANNERS: Final = {
    "interrupted": "This run was interrupted. What follows covers the reads that were finished by then, and no more.",
    "running": "This run has not ended, or was killed. What follows covers the reads that had been written by then.",
}
_UNKNOWN_STATUS: Final = "The summary of this run does not say that it is complete."


def write_report(folder: Path) -> Path:
    """Write ``report.html`` into a run folder at one stroke and return it. Raises LocalError as :func:`load` does."""
    file = folder / REPORT_FILE
    draft = file.with_suffix(".html.new")
    draft.write_text(render(load(folder)), encoding="utf-8")
    draft.replace(file)
    return file


def render(data: RunData) -> str:
    """The whole page."""
    drawn = pictures(data)
    return _environment().get_template("report.html.j2").render(
        run=data,
        facts=_facts(data.summary),
        smets1=smets1.table(data),
        banner=_banner(data.summary.get("status")),
        tiles=_tiles(data),
        findings=findings(data),
        pictures=drawn,
        figures={picture.key: picture.figure for picture in drawn},
        themes={"light": theme(dark=False), "dark": theme(dark=True)},
        config=CONFIG,
        plotly=plotly_script() if drawn else "",
        not_modelled=_not_modelled(data.summary),
        versions=_versions(data.summary),
        scenario=without_key_seed(data.scenario_toml),
    )  # fmt: skip


def without_key_seed(scenario_toml: str) -> str:
    """The scenario without the number that all test keys can be made from."""
    return _KEY_SEED.sub(_LEFT_OUT, scenario_toml)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tools.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": words.count,
        "percent": words.percent,
        "duration": words.duration,
        "durations": words.durations,
        "size": words.size,
        "leg": words.leg,
        "plain": words.plain,
    }
    environment.globals |= {"srv_titles": words.SRV_TITLES, "outcomes": words.OUTCOMES, "marks": words.MARKS}
    return environment


@cache
def plotly_script() -> Markup:
    """plotly.js as it lies in the plotly package, read without importing what draws with it."""
    script = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return Markup(script.replace("</script", r"<\/script"))  # noqa: S704 - a library's own file, not input


def _banner(status: object) -> str:
    return "" if status == "complete" else BANNERS.get(str(status), _UNKNOWN_STATUS)


def _facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, value) of what the title line says, without what the summary does not hold."""
    days, premises = _number(summary.get("days")), _number(summary.get("premises"))
    facts = [
        ("settlement days", words.count(days) if days and days > 1 else ""),
        ("seed", str(summary.get("seed", ""))),
        ("premises", words.count(premises) if premises is not None else ""),
        ("clock", str(summary.get("clock", ""))),
        ("status", str(summary.get("status", ""))),
    ]
    return [(name, value) for name, value in facts if value]


def _tiles(data: RunData) -> list[tuple[str, str, str]]:
    """(value, what it is, a detail) of each key figure."""
    total, load_, summary = data.total, data.rate, data.summary
    late = total.answered - total.within_trt
    wrong = wrong_values(data)
    first = [row for row in data.completeness if row.checkpoint == "D+1" and row.granularity == "half_hourly"]
    expected, present = sum(row.expected for row in first), sum(row.present for row in first)
    wall, speed = _number(summary.get("wall_s")), _number(summary.get("reads_per_s"))
    return [
        (words.count(total.asked), "reads asked", f"{words.count(total.retries)} commands sent again"),
        (words.percent(total.answered_share), "answered", f"{words.count(total.answered)} reads"),
        (words.percent(total.within_share), "within their target", f"{words.count(late)} answered late"),
        (words.count(wrong), "wrong values", "against what the meters held"),
        (
            words.percent(present / expected) if expected else words.NOTHING,
            "half-hours there at D+1",
            f"{words.count(present)} of {words.count(expected)}",
        ),
        (
            words.count(data.gap_count),
            "values missing at D+1",
            f"{words.count(sum(cause.never_came for cause in data.gap_causes))} of them never came",
        ),
        (words.duration(total.p50_s), "median latency", f"99 % within {words.duration(total.p99_s)}"),
        (
            words.size(total.bytes_down + total.bytes_up),
            "on the SM WAN",
            f"{words.size(total.bytes_down)} down, {words.size(total.bytes_up)} up",
        ),
        (f"{words.rate(load_.mean_per_s)}/s", "messages", f"{words.rate(load_.peak_per_s)}/s in the busiest minute"),
        (
            words.NOTHING if speed is None else f"{words.count(speed)}/s",
            "reads emulated",
            f"{words.duration(wall)} of wall time",
        ),
    ]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _not_modelled(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    entries = summary.get("not_modelled")
    return [
        (str(entry.get("name", "")), str(entry.get("text", "")))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
    ]


def _versions(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = summary.get("versions")
    versions = [(str(name), str(value)) for name, value in found.items()] if isinstance(found, dict) else []
    digest = summary.get("message_sha256")
    return [*versions, ("SHA-256 over all messages in order", str(digest))] if digest else versions
