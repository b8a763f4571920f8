"""The object model of a meter: whatever answers reads of attributes.

:mod:`gbcs.objects` declares the objects and their access. Two kinds of model hold values for them:
:class:`emulator.esme.live.LiveObjects` on the meter's own logs and registers, and :class:`StoredObjects`, loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gbcs.dlms import CompactArray, Data, ResultCode, Tag, TypeDescription
from gbcs.errors import LocalError

Selection: TypeAlias = "tuple[int, int] | None"
"""First and last stamp, seconds since 2000, both inclusive; ``None`` asks for everything."""


class AccessRefused(Exception):
    """A read that a meter answers with a result code other than success."""

    def __init__(self, code: int) -> None:
        super().__init__(f"result code {code}")
        self.code = code


class ObjectModel(Protocol):
    """Whatever answers reads of attributes."""

    def read(self, class_id: int, instance: bytes, attribute: int, selection: Selection, now: int) -> Data:
        """The value of an attribute at device time ``now``. Raises AccessRefused with a result code."""


@dataclass(slots=True)
class StoredProfile:
    """Rows of a profile as they were loaded: their stamps and their packed bytes, in the order of the wire."""

    kind: TypeDescription
    stamps: NDArray[np.int64]
    packed: NDArray[np.void]

    @staticmethod
    def load(array: CompactArray) -> StoredProfile:
        """Take the rows of a compact array whose first column is the stamp."""
        rows = array.rows()
        stamps = (rows[:, 0] if rows.dtype.names is None else rows[rows.dtype.names[0]]).astype(np.int64)
        width = len(array.contents) // len(stamps) if len(stamps) else 1
        return StoredProfile(array.kind, stamps, np.frombuffer(array.contents, np.dtype((np.void, width))))

    def select(self, selection: Selection) -> CompactArray:
        """The rows inside the bounds, in their order."""
        if selection is None:
            return CompactArray(self.kind, self.packed.tobytes())
        inside = (self.stamps >= selection[0]) & (self.stamps <= selection[1])
        return CompactArray(self.kind, self.packed[inside].tobytes())

    def add(self, stamp: int, like: int = 0) -> None:
        """Add a row with its own stamp and the values of row number ``like``, keeping the order of stamps."""
        row = bytearray(self.packed[like].tobytes())
        row[:4] = stamp.to_bytes(4, "big")
        at = int(np.searchsorted(self.stamps, stamp))
        self.stamps = np.insert(self.stamps, at, stamp)
        joined = b"".join((self.packed[:at].tobytes(), bytes(row), self.packed[at:].tobytes()))
        self.packed = np.frombuffer(joined, self.packed.dtype)

    def plant(self, stamp: int, column: int, value: int) -> None:
        """Change one 4-byte value of one row. Raises LocalError where there is no such row."""
        found = np.flatnonzero(self.stamps == stamp)
        if not len(found):
            raise LocalError(f"no row is stamped {stamp}")
        rows = bytearray(self.packed.tobytes())
        at = int(found[0]) * self.packed.dtype.itemsize + 4 * column
        rows[at : at + 4] = value.to_bytes(4, "big")
        self.packed = np.frombuffer(bytes(rows), self.packed.dtype)


class StoredObjects:
    """An object model made of stored values: attributes, profiles, and faults that answer a result code.

    Does not model: anything that moves. Values stay as they were loaded.
    """

    def __init__(self) -> None:
        self.attributes: dict[tuple[int, bytes, int], Data] = {}
        self.profiles: dict[tuple[int, bytes, int], StoredProfile] = {}
        self.faults: dict[tuple[int, bytes, int], int] = {}

    def read(self, class_id: int, instance: bytes, attribute: int, selection: Selection, now: int) -> Data:
        """The stored value; a fault's code, or object-undefined where nothing is stored."""
        key = (class_id, instance, attribute)
        if key in self.faults:
            raise AccessRefused(self.faults[key])
        profile = self.profiles.get(key)
        if profile is not None:
            return Data(Tag.COMPACT_ARRAY, profile.select(selection))
        if key not in self.attributes:
            raise AccessRefused(ResultCode.OBJECT_UNDEFINED)
        return self.attributes[key]
