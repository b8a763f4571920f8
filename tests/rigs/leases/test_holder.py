"""Holding a rig: all its ports or none, and what happens when the lease, a port, or the process goes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pty_pair import pty_pair

from rigs.errors import LeaseLost, PortLost, RigError
from rigs.leases import Lease, LeaseStore, Refused, hold
from rigs.leases.files import FileLeases
from rigs.leases.lease import ended_lease, new_lease
from rigs.ports import LineSettings, ReopeningPort, open_port

LINE = LineSettings()
BEAT_S = 0.02


def run(session: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(30):
            return await session()

    return asyncio.run(limited())


async def held_until_kicked(store: FileLeases) -> None:
    """Hold a rig, and wait for something that never comes while somebody takes it away."""
    async with hold("bench-3", store, {}, heartbeat_s=BEAT_S):
        await store.kick(ended_lease("bench-3"))
        await asyncio.Event().wait()


def test_a_held_rig_is_leased_open_and_given_back(tmp_path: Path) -> None:
    async def session() -> None:
        store = FileLeases(tmp_path)
        with pty_pair() as pair:
            async with hold("bench-3", store, {pair.path: LINE}, heartbeat_s=BEAT_S) as held:
                first = held.lease
                os.write(pair.near, b"hello")
                assert await held.ports[pair.path].read() == b"hello" and held.is_ours
                while (beaten := await store.holder("bench-3")) == first:  # noqa: ASYNC110 - a file tells nobody
                    await asyncio.sleep(0.005)
                assert beaten is not None and beaten.token == first.token and beaten.expires_at > first.expires_at
                with pytest.raises(Refused):
                    async with hold("bench-3", store, {}):
                        pass
            assert await store.holder("bench-3") is None
            await (await open_port(pair.path)).close()

    run(session)


def test_a_rig_is_held_with_all_its_ports_or_not_at_all(tmp_path: Path) -> None:
    """The second port in sorted order is somebody else's: the first is closed again, the lease is given back."""

    async def session() -> None:
        store = FileLeases(tmp_path)
        with pty_pair() as one, pty_pair() as two:
            first, second = sorted((one.path, two.path))
            busy = await open_port(second)
            with pytest.raises(PortLost, match=f"{second} is in use by"):
                async with hold("bench-3", store, {second: LINE, first: LINE}):
                    raise AssertionError("the body runs with all ports only")
            assert await store.holder("bench-3") is None
            await busy.close()
            async with hold("bench-3", store, {second: LINE, first: LINE}) as held:
                assert list(held.ports) == [first, second]

    run(session)


def test_a_kicked_user_loses_the_ports_and_hears_why(tmp_path: Path) -> None:
    async def session() -> None:
        store = FileLeases(tmp_path)
        with pty_pair() as pair:
            ports: list[ReopeningPort] = []

            async def kicked() -> None:
                async with hold("bench-3", store, {pair.path: LINE}, heartbeat_s=BEAT_S) as held:
                    ports.append(held.ports[pair.path])
                    await store.kick(replace(ended_lease("bench-3"), owner="carol"))
                    await ports[0].read()

            with pytest.raises(LeaseLost, match="was taken from you by carol"):
                await kicked()
            with pytest.raises(PortLost, match="is closed"):
                await ports[0].write(b"still there?")
            mine = await open_port(pair.path)
            await mine.close()

    run(session)


def test_a_body_that_waits_for_something_else_is_ended_too_and_one_that_is_cancelled_is_cancelled(
    tmp_path: Path,
) -> None:
    async def session() -> None:
        store = FileLeases(tmp_path)
        with pytest.raises(LeaseLost):
            await held_until_kicked(store)

        async def held_for_ever() -> None:
            async with hold("bench-3", store, {}, heartbeat_s=BEAT_S):
                started.set()
                await asyncio.Event().wait()

        started = asyncio.Event()
        task = asyncio.create_task(held_for_ever())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        current = await store.holder("bench-3")
        assert current is None

    run(session)


class Away(FileLeases):
    """A store that can be away: it fails at once, or never answers."""

    how = "here"
    failed = 0

    async def renew(self, lease: Lease) -> None:
        if self.how == "failing":
            self.failed += 1
            raise RigError("the broker cannot be used")
        if self.how == "hanging":
            await asyncio.Event().wait()
        await super().renew(lease)


@pytest.mark.parametrize("how", ["failing", "hanging"])
def test_a_store_that_stays_away_costs_the_lease_when_it_runs_out(tmp_path: Path, how: str) -> None:
    async def session() -> None:
        store = Away(tmp_path)

        async def held() -> None:
            async with hold("bench-3", store, {}, heartbeat_s=BEAT_S, expires_after_s=0.2):
                store.how = how
                await asyncio.Event().wait()

        with pytest.raises(LeaseLost, match="ran out: it could not be renewed in time") as caught:
            await held()
        assert caught.value.__cause__ is not None

    run(session)


