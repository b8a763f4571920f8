"""``meterfarm compress``: from every kind of corpus, for scripts and for people."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import one_meter
import pytest
from reference_set import rtds_home
from shell import Ended, meterfarm

from gbcs import eui64

FIGURES = {"n", "ratio", "floor", "encode_us", "decode_us"}


def compress(*arguments: str) -> Ended:
    """The verb, without its page."""
    return meterfarm("compress", "--no-report", *arguments)


@cache
def made() -> Ended:
    codecs = ("header_context", "header_context_rows", "zstd_dictionary", "deflate", "zstd_stream")
    asked = [part for name in codecs for part in ("--codec", name)]
    return compress("--devices", "3", "--workers", "1", "--json", *asked)


def test_the_json_holds_the_figures_by_use_case_direction_role_and_codec() -> None:
    found = made().json()
    assert (made().code, found["status"]) == (0, "complete")
    assert {row["codec"] for row in found["rows"]} >= {"header_context", "zstd_dictionary", "payload"}
    for row in found["rows"]:
        assert row.keys() >= FIGURES | {"use_case", "direction", "role", "kind", "codec", "on_air"}
        assert row["n"] == 3 and 0 < row["ratio"] < 1.02 and 0 <= row["floor"] <= 1
    daily = [row for row in found["rows"] if row["use_case"] == "ECS22b" and row["codec"] == "header_context"]
    assert {(row["role"], row["kind"], row["direction"]) for row in daily} == {
        (role, kind, direction)
        for role in ("supplier", "MDR")
        for kind in ("single", "twin", "error")
        for direction in ("down", "up")
    }


def test_every_placement_mix_and_batch_is_there() -> None:
    found = made().json()
    assert [place["placement"] for place in found["placements"]] == ["a", "b", "c", "d", "e"]
    assert all(place["rows"] for place in found["placements"])
    assert len({row["mix"]["name"] for row in found["mixes"]}) == 6
    assert {row["place"] for row in found["batches"]} == {"backhaul, 100 hubs", "one hub, its day"}
    assert found["not_modelled"] and found["assumptions"]


def test_framing_makes_ratios_worse_where_frames_have_a_price() -> None:
    rows = [row for row in made().json()["directions"] if row["codec"] == "header_context"]
    assert rows
    for row in rows:
        assert row["on_air"]["2G"] > row["ratio"]


def test_a_person_gets_tables_that_fit() -> None:
    ended = compress("--devices", "1", "--workers", "1", "--codec", "header_context")
    assert ended.code == 0 and ended.err == ""
    assert "4.8.1 ECS22b" in ended.out and "What 50 % needs" in ended.out
    assert "…" not in ended.out


def test_the_reference_set_as_a_corpus() -> None:
    found = compress(str(rtds_home()), "--workers", "1", "--codec", "header_context", "--json").json()
    rows = {(row["use_case"], row["role"], row["kind"], row["direction"]): row for row in found["rows"]}
    assert rows["ECS22b", "known party", "single", "up"]["floor"] == pytest.approx(426 / 552, abs=1e-3)
    assert rows["ECS21b", "unknown party", "", "down"]["raw_bytes"] == 612
    assert found["messages"] > 800 and found["skipped"] == 0


def trace(tmp_path: Path) -> Path:
    """A trace of two meters, as a run writes it."""
    asker, meter = one_meter.Asker(), one_meter.meter()
    lines = []
    for premises in (1, 2):
        for use_case in ("ECS22b", "ECS22a"):
            command = asker.command(use_case)
            for direction, message in (("down", command), *(("up", a) for a in meter.receive(command, one_meter.NOW))):
                row = {"t": 0.0, "direction": direction, "premises": premises, "device": eui64.show(one_meter.METER)}
                lines.append(json.dumps({**row, "srv": "", "use_case": use_case, "hex": message.hex()}))
    (tmp_path / "trace.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def test_a_run_folder_as_a_corpus(tmp_path: Path) -> None:
    found = compress(str(trace(tmp_path)), "--workers", "1", "--codec", "lz4", "--json").json()
    assert (found["messages"], found["conversations"], found["skipped"]) == (8, 2, 0)


def test_a_dictionary_is_left_out_where_there_is_too_little_to_train_on(tmp_path: Path) -> None:
    asked = ("--codec", "zstd_dictionary", "--codec", "lz4", "--workers", "1", "--json")
    ended = compress(str(trace(tmp_path)), *asked)
    assert [note for note in ended.json()["notes"] if "left out zstd_dictionary" in note]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--codec", "gzip"], "codec 'gzip' is not known (allowed: fast, all, header_context,"),
        (["/nowhere"], "/nowhere holds no messages"),
        (["--devices", "0"], "--devices"),
    ],
)
def test_a_wrong_call_is_one_line(arguments: list[str], said: str) -> None:
    ended = compress(*arguments)
    assert ended.code == 2 and said in ended.error()


def test_a_broken_trace_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "trace.jsonl").write_text('{"hex": "zz"}\n', "utf-8")
    assert "line 1 is no line of a trace" in compress(str(tmp_path)).error()


def test_a_run_without_a_trace_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}", "utf-8")
    assert "run --trace" in compress(str(tmp_path)).error()
