"""The shipped example suite passes on every backend, with one command each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_rigs import ezsp_lab, gfi_lab
from plugin_run import LOADED

import gbcs

pytest_plugins = ["pytester"]

PACKAGES = Path(gbcs.__file__).parents[1]


def suite(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The suite as a lab runs it, from a folder of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-rsx", "-p", "rigs.pytest_plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "--pyargs", "rigs.examples", *options],
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PACKAGES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_on_the_emulator(tmp_path: Path) -> None:
    done = suite(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout and "skipped" not in done.stdout and "xfailed" not in done.stdout


def test_a_known_deviation_of_the_firmware_is_expected(pytester: pytest.Pytester) -> None:
    options = ("--pyargs", "rigs.examples.test_logs", "--meterfarm-profile", "gap-after-power-cut")
    ended = pytester.runpytest_inprocess(*LOADED, "-p", "no:cacheprovider", *options)
    ended.assert_outcomes(passed=7, xfailed=1)


def test_on_a_meter_behind_a_terminal(tmp_path: Path) -> None:
    with gfi_lab(tmp_path) as lab:
        done = suite(tmp_path, "--meterfarm-rig", lab.name)
    assert done.returncode == 0 and "passed" in done.stdout, done.stdout + done.stderr


def test_on_a_meter_over_a_dongle(tmp_path: Path) -> None:
    with ezsp_lab(tmp_path) as lab:
        done = suite(tmp_path, "--meterfarm-rig", lab.name)
    assert done.returncode == 0 and "passed" in done.stdout, done.stdout + done.stderr
