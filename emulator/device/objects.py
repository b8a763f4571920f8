"""The object model of a device: whatever answers reads, writes and methods of COSEM objects.

:class:`StoredObjects` holds loaded and written values; a model may answer some reads from elsewhere and leave the rest
to one (:class:`emulator.esme.live.LiveObjects`).
"""

from __future__ import annotations

from typing import Protocol, TypeAlias, runtime_checkable

from emulator.device import classes
from emulator.device.access import AccessTable, Reach, initial_value
from emulator.device.activation import Activation, activation_of, instant
from emulator.device.profiles import Selection, StoredProfile, pack_row
from emulator.device.values import AccessRefused, AttributeKey, UnknownObject
from gbcs.dlms import CompactArray, Data, Tag
from gbcs.errors import LocalError
from gbcs.objects import show_logical_name

__all__ = [
    "AccessRefused",
    "AttributeKey",
    "ObjectModel",
    "Selection",
    "StoredObjects",
    "StoredProfile",
    "UnknownObject",
]

Deferred: TypeAlias = "int | None"
"""When a written value takes effect: an instant, or ``None`` for at once."""


class ObjectModel(Protocol):
    """Whatever answers reads of attributes."""

    def read(self, class_id: int, instance: bytes, attribute: int, selection: Selection, now: int) -> Data:
        """The value of an attribute at device time ``now``. Raises AccessRefused with a result code, UnknownObject."""


@runtime_checkable
class WritableModel(ObjectModel, Protocol):
    """An object model that can be changed as well."""

    def write(self, class_id: int, instance: bytes, attribute: int, value: Data, now: int) -> Deferred:
        """Set an attribute; says when a future-dated one takes effect. Raises AccessRefused, UnknownObject."""

    def invoke(self, class_id: int, instance: bytes, method: int, argument: Data, now: int) -> Data:
        """Run a method and hand back its data. Raises AccessRefused, UnknownObject."""

    def activate(self, class_id: int, instance: bytes, attribute: int) -> None:
        """Let values that were written for later take effect now."""

    def append(self, instance: bytes, *columns: int | bytes) -> None:
        """Add a row to a log. Raises LocalError for a log that the device does not have."""


class StoredObjects:
    """An object model of stored values: attributes, profiles, and faults that answer a result code.

    ``attributes`` and ``profiles`` are what reads show, ``faults`` and ``method_faults`` the result codes of objects
    that fail, ``inert`` the data of methods that succeed without an effect that anybody knows. What is written is what
    is read; methods act as their interface class says (:mod:`emulator.device.classes`); an activation time moves values
    from passive to active (:mod:`emulator.device.activation`).

    Does not model: limits of values, and links between objects other than activation.
    """

    def __init__(self, defaults: AccessTable | None = None) -> None:
        """``defaults``: the table of a device that has all its objects from the start; else only what is set."""
        self._defaults = defaults or {}
        self.attributes: dict[AttributeKey, Data] = {}
        self.profiles: dict[AttributeKey, StoredProfile] = {}
        self.faults: dict[AttributeKey, int] = {}
        self.method_faults: dict[AttributeKey, int] = {}
        self.inert: dict[AttributeKey, Data] = {}

    def read(self, class_id: int, instance: bytes, attribute: int, selection: Selection, now: int) -> Data:
        """The stored value. Raises AccessRefused with a fault's code, UnknownObject where nothing is stored."""
        key = (class_id, instance, attribute)
        if key in self.faults:
            raise AccessRefused(self.faults[key])
        profile = self.profiles.get(key)
        if profile is not None:
            return Data(Tag.COMPACT_ARRAY, profile.select(selection))
        if key in classes.CLOCK_TIMES:
            return classes.clock_time(now)
        if key in self.attributes:
            return self.attributes[key]
        row = self._defaults.get((Reach.READ, *key))
        if row is None:
            raise UnknownObject
        return initial_value(row)

    def write(self, class_id: int, instance: bytes, attribute: int, value: Data, now: int) -> Deferred:
        """Store a value. An activation time acts: at once, later (the instant is handed back), or never.

        Raises AccessRefused with a fault's code, or type-unmatched for an activation time that is no date-time.
        """
        key = (class_id, instance, attribute)
        if key in self.faults:
            raise AccessRefused(self.faults[key])
        activation = activation_of(key)
        if activation is None:
            self._store(key, value)
            return None
        at = instant(value)
        self.attributes[key] = value
        if at is not None and at <= now:
            self._move(activation, instance)
            return None
        return at

    def invoke(self, class_id: int, instance: bytes, method: int, argument: Data, now: int) -> Data:
        """Run a method. Raises AccessRefused with a fault's code, UnknownObject for one that no class has."""
        key = (class_id, instance, method)
        if key in self.method_faults:
            raise AccessRefused(self.method_faults[key])
        act = classes.METHODS.get((class_id, method))
        if act is not None:
            return act(classes.Call(self, instance, argument, now))
        if key in self.inert:
            return self.inert[key]
        raise UnknownObject

    def activate(self, class_id: int, instance: bytes, attribute: int) -> None:
        """Move what waits behind an activation attribute. Raises AccessRefused with the fault of one that fails."""
        key = (class_id, instance, attribute)
        if key in self.faults:
            raise AccessRefused(self.faults[key])
        activation = activation_of(key)
        if activation is not None:
            self._move(activation, instance)

    def append(self, instance: bytes, *columns: int | bytes) -> None:
        """Add a row to a log, its stamp first. Raises LocalError for a log without a known type, or a wrong row."""
        key = (classes.PROFILE, instance, classes.VALUE)
        row = self._defaults.get((Reach.READ, *key))
        kind = row.row if row is not None else None
        profile = self.profiles.get(key) or (StoredProfile(kind, [], []) if kind is not None else None)
        if profile is None:
            raise LocalError(f"{show_logical_name(instance)} is no log of this device")
        profile.insert(pack_row(profile.kind, *columns))
        self.profiles[key] = profile

    def _store(self, key: AttributeKey, value: Data) -> None:
        if isinstance(value.value, CompactArray):
            self.profiles[key] = StoredProfile.load(value.value)
        else:
            self.attributes[key] = value

    def _move(self, activation: Activation, instance: bytes) -> None:
        for source, target in activation.moves(instance):
            if source in self.attributes:
                self.attributes[target] = self.attributes[source]
