"""Engines: every block once, whoever dies; the same sums everywhere."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from engine_tasks import DiesOnce, Seen, always_dies, work

from emulator.capacity.engine import Engine, Outcome, Pool, Unwatched
from emulator.capacity.engines import make_engine
from gbcs.errors import LocalError

BLOCKS = tuple(range(12))


@pytest.mark.parametrize("name", ["here", "pool:2", "dask:2"])
def test_every_block_is_worked_on_once(name: str) -> None:
    outcome: Outcome[Seen] = make_engine(name).map(work, BLOCKS, Unwatched())
    assert outcome.value is not None
    assert sorted(outcome.value.blocks) == list(BLOCKS)
    assert (outcome.done, outcome.of, outcome.is_whole, outcome.deaths) == (12, 12, True, 0)
    assert outcome.peak_rss_bytes > 10_000_000


@pytest.mark.parametrize("name", ["pool:2", "dask:2"])
def test_a_worker_that_is_killed_loses_no_block_and_doubles_none(name: str, tmp_path: Path) -> None:
    marker = tmp_path / "died"
    outcome: Outcome[Seen] = make_engine(name).map(DiesOnce(5, marker), BLOCKS, Unwatched())
    assert marker.exists()
    assert outcome.value is not None
    assert sorted(outcome.value.blocks) == list(BLOCKS)
    assert outcome.deaths == 1


def test_a_block_that_ends_every_process_is_named() -> None:
    with pytest.raises(LocalError, match=r"processes end while they work on block [0-9]+: too little memory"):
        Pool(1).map(always_dies, BLOCKS[3:5], Unwatched())


class StopsAfter(Unwatched):
    """Ends the work early."""

    def __init__(self, blocks: int) -> None:
        self.left = blocks

    def done(self, item: object) -> None:
        self.left -= 1

    def stops(self) -> bool:
        return self.left <= 0


@pytest.mark.parametrize("name", ["here", "pool:1"])
def test_work_that_is_stopped_keeps_what_is_done(name: str) -> None:
    outcome: Outcome[Seen] = make_engine(name).map(work, tuple(range(400)), StopsAfter(3))
    assert outcome.value is not None
    assert 3 <= outcome.done == len(outcome.value.blocks) < 400
    assert not outcome.is_whole


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("ray", r"engine 'ray' is not known \(allowed: pool, pool:WORKERS, here, dask"),
        ("pool:none", r"'none' is no number of workers"),
        ("pool:0", r"'0' is no number of workers"),
        ("dask://nowhere", r"names no scheduler \(write dask://HOST:8786\)"),
    ],
)
def test_an_engine_that_is_not_there_is_one_line(name: str, problem: str) -> None:
    with pytest.raises(LocalError, match=problem):
        make_engine(name)


def test_a_scheduler_that_does_not_answer_is_one_line() -> None:
    with closed_port() as port:
        engine = make_engine(f"dask://127.0.0.1:{port}")
        engine.connect_s = 0.5  # type: ignore[attr-defined]
        with pytest.raises(LocalError, match=rf"engine dask://127\.0\.0\.1:{port}: no scheduler answers there"):
            engine.map(work, BLOCKS, Unwatched())


def test_a_running_cluster_is_used(cluster: str) -> None:
    engine: Engine = make_engine(cluster)
    outcome: Outcome[Seen] = engine.map(work, BLOCKS, Unwatched())
    assert outcome.value is not None
    assert sorted(outcome.value.blocks) == list(BLOCKS)


@pytest.fixture
def cluster() -> Iterator[str]:
    from distributed import LocalCluster  # noqa: PLC0415

    with LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, memory_limit=0
    ) as running:
        yield running.scheduler_address.replace("tcp://", "dask://")


@contextmanager
def closed_port() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
