"""Executing the ASN.1 commands (CS02 to CS08, GCS28, GCS59) on the administration of a device."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.device.administration import Code
from emulator.device.asn1_terms import Answer, Asked, Handler, device_form, generalized_time, instant
from emulator.device.certification import certification_request, next_key
from emulator.device.credential_update import LOAD_CONTROLLER_CODES, query, update
from emulator.device.credentials import usage_of
from emulator.device.device import Device, Executed
from emulator.device.firmware_activation import activate_firmware
from emulator.device.policy import Discard, Unanswered
from gbcs.asn1.payloads import Asn1Payload, encode_asn1
from gbcs.asn1.values import (
    ClockReport,
    ClockWindow,
    DeviceEntry,
    DeviceLog,
    DeviceLogRestored,
    FirmwareVersion,
    Join,
    JoinDetails,
    RestoredEntry,
)
from gbcs.catalogue import UseCase
from gbcs.certificates import public_point, read_certificate
from gbcs.errors import DecodeError
from gbcs.framing import Cra, Message
from gbcs.payload import decode_payload

_DEVICE_FORM = frozenset(("CredentialsReport", "CredentialsUpdated"))
"""Types of responses that come in the form of :func:`emulator.device.asn1_terms.device_form`."""


def execute(device: Device, command: Message, _use_case: UseCase, now: int) -> Executed:
    """The response to an ASN.1 command. Raises Unanswered where the payload is none that its code has."""
    handler = _HANDLERS.get(command.message_code)
    if handler is None:
        raise Unanswered(Discard.UNSUPPORTED)
    try:
        payload = decode_payload(command.content, command.message_code, Cra.COMMAND)
        if not isinstance(payload, Asn1Payload) or not payload.type_name:
            raise Unanswered(Discard.MALFORMED)
        type_name, value = handler(Asked(device, command, payload.value, now))
    except DecodeError:
        raise Unanswered(Discard.MALFORMED) from None
    content = encode_asn1(Asn1Payload(type_name, value))
    return Executed(device_form(content) if type_name in _DEVICE_FORM else content)


# --- own keys ---------------------------------------------------------------------------------------------------------


def _request_certificate(asked: Asked) -> Answer:
    usage, keys = usage_of(asked.value.key_usage.octets), asked.state.own_keys
    if usage in keys.faults:
        return "Code", keys.faults[usage]
    if usage not in keys.requests:
        key = next_key(asked.device.signing_key(), usage, asked.command.originator_counter)
        keys.made[usage], keys.pending[usage] = key, public_point(key.public_key())
        keys.requests[usage] = certification_request(key, asked.device.eui, usage)
    return "Certificate", keys.requests[usage]


def _load_certificate(asked: Asked) -> Answer:
    keys = asked.state.own_keys
    try:
        certificate = read_certificate(asked.value)
    except DecodeError:
        return "Code", keys.unreadable_code
    if certificate.eui != asked.device.eui:
        return "Code", Code.REFUSED
    return "Code", keys.load(certificate)


def _own_certificate(asked: Asked) -> Answer:
    usage, keys = usage_of(asked.value.key_usage.octets), asked.state.own_keys
    code = keys.faults.get(usage, Code.SUCCESS if usage in keys.certificates else Code.REFUSED)
    return ("Certificate", keys.certificates[usage]) if code == Code.SUCCESS else ("Code", code)


# --- joining ----------------------------------------------------------------------------------------------------------


def _join(asked: Asked) -> Answer:
    join: Join = asked.value
    return "Code", asked.state.joined.join(join.device, join.device_type)


def _unjoin(asked: Asked) -> Answer:
    return "Code", asked.state.joined.unjoin(asked.value)


def _join_details(asked: Asked) -> Answer:
    joined = asked.state.joined
    code = joined.faults.get(b"", Code.SUCCESS)
    if code != Code.SUCCESS:
        return "JoinDetails", JoinDetails(code)
    return "JoinDetails", JoinDetails(code, tuple(DeviceEntry(*entry) for entry in joined.devices.items()))


def _restore_log(asked: Asked) -> Answer:
    log: DeviceLog = asked.value
    joined = asked.state.joined
    done = tuple(RestoredEntry(entry, joined.join(entry.device, entry.device_type)) for entry in log.devices)
    return "DeviceLogRestored", DeviceLogRestored(done)


# --- firmware and clock -----------------------------------------------------------------------------------------------


def _firmware_version(asked: Asked) -> Answer:
    firmware = asked.state.firmware
    return "FirmwareVersion", FirmwareVersion(firmware.version, firmware.faults.get(b"", Code.SUCCESS))


def _set_clock(asked: Asked) -> Answer:
    window: ClockWindow = asked.value
    first, last = instant(window.earliest), instant(window.latest)
    inside = first is not None and first <= asked.now and (last is None or asked.now <= last)
    if inside:
        asked.device.set_clock(asked.now)
    code = Code.SUCCESS if inside else Code.CLOCK_UNRELIABLE
    return "ClockReport", ClockReport(generalized_time(asked.now), code)


_HANDLERS: Mapping[int, Handler] = {
    0x0008: query,
    0x011B: query,
    **dict.fromkeys((*range(0x0102, 0x010A), *LOAD_CONTROLLER_CODES), update),
    0x000A: _request_certificate,
    0x000B: _load_certificate,
    0x000C: _own_certificate,
    0x000D: _join,
    0x000E: _join,
    0x00AB: _join,
    0x00AF: _join,
    0x000F: _unjoin,
    0x0010: _unjoin,
    0x0013: _join_details,
    0x008C: _restore_log,
    0x0012: activate_firmware,
    0x0129: _firmware_version,
    0x007F: _set_clock,
}
"""By message code, as :mod:`gbcs.catalogue` names them."""
