"""Fixtures on the emulator: virtual time, a fresh meter for each test, the same bytes for the same seed."""

from __future__ import annotations

import pytest
from plugin_run import properties, run

pytest_plugins = ["pytester"]


def test_a_year_passes_in_no_time_and_a_test_begins_anew(pytester: pytest.Pytester) -> None:
    source = """
from gbcs.times import DAY_S
def test_year(esme, clock):
    before = esme.read("ECS17b").values.registers[0][0]
    began = clock.now
    clock.advance(365 * DAY_S)
    assert esme.read("ECS17b").values.registers[0][0] > before + 100_000
    assert clock.now - began > 365 * DAY_S
def test_fresh(esme, clock):
    from rigs.pytest_plugin.emulated import START
    assert clock.now == START
"""
    run(pytester, source).assert_outcomes(passed=2)


def test_a_meter_that_drops_a_read_says_why_at_once(pytester: pytest.Pytester) -> None:
    source = """
import pytest
from rigs.errors import RigTimeout
def test_it(esme, head_end):
    head_end.counters._last.clear()
    esme.read("ECS17b")
    head_end.counters = type("Stuck", (), {"next": lambda *_: 5})()
    esme.read("ECS17b")
    with pytest.raises(RigTimeout, match="dropped it: replayed counter"):
        esme.read("ECS17b", role="NO") and esme.read("ECS22b", 1800, 3600)
"""
    run(pytester, source).assert_outcomes(passed=1)


def test_the_head_end_names_its_roles(pytester: pytest.Pytester) -> None:
    source = """
import pytest
from gbcs.errors import LocalError
def test_it(esme):
    with pytest.raises(LocalError, match="nobody here asks as 'ME' .allowed: IS, ES, NO, MDR"):
        esme.read("ECS17b", role="ME")
"""
    run(pytester, source).assert_outcomes(passed=1)


SEEDED = """
def test_it(esme, clock, record_property):
    record_property("register", esme.read("ECS17b").values.registers[0][0])
"""


def test_the_junit_report_names_device_firmware_and_seed(pytester: pytest.Pytester) -> None:
    registers = []
    for seed in ("7", "7", "8"):
        run(pytester, SEEDED, "--meterfarm-seed", seed, "--junit-xml", "report.xml").assert_outcomes(passed=1)
        of_session = properties(pytester, "report.xml", "testsuite")
        assert of_session == {
            "meterfarm_backend": "emulator",
            "meterfarm_devices": "02-4D-46-00-00-00-00-01 02-4D-46-C0-00-00-00-01",
            "meterfarm_firmware": "smets2-reference",
            "meterfarm_seed": seed,
        }
        of_test = properties(pytester, "report.xml", "testsuite/testcase")
        assert of_test["meterfarm_device"] == "02-4D-46-00-00-00-00-01"
        assert of_test["meterfarm_firmware"] == "smets2-reference"
        registers.append(of_test["register"])
    assert registers[0] == registers[1] != registers[2]


def test_a_whole_farm_runs_in_a_test(pytester: pytest.Pytester) -> None:
    source = """
def test_it(farm):
    done = farm.run(premises=10)
    assert done.summary["value_mismatches"] == 0
    assert done.query("select count(*) from reads")[0][0] > 5
"""
    run(pytester, source).assert_outcomes(passed=1)


def test_the_rig_fixture_needs_a_rig(pytester: pytest.Pytester) -> None:
    ended = run(pytester, "def test_it(rig): assert False\n")
    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines(["*needs a rig: pytest --meterfarm-rig NAME"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--meterfarm-profile", "nobody"), "firmware profile 'nobody' is not known (shipped: gap-after-power-cut,*"),
        (("--meterfarm-seed", "soon"), "*argument --meterfarm-seed: invalid int value: 'soon'"),
    ],
)
def test_a_wrong_option_ends_the_call_before_any_test(
    pytester: pytest.Pytester, options: tuple[str, ...], said: str
) -> None:
    ended = run(pytester, "def test_it(esme): pass\n", *options)
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines([f"*{said}"])


def test_the_header_says_what_is_tested_only_where_something_was_asked(pytester: pytest.Pytester) -> None:
    quiet = run(pytester, "def test_it(): pass\n").stdout.str()
    assert "meterfarm:" not in quiet
    asked = run(pytester, "def test_it(): pass\n", "--meterfarm-profile", "slow-clock", "--meterfarm-seed", "4")
    asked.stdout.fnmatch_lines(["meterfarm: emulator, seed 4, firmware slow-clock"])
