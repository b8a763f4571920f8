"""Locks that go away with their holders, taken by many at once."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from lock_takers import take_turns

from rigs.files import FileLock, InUse


def test_of_many_who_make_and_remove_a_lock_one_has_it_at_a_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    takers = [context.Process(target=take_turns, args=(tmp_path,), daemon=True) for _ in range(4)]
    for one in takers:
        one.start()
    for one in takers:
        one.join(60)
    assert [one.exitcode for one in takers] == [0] * len(takers)
    assert not list(tmp_path.iterdir())


def test_a_passing_lock_is_gone_and_another_one_stays(tmp_path: Path) -> None:
    passing, staying = tmp_path / "passing", tmp_path / "staying"
    with FileLock(passing, "a port", is_passing=True), pytest.raises(InUse, match=r"a port is in use by .*process \d+"):
        FileLock(passing, "a port", is_passing=True)
    FileLock(staying, "a file").release()
    assert not passing.exists() and staying.read_bytes() == b""


def test_a_lock_whose_name_was_given_to_another_file_removes_nothing_of_theirs(tmp_path: Path) -> None:
    path = tmp_path / "port"
    lock = FileLock(path, "a port", is_passing=True)
    path.unlink()
    path.write_text("theirs")
    lock.release()
    assert path.read_text() == "theirs"
