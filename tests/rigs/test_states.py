"""Bring-up: states in order, deadlines, the first cause remembered; records of every end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from rig_files import EUI, rig

from gbcs.errors import DecodeError, LocalError
from rigs.config import Timing
from rigs.counters import CounterStore
from rigs.errors import LeaseLost, PortLost, PortMissing, RigError
from rigs.leases import Refused
from rigs.leases.lease import new_lease
from rigs.record import Measurement, recording
from rigs.states import STEPS, BrokenMemory, RigBroken, State, bring_up

TIMING = Timing()


def memory(folder: Path) -> BrokenMemory:
    return BrokenMemory(folder / "state" / "bench-3.broken.json")


def failing(error: BaseException) -> Callable[[], Awaitable[object]]:
    async def fail() -> None:
        raise error

    return fail


def up(folder: Path, hooks: dict[State, Callable[[], Awaitable[object]]], timing: Timing = TIMING) -> list[State]:
    """The states reached; raises what bring-up raises."""
    reached: list[State] = []
    asyncio.run(bring_up("bench-3", hooks, timing, memory(folder), reached.append))
    return reached


def test_the_table_leads_from_off_to_reading_over_every_state() -> None:
    assert [step.begins for step in STEPS[1:]] == [step.ends for step in STEPS[:-1]]
    assert {STEPS[0].begins, *(step.ends for step in STEPS), State.BROKEN} == set(State)
    assert {step.deadline for step in STEPS} <= set(Timing.model_fields)


def test_states_are_reached_in_order_each_by_its_hook(tmp_path: Path) -> None:
    called: list[State] = []

    def hook(state: State) -> Callable[[], Awaitable[object]]:
        async def act() -> None:
            called.append(state)

        return act

    some = [State.READING, State.POWERED, State.JOINED]
    assert up(tmp_path, {state: hook(state) for state in some}) == [
        State.POWERED,
        State.JOINED,
        State.COMMISSIONED,
        State.READING,
    ]
    assert called == [State.POWERED, State.JOINED, State.READING]
    assert memory(tmp_path).recall() is None


def test_the_first_cause_is_remembered_and_later_users_hear_it_before_anything_is_done(tmp_path: Path) -> None:
    lost = PortLost("/dev/ttyUSB0 is lost: Input/output error")
    with pytest.raises(RigBroken, match=r"waiting for the device to join.*: /dev/ttyUSB0 is lost") as caught:
        up(tmp_path, {State.JOINED: failing(lost)})
    assert caught.value.__cause__ is lost and caught.value.cause.state is State.POWERED
    for _ in range(2):
        with pytest.raises(RigBroken, match=r"Input/output error.*meterfarm rig check bench-3") as later:
            up(tmp_path, {State.POWERED: failing(AssertionError("never called"))})
        assert later.value.cause == caught.value.cause
    again = memory(tmp_path).remember(State.READING, "another thing", RigError("a later cause"))
    assert again == caught.value.cause
    assert memory(tmp_path).forget() is True and memory(tmp_path).forget() is False
    assert up(tmp_path, {})[-1] is State.READING


def test_a_step_that_takes_too_long_breaks_the_rig_and_says_which_deadline(tmp_path: Path) -> None:
    with pytest.raises(RigBroken, match=r"the first read took longer than 0.05 s \(\[timing\] read_s\)") as caught:
        up(tmp_path, {State.READING: lambda: asyncio.Event().wait()}, Timing(read_s=0.05))
    assert (caught.value.cause.error, caught.value.cause.state) == ("RigTimeout", State.COMMISSIONED)


@pytest.mark.parametrize(
    "error",
    [LocalError("no such key folder"), Refused(new_lease("bench-3", 45)), LeaseLost("gone"), asyncio.CancelledError()],
)
def test_what_is_not_the_rigs_fault_breaks_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        up(tmp_path, {State.POWERED: failing(error)})
    assert memory(tmp_path).recall() is None


def test_a_memory_that_cannot_be_read_counts_as_broken_until_it_is_forgotten(tmp_path: Path) -> None:
    one = memory(tmp_path)
    one.path.parent.mkdir()
    one.path.write_text("{")
    with pytest.raises(RigBroken, match=r"reading .*bench-3.broken.json"):
        up(tmp_path, {})
    assert one.forget()


@pytest.mark.parametrize("mode", [0o2775, 0o755])
def test_who_may_write_to_the_folder_of_rigs_may_write_to_their_state(tmp_path: Path, mode: int) -> None:
    bench = tmp_path / "bench"
    bench.mkdir()
    bench.chmod(mode)
    one = rig(bench)
    with CounterStore(one.state_folder / "bench-3.counters.json"), recording(one) as record:
        pass
    assert record.path is not None
    for folder in (one.state_folder, record.path.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == mode


# ---------------------------------------------------------------------- records


def written(path: Path | None) -> dict[str, Any]:
    assert path is not None
    content = json.loads(path.read_bytes())
    assert isinstance(content, dict)
    return content


def test_a_record_says_what_was_done_measured_and_attached(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("bytes")
    with recording(rig(tmp_path)) as record:
        record.reached(State.POWERED)
        record.measure("first_read_s", 1.25, "s", high=30)
        record.attach(trace)
    content = written(record.path)
    assert content["rig"] == "bench-3" and content["outcome"] == "passed" and content["first_cause"] == ""
    assert content["device"] == {"kind": "esme", "eui64": EUI} and content["firmware"] == "smets2-reference"
    assert [state["state"] for state in content["states"]] == ["powered"]
    measured = {"name": "first_read_s", "value": 1.25, "unit": "s", "low": None, "high": 30, "passed": True}
    assert content["measurements"] == [measured]
    digest = hashlib.sha256(b"bytes").hexdigest()
    assert content["attachments"] == [{"file": str(trace), "sha256": digest, "size_bytes": 5}]
    assert record.path is not None and record.path.parent == tmp_path / ".state" / "records"


def test_a_set_up_that_failed_leaves_a_record_too(tmp_path: Path) -> None:
    ends: list[tuple[BaseException, str]] = [
        (PortLost("/dev/ttyUSB0 is gone"), "broken"),
        (PortMissing("/dev/ttyUSB0 cannot be opened"), "no port"),
        (DecodeError("no tunnel"), "broken"),
        (LocalError("no such folder"), "refused"),
        (Refused(new_lease("bench-3", 45)), "refused"),
        (LeaseLost("taken"), "lease lost"),
        (KeyboardInterrupt(), "interrupted"),
        (AssertionError("5 != 4"), "failed"),
        (KeyError("x"), "fault"),
    ]
    paths = set()
    for error, outcome in ends:
        with pytest.raises(type(error)), recording(rig(tmp_path)) as record:
            raise error
        content = written(record.path)
        assert (content["outcome"], content["first_cause"]) == (outcome, f"{type(error).__name__}: {error}")
        paths.add(record.path)
    assert len(paths) == len(ends)


@pytest.mark.parametrize(
    ("value", "low", "high", "passed"),
    [(1, None, None, True), (1, 1, 1, True), (0.9, 1, None, False), (1.1, None, 1, False), (float("nan"), 0, 1, False)],
)
def test_a_measurement_keeps_its_limits_or_fails_the_record(
    tmp_path: Path, value: float, low: float | None, high: float | None, passed: bool
) -> None:
    assert Measurement("x", value, "s", low, high).passed is passed
    with recording(rig(tmp_path)) as record:
        record.measure("x", value, "s", low=low, high=high)
    content = written(record.path)
    assert content["outcome"] == ("passed" if passed else "failed")
    assert content["measurements"][0]["value"] == (str(value) if math.isnan(value) else value)
