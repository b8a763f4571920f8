"""Run folders: named by their start, never overwritten, readable at any moment, with a trace that can be read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.run_folder import RunFolder, create, open_folder, versions
from emulator.scenario import dump, load_scenario
from gbcs.errors import LocalError

STARTED = datetime(2026, 11, 24, 15, 4, 5, tzinfo=UTC)


def test_a_folder_is_named_by_its_start_and_holds_the_scenario(tmp_path: Path) -> None:
    scenario = load_scenario(premises=3)
    folder = create(tmp_path / "runs", dump(scenario), started=STARTED)
    assert folder.path == tmp_path / "runs" / "Run_2026-11-24_15-04-05"
    assert load_scenario(folder.path / "scenario.toml") == scenario


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    names = [create(tmp_path, "", started=STARTED).path.name for _ in range(3)]
    assert names == ["Run_2026-11-24_15-04-05", "Run_2026-11-24_15-04-05_2", "Run_2026-11-24_15-04-05_3"]


def test_a_summary_is_replaced_at_one_stroke_and_says_its_status(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_summary({"reads": 1, "status": "not this one"}, status="running")
    assert folder.read_summary() == {"status": "running", "reads": 1}
    folder.write_summary({"reads": 2}, status="complete")
    assert open_folder(tmp_path).read_summary() == {"status": "complete", "reads": 2}
    assert [file.name for file in tmp_path.iterdir()] == ["summary.json"]


def test_what_is_no_run_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"is no run folder: it holds no summary\.json"):
        open_folder(tmp_path)
    for content, what in ((b"{", "cannot be read"), (b"[1]", "holds no JSON object"), (b"\xff", "cannot be read")):
        (tmp_path / "summary.json").write_bytes(content)
        with pytest.raises(LocalError, match=what):
            open_folder(tmp_path)


def test_the_versions_name_what_decides_bytes_and_results() -> None:
    found = versions()
    assert {"python", "meterfarm", "construct", "cryptography", "numpy", "duckdb", "openssl"} <= set(found)
    assert all(found.values())


def test_a_trace_is_one_json_object_a_line(tmp_path: Path) -> None:
    with RunFolder(tmp_path).trace() as trace:
        trace.write(848_901_600.25, "down", 7, "02-4D", "4.8.1", "ECS22b", b"\xdd\x00")
        trace.write(848_901_601, "up", 7, "02-4D", "4.8.1", "ECS22b", b"", {"values": [1, "a\nb"]})
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert lines[0] == {
        "t": 848_901_600.25, "direction": "down", "premises": 7, "device": "02-4D", "srv": "4.8.1",
        "use_case": "ECS22b", "hex": "dd00",
    }  # fmt: skip
    assert lines[1]["decoded"] == {"values": [1, "a\nb"]} and lines[1]["t"] == 848_901_601.0
