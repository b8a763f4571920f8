"""Markers at work: which tests are skipped or expected to fail, on this rig or with this firmware."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import pytest

from firmware_profiles import Deviation, FirmwareProfile, load
from gbcs.errors import LocalError
from rigs.capabilities import known
from rigs.pytest_plugin import markers
from rigs.pytest_plugin.options import Options
from rigs.pytest_plugin.target import Target, target_of

REFERENCE = "smets2-reference"


def apply(asked: Options, items: Iterable[pytest.Item]) -> None:
    """Mark each test as its markers and the target say. Raises UsageError for a wrong name in one."""
    target = target_of(asked)
    for item in items:
        try:
            reason = _reason_to_skip(item, target)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))
            else:
                _expect_deviations(item, firmware_for(item, target))
        except LocalError as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from None


def firmware_for(item: pytest.Item, target: Target) -> FirmwareProfile:
    """The firmware under test: the rig's or the one asked for; else, emulated, that of the test's own marker."""
    wanted = markers.arguments(item, "profile")
    if target.firmware is None and wanted:
        return load(wanted[0].partition(":")[0])
    return target.firmware or load(REFERENCE)


def _reason_to_skip(item: pytest.Item, target: Target) -> str:
    if item.get_closest_marker("needs_rig") is not None and not target.is_rig:
        return "needs a rig: pytest --meterfarm-rig NAME"
    for name in markers.arguments(item, "capability"):
        reason = known(name).emulated if not target.is_rig else ""
        if target.is_rig and name not in target.capabilities:
            reason = f"{target.label} does not list it in its rig file"
        if reason:
            return f"needs {name}: {reason}"
    return _other_firmware(item, target)


def _other_firmware(item: pytest.Item, target: Target) -> str:
    wanted = markers.arguments(item, "profile")
    if not wanted:
        return ""
    firmware = firmware_for(item, target)
    if any(_fits(firmware, one) for one in wanted):
        return ""
    here = f"{firmware.name}:{firmware.firmware_version}"
    return f"for firmware {' or '.join(wanted)}, and {target.label} has {here}"


def _fits(firmware: FirmwareProfile, wanted: str) -> bool:
    name, _, version = wanted.partition(":")
    return name in (firmware.name, firmware.model) and version in ("", firmware.firmware_version)


def _expect_deviations(item: pytest.Item, firmware: FirmwareProfile) -> None:
    """A test that a deviation of this firmware makes fail must fail: once it passes, the profile is out of date."""
    listed = {one.name: one for one in firmware.deviations}
    for name in markers.arguments(item, "known_deviation"):
        if name in listed:
            reason = f"{firmware.name}: {name}: {listed[name].description}"
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        elif name not in _deviations():
            raise LocalError(f"{name!r} is no deviation (allowed: {', '.join(_deviations())})")


def _deviations() -> tuple[str, ...]:
    """The deviations that a profile may list."""
    return tuple(str(get_args(kind.model_fields["name"].annotation)[0]) for kind in get_args(Deviation))
