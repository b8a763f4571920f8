"""A soak over a real line that misbehaves: every read is in the ledger, answered, retried, or lost with its cause."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from pathlib import Path

import pytest
from gfi_line import DAY, KEYS, METER, NOW, SUPPLIER, command, hosted
from rig_files import rig

from emulator.dcc.counters import OriginatorCounters
from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.errors import PortLost
from rigs.gfi import GfiLink
from rigs.linking import open_link
from rigs.policy import load_reading_parameters
from rigs.ports.opening import open_port
from rigs.ports.reopening import ReopeningPort
from rigs.reading import RigReader
from rigs.soak import FAULTS, Fault, FaultProxy, Ledger, Question, Soak, fault_plan

QUESTIONS = (
    Question("ECS22b", "IS", SUPPLIER, (DAY + HALF_HOUR_S, DAY + DAY_S)),
    Question("ECS17b", "IS", SUPPLIER),
    Question("ECS21a", "IS", SUPPLIER, (DAY, DAY + DAY_S)),
)
ONE_ATTEMPT = load_reading_parameters(
    {"reading": {"attempts": {"value": 1}, "answer_timeout_s": {"value": 0.5}, "spacing_s": {"value": 0.0}}}
)


async def soaked(
    folder: Path, lasts_s: float, faults: Iterator[Fault], enough: Callable[[Ledger], bool] = lambda _: False
) -> Ledger:
    """A soak of a meter on a terminal, by the proxy, until it is enough."""
    device = {"kind": "esme", "eui64": eui64.show(METER), "keys": "keys"}
    counters = OriginatorCounters()
    async with hosted("pty:") as listener:
        behind = await open_port(listener.address.removeprefix("pty:"))
        proxy = FaultProxy(behind)
        await proxy.start()

        @asynccontextmanager
        async def connect() -> AsyncIterator[RigReader]:
            link = await open_link(rig(folder, port=proxy.url, device=device))
            try:
                reader = RigReader(
                    link, KEYS, counters, rig="bench", is_emulated=True, now=lambda: NOW, parameters=ONE_ATTEMPT
                )
                async with reader:
                    yield reader
            finally:
                await link.close()

        def check(ledger: Ledger) -> None:
            if enough(ledger):
                soak.stop()

        soak = Soak(connect, cycle(QUESTIONS), faults, proxy, progress=check)
        try:
            return await soak.run(lasts_s)
        finally:
            await proxy.close()
            await behind.close()


def test_without_faults_every_read_is_answered_at_once(tmp_path: Path) -> None:
    ledger = asyncio.run(soaked(tmp_path, 15, iter(()), lambda ledger: len(ledger.entries) == 12))
    assert ledger.totals() == {"reads": 12, "answered": 12, "retried": 0, "lost": 0, "interrupted": 0, "refused": 0}
    assert [entry.rows for entry in ledger.entries[:3]] == [48, 0, 2]


@pytest.mark.parametrize("kind", FAULTS)
def test_each_kind_of_fault_is_survived_and_written_down(tmp_path: Path, kind: str) -> None:
    def enough(ledger: Ledger) -> bool:
        """Three faults, and reads behind the last of them that were answered at once."""
        return len(ledger.faults) == 3 and all(one.verdict == "answered" for one in ledger.entries[-12:])

    faults = (Fault(kind, 0.2 * number, 0.7, number) for number in range(1, 4))
    ledger = asyncio.run(soaked(tmp_path, 15, faults, enough))
    totals = ledger.totals()
    assert totals["reads"] == totals["answered"] + totals["retried"] and totals["lost"] == 0
    if kind != "garbage":  # a GFI line finds its way back behind noise, so nothing need be lost
        assert totals["retried"] >= 1
        assert all(kind in cause for cause in ledger.causes("retried"))
    assert ledger.as_json()["faults"] == {kind: 3}


def test_a_soak_of_everything_ends_with_an_even_ledger(tmp_path: Path) -> None:
    ledger = asyncio.run(soaked(tmp_path, 4, fault_plan(3, every_s=0.4)))
    described = ledger.as_json(rig="bench")
    assert described["reads"] == described["answered"] + described["retried"] + described["lost"] == len(ledger.entries)
    assert set(described["faults"]) == set(FAULTS) and described["retried"] + described["lost"] >= 1
    for entry in described["entries"]:
        assert entry["verdict"] == "answered" or entry["cause"]
        assert entry["code"] == 0 or entry["verdict"] == "lost"


def test_a_line_that_never_comes_back_loses_reads_with_the_cause(tmp_path: Path) -> None:
    ledger = asyncio.run(soaked(tmp_path, 4, iter([Fault("port_closed", 0.05, 30.0, 1)])))
    lost = [entry for entry in ledger.entries if entry.verdict == "lost"]
    assert lost and lost[-1].failed[-1].error == "PortLost"
    assert lost[-1].cause == "PortLost during port_closed" and ledger.totals()["lost"] == len(lost)


def test_the_plan_hangs_off_its_seed_and_takes_turns() -> None:
    plan = list(islice(fault_plan(5, 4.0), 50))
    assert plan == list(islice(fault_plan(5, 4.0), 50)) != list(islice(fault_plan(6, 4.0), 50))
    assert all(plan[n].at_s < plan[n + 1].at_s for n in range(49)) and 150 < plan[-1].at_s < 250
    for turn in range(0, 50, len(FAULTS)):
        assert {one.kind for one in plan[turn : turn + len(FAULTS)]} == set(FAULTS)
    with pytest.raises(LocalError, match="'flood' is no fault"):
        fault_plan(1, 1.0, ["flood"])


def test_a_ledger_that_lost_an_entry_says_so() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.begin("ECS17b", None, 0.0)
    assert ledger.totals()["lost"] == 3 and ledger.entries[0].cause == "the soak was ended before an answer came"
    del ledger.entries[1]
    with pytest.raises(LocalError, match="does not balance"):
        ledger.totals()


def test_where_the_port_behind_is_lost_so_is_the_front_and_the_next_one_finds_it_again() -> None:
    async def check() -> None:
        async with hosted() as listener:
            url = listener.address.replace("tcp:", "socket:")
            behind = ReopeningPort(url, delays_s=(0.0, 0.1, 0.2, 0.5, 1.0, 2.0))
            await behind.open()
            proxy = FaultProxy(behind)
            await proxy.start()
            front = await open_port(proxy.url)
            await listener.close()
            with pytest.raises(PortLost):
                await front.read()
            await front.close()
            async with hosted(listener.address):
                link = GfiLink(await open_port(proxy.url), METER)
                await link.send(command().command)
                assert await link.receive()
                await link.close()
            await proxy.close()
            await behind.close()

    asyncio.run(check())


def test_a_read_under_way_at_the_end_is_interrupted_and_not_lost() -> None:
    async def check() -> Ledger:
        asked = asyncio.Event()

        @asynccontextmanager
        async def nobody_there() -> AsyncIterator[RigReader]:
            asked.set()
            await asyncio.Event().wait()
            yield  # type: ignore[misc]

        soak = Soak(nobody_there, cycle(QUESTIONS))
        running = asyncio.create_task(soak.run(600))
        await asked.wait()
        soak.stop()
        return await running

    ledger = asyncio.run(check())
    assert ledger.totals() == {"reads": 1, "answered": 0, "retried": 0, "lost": 0, "interrupted": 1, "refused": 0}
    assert ledger.entries[0].cause == "the soak was ended before an answer came" and not ledger.causes("lost")
