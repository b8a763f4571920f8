"""The object model of a meter on its own energy: logs and registers as COSEM attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from emulator.device.access import access_table
from emulator.device.objects import Deferred, StoredObjects
from emulator.device.profiles import Selection
from emulator.device.values import AccessRefused
from emulator.esme.energy import Channel, MeterEnergy
from emulator.esme.esme import Esme
from emulator.esme.logs import DEFAULT_SETTINGS, LogSettings, MeterLogs
from gbcs.dlms import CompactArray, Data, ResultCode, Tag, TypeDescription
from gbcs.dlms.data import scaler_unit, structure, uint32
from gbcs.errors import LocalError
from gbcs.frozen import maker
from gbcs.objects import declared_objects
from gbcs.times import MAX_INSTANT

_VALUE, _SCALER_UNIT = 2, 3
_LOG = "log."
_REGISTER_MODULUS = 1 << 32
_WATT_HOURS, _VAR_HOURS = scaler_unit(0, 30), scaler_unit(0, 32)
_EVERYTHING = (0, MAX_INSTANT)

_make_data = maker(Data)
_make_array = maker(CompactArray)


class LiveObjects:
    """Answers reads from a meter's energy; the objects that do not hang on it are stored once one is touched.

    So a meter that nobody reads costs next to nothing.

    Does not model: the snapshot of a profile while it is captured; registers of time of use, demand and voltage that
    follow the energy (they are stored values); a reset of what is measured.
    """

    __slots__ = ("_stored", "energy", "settings")

    def __init__(self, energy: MeterEnergy, settings: LogSettings = DEFAULT_SETTINGS) -> None:
        self.energy, self.settings = energy, settings
        self._stored: StoredObjects | None = None

    @property
    def stored(self) -> StoredObjects:
        """The objects that do not hang on the energy, all of them from the start."""
        if self._stored is None:
            self._stored = StoredObjects(access_table("ESME"))
        return self._stored

    def read(self, class_id: int, instance: bytes, attribute: int, selection: Selection, now: int) -> Data:
        """The value of an attribute at device time ``now``. Raises AccessRefused with a result code."""
        log = _logs().get((class_id, instance, attribute))
        if log is not None:
            return self._log(log, selection, now)
        row = declared_objects().get((class_id, instance))
        if row is None:
            return self.stored.read(class_id, instance, attribute, selection, now)
        value = _QUANTITIES.get((row.quantity, attribute))
        if value is None:
            raise AccessRefused(ResultCode.OBJECT_UNAVAILABLE)
        return value(self.energy, now)

    def write(self, class_id: int, instance: bytes, attribute: int, value: Data, now: int) -> Deferred:
        """Set an attribute; says when a future-dated one takes effect. What is measured cannot be set."""
        if (class_id, instance) in declared_objects():
            raise AccessRefused(ResultCode.READ_WRITE_DENIED)
        return self.stored.write(class_id, instance, attribute, value, now)

    def invoke(self, class_id: int, instance: bytes, method: int, argument: Data, now: int) -> Data:
        """Run a method and hand back its data. Raises AccessRefused, UnknownObject."""
        if (class_id, instance) in declared_objects():
            raise AccessRefused(ResultCode.READ_WRITE_DENIED)
        return self.stored.invoke(class_id, instance, method, argument, now)

    def activate(self, class_id: int, instance: bytes, attribute: int) -> None:
        """Let values that were written for later take effect now."""
        self.stored.activate(class_id, instance, attribute)

    def append(self, instance: bytes, *columns: int | bytes) -> None:
        """Add a row to a log that does not hang on the energy, like an event log."""
        self.stored.append(instance, *columns)

    def _log(self, log: _Log, selection: Selection, now: int) -> Data:
        first, last = _EVERYTHING if selection is None else selection
        rows = MeterLogs(self.energy, self.settings).rows(log.name, first, last, now)
        kind = log.row_twin if self.energy.model.twin else log.row
        return _make_data(Tag.COMPACT_ARRAY, _make_array(kind, rows.tobytes()))


@dataclass(frozen=True, slots=True)
class _Log:
    """A log as an attribute: its name, and its rows on a meter with one and with two elements."""

    name: str
    row: TypeDescription
    row_twin: TypeDescription


@cache
def _logs() -> Mapping[tuple[int, bytes, int], _Log]:
    """The logs among the declared objects, by class, logical name and attribute."""
    found = {}
    for (class_id, instance), row in declared_objects().items():
        if row.quantity.startswith(_LOG) and row.row is not None and row.row_twin is not None:
            found[class_id, instance, _VALUE] = _Log(row.quantity.removeprefix(_LOG), row.row, row.row_twin)
    return found


def _register(energy: MeterEnergy, channel: Channel, now: int) -> Data:
    return uint32(energy.register(channel, now) % _REGISTER_MODULUS)


def _import_registers(energy: MeterEnergy, now: int) -> Data:
    """Spec sheet 6.3: active and reactive import with their units; a twin element adds its own total without one."""
    active, reactive = _register(energy, "active_import", now), _register(energy, "reactive_import", now)
    second = (_register(energy, "active_import_secondary", now),) if energy.model.twin else ()
    return structure(active, _WATT_HOURS, reactive, _VAR_HOURS, *second)


_QUANTITIES: dict[tuple[str, int], Callable[[MeterEnergy, int], Data]] = {
    ("import_registers", _VALUE): _import_registers,
    ("register.active_export", _VALUE): lambda energy, now: _register(energy, "active_export", now),
    ("register.active_export", _SCALER_UNIT): lambda _energy, _now: _WATT_HOURS,
    ("register.reactive_export", _VALUE): lambda energy, now: _register(energy, "reactive_export", now),
    ("register.reactive_export", _SCALER_UNIT): lambda _energy, _now: _VAR_HOURS,
}
"""What a register object shows, by quantity of :mod:`gbcs.objects` and attribute."""


def energy_of(meter: Esme) -> MeterEnergy:
    """What a meter truly measured. Raises LocalError for the twin of a capture, which has no energy of its own."""
    if not isinstance(meter.objects, LiveObjects):
        raise LocalError("only a meter with energy of its own can be judged, not the twin of a capture")
    return meter.objects.energy