def test_a_port_that_is_slow_to_close_hinders_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(ReopeningPort):
        async def close(self) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr("rigs.leases.holder._GIVE_BACK_WITHIN_S", 0.1)

    async def held(store: FileLeases) -> None:
        async with hold("bench-3", store, {}, heartbeat_s=BEAT_S) as rig:
            rig.ports["slow"] = Slow("/dev/slow")
            await store.kick(ended_lease("bench-3"))
            await asyncio.Event().wait()

    async def session() -> None:
        with pytest.raises(LeaseLost):
            await held(FileLeases(tmp_path))

    run(session)


def test_a_store_that_comes_back_in_time_costs_nothing(tmp_path: Path) -> None:
    async def session() -> None:
        store = Away(tmp_path)
        async with hold("bench-3", store, {}, heartbeat_s=BEAT_S, expires_after_s=20) as held:
            store.how = "failing"
            while store.failed < 3:  # noqa: ASYNC110 - a heartbeat tells nobody
                await asyncio.sleep(0.005)
            store.how, before = "here", held.lease
            while held.lease == before:  # noqa: ASYNC110 - a heartbeat tells nobody
                await asyncio.sleep(0.005)
            assert held.is_ours

    run(session)


def test_one_rig_whose_store_hangs_does_not_stall_another(tmp_path: Path) -> None:
    class Stuck(FileLeases):
        async def take(self, lease: Lease) -> Lease:
            await asyncio.Event().wait()
            return lease

    async def session() -> None:
        async def stuck() -> None:
            async with hold("sick", Stuck(tmp_path), {}):
                pass

        waiting = asyncio.create_task(stuck())
        async with hold("well", FileLeases(tmp_path), {}) as held:
            assert held.is_ours and not waiting.done()
        waiting.cancel()

    run(session)


def test_the_processes_of_one_command_share_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def session() -> None:
        store = FileLeases(tmp_path)
        mine = await store.take(new_lease("bench-3", 45.0))
        monkeypatch.setenv("METERFARM_LEASE", mine.token)
        async with hold("bench-3", store, {}) as held:
            assert held.lease == mine
        assert await store.holder("bench-3") == mine
        with pytest.raises(LeaseLost, match="was taken from you"):
            await held_until_kicked(store)

    run(session)


HOLDER = """
import asyncio, sys
from pathlib import Path
from rigs.leases import hold
from rigs.leases.files import FileLeases
from rigs.ports import LineSettings

async def main():
    store = FileLeases(Path(sys.argv[1]))
    lines = {sys.argv[2]: LineSettings()}
    async with hold("bench-3", store, lines, heartbeat_s=0.05, expires_after_s=float(sys.argv[3])) as held:
        print("held", flush=True)
        await held.ports[sys.argv[2]].read()

try:
    asyncio.run(main())
except Exception as error:
    print(type(error).__name__, flush=True)
"""


def holding(folder: Path, path: str, expires_after_s: float) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", HOLDER, str(folder), path, str(expires_after_s)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


async def taken(store: LeaseStore) -> None:
    """Return once the rig could be taken."""
    while True:
        try:
            await store.take(new_lease("bench-3", 45.0))
        except Refused:
            await asyncio.sleep(0.02)
        else:
            return


def test_the_rig_of_a_killed_process_is_free_when_its_lease_runs_out_and_its_port_at_once(tmp_path: Path) -> None:
    async def session() -> None:
        with pty_pair() as pair, holding(tmp_path, pair.path, 2.0) as process:
            assert process.stdout is not None and process.stdout.readline() == "held\n"
            store = FileLeases(tmp_path)
            with pytest.raises(Refused, match=f"process {process.pid}"):
                await store.take(new_lease("bench-3", 45.0))
            process.kill()
            process.wait()
            await (await open_port(pair.path)).close()
            await taken(store)

    run(session)


def test_a_stopped_process_that_wakes_up_has_lost_its_rig(tmp_path: Path) -> None:
    """SIGSTOP for longer than the lease lives: somebody else takes the rig, the sleeper finds out and lets go."""

    async def session() -> None:
        with pty_pair() as pair, holding(tmp_path, pair.path, 1.0) as process:
            try:
                assert process.stdout is not None and process.stdout.readline() == "held\n"
                process.send_signal(signal.SIGSTOP)
                await taken(FileLeases(tmp_path))
                with pytest.raises(PortLost, match=f"in use by .*process {process.pid}"):
                    await open_port(pair.path)
                process.send_signal(signal.SIGCONT)
                assert process.stdout.readline() == "LeaseLost\n"
                assert process.wait() == 0
                await (await open_port(pair.path)).close()
            finally:
                process.kill()

    run(session)
