"""The pytest plugin: the same tests against an emulated meter in virtual time, or a real one on a rig.

Importing it is cheap: what fixtures need is imported when one is used. ``tools`` is never imported, so a repository
with a package of that name keeps it.
"""

from __future__ import annotations

from rigs.pytest_plugin.fixtures import (
    clock,
    comms_hub,
    esme,
    farm,
    head_end,
    meterfarm_session,
    meterfarm_stand,
    rig,
)
from rigs.pytest_plugin.hooks import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_report_header,
    pytest_runtest_makereport,
    pytest_runtest_setup,
)

__all__ = [
    "clock",
    "comms_hub",
    "esme",
    "farm",
    "head_end",
    "meterfarm_session",
    "meterfarm_stand",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_report_header",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "rig",
]
