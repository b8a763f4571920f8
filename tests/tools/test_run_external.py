from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from shell import meterfarm

from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.counters import OriginatorCounters
from emulator.farm import ROLES
from emulator.population import Population, populate
from emulator.scenario import load_scenario
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from gbcs.times import DAY_S, HALF_HOUR_S, from_datetime
from rigs.blocks import BlockLink
from rigs.gfi import GfiLink
from rigs.ports.opening import open_port
from rigs.reading import Reading, RigReader

TEXT = 'name = "ours"\nhead_end = "external"\nclock = "real"\npremises = 3\npopulation.smets1_share = 0.0\n'
DAY = int(from_datetime(datetime.combine(load_scenario().date, time(), UTC)))


@dataclass
class Outside:
    """A head-end that is not the run's: its keys come from the same seed."""

    population: Population
    keys: SeededKeyStore
    broker: AccessControlBroker

    @classmethod
    def of(cls, file: Path) -> Outside:
        population = populate(load_scenario(file))
        roles = {party.eui: ROLES[party.role] for party in population.parties()}
        keys = SeededKeyStore(162, {**roles, DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER})
        return cls(population, keys, AccessControlBroker(DCC_ACB, keys, OriginatorCounters()))

    def supplier(self, premises: int) -> bytes:
        parties = [party.eui for party in self.population.parties() if party.role == "IS"]
        return parties[self.population.import_supplier[premises]]


@contextmanager
def external_run(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str, Outside]]:
    """The command in a process of its own, listening; it is interrupted at the end."""
    file = folder / "external.toml"
    file.write_text(TEXT, encoding="utf-8")
    arguments = [sys.executable, "-m", "tools.cli", "run", str(file), "--into", str(folder), "--json", "--no-report"]
    process = subprocess.Popen([*arguments, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"listening on (\S+)", said)
        assert found, said + process.stderr.read()
        yield process, found[1], Outside.of(file)
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=90)
    assert out, err
    return process.returncode, json.loads(out)


def ask(address: str, premises: int, outside: Outside, body: Callable[[RigReader], Awaitable[Any]]) -> Any:
    async def talk() -> Any:
        port = await open_port(address.replace("tcp:", "socket:") if address.startswith("tcp:") else address[4:])
        link = BlockLink(GfiLink(port, outside.population.esme(premises)))
        try:
            async with RigReader(link, outside.keys, OriginatorCounters(), rig="theirs", is_emulated=True) as reader:
                return await body(reader)
        finally:
            await link.close()

    return asyncio.run(asyncio.wait_for(talk(), 120))


def test_an_external_head_end_reads_our_meters_and_what_does_not_hold_ends_in_1(tmp_path: Path) -> None:
    with external_run(tmp_path) as (process, address, outside):
        user = outside.supplier(2)
        bounds = DAY + HALF_HOUR_S, DAY + DAY_S

        async def right_and_wrong(reader: RigReader) -> Reading:
            reading = await reader.read("ECS22b", "IS", user, *bounds)
            sent = reader.sent("ECS17b", "IS", user)
            await reader.talk.send(sent.command[:-1] + bytes((sent.command[-1] ^ 1,)))
            await reader.talk.send(b"\x00\x01 nonsense")
            await reader.read("ECS17b", "IS", user)
            return reading

        assert len(ask(address, 2, outside, right_and_wrong).values.rows) == 48
        code, told = ended(process)
    external = told["external"]
    assert told["status"] == "complete" and external["use_cases"]["ECS22b"] == 1
    assert code == 1 and external["with_problems"] == 2 and external["outcomes"]["answered"] == 2
    assert external["outcomes"]["dropped by the meter: bad MAC"] == 1
    assert any("the MAC is not that of" in problem for problem in external["first_problems"])
    lines = (Path(told["run_folder"]) / "arrivals.jsonl").read_text().splitlines()
    answered = [one for one in map(json.loads, lines) if one["outcome"] == "answered"]
    assert len(answered) == 2
    assert all(one["mac"] == "verified" and one["answered_after_s"] > 0 and not one["problems"] for one in answered)


def test_options_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    emulated = meterfarm("run", "--listen", "tcp://127.0.0.1:0", "--into", str(tmp_path))
    assert emulated.code == 2 and 'head_end = "external"' in emulated.error()
    file = tmp_path / "external.toml"
    file.write_text(TEXT, encoding="utf-8")
    nowhere = meterfarm("run", str(file), "--listen", "udp://x", "--into", str(tmp_path))
    assert nowhere.code == 2 and "is nothing to listen on" in nowhere.err


def test_a_run_that_nobody_asks_says_so(tmp_path: Path) -> None:
    file = tmp_path / "external.toml"
    file.write_text(TEXT, encoding="utf-8")
    quiet = meterfarm("run", str(file), "--for", "0.2", "--into", str(tmp_path))
    assert quiet.code == 0 and "No command of the external head-end arrived" in quiet.out
