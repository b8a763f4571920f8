"""``run --pcap`` and ``decode --pcap``: files there and back, and what goes wrong in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import worked_example as example
from captured import HUB, METER, CapturedHan
from shell import meterfarm

from tools.capture import keys_file


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A capture of a run, and the run's folder."""
    folder = tmp_path_factory.mktemp("run")
    path = folder / "han.pcap"
    ended = meterfarm(
        "run", "--premises", "8", "--into", str(folder), "--pcap", str(path), "--trace", "--no-report", "--json"
    )
    assert ended.code == 0, ended.err
    return path, Path(json.loads(ended.out)["run_folder"])


def test_a_capture_holds_the_messages_of_the_trace(captured: tuple[Path, Path]) -> None:
    path, folder = captured
    found = meterfarm("decode", "--pcap", str(path), "--json").json()
    traced = [json.loads(line) for line in (folder / "trace.jsonl").read_text(encoding="utf-8").splitlines()]
    came = sorted(
        (one["decoded"]["use_case"], one["decoded"]["mac"]["value"]) for one in traced if one["direction"] == "up"
    )
    on_han = sorted((one["use_case"], one["mac"]["value"]) for one in found["messages"])
    assert len(came) > 8 and set(came) <= set(on_han)
    assert found["frames"] > 100 and found["frames_not_decrypted"] == found["frames_of_another_kind"] == 0
    assert {one["han"]["tunnel_id"] for one in found["messages"]} == {1}


def test_a_run_is_the_same_with_and_without_a_capture(captured: tuple[Path, Path], tmp_path: Path) -> None:
    plain = meterfarm("run", "--premises", "8", "--into", str(tmp_path), "--no-report", "--json").json()
    summary = json.loads((captured[1] / "summary.json").read_text(encoding="utf-8"))
    assert plain["message_sha256"] == summary["message_sha256"]


def test_the_same_run_gives_the_same_capture(captured: tuple[Path, Path], tmp_path: Path) -> None:
    again = tmp_path / "again.pcap"
    meterfarm("run", "--premises", "8", "--into", str(tmp_path), "--pcap", str(again), "--no-report", "--json")
    assert again.read_bytes() == captured[0].read_bytes()
    assert keys_file(again).read_bytes() == keys_file(captured[0]).read_bytes()


def test_a_person_sees_trees_and_counts(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "a.pcap")
    han.send(HUB, METER, example.ECS17B_COMMAND)
    han.send(METER, HUB, b"\xdd\x00 no message")
    ended = meterfarm("decode", "--pcap", str(han.close()))
    assert ended.code == 0 and "ECS17b command" in ended.out and "aps_fragments: 3" in ended.out
    assert "error: " in ended.out and "frames not decrypted: 0" in ended.out


def test_keys_may_stand_in_another_file(tmp_path: Path) -> None:
    han = CapturedHan(tmp_path / "a.pcap")
    han.send(HUB, METER, example.ECS17B_COMMAND)
    path = han.close()
    moved = keys_file(path).rename(tmp_path / "elsewhere")
    closed = meterfarm("decode", "--pcap", str(path), "--json").json()
    assert closed["messages"] == [] and closed["frames_not_decrypted"] == closed["frames"]
    opened = meterfarm("decode", "--pcap", str(path), "--keys-file", str(moved), "--json").json()
    assert [one["use_case"] for one in opened["messages"]] == ["ECS17b"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("decode",), "decode a message or, with --pcap, a capture"),
        (("decode", "dd00", "--pcap", "x"), "decode a message or, with --pcap, a capture"),
        (("decode", "--pcap", "none.pcap"), "No such file"),
        (("run", "--pcap", "no/such/x.pcap"), "there is no such directory"),
    ],
)
def test_mistakes_are_one_line(arguments: tuple[str, ...], what: str) -> None:
    ended = meterfarm(*arguments)
    assert ended.code == 2 and what in ended.error()


def test_without_scapy_the_extra_is_named_and_everything_else_works(tmp_path: Path) -> None:
    """In a process that cannot import scapy."""
    code = (
        "import sys; sys.modules['scapy'] = None\n"
        "from tools.cli import main\n"
        f"assert main(['decode', '{example.ECS17B_COMMAND.hex()}']) == 0\n"
        f"sys.exit(main(['run', '--premises', '3', '--into', {str(tmp_path)!r}, '--pcap', {str(tmp_path / 'x')!r}]))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert ended.stderr == "error: captures need scapy: install meterfarm with the extra `capture`\n"
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_capture_does_not_load_scapy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom tools.cli import main\n"
        f"main(['run', '--premises', '3', '--into', {str(tmp_path)!r}, '--no-report', '--json'])\n"
        "sys.exit(any(name.partition('.')[0] == 'scapy' for name in sys.modules))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr


def test_blocks_are_in_trace_and_capture(tmp_path: Path) -> None:
    """A hub that takes 400 bytes at a time: most answers come in blocks."""
    scenario, path = tmp_path / "small.toml", tmp_path / "small.pcap"
    text = 'name = "small"\npremises = 6\n[networks.overrides]\ncomms_hub = { message_bytes = { value = 400 } }\n'
    scenario.write_text(text, encoding="utf-8")
    ended = meterfarm(
        "run", str(scenario), "--into", str(tmp_path), "--pcap", str(path), "--trace", "--no-report", "--json"
    )
    summary = ended.json()
    assert ended.code == 0 and summary["value_mismatches"] == 0
    lines = (Path(summary["run_folder"]) / "trace.jsonl").read_text(encoding="utf-8").splitlines()
    traced = [json.loads(line)["decoded"] for line in lines]
    assert any(one["payload"]["family"] == "GBT block" for one in traced)
    found = meterfarm("decode", "--pcap", str(path), "--json").json()["messages"]
    joined = [one for one in found if "gbt_blocks" in one["han"]]
    assert joined and all(one["han"]["bytes"] > 400 and one["mac"] for one in joined)
    assert all(one["han"]["bytes"] <= 400 for one in found if one not in joined)
