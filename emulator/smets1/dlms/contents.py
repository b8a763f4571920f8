"""What the objects of a meter show, and what they take."""

from __future__ import annotations

from collections.abc import Callable

from emulator.esme.energy import Channel
from emulator.smets1.dlms.acse import DLMS_VERSION
from emulator.smets1.dlms.apdu import AccessError
from emulator.smets1.dlms.data import (
    DATE_TIME,
    BitString,
    Data,
    Tag,
    array,
    date_time,
    from_date_time,
    int8,
    octets,
    structure,
    uint8,
    uint16,
    uint32,
)
from emulator.smets1.dlms.rows import COLUMNS
from emulator.smets1.dlms.selection import Denied
from emulator.smets1.dlms.view import View
from gbcs.errors import DecodeError
from gbcs.times import HALF_HOUR_S

Show = Callable[[View, float], Data]
Write = Callable[[View, Data, float], None]
_LONGEST_SHIFT_S = 900


# ---------------------------------------------------------------------- what objects show


def constant(value: Data) -> Show:
    """The same value at every meter."""
    return lambda _view, _now: value


def register(channel: Channel) -> Show:
    """A total register."""
    return lambda view, now: uint32(view.device.meter.register_wh(channel, now))


def device_name(view: View, _now: float) -> Data:
    """Up to 16 bytes: manufacturer, name of the logical device, serial number, as far as they go."""
    meter, here = view.device.meter, view.device.logical_devices[view.server_sap]
    return octets(f"{meter.manufacturer}{here.name}{meter.serial_number}".encode()[:16])


def time(view: View, now: float) -> Data:
    """What the clock shows."""
    return octets(date_time(int(view.device.meter.clock(now))))


def held_rows(view: View, now: float) -> Data:
    """How many rows the profile holds."""
    return uint32(len(view.device.meter.profile(now)))


def profile_depth(view: View, _now: float) -> Data:
    """How many rows it can hold."""
    meter = view.device.meter
    if meter.window is not None:
        return uint32((meter.window.last - meter.window.first) // HALF_HOUR_S + 1)
    return uint32(meter.settings.depth("profile_active_import"))


def capture_objects(view: View, _now: float) -> Data:
    """The columns of the profile."""
    return array(*(COLUMNS[name].definition() for name in view.device.settings.columns.value))


def devices(view: View, _now: float) -> Data:
    """The logical devices of the meter."""
    every = view.device.logical_devices.values()
    return array(*(structure(uint16(one.sap), octets(one.name.encode())) for one in every))


def context_info(view: View, _now: float) -> Data:
    """What was agreed with the client, and what the meter takes."""
    return structure(
        Data(Tag.BIT_STRING, BitString(24, view.conformance.to_bytes(3, "big"))),
        uint16(view.device.settings.max_pdu.value),
        uint16(view.client_max_pdu),
        uint8(DLMS_VERSION),
        int8(0),
        octets(b""),
    )


# ---------------------------------------------------------------------- what objects take


def set_time(view: View, value: Data, now: float) -> None:
    """Set the clock. Raises Denied for another type or an open time."""
    if value.tag not in (Tag.OCTET_STRING, DATE_TIME) or not isinstance(value.value, bytes):
        raise Denied(AccessError.TYPE_UNMATCHED)
    try:
        view.device.meter.set_clock(from_date_time(value.value), now)
    except DecodeError:
        raise Denied(AccessError.OTHER_REASON) from None


def adjust_to_minute(view: View, _value: Data, now: float) -> None:
    """Let the clock show the nearest full minute."""
    meter = view.device.meter
    meter.set_clock(float(round(meter.clock(now) / 60) * 60), now)


def shift_time(view: View, value: Data, now: float) -> None:
    """Move the clock by up to 900 seconds. Raises Denied."""
    if value.tag != Tag.INT16 or not isinstance(value.value, int) or abs(value.value) > _LONGEST_SHIFT_S:
        raise Denied(AccessError.TYPE_UNMATCHED)
    meter = view.device.meter
    meter.set_clock(meter.clock(now) + value.value, now)
