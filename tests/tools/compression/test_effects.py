"""Pairs of runs, intervals over seeds, two run folders compared, and the pages made of them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest
from shell import meterfarm

from tools.compression.effects import Arm, Effects, Estimate, run_arm


def test_estimates_have_the_interval_of_student() -> None:
    assert Estimate.of([0.5]) == Estimate(0.5, None)
    one = Estimate.of([1.0, 3.0])
    assert (one.mean, one.half_width) == (2.0, pytest.approx(12.71))
    assert Estimate.of([1.0, 1.0, 1.0]).half_width == 0


@cache
def arm(codec: str) -> Arm:
    return run_arm(codec, 1000, 25, 1)


def test_a_pair_differs_in_bytes_on_the_wan_alone() -> None:
    without, with_ = arm("none"), arm("header_context")
    effects = Effects("header_context", ((without, with_),))
    assert effects.networks() and without.value_mismatches == with_.value_mismatches == 0
    for network in effects.networks():
        for direction in ("down", "up"):
            assert effects.ratio(network, direction, "message_bytes").mean == 1
            assert effects.ratio(network, direction, "datagram_bytes").mean < 1
            assert effects.ratio(network, direction, "air_s").mean < 1
        before, change = effects.latency_change_s(network, "p50_s")
        assert before.mean > 0 and abs(change.mean) < before.mean
    assert with_.compression["hub_context_bytes_mean"] > 50


def test_two_run_folders_are_compared(tmp_path: Path) -> None:
    folders = []
    for codec in ("none", "zstd_dictionary"):
        asked = (
            "run",
            "--premises",
            "25",
            "--compression",
            codec,
            "--into",
            str(tmp_path / codec),
            "--no-report",
            "--json",
        )
        folders.append(meterfarm(*asked).json()["run_folder"])
    ended = meterfarm("compress", "--compare", *folders, "--into", str(tmp_path), "--json")
    found = ended.json()
    assert (ended.code, found["codec"], found["value_mismatches"]) == (0, "zstd_dictionary", 0)
    ratios = {(row["direction"], row["layer"]): row["mean"] for row in found["layers"]}
    assert ratios["down", "datagram_bytes"] < 0.9 and ratios["up", "datagram_bytes"] < 0.95
    page = Path(found["study"])
    assert "Two runs compared" in page.read_text("utf-8")
    assert (page.parent / "tables" / "layers_zstd_dictionary.csv").is_file()
    assert "· In 2 runs every value came back" in meterfarm("compress", "--compare", *folders, "--no-report").out


def test_a_folder_that_is_no_run_is_named_and_none_stands_beside_itself(tmp_path: Path) -> None:
    ended = meterfarm("compress", "--compare", str(tmp_path), str(tmp_path))
    assert ended.code == 2 and "cannot be compared with itself" in ended.error()
    ended = meterfarm("compress", "--compare", str(tmp_path), str(tmp_path.parent))
    assert ended.code == 2 and f"{tmp_path} is no run folder" in ended.error()


def test_the_study_states_what_was_measured(tmp_path: Path) -> None:
    asked = ("--devices", "2", "--workers", "1", "--codec", "header_context", "--codec", "zstd_dictionary")
    ended = meterfarm("compress", *asked, "--codec", "header_context_rows", "--into", str(tmp_path), "--json")
    page = Path(ended.json()["study"])
    text = page.read_text("utf-8")
    for said in (
        "no lossless scheme without keys",
        "An MDR&#39;s command for a daily 4.8.1 has 612 bytes",
        "50 % of the",
        "A13 (compression is in scope",
        "nobody is at home",
    ):
        assert said in text, said
    with (page.parent / "tables" / "header_context.csv").open() as file:
        rows = {(row["use_case"], row["role"]): float(row["ratio"]) for row in csv.DictReader(file)}
    assert 0.3 < rows["ECS22b", "MDR"] < 0.42 and 0.55 < rows["ECS22b", "supplier"] < 0.65
    with (page.parent / "tables" / "needs.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 18
