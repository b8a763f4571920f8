"""Runs pytest with the plugin over a test file of a few lines, in this process."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

# Imported here, they are kept from one run to the next; pytester forgets what a run imports.
import rigs.pytest_plugin.farm_runs
import rigs.pytest_plugin.stands  # noqa: F401

PLUGIN = "rigs.pytest_plugin"


def run(pytester: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    """How pytest ends over ``source``, in a place without settings of its own."""
    pytester.makepyfile(source)
    return pytester.runpytest_inprocess("-p", PLUGIN, "-p", "no:cacheprovider", "--strict-markers", "-rsx", *options)


def properties(pytester: pytest.Pytester, xml: str, path: str) -> dict[str, str]:
    """The properties at a place of a JUnit report."""
    root = ET.parse(pytester.path / xml).getroot()
    return {str(one.get("name")): str(one.get("value")) for one in root.findall(f"{path}/properties/property")}
