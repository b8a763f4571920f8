"""What the methods of COSEM interface classes do, by class and method number (DLMS UA blue book, names in brackets).

Effects touch the attributes that reads show. Where the blue book is open or a value is not stored yet, a number starts
from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeAlias

from emulator.device.profiles import StoredProfile
from emulator.device.values import AttributeKey, integer, octets, parts
from gbcs.dlms import Data, Tag
from gbcs.dlms.data import NULL
from gbcs.objects import logical_name
from gbcs.times import cosem

REGISTER, EXTREME_REGISTER, PROFILE, CLOCK, SCRIPTS = 3, 4, 7, 8, 9
DISCONNECTOR, NETWORK_CONTROL, CREDIT, CHARGE, TOKEN_GATEWAY = 70, 104, 112, 113, 115
VALUE = 2

CLOCK_NAME = logical_name("0-0:1.0.0.255")
CLOCK_TIMES = frozenset({(CLOCK, CLOCK_NAME, VALUE)})
"""Attributes that show the device's own time."""

PRESET = 105
"""Pseudo attribute of a clock: the preset time and its validity interval, from method 5."""
EXECUTED = 101
"""Pseudo attribute of a script table: the scripts that were executed, oldest first."""
DEVICE_LOG, LOG_COUNTER = 100, 101
"""Pseudo attributes of a ZigBee network control: the entries of the device log, and the counter of its backup."""

_NO_COUNTER = Data(Tag.OCTET_STRING, bytes(8))


