from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest
from bench import NAME, Bench, bench, emulated_esme, keys_of, meter, write_rig
from shell import Ended, meterfarm

from emulator.clock import utc_now
from firmware_profiles import load
from rigs.link import MessageLink
from rigs.loading import load_rig
from rigs.session import open_rig

QUICK = "[reading]\nattempts = { value = 1 }\nanswer_timeout_s = { value = 0.3 }\n"


def compare(at: Bench, *more: str) -> Ended:
    return meterfarm(
        "rig", "compare", NAME, "--rigs", str(at.folder), "--stub", str(at.folder.parent / "found.toml"), *more
    )


def test_a_meter_that_follows_its_profile_is_its_twin_s_equal(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        ended = compare(at, "--json", "--capture", str(tmp_path / "messages.jsonl"))
    assert ended.code == 0, ended.err
    told = ended.json()
    assert not told["differs"] and told["stub"] is None and len(told["probes"]) == 13 and not told["skipped"]
    lines = [json.loads(line) for line in (tmp_path / "messages.jsonl").read_text().splitlines()]
    assert [line["direction"] for line in lines].count("up") >= 13
    (record,) = at.records()
    assert record == Path(told["record"]) and json.loads(record.read_text())["outcome"] == "passed"
    assert not list(at.state.glob("*.lease.json"))


@pytest.mark.parametrize("name", ["slow-clock", "gap-after-power-cut"])
def test_a_deviating_firmware_is_found_and_drafted(name: str, tmp_path: Path) -> None:
    core = meter(keys_of(tmp_path), load(name), cut_yesterday=name.startswith("gap"))
    with bench(tmp_path, core) as at:
        ended = compare(at)
        again = compare(at, "--json")
    assert ended.code == 1 and "the device differs from its twin in" in ended.error()
    assert "draft" in ended.out and "first difference" in ended.out
    found = load(tmp_path / "found.toml")
    if name == "slow-clock":
        assert found.clock.drift_ppm.value < -40 and not found.deviations
        assert [one["field"] for one in again.json()["differences"]] == ["clock: offset"]
    else:
        assert [one.name for one in found.deviations] == ["drop_rows_after_power_cut"]
        assert {one["device"] for one in again.json()["differences"]} == {"missing"}
    assert json.loads(at.records()[0].read_text())["outcome"] == "failed"


def test_a_silent_meter_is_one_line_and_leaves_a_record(tmp_path: Path) -> None:
    async def silent(link: MessageLink) -> None:
        while True:
            await link.receive()

    with bench(tmp_path, serve=silent, more=QUICK) as at:
        ended = compare(at)
    assert ended.code == 1 and "no answer from 02-4D-46" in ended.error() and "is the device powered" in ended.err
    assert json.loads(at.records()[0].read_text())["outcome"] == "broken"
    assert not list(at.state.glob("*.lease.json"))


def test_a_line_that_is_unplugged_in_the_middle_ends_it(tmp_path: Path) -> None:
    answered = 0

    async def unplugged(link: MessageLink) -> None:
        nonlocal answered
        core = meter(keys_of(tmp_path))
        while answered < 3:
            for answer in core.receive(await link.receive(), utc_now()):
                await link.send(answer)
            answered += 1

    with bench(tmp_path, serve=unplugged) as at:
        ended = compare(at)
    assert ended.code == 1 and "error" in ended.err and ended.err.count("\n") == 1
    assert json.loads(at.records()[0].read_text())["first_cause"].startswith("PortLost")
    assert not list(at.state.glob("*.lease.json"))


def test_a_second_user_is_told_who_has_the_rig(tmp_path: Path) -> None:
    async def both(at: Bench) -> Ended:
        async with open_rig(load_rig(NAME, at.folder)):
            return await asyncio.to_thread(compare, at)

    with bench(tmp_path) as at:
        second = asyncio.run(both(at))
        after = compare(at)
    assert second.code == 1 and "bench-3 is leased by" in second.error()
    assert json.loads(at.records()[0].read_text())["outcome"] == "refused"
    assert after.code == 0, after.err


def test_a_meter_that_hangs_is_one_line_and_goes_on_afterwards(tmp_path: Path) -> None:
    keys = keys_of(tmp_path)
    with emulated_esme(keys) as (process, address):
        write_rig(tmp_path / "bench", address, keys, more=QUICK)
        at = Bench(tmp_path / "bench", tmp_path, lambda: None)
        process.send_signal(signal.SIGSTOP)
        try:
            hanging = compare(at)
        finally:
            process.send_signal(signal.SIGCONT)
        write_rig(tmp_path / "bench", address, keys)
        after = compare(at, "--json")
    assert hanging.code == 1 and "no answer from" in hanging.error()
    assert [json.loads(file.read_text())["outcome"] for file in at.records()] == ["broken", "passed"]
    assert after.code == 0, after.err
    assert not list(at.state.glob("*.lease.json"))


def test_a_rig_that_nobody_knows_and_a_file_that_cannot_be(tmp_path: Path) -> None:
    write_rig(tmp_path / "bench", "/dev/nothing", keys_of(tmp_path))
    unknown = meterfarm("rig", "compare", "bench-9", "--rigs", str(tmp_path / "bench"))
    assert unknown.code == 2 and "'bench-9' is no rig" in unknown.error()
    lost = meterfarm("rig", "compare", NAME, "--rigs", str(tmp_path / "bench"))
    assert lost.code == 1 and "nothing of that name is plugged in" in lost.error()
