"""The COSEM objects of a SMETS1 meter: a table of rows, who may see them, and access to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from emulator.esme.energy import Channel
from emulator.smets1.dlms.apdu import AccessError, Selection
from emulator.smets1.dlms.contents import (
    Show,
    Write,
    adjust_to_minute,
    capture_objects,
    constant,
    context_info,
    device_name,
    devices,
    held_rows,
    profile_depth,
    register,
    set_time,
    shift_time,
    time,
)
from emulator.smets1.dlms.data import (
    FUSED_DATA,
    NULL,
    Data,
    Tag,
    array,
    enum,
    int8,
    octets,
    scaler_unit,
    structure,
    uint8,
    uint16,
    uint32,
)
from emulator.smets1.dlms.rows import CLOCK, COLUMNS
from emulator.smets1.dlms.selection import Denied, buffer
from emulator.smets1.dlms.settings import Role
from emulator.smets1.dlms.view import View
from gbcs.times import HALF_HOUR_S

_WH, _VARH = scaler_unit(0, 30), scaler_unit(0, 32)
_FIFO, _INTERNAL_CLOCK, _ASSOCIATED = 1, 1, 2
_AUTHENTICATED_AND_ENCRYPTED, _SUITE_0 = 3, 0
_READ_ONLY, _READ_WRITE = 1, 3
REPLY_TO_HLS = 1


@dataclass(frozen=True, slots=True)
class CosemObject:
    """One row.

    ``shows`` gives attributes from 2 on (attribute 1 is the logical name), ``writes`` those that a manager may set,
    ``methods`` what a manager may run. ``role`` is the lowest that may read; ``part`` is the kind of logical device
    that holds it, "" for all.
    """

    class_id: int
    version: int
    instance: bytes
    role: Role
    part: str
    shows: Mapping[int, Show]
    writes: Mapping[int, Write]
    methods: Mapping[int, Write]


def obis(text: str) -> bytes:
    """Six bytes of ``0.0.1.0.0.255``."""
    return bytes(int(group) for group in text.split("."))


def _object_list(view: View, _now: float) -> Data:
    """Every object that the association can see, with what it may do to it."""
    return array(*(_list_entry(view, each) for each in objects(view).values()))


def _list_entry(view: View, each: CosemObject) -> Data:
    manages = view.role >= Role.MANAGER
    attributes = [
        structure(
            int8(index),
            enum(_READ_WRITE if manages and index in each.writes else _READ_ONLY),
            array(int8(1), int8(2)) if each.class_id == 7 and index == 2 else NULL,
        )
        for index in (1, *each.shows)
    ]
    allowed = {**(each.methods if manages else {}), **({REPLY_TO_HLS: None} if each.class_id == 15 else {})}
    methods = [structure(int8(index), enum(1)) for index in allowed]
    rights = structure(array(*attributes), array(*methods))
    return structure(uint16(each.class_id), uint8(each.version), octets(each.instance), rights)


# ---------------------------------------------------------------------- the table

_NO_DST = octets(bytes.fromhex("ffffffffffffffffff800000"))
_PROFILE, _BUFFER = (7, obis("1.0.99.1.0.255")), 2


def _row(
    class_id: int,
    version: int,
    name: str,
    role: Role,
    part: str,
    shows: Mapping[int, Show],
    writes: Mapping[int, Write] | None = None,
    methods: Mapping[int, Write] | None = None,
) -> CosemObject:
    return CosemObject(class_id, version, obis(name), role, part, shows, writes or {}, methods or {})


def _energy_register(name: str, channel: Channel, unit: Data) -> CosemObject:
    return _row(3, 0, name, Role.READER, "electricity", {2: register(channel), 3: constant(unit)})


_TABLE: tuple[CosemObject, ...] = (
    _row(
        15,
        1,
        "0.0.40.0.0.255",
        Role.PUBLIC,
        "",
        {
            2: _object_list,
            3: lambda view, _now: structure(int8(view.client_sap), uint16(view.server_sap)),
            4: lambda view, _now: octets(view.context),
            5: context_info,
            6: lambda view, _now: octets(view.mechanism),
            8: constant(enum(_ASSOCIATED)),
            9: constant(octets(obis("0.0.43.0.0.255"))),
        },
    ),
    _row(17, 0, "0.0.41.0.0.255", Role.PUBLIC, "management", {2: devices}),
    _row(1, 0, "0.0.42.0.0.255", Role.PUBLIC, "", {2: device_name}),
    _row(
        1, 0, "0.0.96.1.0.255", Role.PUBLIC, "", {2: lambda view, _: octets(view.device.meter.serial_number.encode())}
    ),
    _row(1, 0, "0.0.43.1.0.255", Role.PUBLIC, "", {2: lambda view, _now: uint32(view.device.keys.last_counter())}),
    _row(
        64,
        0,
        "0.0.43.0.0.255",
        Role.READER,
        "management",
        {
            2: constant(enum(_AUTHENTICATED_AND_ENCRYPTED)),
            3: constant(enum(_SUITE_0)),
            4: lambda view, _now: octets(view.client_title),
            5: lambda view, _now: octets(view.device.keys.title),
        },
    ),
    _row(
        8,
        0,
        "0.0.1.0.0.255",
        Role.PUBLIC,
        "",
        {
            2: time,
            3: constant(Data(Tag.INT16, 0)),
            4: constant(uint8(0)),
            5: constant(_NO_DST),
            6: constant(_NO_DST),
            7: constant(int8(0)),
            8: constant(Data(Tag.BOOLEAN, 0)),
            9: constant(enum(_INTERNAL_CLOCK)),
        },
        writes={2: set_time},
        methods={3: adjust_to_minute, 6: shift_time},
    ),
    _row(1, 0, "0.0.96.10.1.255", Role.READER, "electricity", {2: constant(uint8(0))}),
    _energy_register("1.0.1.8.0.255", "active_import", _WH),
    _energy_register("1.0.2.8.0.255", "active_export", _WH),
    _energy_register("1.0.3.8.0.255", "reactive_import", _VARH),
    _energy_register("1.0.4.8.0.255", "reactive_export", _VARH),
    _row(
        7,
        1,
        "1.0.99.1.0.255",
        Role.READER,
        "electricity",
        {
            # The buffer is not shown as data: see read().
            _BUFFER: constant(NULL),
            3: capture_objects,
            4: constant(uint32(HALF_HOUR_S)),
            5: constant(enum(_FIFO)),
            6: constant(COLUMNS[CLOCK].definition()),
            7: held_rows,
            8: profile_depth,
        },
    ),
)


@cache
def _objects(role: Role, holds: tuple[str, ...]) -> Mapping[tuple[int, bytes], CosemObject]:
    return {
        (each.class_id, each.instance): each
        for each in _TABLE
        if each.role <= role and (not each.part or each.part in holds)
    }


def objects(view: View) -> Mapping[tuple[int, bytes], CosemObject]:
    """The objects that an association can see, by class and logical name."""
    return _objects(view.role, view.device.logical_devices[view.server_sap].holds)


def _find(view: View, class_id: int, instance: bytes) -> CosemObject:
    found = objects(view).get((class_id, instance))
    if found is None:
        wrong_class = any(name == instance for _, name in objects(view))
        raise Denied(AccessError.OBJECT_CLASS_INCONSISTENT if wrong_class else AccessError.OBJECT_UNDEFINED)
    return found


def read(view: View, class_id: int, instance: bytes, index: int, selection: Selection, now: float) -> bytes:
    """An attribute, encoded. Raises Denied."""
    found = _find(view, class_id, instance)
    if (class_id, instance) == _PROFILE and index == _BUFFER:
        return buffer(view.device.meter, view.device.settings.columns.value, selection, now)
    if selection.present:
        raise Denied(AccessError.SCOPE_OF_ACCESS_VIOLATED)
    if index == 1:
        return FUSED_DATA.build(octets(instance))
    show = found.shows.get(index)
    if show is None:
        raise Denied(AccessError.READ_WRITE_DENIED)
    return FUSED_DATA.build(show(view, now))


def write(view: View, class_id: int, instance: bytes, index: int, value: Data, now: float) -> None:
    """Set an attribute. Raises Denied."""
    _manage(view, _find(view, class_id, instance).writes, index)(view, value, now)


def invoke(view: View, class_id: int, instance: bytes, index: int, argument: Data, now: float) -> None:
    """Run a method. Raises Denied."""
    _manage(view, _find(view, class_id, instance).methods, index)(view, argument, now)


def _manage(view: View, table: Mapping[int, Write], index: int) -> Write:
    action = table.get(index)
    if action is None or view.role < Role.MANAGER:
        raise Denied(AccessError.READ_WRITE_DENIED)
    return action