class State(Protocol):
    """The values that methods change."""

    attributes: dict[AttributeKey, Data]
    profiles: dict[AttributeKey, StoredProfile]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method: the values it may change, the object by its logical name, the argument, the device time."""

    state: State
    instance: bytes
    argument: Data
    now: int


Method: TypeAlias = "Callable[[Call], Data]"
"""What a call gives back. Raises AccessRefused."""


def clock_time(now: int) -> Data:
    """What the time attribute of a clock shows."""
    return Data(Tag.OCTET_STRING, cosem(now))


def _reset(class_id: int) -> Method:
    """[reset] The value becomes 0, of the type it had."""

    def act(call: Call) -> Data:
        key = (class_id, call.instance, VALUE)
        before = call.state.attributes.get(key)
        call.state.attributes[key] = Data(before.tag if before is not None else Tag.UINT32, 0)
        return NULL

    return act


def _clear(call: Call) -> Data:
    """[reset] A profile loses its rows."""
    profile = call.state.profiles.get((PROFILE, call.instance, VALUE))
    if profile is not None:
        profile.clear()
    return NULL


def _add(class_id: int, attribute: int) -> Method:
    """[update_amount] The argument is added to a signed 32-bit amount."""

    def act(call: Call) -> Data:
        key = (class_id, call.instance, attribute)
        call.state.attributes[key] = Data(Tag.INT32, integer(call.state.attributes.get(key)) + integer(call.argument))
        return NULL

    return act


def _assign(class_id: int, attribute: int) -> Method:
    """[set_amount_to_value] The argument becomes the attribute."""

    def act(call: Call) -> Data:
        call.state.attributes[class_id, call.instance, attribute] = call.argument
        return NULL

    return act


def _copy(class_id: int, source: int, target: int) -> Method:
    """[activate_passive_unit_charge] One attribute becomes another."""

    def act(call: Call) -> Data:
        value = call.state.attributes.get((class_id, call.instance, source))
        if value is not None:
            call.state.attributes[class_id, call.instance, target] = value
        return NULL

    return act


def _switch(closed: bool) -> Method:
    """[remote_disconnect, remote_reconnect] Output state and control state follow."""

    def act(call: Call) -> Data:
        call.state.attributes[DISCONNECTOR, call.instance, 2] = Data(Tag.BOOLEAN, 0xFF if closed else 0)
        call.state.attributes[DISCONNECTOR, call.instance, 3] = Data(Tag.ENUM, 1 if closed else 0)
        return NULL

    return act


def _execute(call: Call) -> Data:
    """[execute] The script is noted; what it does is in no table at hand."""
    done = parts(call.state.attributes.get((SCRIPTS, call.instance, EXECUTED)))
    call.state.attributes[SCRIPTS, call.instance, EXECUTED] = Data(Tag.ARRAY, (*done, call.argument))
    return NULL


def _register_device(call: Call) -> Data:
    """[register_device] A device with its install code joins the log, in place of an entry for the same."""
    eui, _, install_code, _ = parts(call.argument, 4)
    key = (NETWORK_CONTROL, call.instance, DEVICE_LOG)
    entry = Data(Tag.STRUCTURE, (eui, Data(Tag.OCTET_STRING, stand_in_key(octets(eui, 8), octets(install_code, 16)))))
    call.state.attributes[key] = Data(Tag.ARRAY, (*_without(call.state.attributes.get(key), eui), entry))
    return NULL


def _unregister_device(call: Call) -> Data:
    """[unregister_device] The device leaves the log."""
    octets(call.argument, 8)
    key = (NETWORK_CONTROL, call.instance, DEVICE_LOG)
    call.state.attributes[key] = Data(Tag.ARRAY, _without(call.state.attributes.get(key), call.argument))
    return NULL


def _backup(call: Call) -> Data:
    """[backup_PAN] Time, counter and entries of the device log."""
    entries = call.state.attributes.get((NETWORK_CONTROL, call.instance, DEVICE_LOG), Data(Tag.ARRAY, ()))
    counter = call.state.attributes.get((NETWORK_CONTROL, call.instance, LOG_COUNTER), _NO_COUNTER)
    return Data(Tag.STRUCTURE, (clock_time(call.now), counter, entries))


def _restore(call: Call) -> Data:
    """[restore_PAN] Counter and entries of a backup become the device log."""
    counter, entries = parts(call.argument, 2)
    parts(entries)
    call.state.attributes[NETWORK_CONTROL, call.instance, LOG_COUNTER] = counter
    call.state.attributes[NETWORK_CONTROL, call.instance, DEVICE_LOG] = entries
    return NULL


def _without(log: Data | None, eui: Data) -> tuple[Data, ...]:
    return tuple(entry for entry in parts(log) if parts(entry)[0] != eui)


def stand_in_key(eui: bytes, install_code: bytes) -> bytes:
    """16 bytes in the place of the key hash that CBKE would leave in the device log; no link key hangs on it."""
    return sha256(b"stand-in for CBKE" + eui + install_code).digest()[:16]


METHODS: Mapping[tuple[int, int], Method] = {
    (REGISTER, 1): _reset(REGISTER),
    (EXTREME_REGISTER, 1): _reset(EXTREME_REGISTER),
    (PROFILE, 1): _clear,
    (CLOCK, 4): _assign(CLOCK, 104),
    (CLOCK, 5): _assign(CLOCK, PRESET),
    (SCRIPTS, 1): _execute,
    (DISCONNECTOR, 1): _switch(closed=False),
    (DISCONNECTOR, 2): _switch(closed=True),
    (NETWORK_CONTROL, 1): _register_device,
    (NETWORK_CONTROL, 2): _unregister_device,
    (NETWORK_CONTROL, 4): _backup,
    (NETWORK_CONTROL, 5): _restore,
    (CREDIT, 1): _add(CREDIT, VALUE),
    (CREDIT, 2): _assign(CREDIT, VALUE),
    (CHARGE, 1): _assign(CHARGE, 6),
    (CHARGE, 2): _copy(CHARGE, 6, 5),
    (CHARGE, 4): _add(CHARGE, 12),
    (CHARGE, 5): _assign(CHARGE, 12),
    (TOKEN_GATEWAY, 1): _assign(TOKEN_GATEWAY, VALUE),
}
"""All methods with a known effect."""

ADJUST_TO_PRESET = (CLOCK, 4)
"""The method that sets the device's own clock, which no object holds: the execution does it."""
