"""The object model of a meter on its own energy: logs and registers as COSEM attributes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from emulator.esme.energy import MeterEnergy
from emulator.esme.logs import DEFAULT_SETTINGS, LogSettings, MeterLogs
from emulator.esme.objects import AccessRefused, Selection
from gbcs.dlms import CompactArray, Data, ResultCode, Tag
from gbcs.dlms.data import scaler_unit, structure, uint32
from gbcs.frozen import maker
from gbcs.objects import ObjectRow, declared_objects
from gbcs.times import MAX_INSTANT

_VALUE, _SCALER_UNIT = 2, 3
_LOG = "log."
_REGISTER_MODULUS = 1 << 32
_WATT_HOURS, _VAR_HOURS = scaler_unit(0, 30), scaler_unit(0, 32)
_EVERYTHING = (0, MAX_INSTANT)

_make_data = maker(Data)
_make_array = maker(CompactArray)


class LiveObjects:
    """Answers reads from a meter's energy; nothing is stored, so a meter that nobody reads costs next to nothing.

    Does not model: objects that settlement does not read; writing; the snapshot of a profile while it is captured.
    """

    __slots__ = ("energy", "settings")

    def __init__(self, energy: MeterEnergy, settings: LogSettings = DEFAULT_SETTINGS) -> None:
        self.energy, self.settings = energy, settings

    def read(self, class_id: int, instance: bytes, attribute: int, selection: Selection, now: int) -> Data:
        """The value of an attribute at device time ``now``. Raises AccessRefused with a result code."""
        row = declared_objects().get((class_id, instance))
        if row is None:
            raise AccessRefused(ResultCode.OBJECT_UNDEFINED)
        if attribute == _VALUE and row.quantity.startswith(_LOG):
            return self._log(row, selection, now)
        value = _QUANTITIES.get((row.quantity, attribute))
        if value is None:
            raise AccessRefused(ResultCode.OBJECT_UNAVAILABLE)
        return value(self.energy, now)

    def _log(self, row: ObjectRow, selection: Selection, now: int) -> Data:
        first, last = _EVERYTHING if selection is None else selection
        rows = MeterLogs(self.energy, self.settings).rows(row.quantity.removeprefix(_LOG), first, last, now)
        kind = row.row_twin if self.energy.model.twin else row.row
        if kind is None:
            raise AccessRefused(ResultCode.OBJECT_UNAVAILABLE)
        return _make_data(Tag.COMPACT_ARRAY, _make_array(kind, np.ascontiguousarray(rows).tobytes()))


def _register(energy: MeterEnergy, channel: str, now: int) -> Data:
    return uint32(energy.register(channel, now) % _REGISTER_MODULUS)  # type: ignore[arg-type]  # a channel of the table


def _import_registers(energy: MeterEnergy, now: int) -> Data:
    """Spec sheet 6.3: active and reactive import with their units; a twin element adds its own total without one."""
    parts = (_register(energy, "active_import", now), _WATT_HOURS)
    parts += (_register(energy, "reactive_import", now), _VAR_HOURS)
    if energy.model.twin:
        parts += (_register(energy, "active_import_secondary", now),)
    return structure(*parts)


_QUANTITIES: dict[tuple[str, int], Callable[[MeterEnergy, int], Data]] = {
    ("import_registers", _VALUE): _import_registers,
    ("register.active_export", _VALUE): lambda energy, now: _register(energy, "active_export", now),
    ("register.active_export", _SCALER_UNIT): lambda _energy, _now: _WATT_HOURS,
    ("register.reactive_export", _VALUE): lambda energy, now: _register(energy, "reactive_export", now),
    ("register.reactive_export", _SCALER_UNIT): lambda _energy, _now: _VAR_HOURS,
}
"""What a register object shows, by quantity of :mod:`gbcs.objects` and attribute."""
