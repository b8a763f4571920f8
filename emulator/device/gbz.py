"""Executing GBZ commands (gas): the components in order, with break on error (spec sheet 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.device.alerts import Alert, AlertCode, CounterStore, RawAlert
from emulator.device.clocks import DeviceTime
from emulator.device.device import Device, Executed
from emulator.device.policy import DeviceKeys, DevicePolicy, Discard, Unanswered
from emulator.device.zcl import Refused, ZclState, ZclStatus, identity, rows
from emulator.device.zcl_rules import READ_ATTRIBUTES, READ_ATTRIBUTES_RESPONSE, Answers, attributes_frame_control
from emulator.device.zcl_rules import answers as default_answers
from emulator.device.zcl_selection import CHANGING, Request, failed, select
from gbcs import crypto
from gbcs.catalogue import UseCase
from gbcs.errors import DecodeError, KeyUnavailable
from gbcs.eui64 import Eui64
from gbcs.framing import Message
from gbcs.gbz import Component, Encrypted, GbzAlert, GbzExecuted, GbzPayload, Zcl
from gbcs.gbz.catalogue import layout_named
from gbcs.gbz.components import ENCRYPTED, FROM_DATE_TIME, LAST
from gbcs.gbz.layouts import RAW
from gbcs.payload import decode_payload, encode_payload
from gbcs.roles import RemotePartyRole

EXECUTED_ALERT = 0x00CD
"""Message code of the alert that a future-dated GBZ command raises."""

DEFAULT_RESPONSE = 0x0B
_NOT_ATTEMPTED = 0xFF
_TO_CLIENT, _CLUSTER_SPECIFIC, _READ_ATTRIBUTES_RESPONSE = 0x08, 0x01, 0x01
_ENCRYPTED_CLUSTERS = frozenset((0x0702, 0x0705))
"""In a sensitive use case, data of metering and prepayment are encrypted; all vectors agree."""
_HEADER_COUNTER = frozenset(("GCS61", "GCS15d"))
"""Use cases that encrypt to a supplementary party under the header's counter (spec sheet 5.4)."""
_TIMES = ("implementation_time", "start_time")
_NEVER = (0xFFFF_FFFF, 0xFFFF_FFFE)


class ZigbeeDevice(Device):
    """A device with ZCL clusters: their state, and the rules by which it answers."""

    __slots__ = ("answers", "zcl")

    def __init__(
        self,
        eui: Eui64,
        keys: DeviceKeys,
        acb: Eui64,
        parties: Mapping[Eui64, RemotePartyRole],
        zcl: ZclState,
        clock: DeviceTime | None = None,
        policy: DevicePolicy | None = None,
        replay_window: int = 64,
        alert_counter: CounterStore | None = None,
        answers: Answers | None = None,
    ) -> None:
        """``parties``: the remote parties whose credentials the device holds, the ACB among them, and their roles."""
        super().__init__(eui, keys, acb, parties, clock, policy, replay_window, alert_counter)
        self.zcl, self.answers = zcl, default_answers() if answers is None else answers


def execute(device: Device, command: Message, use_case: UseCase, now: int) -> Executed:
    """The components of the answer. Raises Unanswered for another payload."""
    if not isinstance(device, ZigbeeDevice):
        raise Unanswered(Discard.UNSUPPORTED)
    try:
        payload = decode_payload(command.content)
    except DecodeError:
        raise Unanswered(Discard.MALFORMED) from None
    if not isinstance(payload, GbzPayload):
        raise Unanswered(Discard.UNSUPPORTED)
    execution = GbzExecution(device, command, use_case, now)
    return Executed(execution.run(payload), execution.supplementary_counter)


@dataclass(frozen=True, slots=True)
class DeferredComponent:
    """A component that takes effect later; an alert says when it has.

    The alert names it with the frame control of the command's first component, as all reference messages do.
    """

    at: int
    slot: tuple[int, int, tuple[Any, ...]]
    zcl: Zcl
    component: Component
    frame_control: int
    command: Message
    state: ZclState

    def execute(self, now: int) -> Alert:
        """Apply it."""
        self.state.apply(self.zcl)
        one = self.component
        done = GbzExecuted(
            self.command.message_code, self.command.originator_counter, one.cluster, self.frame_control, one.command
        )
        content = encode_payload(GbzAlert(AlertCode.FUTURE_DATED_EXECUTED, self.at, done, 1))
        return Alert(EXECUTED_ALERT, self.command.originator, RawAlert(content))


