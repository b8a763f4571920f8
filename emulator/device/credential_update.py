"""The use cases of credentials: which ones a device holds (CS02a, CS02f), and their replacement (CS02b, CS02g)."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.device.alerts import Alert, AlertCode, RawAlert
from emulator.device.asn1_terms import Answer, Asked, device_form, generalized_time, instant
from emulator.device.credentials import Credentials, Status
from emulator.device.device import Device
from emulator.device.policy import Discard, Unanswered
from gbcs.asn1.payloads import Asn1Payload, encode_asn1
from gbcs.asn1.values import (
    CredentialsQuery,
    CredentialsUpdate,
    CredentialsUpdated,
    HeldCredential,
    RoleCredentials,
    RoleFloor,
    UpdateAlert,
    UpdateOutcome,
)
from gbcs.certificates import Usage
from gbcs.declare import BitString
from gbcs.framing import Message

TIME_CHECKS_OFF = 1
"""``timeChecks`` of an update: validity periods do not count."""

UPDATE_ALERT, LOAD_CONTROLLER_UPDATE_ALERT = 0x00CB, 0x0124
LOAD_CONTROLLER_CODES = frozenset((0x0125, 0x0126))

_KEY_USAGES = {Usage.DS: BitString(1, b"\x80"), Usage.KA: BitString(5, b"\x08")}


def query(asked: Asked) -> Answer:
    """The credentials of each role that was asked for."""
    query: CredentialsQuery = asked.value
    return "CredentialsReport", tuple(_role(asked.state.credentials, role) for role in query.roles)


def _role(held: Credentials, role: int) -> RoleCredentials:
    cells = held.of_role(role)
    fault = held.role_faults.get(role, Status.SUCCESS if cells else Status.TRUST_ANCHOR_NOT_FOUND)
    if fault != Status.SUCCESS:
        return RoleCredentials(role, fault)
    shown = tuple(
        HeldCredential(_KEY_USAGES[usage], cell_usage, one.subject_id, one.key_id)
        for (_, usage, cell_usage), one in cells
    )
    return RoleCredentials(role, Status.SUCCESS, held.floors.get(role, 0), shown)


def update(asked: Asked) -> Answer:
    """What became of each cell, or nothing where the update waits for its time.

    Raises Unanswered unless the counter inside is that of the command.
    """
    update: CredentialsUpdate = asked.value
    if update.control.counter != asked.command.originator_counter:
        raise Unanswered(Discard.MALFORMED)
    if update.execute_at is None:
        outcome = DeferredUpdate(asked.device, asked.command, update, asked.now).outcome(asked.now)
        return "CredentialsUpdated", CredentialsUpdated(None, outcome)
    at = instant(update.execute_at)
    task = DeferredUpdate(asked.device, asked.command, update, at or 0)
    if at is None:
        asked.device.later().cancel(task.slot)
    else:
        asked.device.later().put(task)
    return "CredentialsUpdated", CredentialsUpdated(None)


@dataclass(frozen=True, slots=True)
class DeferredUpdate:
    """An update of credentials, at once or for later."""

    device: Device
    command: Message
    update: CredentialsUpdate
    at: int

    @property
    def slot(self) -> tuple[str, int]:
        """One update waits for each mode."""
        return "credentials", self.update.control.mode

    def execute(self, now: int) -> Alert:
        """Replace; the alert shows every cell, and whether all went well."""
        outcome = self.outcome(now)
        failed = any(one.status != Status.SUCCESS for one in outcome.replacements)
        code = AlertCode.FUTURE_DATED_FAILED if failed else AlertCode.FUTURE_DATED_EXECUTED
        content = encode_asn1(Asn1Payload("UpdateAlert", UpdateAlert(int(code), generalized_time(self.at), outcome)))
        load_controller = self.command.message_code in LOAD_CONTROLLER_CODES
        message_code = LOAD_CONTROLLER_UPDATE_ALERT if load_controller else UPDATE_ALERT
        return Alert(message_code, self.command.originator, RawAlert(device_form(content)))

    def outcome(self, now: int) -> UpdateOutcome:
        """Replace cell by cell; what became of each, and the counter floors that hold from now on."""
        control, device = self.update.control, self.device
        held = device.administration.credentials
        check_time = control.time_checks != TIME_CHECKS_OFF
        done = tuple(
            held.replace(one, self.update.certificates, now, check_time=check_time) for one in self.update.replacements
        )
        floors = self._floors()
        for one in done:
            if one.status == Status.SUCCESS:
                device.party_replaced(one.cell.role, one.old_subject_id, one.new_subject_id)
        for floor in floors:
            device.raise_floor(floor.role, floor.floor)
        return UpdateOutcome(control.counter, control.mode, floors, done)

    def _floors(self) -> tuple[RoleFloor, ...]:
        control = self.update.control
        others = control.other_floors or ()
        if control.new_floor is None:
            return others
        cell = control.authorising_cell
        role = cell.role if cell is not None else int(self.device.parties[self.command.originator])
        return RoleFloor(role, control.new_floor, control.new_specialist_floors), *others
