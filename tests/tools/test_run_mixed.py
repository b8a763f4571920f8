from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bench import NAME, Bench, bench, emulated_esme, keys_of, meter, write_rig
from shell import Ended, meterfarm
from slots import RIG, SECONDS

from emulator.clock import utc_now
from rigs.link import MessageLink
from rigs.loading import load_rig
from rigs.session import open_rig

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


def run(at: Bench, *more: str) -> Ended:
    folder = at.folder.parent
    file = folder / "mixed.toml"
    file.write_text(f'name = "mixed"\n{SECONDS}{RIG}', encoding="utf-8")
    return meterfarm(
        "run", str(file), "--date", YESTERDAY, "--into", str(folder), "--rigs", str(at.folder), "--no-report", *more
    )


def lost(at: Bench) -> list[str]:
    """The leases that somebody still has."""
    return [file.name for file in at.state.glob("*.lease.json")]


def test_a_meter_on_a_terminal_among_emulated_ones(tmp_path: Path) -> None:
    core = meter(keys_of(tmp_path))
    with bench(tmp_path, core) as at:
        ended = run(at, "--json", "--trace")
    assert ended.code == 0, ended.err
    told = ended.json()
    trace = [json.loads(line) for line in (Path(told["run_folder"]) / "trace.jsonl").read_text().splitlines()]
    verdicts = {line["premises"]: line["decoded"]["mac"]["verdict"] for line in trace}
    assert verdicts == dict.fromkeys(range(4), "verified")
    assert told["status"] == "complete" and told["value_mismatches"] == 0
    assert told["reads"]["asked"] == told["reads"]["answered"] > 8
    (rig,) = told["rigs"]
    assert rig["rig"] == NAME and rig["reads"] == rig["answered"] >= 3 and rig["lost"] == ""
    lines = (Path(told["run_folder"]) / "rigs.jsonl").read_text().splitlines()
    assert len(lines) == 2 * rig["reads"] and {json.loads(line)["device"] for line in lines} == {rig["device"]}
    assert not core.discarded and not lost(at)
    assert [json.loads(file.read_text())["outcome"] for file in at.records()] == ["passed"]


def test_the_shipped_scenario_reads_a_meter_on_a_bench(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        shown = meterfarm("run", "mixed", "--date", YESTERDAY, "--into", str(tmp_path), "--rigs", str(at.folder))
    assert shown.code == 0, shown.err
    assert "Premises 2 (02-4D-46-00-00-00-00-01): not checked against the meter's memory" in shown.out
    assert "values came from rig bench-3" in shown.out
    assert "Every value that came back from an emulated meter equals what the meter held" in shown.out
    (page,) = tmp_path.glob("Run_*/report.html")
    assert "values came from rig bench-3" in page.read_text(encoding="utf-8")


@pytest.mark.long
def test_a_meter_that_hangs_fails_its_own_reads(tmp_path: Path) -> None:
    keys = keys_of(tmp_path)
    with emulated_esme(keys) as (process, address):
        write_rig(tmp_path / "bench", address, keys)
        at = Bench(tmp_path / "bench", tmp_path, lambda: None)
        process.send_signal(signal.SIGSTOP)
        try:
            told = run(at, "--json").json()
        finally:
            process.send_signal(signal.SIGCONT)
    (rig,) = told["rigs"]
    assert rig["answered"] == 0 < rig["reads"] and not lost(at)
    assert told["reads"]["answered"] == told["reads"]["asked"] - rig["reads"]
    assert {gap["reason"] for gap in told["gaps"]} == {
        "no answer after 2 attempts: rig bench-3: its device did not answer"
    }


def test_pulling_the_plug_ends_the_rig_s_reads_alone(tmp_path: Path) -> None:
    async def one_answer(link: MessageLink) -> None:
        for answer in meter(keys_of(tmp_path)).receive(await link.receive(), utc_now()):
            await link.send(answer)

    with bench(tmp_path, serve=one_answer) as at:
        ended = run(at, "--json")
        assert not lost(at)
        (record,) = at.records()
    told = ended.json()
    (rig,) = told["rigs"]
    assert ended.code == 0 and rig["answered"] <= 1 < rig["reads"]
    assert told["reads"]["answered"] == told["reads"]["asked"] - rig["reads"] + rig["answered"]
    causes = {(gap["leg"], gap["premises"]) for gap in told["gaps"]}
    assert causes == {("rig", 2)}
    assert all("port" in gap["reason"] for gap in told["gaps"])
    kept = json.loads(record.read_text())
    assert kept["outcome"] == "failed" and kept["first_cause"].startswith("its port was lost")
    assert [(one["name"], one["passed"]) for one in kept["measurements"]] == [("port_losses", False)]


def test_a_second_user_and_a_day_that_is_not_over(tmp_path: Path) -> None:
    async def both(at: Bench) -> Ended:
        async with open_rig(load_rig(NAME, at.folder)):
            return await asyncio.to_thread(run, at)

    with bench(tmp_path) as at:
        second = asyncio.run(both(at))
        early = run(at, "--date", datetime.now(UTC).date().isoformat())
    assert second.code == 1 and "bench-3 is leased by" in second.error()
    assert early.code == 2 and "name a day that is over" in early.error()
