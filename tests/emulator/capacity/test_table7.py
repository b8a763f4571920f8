"""PIA Table 7 comes out in all six rows, with margins; what is changed breaks just the rows that it should."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from emulator.capacity.pia import Option, pia
from emulator.capacity.radio import RadioModel, channels_needed, on_air_ratio, radio_model
from emulator.capacity.region import READINGS, Region, holds, map_region, priors
from emulator.capacity.scenario import load_capacity_scenario
from emulator.capacity.table7 import broken_rows, listed, table7, table7_days
from emulator.wan.long_range_radio import LongRangeRadioParameters
from emulator.wan.registry import load_parameters, make_wan

ROWS = ("A/8", "A/12", "B/8", "B/12", "C/8", "C/12")
DAYS = table7_days()


@pytest.fixture(scope="module")
def model() -> RadioModel:
    return radio_model(load_capacity_scenario("C"))


@pytest.fixture(scope="module")
def region() -> Region:
    return map_region(samples=100_000)


def test_all_six_rows_come_out_with_a_margin(model: RadioModel) -> None:
    verdicts = table7(model, DAYS)
    assert tuple(verdict.row.name for verdict in verdicts) == ROWS
    assert broken_rows(verdicts) == ()
    assert [verdict.words for verdict in verdicts] == [row.words for row in pia().channels]
    assert all(0.03 < verdict.margin < 0.5 for verdict in verdicts)


@pytest.mark.parametrize(
    ("why", "change", "broken"),
    [
        ("no baseline: only settlement reads, and four channels do for most", {"baseline_bytes_per_hour": 0.0},
         ("A/8", "B/8", "B/12", "C/8", "C/12")),
        ("exactly half: eight plain channels and four compressed are the same", {"message_ratio": 0.5},
         ("B/8", "C/12")),
        ("compression that hardly helps", {"message_ratio": 0.75}, ("B/12",)),
        ("no compression at all", {"message_ratio": 1.0}, ("A/8", "B/12", "C/8")),
        ("a smaller North", {"north_share": 0.25}, ("A/8",)),
        ("a larger North", {"north_share": 0.32}, ("A/12", "B/8", "B/12", "C/12")),
        ("twice the loss and more", {"frame_loss": 0.10}, ("A/12", "C/12")),
        ("frames without overhead", {"overhead_bytes": 0}, ("A/8", "B/8")),
        ("a baseline twice as large", {"baseline_bytes_per_hour": 13e9}, ROWS),
    ],
)  # fmt: skip
def test_a_change_breaks_the_rows_that_it_should(
    model: RadioModel, why: str, change: dict[str, Any], broken: tuple[str, ...]
) -> None:
    assert broken_rows(table7(replace(model, **change), DAYS)) == broken, why


def test_the_margin_is_how_far_a_need_may_move(model: RadioModel) -> None:
    """A change of all needs by a little less than the least margin leaves every verdict."""
    margin = min(verdict.margin for verdict in table7(model, DAYS))
    for factor in (1 - 0.9 * margin, 1 + 0.9 * margin):
        moved = replace(model, busiest_to_mean=model.busiest_to_mean * factor)
        assert broken_rows(table7(moved, DAYS)) == ()
    assert broken_rows(table7(replace(model, busiest_to_mean=model.busiest_to_mean * (1 - 1.1 * margin)), DAYS))


@pytest.mark.parametrize(
    ("plain", "compressed", "options"),
    [
        (3.9, 2.0, "4 No"),
        (4.1, 3.9, "8 No, 4 Yes"),
        (4.1, 4.1, "8 No"),
        (8.1, 4.1, "8 Yes"),
        (8.1, 3.9, "4 Yes"),
        (9.0, 8.1, ""),
        (4.0, 4.0, "4 No"),
    ],
)
def test_a_cell_lists_what_buys_something(plain: float, compressed: float, options: str) -> None:
    def words(option: Option) -> str:
        return f"{option.channels} {'Yes' if option.compressed else 'No'}"

    assert ", ".join(map(words, listed(plain, compressed))) == options


def test_frames_do_not_shrink_as_messages_do(model: RadioModel) -> None:
    halved = replace(model, message_ratio=0.5)
    assert 0.5 < float(on_air_ratio(halved, DAYS["C"], 8)) < 0.53
    assert float(on_air_ratio(replace(halved, overhead_bytes=0), DAYS["C"], 8)) == pytest.approx(0.5, abs=0.002)


def test_frames_are_those_of_a_run(model: RadioModel) -> None:
    """The radio that a run uses, without loss, sends as many bytes for a message as the capacity model counts."""
    overrides = {"csp_north_lrr": {"frame_loss": {"p": 0.0}}}
    parameters = load_parameters("csp_north_lrr", overrides)
    assert isinstance(parameters, LongRangeRadioParameters)
    radio = make_wan("csp_north_lrr", parameters, 1, np.zeros(1, np.int32), 4)
    for size in (1, 187, 200, 201, 612, 1200):
        sent = radio.send(0, "up", size, 0.0)
        assert sent.bytes_on_air == int(model.on_air(size, 1.0))
        assert sent.air_s == pytest.approx(sent.bytes_on_air * 8 / parameters.uplink_air.rate_bps)


def test_retransmissions_are_those_of_a_run(model: RadioModel) -> None:
    """Frames sent again by the run's own radio, over many messages, against the expectation that the model uses."""
    lossy = {"csp_north_lrr": {"frame_loss": {"p": 0.2}}}
    radio = make_wan("csp_north_lrr", load_parameters("csp_north_lrr", lossy), 5, np.zeros(1, np.int32), 4)
    frames = sum(radio.send(0, "up", 150, float(at)).frames for at in range(20_000))
    assert frames / 20_000 == pytest.approx(float(replace(model, frame_loss=0.2).sends_per_frame), rel=0.01)


