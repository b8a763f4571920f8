"""Markers: registered, checked, and doing what they say."""

from __future__ import annotations

import pytest
from plugin_run import run

pytest_plugins = ["pytester"]

GAP = "gap-after-power-cut"


def test_all_are_listed_with_what_they_do(pytester: pytest.Pytester) -> None:
    listed = run(pytester, "", "--markers").stdout.str()
    for name in ("needs_rig", "capability", "profile", "known_deviation"):
        assert f"@pytest.mark.{name}" in listed


def test_what_needs_a_rig_is_skipped_on_the_emulator_and_says_how_to_run_it(pytester: pytest.Pytester) -> None:
    ended = run(pytester, "import pytest\n@pytest.mark.needs_rig\ndef test_it(esme): assert False\n")
    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines(["*needs a rig: pytest --meterfarm-rig NAME"])


def test_an_emulated_meter_is_made_with_the_capability_asked_for(pytester: pytest.Pytester) -> None:
    source = """
import pytest
def columns(esme, clock):
    last = int(clock.now) // 1800 * 1800
    return esme.read("ECS22b", last, last).values.rows.shape[1]
@pytest.mark.capability("twin_element")
def test_twin(esme, clock): assert columns(esme, clock) == 3
def test_single(esme, clock): assert columns(esme, clock) == 2
"""
    run(pytester, source).assert_outcomes(passed=2)


def test_what_the_emulator_cannot_is_skipped_with_the_reason(pytester: pytest.Pytester) -> None:
    ended = run(pytester, 'import pytest\n@pytest.mark.capability("cbke")\ndef test_it(esme): assert False\n')
    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines(["*needs cbke: an emulated HAN agrees no keys"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('capability("teleport")', "'teleport' is no capability (allowed: export, full_log, twin_element,*"),
        ('known_deviation("bad_mood")', "'bad_mood' is no deviation (allowed: *drop_rows_after_power_cut*"),
        ('profile("nobody:1.2")', "firmware profile 'nobody' is not known (shipped: *gap-after-power-cut*"),
        ("profile()", 'write the marker with a name: @pytest.mark.profile("...")'),
        ("capability", 'write the marker with a name: @pytest.mark.capability("...")'),
    ],
)
def test_a_wrong_name_ends_the_call_with_the_names_that_are_right(
    pytester: pytest.Pytester, marker: str, said: str
) -> None:
    ended = run(pytester, f"import pytest\n@pytest.mark.{marker}\ndef test_it(esme): pass\n")
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines([f"ERROR: *test_it: *{said}"])


PROFILED = f"""
import pytest
@pytest.mark.profile("{GAP}")
def test_it(esme): assert esme.firmware.name == "{GAP}"
@pytest.mark.profile("{GAP}:9.9")
def test_version(esme): assert False
"""


def test_the_profile_of_a_marker_is_the_one_emulated(pytester: pytest.Pytester) -> None:
    ended = run(pytester, PROFILED)
    ended.assert_outcomes(passed=1, skipped=1)
    ended.stdout.fnmatch_lines([f"*for firmware {GAP}:9.9, and the emulator has {GAP}:*"])


def test_on_another_firmware_the_test_is_skipped(pytester: pytest.Pytester) -> None:
    ended = run(pytester, PROFILED, "--meterfarm-profile", "slow-clock")
    ended.assert_outcomes(skipped=2)


DEVIATING = """
import pytest
@pytest.mark.known_deviation("drop_rows_after_power_cut")
def test_it(esme): assert {passes}
"""


@pytest.mark.parametrize(
    ("firmware", "passes", "outcome"),
    [
        ("smets2-reference", True, {"passed": 1}),
        ("smets2-reference", False, {"failed": 1}),
        (GAP, False, {"xfailed": 1}),
        (GAP, True, {"failed": 1}),
    ],
)
def test_a_known_deviation_is_expected_where_the_profile_lists_it_and_only_there(
    pytester: pytest.Pytester, firmware: str, passes: bool, outcome: dict[str, int]
) -> None:
    ended = run(pytester, DEVIATING.format(passes=passes), "--meterfarm-profile", firmware)
    ended.assert_outcomes(**outcome)
    if outcome == {"xfailed": 1}:
        ended.stdout.fnmatch_lines([f"*{GAP}: drop_rows_after_power_cut: *"])
