"""Leases in files and on two brokers: who gets a rig, who keeps it, who loses it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from brokers import KINDS, broker, guarded_broker, self_signed
from hypothesis import given
from hypothesis import strategies as st

from gbcs.errors import LocalError
from rigs.errors import LeaseLost, RigError
from rigs.leases import Lease, LeaseStore, Refused
from rigs.leases.files import FileLeases
from rigs.leases.lease import ended_lease, entitled, from_text, new_lease, to_text
from rigs.leases.mqtt import MqttLeases
from rigs.mqtt import Broker, connected, credentials

STORES = ("files", *KINDS)


@asynccontextmanager
async def store(kind: str, folder: Path) -> AsyncIterator[LeaseStore]:
    if kind == "files":
        yield FileLeases(folder)
    else:
        async with broker(kind) as where:
            yield MqttLeases(where, "lab/leases")


def run(kind: str, folder: Path, session: Callable[[LeaseStore], Awaitable[Any]]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(60), store(kind, folder) as leases:
            return await session(leases)

    return asyncio.run(limited())


def lease(owner: str, **changes: Any) -> Lease:
    return replace(new_lease("bench-3", 45.0, owner=owner), **changes)


def later(one: Lease, seconds: float) -> Lease:
    """The same, as if it were taken that much later."""
    return replace(
        one,
        taken_at=one.taken_at + seconds,
        heartbeat_at=one.heartbeat_at + seconds,
        expires_at=one.expires_at + seconds,
    )


@pytest.mark.parametrize("kind", STORES)
def test_a_rig_has_one_holder_who_renews_and_gives_back(tmp_path: Path, kind: str) -> None:
    async def session(leases: LeaseStore) -> None:
        alice, bob = lease("alice"), lease("bob")
        assert await leases.holder("bench-3") is None
        assert await leases.take(alice) == alice
        with pytest.raises(
            Refused, match=r"^bench-3 is leased by alice on .* \(process \d+\) until 20.*renewed"
        ) as who:
            await leases.take(bob)
        assert who.value.lease == alice
        beaten = alice.beaten(alice.heartbeat_at + 10)
        await leases.renew(beaten)
        assert await leases.holder("bench-3") == beaten and beaten.expires_at == alice.expires_at + 10
        assert await leases.take(replace(bob, rig="bench-4")) is not None
        assert await leases.release(bob) is False
        assert await leases.holder("bench-3") == beaten
        assert await leases.release(beaten) is True
        assert await leases.release(beaten) is False
        assert await leases.take(bob) == bob

    run(kind, tmp_path, session)


@pytest.mark.parametrize("kind", STORES)
def test_a_lease_without_heartbeats_is_anybodys_and_its_holder_hears_of_it(tmp_path: Path, kind: str) -> None:
    """What a job that was cancelled leaves behind."""

    async def session(leases: LeaseStore) -> None:
        gone = lease("job-1")
        await leases.take(gone)
        with pytest.raises(Refused):
            await leases.take(later(lease("job-2"), 44))
        taken = later(lease("job-2"), 46)
        assert await leases.take(taken) == taken
        with pytest.raises(LeaseLost, match=r"bench-3 is leased by job-2 on .* by now"):
            await leases.renew(gone.beaten(gone.heartbeat_at + 47))
        assert await leases.release(gone) is False
        assert await leases.holder("bench-3") == taken

    run(kind, tmp_path, session)


@pytest.mark.parametrize("kind", STORES)
def test_who_is_kicked_hears_by_whom_and_the_rig_is_free(tmp_path: Path, kind: str) -> None:
    async def session(leases: LeaseStore) -> None:
        alice = lease("alice")
        await leases.take(alice)
        kick = replace(ended_lease("bench-3"), owner="carol")
        assert await leases.kick(kick) == alice
        with pytest.raises(LeaseLost, match="bench-3 was taken from you by carol on"):
            await leases.renew(alice.beaten(alice.heartbeat_at + 1))
        bob = lease("bob")
        assert await leases.take(bob) == bob
        assert await leases.kick(replace(ended_lease("bench-9"), owner="carol")) is None

    run(kind, tmp_path, session)


@pytest.mark.parametrize("kind", STORES)
def test_a_reservation_lets_its_owners_processes_in_one_at_a_time_and_stays(tmp_path: Path, kind: str) -> None:
    async def session(leases: LeaseStore) -> None:
        reserved = replace(new_lease("bench-3", 45.0, owner="alice", reserve_s=7200, process=False))
        await leases.take(reserved)
        with pytest.raises(Refused, match=r"alice on \S+ until [^,(]* \(wait, or: .* --kick\)$"):
            await leases.take(lease("bob"))
        with pytest.raises(Refused):
            await leases.take(lease("alice", host="another-machine"))
        job = await leases.take(lease("alice"))
        assert job.reserved_until == reserved.reserved_until and job.pid
        with pytest.raises(Refused, match="process"):
            await leases.take(lease("alice"))
        assert await leases.release(job) is True
        left = await leases.holder("bench-3")
        assert left is not None and (left.pid, left.reserved_until) == (0, reserved.reserved_until)
        with pytest.raises(Refused):
            await leases.take(lease("bob"))
        again = await leases.take(lease("alice"))
        late = again.beaten(reserved.reserved_until + 1)
        await leases.renew(late)
        assert await leases.release(late) is True
        assert await leases.holder("bench-3") is None

    run(kind, tmp_path, session)


@pytest.mark.parametrize("kind", STORES)
def test_of_many_who_want_a_rig_at_once_one_gets_it(tmp_path: Path, kind: str) -> None:
    """Twelve at a time, on a free rig and on one whose lease has run out; the loser's lease never stands."""

    async def attempt(leases: LeaseStore, wanted: Lease) -> Lease | None:
        try:
            return await leases.take(wanted)
        except Refused:
            return None

    async def session(leases: LeaseStore) -> None:
        for number in range(4):
            wanted = [later(lease(f"user-{n}"), number * 100) for n in range(12)]
            results = await asyncio.gather(*(attempt(leases, one) for one in wanted))
            (winner,) = [one for one in results if one is not None]
            await leases.renew(winner.beaten(winner.heartbeat_at + 1))
            holder = await leases.holder("bench-3")
            assert holder is not None and holder.token == winner.token

    run(kind, tmp_path, session)


