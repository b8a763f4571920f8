"""Twins for the ASN.1 use cases: the administration of a device, loaded with what a captured exchange shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from emulator.device.administration import Administration, Code
from emulator.device.asn1_terms import instant
from emulator.device.credentials import Credential, Status, cell_key, usage_of
from emulator.device.twin import FixedTime
from gbcs.asn1.payloads import Asn1Payload
from gbcs.asn1.values import CredentialsUpdated, FirmwareActivated, JoinDetails
from gbcs.certificates import public_point, read_certificate
from gbcs.errors import DecodeError, LocalError
from gbcs.framing import Message
from gbcs.payload import message_payload
from gbcs.security import Opened
from gbcs.times import from_cosem


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is loaded into, the value of the command, and the response."""

    state: Administration
    asked: Any
    answer: Asn1Payload

    @property
    def shown(self) -> Any:
        """The value of the response."""
        return self.answer.value


Loader: TypeAlias = "Callable[[Exchange], None]"


def load(state: Administration, command: Message, response: Opened) -> None:
    """Store what an exchange shows. Raises LocalError where command and response are none of one ASN.1 use case."""
    asked, answer = message_payload(command), response.payload
    loader = _LOADERS.get(command.message_code)
    if not isinstance(asked, Asn1Payload) or not isinstance(answer, Asn1Payload) or loader is None:
        raise LocalError(f"no twin for message code {command.message_code:04X}")
    loader(Exchange(state, asked.value, answer))


def shown_time(response: Opened) -> FixedTime:
    """The device time that a response shows in its header or its clock report; 2000-01-01 where it shows none."""
    payload, header = response.payload, response.message.date_time
    if header:
        return FixedTime(from_cosem(header))
    if isinstance(payload, Asn1Payload) and payload.type_name == "ClockReport":
        return FixedTime(instant(payload.value.now) or 0)
    return FixedTime(0)


def _credentials(of: Exchange) -> None:
    held = of.state.credentials
    for role in of.shown:
        if role.status != Status.SUCCESS:
            held.role_faults[role.role] = role.status
            continue
        held.floors[role.role] = role.counter or 0
        for one in role.credentials or ():
            key = (role.role, usage_of(one.key_usage.octets), one.cell_usage)
            held.cells[key] = Credential(one.subject_id, one.key_id)


def _update(of: Exchange) -> None:
    shown: CredentialsUpdated = of.shown
    held = of.state.credentials
    for one in shown.outcome.replacements if shown.outcome is not None else ():
        key = cell_key(one.cell)
        held.cells[key] = Credential(one.old_subject_id, one.old_key_id)
        if one.status != Status.SUCCESS:
            held.cell_faults[key] = one.status


def _request(of: Exchange) -> None:
    usage, keys = usage_of(of.asked.key_usage.octets), of.state.own_keys
    if of.answer.type_name == "Code":
        keys.faults[usage] = of.shown
        return
    keys.requests[usage] = of.shown
    try:
        key = x509.load_der_x509_csr(of.shown).public_key()
    except ValueError:
        raise DecodeError("the answer is no certification request", field="response") from None
    if isinstance(key, ec.EllipticCurvePublicKey):
        keys.pending[usage] = public_point(key)


def _load_certificate(of: Exchange) -> None:
    keys = of.state.own_keys
    try:
        certificate = read_certificate(of.asked)
    except DecodeError:
        keys.unreadable_code = of.shown
        return
    if of.shown == Code.SUCCESS:
        keys.pending[certificate.usage] = certificate.point
    else:
        keys.faults[certificate.usage] = of.shown


def _own_certificate(of: Exchange) -> None:
    usage, keys = usage_of(of.asked.key_usage.octets), of.state.own_keys
    if of.answer.type_name == "Code":
        keys.faults[usage] = of.shown
    else:
        keys.certificates[usage] = of.shown


def _join(of: Exchange) -> None:
    if of.shown != Code.SUCCESS:
        of.state.joined.faults[of.asked.device] = of.shown


def _unjoin(of: Exchange) -> None:
    if of.shown == Code.SUCCESS:
        of.state.joined.devices[of.asked] = 0
    elif of.shown != Code.NOT_FOUND:
        of.state.joined.faults[of.asked] = of.shown


def _join_details(of: Exchange) -> None:
    shown: JoinDetails = of.shown
    if shown.code != Code.SUCCESS:
        of.state.joined.faults[b""] = shown.code
    of.state.joined.devices.update({one.device: one.device_type for one in shown.devices or ()})


def _restore_log(of: Exchange) -> None:
    faults = {one.entry.device: one.code for one in of.shown.entries if one.code != Code.SUCCESS}
    of.state.joined.faults.update(faults)


def _activate(of: Exchange) -> None:
    if of.answer.type_name == "Nothing":
        return
    shown: FirmwareActivated = of.shown
    firmware = of.state.firmware
    if shown.code == Code.SUCCESS:
        firmware.images[of.asked.image_hash] = shown.version
    else:
        firmware.version, firmware.faults[of.asked.image_hash] = shown.version, shown.code


def _version(of: Exchange) -> None:
    of.state.firmware.version = of.shown.version
    if of.shown.code != Code.SUCCESS:
        of.state.firmware.faults[b""] = of.shown.code


def _clock(_of: Exchange) -> None:
    """The clock itself is the device's: :func:`shown_time`."""


_LOADERS: Mapping[int, Loader] = {
    0x0008: _credentials,
    0x011B: _credentials,
    **dict.fromkeys((*range(0x0102, 0x010A), 0x0125, 0x0126), _update),
    0x000A: _request,
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
    0x0012: _activate,
    0x0129: _version,
    0x007F: _clock,
}
