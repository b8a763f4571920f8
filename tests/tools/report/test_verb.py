"""``meterfarm report``: files, output and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.run_folder import RunFolder
from tools.cli import VERBS, main


def test_the_report_is_written_and_its_path_is_all_that_json_holds(
    killed_run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(killed_run.path), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and set(json.loads(out)) == {"report"}
    report = Path(json.loads(out)["report"])
    assert report.is_absolute() and report.parent == killed_run.path
    assert report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_without_json_the_path_is_one_line(killed_run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(killed_run.path)]) == 0
    assert capsys.readouterr().out == f"{killed_run.path / 'report.html'}\n"


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_folder_without_a_run_is_a_wrong_call(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / name)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and "no run folder" in err


def test_help_begins_with_the_line_of_the_verb_list_and_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--help"]) == 0
    out = capsys.readouterr().out
    assert VERBS["report"] in out and "Example: meterfarm report Run_" in out
