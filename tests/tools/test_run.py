"""The verb: what it prints, what it leaves, how it ends. An independent reader finds the same values in its trace."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from independent import read_response

from emulator.farm import ROLES
from emulator.population import populate
from emulator.scenario import load_scenario
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from tools.cli import main

ENOUGH_S = 120


def meterfarm(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tools.cli", *arguments]


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    code = main(["run", "--json", *arguments])
    printed = capsys.readouterr()
    return code, json.loads(printed.out), printed.err


def test_json_is_one_object_with_the_documented_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, summary, _ = run_json(capsys, "--premises", "40", "--into", str(tmp_path))
    assert code == 0
    assert {
        "seed", "premises", "reads", "value_mismatches", "gaps", "bytes", "message_sha256", "run_folder", "wall_s",
        "reads_per_s",
    } <= set(summary)  # fmt: skip
    assert set(summary["reads"]) == {"asked", "answered", "within_trt"} and set(summary["bytes"]) == {"up", "down"}
    assert summary["premises"] == 40 and summary["value_mismatches"] == 0
    assert re.fullmatch("[0-9a-f]{64}", summary["message_sha256"])
    assert summary["reads"]["asked"] >= summary["reads"]["answered"] >= summary["reads"]["within_trt"] > 30


def test_the_folder_holds_everything_and_the_scenario_gives_the_same_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, summary, _ = run_json(
        capsys, "--premises", "30", "--seed", "9", "--into", str(tmp_path), "--parquet", "--trace"
    )
    folder = Path(summary["run_folder"])
    names = {path.name for path in folder.iterdir()}
    assert code == 0
    assert names == {"scenario.toml", "summary.json", "results.duckdb", "trace.jsonl", "report.html", "parquet"}
    assert {path.stem for path in (folder / "parquet").iterdir()} >= {"reads", "values_read", "gaps", "completeness"}
    assert json.loads((folder / "summary.json").read_text())["message_sha256"] == summary["message_sha256"]
    _, again, _ = run_json(capsys, str(folder / "scenario.toml"), "--into", str(tmp_path))
    assert again["message_sha256"] == summary["message_sha256"] and again["run_folder"] != summary["run_folder"]


def test_an_independent_reader_finds_the_same_values_in_the_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``struct`` and ``cryptography`` alone, on the bytes of every answer: the same rows that the store holds."""
    _, summary, _ = run_json(capsys, "--premises", "50", "--into", str(tmp_path), "--trace")
    folder = Path(summary["run_folder"])
    scenario = load_scenario(folder / "scenario.toml")
    organisations = {party.eui: ROLES[party.role] for party in populate(scenario).parties()}
    organisations[DCC_ACB] = RemotePartyRole.ACCESS_CONTROL_BROKER
    secret = SeededKeyStore(scenario.key_seed, organisations).shared_secret
    lines = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    answers = [line for line in lines if line["direction"] == "up"]
    read: dict[tuple[int, str], set[tuple[int, int]]] = {}
    for line in answers:
        kind, rows = read_response(bytes.fromhex(line["hex"]), None, secret)
        if kind == "rows" and line["use_case"] in ("ECS22a", "ECS22b"):
            found = read.setdefault((line["premises"], line["use_case"]), set())
            found.update((row[0], row[1]) for row in rows)
    with duckdb.connect(str(folder / "results.duckdb"), read_only=True) as db:
        stored = db.execute(
            "SELECT premises, channel, (epoch(stamp) - epoch(TIMESTAMP '2000-01-01'))::BIGINT, value FROM values_read"
            " JOIN premises USING (premises) WHERE channel IN ('active_import', 'active_export') AND csp <> 'smets1'"
        ).fetchall()
    kept: dict[tuple[int, str], set[tuple[int, int]]] = {}
    for premises, channel, stamp, value in stored:
        use_case = "ECS22b" if channel == "active_import" else "ECS22a"
        kept.setdefault((premises, use_case), set()).add((stamp, value))
    assert len(answers) > 40 and kept == {key: rows for key, rows in read.items() if rows}
    assert {line["decoded"]["mac"]["verdict"] for line in lines} == {"verified"}