# ---------------------------------------------------------------------- the rule


leases_of_few = st.builds(
    lambda owner, token, at, lives_s, reserved_s, pid: Lease(
        "r", owner, "pc", pid, token, at, at, at + lives_s, at + reserved_s if reserved_s else 0.0
    ),
    st.sampled_from("abc"),
    st.sampled_from("xyz"),
    st.floats(0, 100),
    st.floats(0, 50),
    st.sampled_from([0.0, 200.0]),
    st.sampled_from([0, 7]),
)


@given(leases_of_few, leases_of_few)
def test_nobody_overwrites_a_live_lease_of_a_process_of_somebody_else(wanted: Lease, current: Lease) -> None:
    granted = entitled(wanted, current)
    is_kick = not wanted.is_live(wanted.heartbeat_at)
    if current.pid and current.is_live(wanted.heartbeat_at) and current.token != wanted.token and not is_kick:
        assert granted is None
    if granted is not None:
        assert replace(granted, reserved_until=wanted.reserved_until) == wanted
        assert granted.reserved_until >= wanted.reserved_until


@given(leases_of_few)
def test_a_lease_is_the_same_when_written_and_read(one: Lease) -> None:
    assert from_text(to_text(one)) == one


# ---------------------------------------------------------------------- places that fail


def test_a_lease_file_that_cannot_be_read_is_said_and_can_be_kicked(tmp_path: Path) -> None:
    async def session(leases: LeaseStore) -> None:
        (tmp_path / "bench-3.lease.json").write_text('{"rig": "bench-3"')
        for call in (leases.take(lease("alice")), leases.holder("bench-3")):
            with pytest.raises(RigError, match="release RIG --kick"):
                await call
        assert await leases.kick(ended_lease("bench-3")) is None
        await leases.take(lease("alice"))

    run("files", tmp_path, session)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RigError, match=r"leases cannot be written to .*Not a directory"):
        run("files", tmp_path / "file" / "leases", lambda leases: leases.take(lease("alice")))


def test_a_broker_that_is_away_or_does_not_answer_is_said() -> None:
    async def session() -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            where = Broker("127.0.0.1", mute.getsockname()[1])
            with pytest.raises(RigError, match=r"does not answer|cannot be used"):
                async with connected(where, 0.2):
                    pass
        with pytest.raises(RigError, match=f"{where} cannot be used"):
            await MqttLeases(where, "x").holder("bench-3")

    asyncio.run(session())


def test_a_broker_that_lost_its_memory_is_told_again() -> None:
    async def session() -> None:
        alice = lease("alice")
        async with broker("amqtt") as where:
            await MqttLeases(where, "x").take(alice)
        async with broker("amqtt") as where:
            again = MqttLeases(where, "x")
            await again.renew(alice.beaten(alice.heartbeat_at + 5))
            with pytest.raises(Refused):
                await again.take(lease("bob"))

    asyncio.run(session())


def test_a_broker_with_tls_and_a_password_lets_in_who_knows_both(tmp_path: Path) -> None:
    async def session() -> None:
        other = tmp_path / "other"
        other.mkdir()
        async with guarded_broker(tmp_path) as where:
            leases = MqttLeases(where, "x")
            await leases.take(lease("alice"))
            for wrong in (
                replace(where, password_file=None),
                replace(where, tls_ca=self_signed(other)[0]),
                replace(where, tls_ca=None),
            ):
                with pytest.raises(RigError, match=r"cannot be used|does not answer"):
                    async with connected(wrong, 3):
                        pass
            with pytest.raises(LocalError, match="holds no certificates"):
                await MqttLeases(replace(where, tls_ca=tmp_path / "secret"), "x").holder("bench-3")

    asyncio.run(session())


def test_a_password_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "broker"
    file.write_text("user:pass:word\n")
    with pytest.raises(LocalError, match="others can read it: chmod 600"):
        credentials(file)
    file.chmod(0o600)
    assert credentials(file) == ("user", "pass:word") and credentials(None) == (None, None)
    file.write_text("word")
    with pytest.raises(LocalError, match="no line USER:PASSWORD"):
        credentials(file)
