"""Counters on disk: they rise over restarts, kill -9 at any point, damaged files and clocks that go backwards."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.dcc.counters import OriginatorCounters
from gbcs.errors import LocalError
from rigs.counters import CounterStore
from rigs.errors import RigError
from rigs.files import InUse

A, B = bytes.fromhex("90b3d51f00010000"), bytes.fromhex("90b3d51f00020000")
NOW = 849_312_000.0


def test_counters_are_those_of_the_emulated_head_end(tmp_path: Path) -> None:
    memory = OriginatorCounters()
    with CounterStore(tmp_path / "counters") as store:
        for now in (NOW, NOW, NOW + 0.0005, NOW + 7, NOW - 100, NOW + 7):
            for originator in (A, B):
                assert store.next(originator, now) == memory.next(originator, now)


def test_a_store_that_was_closed_goes_on_at_the_next_number(tmp_path: Path) -> None:
    with CounterStore(tmp_path / "counters") as store:
        assert [store.next(A, 0.0) for _ in range(3)] == [1, 2, 3]
        assert store.next(B, NOW) == 849_312_000_000
    with CounterStore(tmp_path / "counters") as store:
        assert (store.last(A), store.last(B)) == (3, 849_312_000_000)
        assert (store.next(A, 0.0), store.next(B, NOW - 1e6)) == (4, 849_312_000_001)
    with pytest.raises(RigError, match="is closed"):
        store.next(A, 1e12)


STEPS = st.tuples(st.sampled_from([A, B]), st.floats(0, 1e10), st.sampled_from(["go on", "close", "lose"]))


@settings(max_examples=30)
@given(st.lists(STEPS, max_size=15))
def test_counters_rise_over_any_order_of_times_restarts_and_losses(steps: list[tuple[bytes, float, str]]) -> None:
    """``lose`` opens the file anew as it stands, as after a killed process."""
    used: dict[bytes, int] = {A: 0, B: 0}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counters"
        store = CounterStore(path, ahead=3)
        for originator, now, then in steps:
            counter = store.next(originator, now)
            assert counter > used[originator] and counter >= int(now * 1000)
            used[originator] = counter
            if then == "close":
                store.close()
            elif then == "lose":
                store._lock.release()
            if then != "go on":
                store = CounterStore(path, ahead=3)
        store.close()


def test_a_counter_is_on_the_disk_before_it_is_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    store = CounterStore(path, ahead=10)
    for _ in range(25):
        counter = store.next(A, 0.0)
        assert json.loads(path.read_bytes())["counters"]["90-B3-D5-1F-00-01-00-00"] >= counter
    store.close()


def test_counters_that_cannot_be_written_down_are_not_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "state" / "counters"
    store = CounterStore(path, ahead=1)
    assert store.next(A, 0.0) == 1
    path.parent.rename(tmp_path / "moved")
    with pytest.raises(RigError, match="cannot be written: No such file"):
        store.next(A, 0.0)
    (tmp_path / "moved").rename(path.parent)
    assert store.next(A, 0.0) == 2
    store.close()


# ---------------------------------------------------------------------- damage


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _lowered(content: bytes) -> bytes:
    return content.replace(b"000001", b"000000")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": _cut,
    "empty": lambda content: b"",
    "zeroes": lambda content: bytes(len(content)),
    "one number lower": _lowered,
    "a list": lambda content: b"[]",
    "no check": lambda content: b'{"format": 1, "counters": {}}',
    "another party": lambda content: content.replace(b"90-B3", b"90-B4"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "counters"
    with CounterStore(path) as store:
        store.next(A, 1000.001)
    damaged = DAMAGES[damage](path.read_bytes())
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    for _ in range(2):
        with pytest.raises(LocalError, match="counters is damaged: put a copy back"):
            CounterStore(path)
    assert path.read_bytes() == damaged


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "counters").write_text('{"format": 2, "counters": {}, "check": ""}')
    with pytest.raises(LocalError, match="is of format 2; this version reads 1"):
        CounterStore(tmp_path / "counters")


def test_counters_end_before_they_leave_64_bits(tmp_path: Path) -> None:
    with CounterStore(tmp_path / "counters") as store, pytest.raises(LocalError, match="used up"):
        store.next(A, 2**64 / 1000)


def test_one_process_at_a_time_has_a_file(tmp_path: Path) -> None:
    with CounterStore(tmp_path / "counters"), pytest.raises(InUse, match=r"in use by .*process \d+"):
        CounterStore(tmp_path / "counters")
    CounterStore(tmp_path / "counters").close()


# ---------------------------------------------------------------------- kill -9

SENDERS = """
import os, socket, sys, time
from pathlib import Path
from rigs.counters import CounterStore
parties = bytes.fromhex("90b3d51f00010000"), bytes.fromhex("90b3d51f00020000")