def test_the_summary_on_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--premises", "30", "--into", str(tmp_path), "--no-report"]) == 0
    printed = capsys.readouterr()
    assert "4.8.1 ECS22b" in printed.out and "Every value that came back equals what the meter held" in printed.out
    assert "the log holds 93 days and the row is older" in " ".join(printed.out.split())
    assert not list(tmp_path.glob("Run_*/report.html"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("premises = 0\n", "premises"),
        ("[populaton]\n", "populaton"),
        ('[population.wan]\ncsp_north = { lte = 1.0 }\n', "population.wan.csp_north"),
        ("[networks.overrides]\ncsp_north_lrr = { frame_los = { p = 0.1 } }\n", "csp_north_lrr.frame_los"),
        ("[retry]\ncsp_north = { tries = 5 }\n", "retry.csp_north.tries"),
        ("[windows]\ncsp_north = { mhhs = { start = \"20:00\", end = \"08:00\" } }\n", "windows"),
        ("this is no toml", "TOML"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_scenario_is_one_line(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"{text}" if text.startswith("this") else f'name = "mine"\n{text}', encoding="utf-8")
    code = main(["run", str(file), "--into", str(tmp_path)])
    error = capsys.readouterr().err
    assert code == 2 and error.startswith("error: ") and error.count("\n") == 1
    assert said in error and "mine" in error


@pytest.mark.parametrize(
    "arguments", [["--date", "2026-13-01"], ["--premises", "-4"], ["--clock", "fast"], ["nowhere.toml"]]
)
def test_a_wrong_argument_is_one_line(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *arguments, "--into", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1


def test_ctrl_c_leaves_a_readable_run_that_says_it_is_incomplete(tmp_path: Path) -> None:
    """A run in scaled time, interrupted from outside once its first reads are in the store's folder."""
    process = subprocess.Popen(
        meterfarm("run", "--premises", "60", "--clock", "scaled=20000", "--into", str(tmp_path), "--json", "--trace"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert _is_true(lambda: bool(list(tmp_path.glob("Run_*/summary.json"))), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=ENOUGH_S)
    [folder] = tmp_path.glob("Run_*")
    assert process.returncode == 130, err
    assert json.loads(out)["status"] == "interrupted"
    assert json.loads((folder / "summary.json").read_text())["status"] == "interrupted"
    assert b"Traceback" not in err and b"interrupted" in err
    assert "interrupted" in (folder / "report.html").read_text().lower()
    with duckdb.connect(str(folder / "results.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM reads").fetchone() is not None


def _is_true(condition: Any, process: subprocess.Popen[bytes]) -> bool:
    """Wait for a state of the file system; false where the process ends first."""
    while process.poll() is None:
        if condition():
            return True
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    return bool(condition())


def test_every_shipped_scenario_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("default", "lossy", "spring_forward", "fall_back"):
        code, summary, _ = run_json(capsys, name, "--premises", "25", "--into", str(tmp_path), "--no-report")
        assert (code, summary["value_mismatches"], summary["scenario"]) == (0, 0, name)


def test_keys_are_in_no_file_of_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither secrets nor private keys; the trace holds messages, the report nothing that opens them."""
    _, summary, _ = run_json(capsys, "--premises", "20", "--into", str(tmp_path), "--trace")
    folder = Path(summary["run_folder"])
    scenario = load_scenario(folder / "scenario.toml")
    keys = SeededKeyStore(scenario.key_seed, {DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER})
    secret = keys.shared_secret(DCC_ACB, populate(scenario).esme(0))
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert secret not in content and secret.hex().encode() not in content.lower(), path.name
    assert not re.search(r"key_seed\s*=\s*\d", (folder / "report.html").read_text())
