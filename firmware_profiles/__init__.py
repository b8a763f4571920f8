"""Firmware profiles: data on how one model and firmware of a meter behaves, and their loader."""

from __future__ import annotations

from firmware_profiles.loading import load, shipped, stack
from firmware_profiles.model import Deviation, FirmwareProfile, Stated, assumptions

__all__ = ["Deviation", "FirmwareProfile", "Stated", "assumptions", "load", "shipped", "stack"]
