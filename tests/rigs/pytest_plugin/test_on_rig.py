"""The plugin on a rig; also where its device is unplugged, hangs, or is somebody else's: a clear verdict, no hang."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from fake_rigs import METER, Lab, ezsp_lab, gfi_lab, make_keys
from plugin_run import properties, run
from shell import meterfarm

from rigs.leases.files import FileLeases
from rigs.leases.lease import Lease, new_lease

pytest_plugins = ["pytester"]

MakeLab = Callable[[Path, Path], AbstractContextManager[Lab]]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A device that no test harms."""
    with gfi_lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture
def lab(standing: Lab, tmp_path: Path) -> Lab:
    """The device as seen from a folder that has never had it."""
    return standing.beside(tmp_path)


def nothing(folder: Path, keys: Path, terminal: str = "socket://127.0.0.1:1") -> Lab:
    """A rig file without a device."""
    return Lab(folder, keys, Path(terminal)).write(link={"kind": "gfi", "port": terminal})


def on(lab: Lab, pytester: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    """A test file on the rig of a lab."""
    return run(pytester, source, "--meterfarm-rig", lab.name, "--meterfarm-rigs", str(lab.bench), *options)


def record(lab: Lab) -> dict[str, Any]:
    """The record of the first session."""
    file, *_ = sorted((lab.bench / ".state" / "records").glob(f"{lab.name}_*[0-9].json"))
    return dict(json.loads(file.read_text()))


def holder(lab: Lab) -> Lease | None:
    return asyncio.run(FileLeases(lab.bench / ".state").holder(lab.name))


def test_a_session_is_recorded_with_its_capture_and_leaves_the_rig_free(lab: Lab, pytester: pytest.Pytester) -> None:
    source = """
def test_one(esme, rig):
    assert esme.read("ECS17b").values.code == 0 and rig.config.name == "bench-1"
def test_two(esme, clock):
    day = (int(clock.now) // 86400 - 2) * 86400
    assert len(esme.read("ECS22b", day + 1800, day + 86400).values.rows) == 48
"""
    on(lab, pytester, source, "--junit-xml", "report.xml").assert_outcomes(passed=2)
    kept = record(lab)
    assert kept["outcome"] == "passed" and [one["state"] for one in kept["states"]][-1] == "reading"
    of_session = properties(pytester, "report.xml", "testsuite")
    assert of_session["meterfarm_rig"] == "bench-1" and of_session["meterfarm_backend"] == "rig gfi"
    assert of_session["meterfarm_devices"] == METER and of_session["meterfarm_firmware"] == "smets2-reference"
    assert of_session["meterfarm_capture"] == kept["attachments"][0]["file"]
    assert properties(pytester, "report.xml", "testsuite/testcase")["meterfarm_device"] == METER
    assert holder(lab) is None


def test_its_capture_is_a_device_of_its_own(lab: Lab, pytester: pytest.Pytester) -> None:
    source = """
def test_it(esme, clock):
    day = (int(clock.now) // 86400 - 2) * 86400
    esme.read("ECS22b", day + 1800, day + 86400)
"""
    on(lab, pytester, source).assert_outcomes(passed=1)
    options = ("--from-capture", record(lab)["attachments"][0]["file"], "--keys", str(lab.keys))
    shown = meterfarm("emulate", *options, "--print", "--json").json()
    assert shown["opened"] == 2 and shown["logs"][0]["rows"] == 48


def test_a_failed_test_is_in_the_record_and_breaks_nothing(lab: Lab, pytester: pytest.Pytester) -> None:
    source = "def test_one(esme): assert not esme.read('ECS17b')\ndef test_two(esme): esme.read('ECS17b')\n"
    on(lab, pytester, source).assert_outcomes(failed=1, passed=1)
    kept = record(lab)
    assert kept["outcome"] == "failed" and not kept["first_cause"]
    assert [one["value"] for one in kept["measurements"] if one["name"] == "failed_tests"] == [1]


FAILING = """
import os, signal
def test_well(esme): assert esme.read("ECS17b").values.code == 0
def test_struck(esme):
    os.kill({pid}, signal.{signal})
    esme.read("ECS17b")
def test_later(esme): assert False
def test_latest(clock): assert False
def test_elsewhere(): pass
"""


@pytest.mark.parametrize(
    ("make", "signal", "error"),
    [
        (gfi_lab, "SIGKILL", "PortLost"),
        (gfi_lab, "SIGSTOP", "RigTimeout"),
        (ezsp_lab, "SIGKILL", "PortLost"),
        pytest.param(ezsp_lab, "SIGSTOP", "*", marks=pytest.mark.long),
    ],
)
def test_unplugged_or_hanging_one_test_fails_with_the_cause_and_later_ones_skip_with_it(
    standing: Lab, tmp_path: Path, pytester: pytest.Pytester, make: MakeLab, signal: str, error: str
) -> None:
    with make(tmp_path, standing.keys) as lab:
        assert lab.device is not None
        ended = on(lab, pytester, FAILING.format(pid=lab.device.pid, signal=signal))
    ended.assert_outcomes(passed=2, failed=1, skipped=2)
    ended.stdout.fnmatch_lines([f"*rigs.errors.{error}: *", "*SKIPPED*rig bench-1 is broken: *"])
    kept = record(lab)
    assert kept["outcome"] == "broken" and fnmatch(kept["first_cause"], f"{error}: *")
    assert holder(lab) is None
    again = on(lab, pytester, "def test_one(esme): pass\ndef test_two(esme): pass\n")
    again.assert_outcomes(errors=1, skipped=1)
    again.stdout.fnmatch_lines(["*RigBroken: bench-1 is broken since * mend it, then: meterfarm rig check bench-1*"])


def test_a_second_user_is_told_who_has_the_rig_and_takes_nothing(lab: Lab, pytester: pytest.Pytester) -> None:
    store = FileLeases(lab.bench / ".state")
    theirs = asyncio.run(store.take(new_lease(lab.name, 60.0, owner="somebody else")))
    ended = on(lab, pytester, "def test_one(esme): pass\ndef test_two(esme): pass\n")
    ended.assert_outcomes(errors=1, skipped=1)
    ended.stdout.fnmatch_lines(["*Refused: bench-1 is leased by somebody else on *"])
    assert record(lab)["outcome"] == "refused"
    assert holder(lab) == theirs


def test_a_kicked_session_ends_at_once(lab: Lab, pytester: pytest.Pytester) -> None:
    source = """
import asyncio
from rigs.leases.files import FileLeases
from rigs.leases.lease import new_lease
def test_kicked(esme, rig, clock):
    store = FileLeases(rig.config.state_folder)
    asyncio.run(store.kick(new_lease("bench-1", 60.0, owner="an impatient one")))
    while rig.held.is_ours:
        clock.advance(0.02)
    esme.read("ECS17b")
def test_later(esme): assert False
"""
    lab.write(lease={"kind": "file", "heartbeat_s": 0.2, "expires_after_s": 5.0})
    ended = on(lab, pytester, source)
    ended.assert_outcomes(failed=1, skipped=1)
    ended.stdout.fnmatch_lines(["*rigs.errors.LeaseLost: bench-1 is leased by an impatient one*"])
    assert record(lab)["outcome"] == "lease lost"
    found = holder(lab)
    assert found is not None and found.owner == "an impatient one"
    assert not (lab.bench / ".state" / "bench-1.broken.json").exists()


def test_a_set_up_that_fails_is_recorded_too(standing: Lab, tmp_path: Path, pytester: pytest.Pytester) -> None:
    lab = nothing(tmp_path, standing.keys, str(tmp_path / "none"))
    ended = on(lab, pytester, "def test_one(esme): pass\ndef test_two(esme): pass\n")
    ended.assert_outcomes(errors=1, skipped=1)
    ended.stdout.fnmatch_lines(["*PortMissing: *nothing of that name is plugged in*"])
    assert record(lab)["outcome"] == "no port" and holder(lab) is None


def test_keys_from_a_seed_are_refused_for_a_real_device(tmp_path: Path, pytester: pytest.Pytester) -> None:
    ended = on(nothing(tmp_path, make_keys(tmp_path, "--seed", "1")), pytester, "def test_it(esme): pass\n")
    ended.assert_outcomes(errors=1)
    ended.stdout.fnmatch_lines(["*test keys made from a seed are refused for rig bench-1, whose device is real*"])


def test_what_a_rig_lists_decides_what_runs_on_it(lab: Lab, pytester: pytest.Pytester) -> None:
    source = """
import pytest
@pytest.mark.capability("full_log")
def test_listed(esme): pass
@pytest.mark.capability("twin_element")
def test_not_listed(esme): assert False
@pytest.mark.profile("slow-clock")
def test_other_firmware(esme): assert False
@pytest.mark.needs_rig
def test_real(esme): pass
def test_hub(comms_hub): assert False
"""
    ended = on(lab, pytester, source)
    ended.assert_outcomes(passed=2, skipped=3)
    ended.stdout.fnmatch_lines(["*rig bench-1 does not list it in its rig file"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--meterfarm-rig", "bench-9"), "'bench-9' is no rig of * (rigs there: bench-1)"),
        (("--meterfarm-rig", "bench-1", "--meterfarm-profile", "slow-clock"), "--meterfarm-profile is for emulated *"),
    ],
)
def test_a_wrong_name_is_a_usage_error(
    tmp_path: Path, pytester: pytest.Pytester, options: tuple[str, ...], said: str
) -> None:
    lab = nothing(tmp_path, tmp_path)
    ended = run(pytester, "def test_it(esme): pass\n", *options, "--meterfarm-rigs", str(lab.bench))
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines([f"ERROR: {said}"])
