"""The pictures: valid for plotly, and with the numbers of the run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.graph_objects import Figure

from emulator.run_folder import RunFolder
from tools.report.data import load
from tools.report.figure_day import missing_runs
from tools.report.figure_style import COLOURS, theme
from tools.report.figures import _merged, pictures, windows
from tools.report.model import MeterDay, Missing, RunData


def picture(data: RunData, key: str) -> dict[str, Any]:
    return {one.key: one.figure for one in pictures(data)}[key]


def test_plotly_knows_every_property(finished_data: RunData) -> None:
    drawn = pictures(finished_data)
    assert [one.key for one in drawn] == ["arrivals", "latency", "bytes", "meter_day", "completeness"]
    for one in drawn:
        for dark in (False, True):
            Figure({**one.figure, "layout": {**one.figure["layout"], "template": theme(dark=dark)}})


def test_arrivals_are_stacked_by_csp_under_their_windows(finished_data: RunData) -> None:
    figure = picture(finished_data, "arrivals")
    bars = {trace["name"]: sum(trace["y"]) for trace in figure["data"] if trace["type"] == "bar"}
    assert bars == {group.label: group.asked for group in finished_data.by_csp}
    lanes = [trace for trace in figure["data"] if trace["type"] == "scatter"]
    assert [trace["text"][1].split()[0] for trace in lanes] == ["csp_north", "csp_south", "csp_central"]
    assert [(one["x0"], one["x1"]) for one in figure["layout"]["shapes"]] == [
        ("2026-11-24T07:00:00", "2026-11-24T20:00:00")
    ]


@pytest.mark.parametrize(
    "listed",
    [None, 5, "text", [None, 3, "x", {}, {"csp": "a", "from": "soon", "to": "2026-11-24T07:00:00Z"}, {"from": 1}]],
)
def test_windows_that_cannot_be_read_are_left_out(finished_data: RunData, listed: object) -> None:
    data = replace(finished_data, summary={"windows": listed})
    assert windows(data) == []
    assert "shapes" not in picture(data, "arrivals")["layout"]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=12))
def test_merged_windows_cover_the_same_hours_and_do_not_touch(spans: list[tuple[int, int]]) -> None:
    zero = datetime(2026, 1, 1)  # noqa: DTZ001 - as the store keeps them
    hour = timedelta(hours=1)
    merged = _merged([("c", "k", zero + start * hour, zero + (start + long) * hour) for start, long in spans])
    covered = {start + step for start, long in spans for step in range(long)}
    assert {round((start - zero) / hour) + n for start, end in merged for n in range(round((end - start) / hour))} == (
        covered
    )
    assert all(first[1] < second[0] for first, second in pairwise(merged))


def test_a_curve_for_each_network_and_a_line_for_each_target(finished_data: RunData) -> None:
    figure = picture(finished_data, "latency")
    assert {trace["name"] for trace in figure["data"]} == {cdf.wan for cdf in finished_data.cdfs}
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == list(finished_data.total.trts_s)
    assert figure["layout"]["xaxis"]["type"] == "log"
    left, right = figure["layout"]["xaxis"]["range"]
    assert all(left <= label["x"] <= right for label in figure["layout"]["annotations"])
    assert all(min(trace["x"]) > 0 for trace in figure["data"])


def test_bytes_are_those_of_the_service_requests(finished_data: RunData) -> None:
    up, down = picture(finished_data, "bytes")["data"]
    assert sum(up["x"]) == finished_data.total.bytes_up and sum(down["x"]) == finished_data.total.bytes_down
    assert len(up["y"]) == len(finished_data.by_srv)


def test_completeness_has_a_bar_for_every_row(finished_data: RunData) -> None:
    figure = picture(finished_data, "completeness")
    bars = sorted(y for trace in figure["data"] for y in trace["y"])
    assert bars == sorted(row.share * 100 for row in finished_data.completeness)


def test_a_meters_day_shows_got_and_missing(finished_data: RunData) -> None:
    figure = picture(finished_data, "meter_day")
    bars = [trace for trace in figure["data"] if trace["type"] == "bar" and trace["name"] != "missing"]
    assert [len(trace["y"]) for trace in bars] == [45, 45]
    labels = [one["text"] for one in figure["layout"]["annotations"]]
    assert "missing at the meter: the meter's log holds no row" in labels
    assert sum(trace["name"] == "missing" for trace in figure["data"] if trace["type"] == "bar") == 2


def _day(missing: list[Missing], channels: dict[str, tuple[list[datetime], list[int]]]) -> MeterDay:
    midnight = datetime(2026, 11, 23)  # noqa: DTZ001 - as the store keeps them
    bounds = midnight, midnight + timedelta(days=1)
    return MeterDay(0, "d0", "csp_north", "csp_north_lrr", midnight.date(), bounds, [], channels, missing)


def test_missing_half_hours_in_a_row_and_alike_are_one() -> None:
    midnight, half_hour = datetime(2026, 11, 23), timedelta(minutes=30)  # noqa: DTZ001
    causes = {1: "a", 2: "a", 3: "b", 6: "b", 7: "b"}
    missing = [Missing(midnight + n * half_hour, n, "import", "hub", why) for n, why in causes.items()]
    missing.append(Missing(midnight + 9 * half_hour, 9, "export", "hub", "a"))
    got = {"active_import": ([midnight + 7 * half_hour], [5])}
    runs = missing_runs(_day(missing, got), "active_import")
    spans = [((start - midnight) // half_hour, (end - midnight) // half_hour, why[-1]) for start, end, why in runs]
    assert spans == [(0, 2, "a"), (2, 3, "b"), (5, 6, "b")]


def test_a_kind_of_which_nothing_came_back_has_a_row_and_markup_is_text(finished_data: RunData) -> None:
    midnight = datetime(2026, 11, 23)  # noqa: DTZ001 - as the store keeps them
    day = _day([Missing(midnight + timedelta(hours=1), 2, "export", "wan_up", "<b>lost</b>")], {})
    figure = picture(replace(finished_data, meter_day=day), "meter_day")
    labels = [one["text"] for one in figure["layout"]["annotations"]]
    assert labels[0] == "<b>active export</b>"
    assert "missing on the SM WAN, upwards: &lt;b&gt;lost&lt;/b&gt;" in labels
    Figure(figure)


def test_a_run_without_reads_has_no_pictures(empty_run: RunFolder) -> None:
    assert pictures(load(empty_run.path)) == []


def test_colours_are_no_two_alike() -> None:
    assert len(set(COLOURS)) == len(COLOURS) >= 6