class GbzExecution:
    """One command on one device at one device time."""

    __slots__ = ("_encrypted", "_first_frame_control", "command", "device", "now", "supplementary_counter", "use_case")

    def __init__(self, device: ZigbeeDevice, command: Message, use_case: UseCase, now: int) -> None:
        self.device, self.command, self.use_case, self.now = device, command, use_case, now
        self.supplementary_counter: int | None = None
        self._encrypted = 0
        self._first_frame_control = 0

    def run(self, payload: GbzPayload) -> bytes:
        """The bytes of the answer; after the first failure the rest is not attempted."""
        if not payload.components:
            raise Unanswered(Discard.MALFORMED)
        self._first_frame_control = payload.components[0].frame_control
        answer: list[Component] = []
        broken = False
        for one in payload.components:
            if broken:
                answer.append(self._default(one, _NOT_ATTEMPTED, ZclStatus.FAILURE))
                continue
            parts, broken = self._perform(one)
            answer += parts
        answer[-1] = replace(answer[-1], control=answer[-1].control | LAST)
        return encode_payload(GbzPayload(tuple(answer)))

    def _perform(self, one: Component) -> tuple[list[Component], bool]:
        """The answer to one component, and whether it failed so that nothing more is attempted."""
        zcl = one.payload
        if isinstance(zcl, Encrypted):
            raise Unanswered(Discard.MALFORMED)
        if zcl.layout.name == READ_ATTRIBUTES:
            return self._read(one, zcl)
        rule = self.device.answers.get(zcl.layout.name)
        try:
            self.device.zcl.check(zcl.layout.name, zcl.encode())
            if rule is None:
                self._set(one, zcl)
                return [self._default(one, one.command, ZclStatus.SUCCESS)], False
            layout = layout_named(rule.response)
            found = select(rule.selection, Request(self.device.zcl, zcl, one.from_date_time, layout))
            if rule.selection in CHANGING:
                self._set(one, zcl)
        except Refused as refused:
            broken = refused.status not in (ZclStatus.SUCCESS, ZclStatus.NOT_FOUND)
            return [self._refusal(one, zcl, refused.status)], broken
        return [self._data(one, rule.frame_control, rule.response_id, each) for each in found], False

    def _refusal(self, one: Component, zcl: Zcl, status: int) -> Component:
        rule = self.device.answers.get(zcl.layout.name)
        if rule is not None and status == ZclStatus.HARDWARE_FAILURE:
            instead = failed(layout_named(rule.response))
            if instead is not None:
                return self._data(one, rule.frame_control, rule.response_id, instead)
        frame_control = rule.error_frame_control if rule is not None else None
        return self._default(one, one.command, status, frame_control)

    def _read(self, one: Component, zcl: Zcl) -> tuple[list[Component], bool]:
        state = self.device.zcl
        try:
            state.check(READ_ATTRIBUTES, zcl.encode())
        except Refused as refused:
            return [self._default(one, one.command, refused.status)], True
        records = tuple(state.record(one.cluster, row[0]) for row in rows(zcl["attributes"]))
        broken = any(record.status not in (ZclStatus.SUCCESS, ZclStatus.UNSUPPORTED_ATTRIBUTE) for record in records)
        answer = Zcl(layout_named(READ_ATTRIBUTES_RESPONSE), (records,))
        frame_control = attributes_frame_control(self.use_case.use_case)
        return [self._data(one, frame_control, _READ_ATTRIBUTES_RESPONSE, answer)], broken

    def _set(self, one: Component, zcl: Zcl) -> None:
        """Let a command act: at once, at its time, or never. Raises Refused for one that no table has."""
        if zcl.layout is RAW:
            if (one.cluster, one.command) not in self.device.zcl.inert:
                raise Refused(ZclStatus.UNSUPPORTED_COMMAND)
            return
        at = _time_of(one, zcl)
        slot = (one.cluster, one.command, identity(zcl))
        if at in _NEVER:
            self.device.later().cancel(slot)
        elif at is None or at <= self.now:
            self.device.zcl.apply(zcl)
        else:
            self.device.later().put(self._deferred(at, slot, zcl, one))

    def _deferred(self, at: int, slot: tuple[int, int, tuple[Any, ...]], zcl: Zcl, one: Component) -> DeferredComponent:
        first = self._first_frame_control
        return DeferredComponent(at, slot, zcl, one, first, self.command, self.device.zcl)

    def _default(self, one: Component, command: int, status: int, frame_control: int | None = None) -> Component:
        """A default response; its direction is the other one."""
        if frame_control is None:
            frame_control = _TO_CLIENT & ~one.frame_control
        answer = Zcl(layout_named("default response"), (command, status))
        return Component(0, one.cluster, frame_control, one.sequence, DEFAULT_RESPONSE, answer)

    def _data(self, one: Component, frame_control: int, command: int, zcl: Zcl) -> Component:
        """A response with data, encrypted where its use case is sensitive."""
        if not self.use_case.sensitive or one.cluster not in _ENCRYPTED_CLUSTERS:
            return Component(0, one.cluster, frame_control, one.sequence, command, zcl)
        secret, party, counter = self._key()
        blob = crypto.encrypt(secret, self.device.eui, counter, party, zcl.encode())
        number, self._encrypted = self._encrypted, self._encrypted + 1
        return Component(
            ENCRYPTED,
            one.cluster,
            frame_control,
            one.sequence,
            command,
            Encrypted(blob),
            additional_control=0,
            frame_counter=number,
        )

    def _key(self) -> tuple[bytes, Eui64, int]:
        """Secret, remote party and counter of the key (spec sheet 2.1, 5.4)."""
        command, device, other = self.command, self.device, self.command.other
        party = other.supplementary_id
        if party is None:
            return device.secret(command.originator), command.originator, command.originator_counter
        try:
            if other.certificate is None:
                secret = device.keys.shared_secret(device.eui, party)
            else:
                secret = device.keys.secret_with_certificate(device.eui, other.certificate, party)
        except (DecodeError, KeyUnavailable):
            raise Unanswered(Discard.BAD_CERTIFICATE) from None
        if self.use_case.use_case in _HEADER_COUNTER:
            return secret, party, command.originator_counter
        if self.supplementary_counter is None:
            device.supplementary_counter += 1
            self.supplementary_counter = device.supplementary_counter
        return secret, party, self.supplementary_counter


def _time_of(one: Component, zcl: Zcl) -> int | None:
    """When a command is to act; ``None`` for at once."""
    if one.control & FROM_DATE_TIME:
        return one.from_date_time or None
    for name in _TIMES:
        if name in zcl.layout.names:
            value = zcl[name]
            return value if isinstance(value, int) and value else None
    return None
