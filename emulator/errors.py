"""Errors of the emulator floor, on top of the families of :mod:`gbcs.errors`."""

from __future__ import annotations

from gbcs.errors import LocalError


class ScenarioError(LocalError):
    """A file that a person wrote holds a mistake; the message is one line that names the file and the key."""
