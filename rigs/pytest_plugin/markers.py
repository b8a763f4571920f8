"""The markers, as pytest lists them with ``--markers``."""

from __future__ import annotations

import pytest

NAMES = ("capability", "known_deviation", "needs_rig", "profile")

LINES = (
    "needs_rig: the test makes sense on a real device only; skipped without --meterfarm-rig.",
    "capability(name, ...): what the device or its rig must be able to do; an emulated meter is made so that it can.",
    'profile("name" or "name:version"): the firmware the test is for; skipped on any other.',
    "known_deviation(name): fails on firmware whose profile lists this deviation, and must then (xfail, strict).",
)


def has_any(item: pytest.Item) -> bool:
    """Whether a test bears a marker of ours."""
    return any(item.get_closest_marker(name) is not None for name in NAMES)


def arguments(item: pytest.Item, name: str) -> tuple[str, ...]:
    """What all markers of a name at a test, its class and its module say. Raises UsageError for one without a name."""
    found: list[str] = []
    for marker in item.iter_markers(name):
        if not marker.args or not all(isinstance(one, str) for one in marker.args):
            raise pytest.UsageError(f'{item.nodeid}: write the marker with a name: @pytest.mark.{name}("...")')
        found += marker.args
    return tuple(dict.fromkeys(found))