def send(path, port, ahead):
    peer = socket.create_connection(("127.0.0.1", int(port)))
    with CounterStore(Path(path), ahead=int(ahead)) as store:
        while True:
            for party in parties:
                peer.sendall(party + store.next(party, time.time() - 946684800).to_bytes(8, "big"))

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        send(*line.split())
    print(child, flush=True)
    os.waitpid(child, 0)
    print("dead", flush=True)
"""
"""For each line of its input, a process that takes counters as fast as it can and sends each as soon as it has it."""


class Senders:
    """Starts senders one after the other; each is killed before the next."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.program = subprocess.Popen(
            [sys.executable, "-c", SENDERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.program.stdin is not None and self.program.stdout is not None
        self.program.stdin.close()
        self.program.stdout.close()
        self.program.wait(60)
        self.listener.close()

    def killed_once(self, chance: random.Random) -> bytes:
        """What the peer heard of a sender that is killed at a random point."""
        assert self.program.stdin is not None and self.program.stdout is not None
        self.program.stdin.write(f"{self.path} {self.listener.getsockname()[1]} {chance.choice((1, 2, 50))}\n")
        sender = int(self.program.stdout.readline())
        try:
            peer, _ = self.listener.accept()
            with peer:
                heard = b"".join(peer.recv(chance.randrange(1, 64)) for _ in range(chance.randrange(1, 60)))
                os.kill(sender, signal.SIGKILL)
                assert self.program.stdout.readline() == "dead\n"
                return heard + _rest(peer)
        except BaseException:
            os.kill(sender, signal.SIGKILL)
            raise


def _rest(peer: socket.socket) -> bytes:
    rest = b""
    with suppress(ConnectionResetError):
        while data := peer.recv(65_536):
            rest += data
    return rest


def _kills(folder: Path, kills: int, seed: int) -> int:
    """How many counters a peer logged over so many kills; none of them twice, and each above the ones before it."""
    log: dict[bytes, list[int]] = {A: [], B: []}
    chance = random.Random(seed)
    with Senders(folder / "counters") as senders:
        for _ in range(kills):
            heard = senders.killed_once(chance)
            for at in range(0, len(heard) - 15, 16):
                log[heard[at : at + 8]].append(int.from_bytes(heard[at + 8 : at + 16], "big"))
    for counters in log.values():
        assert counters == sorted(set(counters))
    return sum(map(len, log.values()))


def test_no_counter_is_used_again_after_20_kills(tmp_path: Path) -> None:
    assert _kills(tmp_path, 20, 6) >= 20


@pytest.mark.long
def test_no_counter_is_used_again_after_1000_kills(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    counters = _kills(tmp_path, 1000, 162)
    record_property("counters_after_1000_kills", counters)
    assert counters >= 1000


SUICIDES = """
import os, signal, sys
from pathlib import Path
from rigs.counters import CounterStore
party = bytes.fromhex("90b3d51f00010000")
done = 0

def dying(call, step):
    def counted(*arguments, **named):
        global done
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)
    return counted

def die_at(step, path):
    store = CounterStore(Path(path), ahead=2)
    for name in ("open", "write", "fsync", "close"):
        setattr(os, name, dying(getattr(os, name), step))
    Path.replace = dying(Path.replace, step)
    while True:
        os.write(1, b"%d\\n" % store.next(party, 0.0))

for step in range(1, int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        die_at(step, sys.argv[1])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""
"""Processes that die by SIGKILL at the first, second, ... call to the system; what they print counts as one, too."""


def test_a_process_that_dies_at_any_step_of_writing_uses_no_counter_twice(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", SUICIDES, str(tmp_path / "counters"), "30"]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    used = list(map(int, ended.stdout.split()))
    assert len(used) > 20 and used == sorted(set(used))
