"""The values of ASN.1 payloads, one class for each sequence that ``gbcs.asn`` declares, with the same names.

Times are the text of the wire (``20300115000000Z``; ``99991231235959Z`` cancels). Certificates and certification
requests are kept as DER: :mod:`gbcs.certificates` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass

from gbcs.asn1.nodes import Node
from gbcs.declare import BitString


@dataclass(frozen=True, slots=True)
class CellId:
    """Where a device keeps one credential: the role, what its key is for, and the cell of a role with several."""

    role: int
    key_usage: BitString
    cell_usage: int | None = None


@dataclass(frozen=True, slots=True)
class CredentialsQuery:
    """Who asks, and for which roles."""

    asker: CellId
    roles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """One credential that a device holds: subject and key identifier of its certificate."""

    key_usage: BitString
    cell_usage: int | None
    subject_id: bytes
    key_id: bytes


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """The credentials of one role; without counter and list where the status is an error."""

    role: int
    status: int
    counter: int | None = None
    credentials: tuple[HeldCredential, ...] | None = None


@dataclass(frozen=True, slots=True)
class SpecialistFloor:
    """The lowest originator counter that a device accepts for one special use (a supplier's top-ups)."""

    usage: int
    floor: int


@dataclass(frozen=True, slots=True)
class RoleFloor:
    """The lowest originator counters that a device accepts from one role."""

    role: int
    floor: int
    specialist_floors: tuple[SpecialistFloor, ...] | None = None


@dataclass(frozen=True, slots=True)
class UpdateControl:
    """Who authorises an update of credentials, under which counter, and the counter floors that it sets."""

    mode: int
    symmetric_key: bytes | None
    time_checks: int | None
    authorising_cell: CellId | None
    counter: int
    new_floor: int | None = None
    new_specialist_floors: tuple[SpecialistFloor, ...] | None = None
    other_floors: tuple[RoleFloor, ...] | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """A new certificate and the cell that it goes to."""

    certificate: bytes
    cell: CellId


@dataclass(frozen=True, slots=True)
class CredentialsUpdate:
    """The whole update: control, replacements, certificates of the path, and when (at once without a time)."""

    control: UpdateControl
    replacements: tuple[Replacement, ...]
    certificates: tuple[bytes, ...]
    execute_at: str | None = None


@dataclass(frozen=True, slots=True)
class ReplacementOutcome:
    """What became of one replacement: subject and key identifiers before and after."""

    cell: CellId
    status: int
    old_subject_id: bytes
    old_key_id: bytes
    new_subject_id: bytes
    new_key_id: bytes


@dataclass(frozen=True, slots=True)
class UpdateOutcome:
    """What an update of credentials did."""

    counter: int
    mode: int
    floors: tuple[RoleFloor, ...]
    replacements: tuple[ReplacementOutcome, ...]


@dataclass(frozen=True, slots=True)
class CredentialsUpdated:
    """The answer to an update; without an outcome where it is deferred."""

    accepted: None
    outcome: UpdateOutcome | None = None


@dataclass(frozen=True, slots=True)
class UpdateAlert:
    """The outcome of a deferred update."""

    alert_code: int
    at: str
    outcome: UpdateOutcome


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """What a new device key is to be for."""

    key_usage: BitString


@dataclass(frozen=True, slots=True)
class Join:
    """A device to join: method, identifier, type (spec sheet 9) and, by method C, its certificate."""

    method: int
    device: bytes
    device_type: int
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """A device and its type."""

    device: bytes
    device_type: int


@dataclass(frozen=True, slots=True)
class JoinDetails:
    """The devices that a device is joined to."""

    code: int
    devices: tuple[DeviceEntry, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeviceLog:
    """The device log that a gas proxy is to restore."""

    devices: tuple[DeviceEntry, ...]


@dataclass(frozen=True, slots=True)
class RestoredEntry:
    """What became of one entry."""

    entry: DeviceEntry
    code: int


@dataclass(frozen=True, slots=True)
class DeviceLogRestored:
    """What became of each entry."""

    entries: tuple[RestoredEntry, ...]


@dataclass(frozen=True, slots=True)
class FirmwareActivation:
    """The image to activate, the counter of the update, and when (at once without a time)."""

    image_hash: bytes
    counter: int
    execute_at: str | None = None


@dataclass(frozen=True, slots=True)
class FirmwareActivated:
    """Result and firmware version."""

    code: int
    version: bytes


@dataclass(frozen=True, slots=True)
class FirmwareVersion:
    """Firmware version and result."""

    version: bytes
    code: int


@dataclass(frozen=True, slots=True)
class ClockWindow:
    """The clock is to be set if the device's time lies between the two."""

    earliest: str
    latest: str


@dataclass(frozen=True, slots=True)
class ClockReport:
    """The device's time and the state of its clock."""

    now: str
    status: int


@dataclass(frozen=True, slots=True)
class FirmwareAlert:
    """The firmware version that a device reports by alert."""

    alert_code: int
    at: str
    version: bytes
    code: int


@dataclass(frozen=True, slots=True)
class FirmwareActivationAlert:
    """The outcome of a deferred activation of firmware: the command's counter, result and version."""

    alert_code: int
    at: str
    counter: int
    outcome: FirmwareActivated


@dataclass(frozen=True, slots=True)
class Alert:
    """Any other alert: code and time, and what follows as plain nodes."""

    alert_code: int
    at: str
    details: tuple[Node, ...]
