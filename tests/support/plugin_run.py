"""Runs pytest with the plugin over a test file of a few lines, in this process."""

from __future__ import annotations

from importlib.metadata import entry_points
from xml.etree import ElementTree as ET

import pytest

# Imported here, they are kept from one run to the next; pytester forgets what a run imports.
import rigs.pytest_plugin.farm_runs
import rigs.pytest_plugin.stands  # noqa: F401

_IS_INSTALLED = bool(entry_points(group="pytest11", name="meterfarm"))
LOADED = () if _IS_INSTALLED else ("-p", "rigs.pytest_plugin")
"""What has pytest load the plugin: nothing where the distribution is installed, and pytest finds it by itself."""


def run(pytester: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    """How pytest ends over ``source``, in a place without settings of its own."""
    pytester.makepyfile(source)
    return pytester.runpytest_inprocess(*LOADED, "-p", "no:cacheprovider", "--strict-markers", "-rsx", *options)


def properties(pytester: pytest.Pytester, xml: str, path: str) -> dict[str, str]:
    """The properties at a place of a JUnit report."""
    root = ET.parse(pytester.path / xml).getroot()
    return {str(one.get("name")): str(one.get("value")) for one in root.findall(f"{path}/properties/property")}
