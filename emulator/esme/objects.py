"""The object model of a meter: that of every COSEM device (:mod:`emulator.device.objects`)."""

from __future__ import annotations

from emulator.device.objects import ObjectModel, StoredObjects
from emulator.device.profiles import Selection, StoredProfile
from emulator.device.values import AccessRefused, UnknownObject

__all__ = ["AccessRefused", "ObjectModel", "Selection", "StoredObjects", "StoredProfile", "UnknownObject"]