def test_channels_are_in_proportion_to_load_and_inverse_to_rate(model: RadioModel) -> None:
    def need(changed: RadioModel) -> float:
        return float(channels_needed(changed, DAYS["B"], 12, compressed=False))

    assert need(replace(model, sites=model.sites * 2)) == pytest.approx(need(model) / 2)
    assert need(replace(model, rate_bps=model.rate_bps / 3)) == pytest.approx(need(model) * 3)
    assert need(replace(model, baseline_bytes_per_hour=0.0)) < need(model)


# ---------------------------------------------------------------------- the region


def test_a_small_part_of_what_might_be_gives_the_table(region: Region) -> None:
    assert 0.005 < region.share["loose"] < 0.02
    assert 0.001 < region.share["strict"] < region.share["loose"] / 2


def test_table_7_pins_baseline_and_ratio_on_the_air_and_nothing_else(region: Region) -> None:
    ratio = region.accepted["strict"]["on_air_ratio"]
    assert ratio.min() > 0.53 and ratio.max() < 0.78, "never a half"
    spread, prior = region.spreads["strict"], priors()
    for name in ("baseline_gb_per_hour", "message_ratio"):
        width = prior[name].hi - prior[name].lo
        assert spread[name].p95 - spread[name].p5 < 0.5 * width, f"{name} is pinned"
    for name in ("payload_bytes", "overhead_bytes", "sites", "frame_loss", "north_share"):
        width = prior[name].hi - prior[name].lo
        assert spread[name].p95 - spread[name].p5 > 0.8 * width, f"{name} keeps its prior"


def test_the_shipped_point_lies_in_the_region(model: RadioModel, region: Region) -> None:
    as_arrays = replace(model, message_ratio=np.array([model.message_ratio, 0.5]), payload_bytes=np.array([200, 200]))
    loose, strict = holds(as_arrays, DAYS)
    assert loose.tolist() == [True, True] and strict.tolist() == [True, False]
    assert (
        region.spreads["strict"]["baseline_gb_per_hour"].p5 < 6.5 < region.spreads["strict"]["baseline_gb_per_hour"].p95
    )


def test_the_same_seed_gives_the_same_region() -> None:
    one, two, other = map_region(20_000, seed=1), map_region(20_000, seed=1), map_region(20_000, seed=2)
    for reading in READINGS:
        assert one.spreads[reading] == two.spreads[reading]
    assert one.spreads["loose"] != other.spreads["loose"]
