"""``meterfarm rig soak``: over a terminal with faults, interrupted, unplugged; the ledger balances every time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_rigs import Lab, ezsp_lab, gfi_lab
from shell import meterfarm

FAULTY = ("--faults", "--fault-every", "1s")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with gfi_lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture
def lab(standing: Lab, tmp_path: Path) -> Lab:
    return standing.beside(tmp_path)


def soak(lab: Lab, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tools.cli", "rig", "soak", lab.name, "--rigs", str(lab.bench), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ledger_of(described: dict[str, Any]) -> dict[str, Any]:
    """The ledger that a soak wrote, which must say the same as what it printed."""
    ledger = json.loads(Path(described["ledger"]).read_text())
    assert {**ledger, "ledger": described["ledger"]}.items() >= described.items()
    return dict(ledger)


def is_free(lab: Lab) -> bool:
    """Whether nobody has the rig any more."""
    return not (lab.bench / ".state" / f"{lab.name}.lease.json").exists()


def outcomes(lab: Lab) -> list[str]:
    """What the records of the rig say."""
    return [
        json.loads(file.read_text())["outcome"] for file in sorted((lab.bench / ".state" / "records").glob("*.json"))
    ]


def balances(ledger: dict[str, Any]) -> bool:
    """Whether each read has one entry, with a verdict and, unless it was answered at once, a cause."""
    verdicts = [entry["verdict"] for entry in ledger["entries"]]
    assert [entry["number"] for entry in ledger["entries"]] == list(range(1, ledger["reads"] + 1))
    assert all(entry["cause"] or entry["verdict"] == "answered" for entry in ledger["entries"])
    return all(ledger[name] == verdicts.count(name) for name in ("answered", "retried", "lost", "interrupted"))


def test_faults_every_other_second(lab: Lab) -> None:
    ended = meterfarm("rig", "soak", lab.name, "--rigs", str(lab.bench), "--for", "6s", *FAULTY, "--json")
    described = json.loads(ended.out)
    ledger = ledger_of(described)
    assert balances(ledger) and ledger["reads"] >= 10 and sum(ledger["faults"].values()) >= 4
    assert ledger["retried"] + ledger["lost"] >= 1
    assert ended.code == (1 if ledger["lost"] else 0), ended.err
    assert is_free(lab)


@pytest.mark.long
def test_half_an_hour_with_a_fault_every_five_seconds(lab: Lab) -> None:
    ended = meterfarm("rig", "soak", lab.name, "--rigs", str(lab.bench), "--for", "30m", "--faults", "--json")
    ledger = ledger_of(json.loads(ended.out))
    assert balances(ledger) and ledger["took_s"] >= 1800 and sum(ledger["faults"].values()) >= 200
    assert ledger["lost"] <= ledger["reads"] / 100, ledger["lost_because"]
    assert is_free(lab)


@pytest.mark.long
def test_over_a_dongle_the_han_comes_back(tmp_path: Path) -> None:
    with ezsp_lab(tmp_path) as made:
        options = ("--for", "40s", "--faults", "--fault-every", "8s", "--json")
        ledger = ledger_of(meterfarm("rig", "soak", made.name, "--rigs", str(made.bench), *options).json())
    assert balances(ledger) and ledger["reads"] >= 20 and ledger["lost"] <= 1 and is_free(made)


def test_ctrl_c_prints_the_ledger_so_far(lab: Lab) -> None:
    with soak(lab, "--for", "10m", "--json") as process:
        try:
            counters = lab.bench / ".state" / f"{lab.name}.counters.json"
            while not counters.exists():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 130 and err == "interrupted\n"
    ledger = ledger_of(json.loads(out))
    assert ledger["ended_early"] and ledger["lost"] == 0 and ledger["interrupted"] <= 1
    assert balances(ledger) and is_free(lab) and outcomes(lab) == ["interrupted"]


def test_a_line_that_is_not_there_leaves_a_record_and_no_ledger(lab: Lab) -> None:
    lab.write(link={"kind": "gfi", "port": str(lab.folder / "gone")})
    ended = meterfarm("rig", "soak", lab.name, "--rigs", str(lab.bench), "--for", "2s", "--json")
    assert ended.code == 1 and "cannot be opened" in ended.err
    assert is_free(lab) and outcomes(lab) == ["no port"] and not list((lab.bench / ".state").glob("*.soak-*"))


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    assert "'soon' is no time" in meterfarm("rig", "soak", "bench-1", "--for", "soon", "--rigs", str(tmp_path)).error()
