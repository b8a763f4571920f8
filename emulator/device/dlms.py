"""Executing DLMS commands: permissions, the specifications in order, protection of what is read encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar

from emulator.device.access import AccessTable, Reach, access_table
from emulator.device.alerts import Alert, CounterStore, DlmsAlert
from emulator.device.classes import ADJUST_TO_PRESET, CLOCK, CLOCK_NAME, PRESET
from emulator.device.clocks import DeviceTime
from emulator.device.deferred_activation import DeferredActivation
from emulator.device.device import Device, Executed
from emulator.device.express import LANES
from emulator.device.objects import ObjectModel, Selection, WritableModel
from emulator.device.policy import DeviceKeys, DevicePolicy, Discard, Unanswered
from emulator.device.values import AccessRefused, AttributeKey, UnknownObject, octets, parts
from gbcs import crypto, framing
from gbcs.catalogue import UseCase
from gbcs.dlms import (
    AccessRequest,
    AccessResponse,
    Choice,
    CompactArray,
    Data,
    ProtectedRead,
    ProtectedResult,
    RangeSelection,
    Restriction,
    Result,
    ResultCode,
    Specification,
    Tag,
)
from gbcs.dlms.data import NULL
from gbcs.dlms.protection import DATA_PROTECTION_CLASS, GET_PROTECTED_ATTRIBUTES
from gbcs.dlms.selection import BY_RANGE
from gbcs.errors import DecodeError, KeyUnavailable, LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import Message
from gbcs.frozen import maker
from gbcs.objects import logical_name
from gbcs.payload import decode_payload, encode_data, encode_payload
from gbcs.roles import RemotePartyRole
from gbcs.times import from_cosem
from gbcs.versions import permitted

EVENT_LOG = logical_name("0-0:99.98.0.255")
FIRMWARE_VERSION: AttributeKey = (1, logical_name("0-0:0.2.1.255"), 2)
"""The attribute that shows the active firmware."""

_make_protected = maker(ProtectedResult)
_make_response = maker(AccessResponse)
_make_data = maker(Data)
_SUCCESS = {kind: Result(kind, ResultCode.SUCCESS) for kind in (Choice.GET, Choice.SET, Choice.ACTION)}
_RESULT_KIND = {int(choice): choice for choice in Choice} | {int(Choice.GET_WITH_SELECTION): Choice.GET}


class CosemDevice(Device):
    """A device with COSEM objects, and the table of which use case reaches which of them."""

    kind: ClassVar[str]
    """Its rows in the table of access."""

    __slots__ = ("access", "objects")

    def __init__(
        self,
        eui: Eui64,
        keys: DeviceKeys,
        acb: Eui64,
        parties: Mapping[Eui64, RemotePartyRole],
        objects: ObjectModel,
        clock: DeviceTime | None = None,
        policy: DevicePolicy | None = None,
        replay_window: int = 64,
        alert_counter: CounterStore | None = None,
        access: AccessTable | None = None,
    ) -> None:
        """``parties``: the remote parties whose credentials the device holds, the ACB among them, and their roles."""
        super().__init__(eui, keys, acb, parties, clock, policy, replay_window, alert_counter)
        self.objects, self.access = objects, access_table(self.kind) if access is None else access

    def read_quickly(self, frame: bytes, now: float) -> bytes | None:
        """The answer to a read of one log by a command of a known shape."""
        return LANES.answer(self, frame, int(self.clock.reads(now)))

    def answered(self, frame: bytes, command: Message, use_case: UseCase) -> None:
        """Learn the shape of a read of one log."""
        LANES.learn(frame, command, use_case)

    def adjust_clock(self, device_time: int) -> None:
        """Take over the hub's time if it is inside the interval of the last preset, and the clock can be set.

        The hub's time is the true one here. Without a preset, or with one that has no interval, nothing happens.
        """
        try:
            preset = self.objects.read(CLOCK, CLOCK_NAME, PRESET, None, device_time)
            first, last = (from_cosem(octets(bound, 12)) for bound in parts(preset, 3)[1:])
        except (AccessRefused, DecodeError):
            return
        if first <= self._true_time(device_time) <= last:
            self.set_clock(device_time)

    def alerted(self, alert: Alert) -> None:
        """Every alert is an event in the event log (assumption ``alerts_are_logged``), where the device has one."""
        if isinstance(alert.body, DlmsAlert) and isinstance(self.objects, WritableModel):
            with suppress(LocalError):
                self.objects.append(EVENT_LOG, alert.body.at, alert.body.alert_code, b"")

    def called(self, wanted: Specification, now: int) -> None:
        """A method was run; kinds of device may have something to say about it."""

    def firmware_activated(self, version: bytes) -> None:
        """Show the version in its object."""
        if isinstance(self.objects, WritableModel):
            self.objects.write(*FIRMWARE_VERSION, Data(Tag.OCTET_STRING, version), 0)


def execute(device: Device, command: Message, use_case: UseCase, now: int) -> Executed:
    """The access response to an access request. Raises Unanswered for another payload."""
    if not isinstance(device, CosemDevice):
        raise Unanswered(Discard.UNSUPPORTED)
    try:
        request = decode_payload(command.content)
    except DecodeError:
        raise Unanswered(Discard.MALFORMED) from None
    if not isinstance(request, AccessRequest):
        raise Unanswered(Discard.UNSUPPORTED)
    execution = Execution(device, command, use_case, now)
    content = encode_payload(_make_response(request.invoke_id, *execution.run(request)))
    if len(content) > framing.MAX_CONTENT_SIZE:
        refused = execution.refuse(request, device.policy.too_long_code)
        content = encode_payload(_make_response(request.invoke_id, *refused))
    return Executed(content, execution.supplementary_counter)


class Execution:
    """One command on one device at one device time."""

    __slots__ = ("command", "device", "now", "supplementary_counter", "use_case")

    def __init__(self, device: CosemDevice, command: Message, use_case: UseCase, now: int) -> None:
        self.device, self.command, self.use_case, self.now = device, command, use_case, now
        self.supplementary_counter: int | None = None

    def run(self, request: AccessRequest) -> tuple[tuple[Data | ProtectedResult, ...], tuple[Result, ...]]:
        """The specifications in order; after the first failure the rest is not attempted (spec sheet 4.3)."""
        policy = self.device.policy
        role = self.device.parties[self.command.originator]
        code = 0 if permitted(self.use_case, role, policy.gbcs_version) else policy.no_permission_code
        return self._run(request, code)

    def refuse(
        self, request: AccessRequest, code: int
    ) -> tuple[tuple[Data | ProtectedResult, ...], tuple[Result, ...]]:
        """Nothing performed: the first specification fails with ``code``, and nothing is encrypted."""
        self.supplementary_counter = None
        return self._run(request, code)

    def _run(self, request: AccessRequest, code: int) -> tuple[tuple[Data | ProtectedResult, ...], tuple[Result, ...]]:
        data: list[Data | ProtectedResult] = []
        results: list[Result] = []
        for wanted, argument in zip(request.specifications, request.arguments, strict=True):
            kind = _RESULT_KIND[wanted.choice]
            if code == 0:
                try:
                    data.append(self._perform(wanted, argument))
                    results.append(_SUCCESS[kind])
                    continue
                except UnknownObject:
                    code = self.device.policy.unknown_object_code
                except AccessRefused as refused:
                    code = refused.code
            data.append(NULL)
            results.append(Result(kind, code))
            code = ResultCode.OTHER_REASON
        return tuple(data), tuple(results)

    def _perform(self, wanted: Specification, argument: Data | ProtectedRead) -> Data | ProtectedResult:
        if wanted.choice == Choice.GET:
            return self._read(wanted.class_id, wanted.instance, wanted.index, None, None)
        if wanted.choice == Choice.GET_WITH_SELECTION:
            selection = wanted.selection
            if wanted.selector != BY_RANGE or not isinstance(selection, RangeSelection):
                raise AccessRefused(ResultCode.TYPE_UNMATCHED)
            return self._read(wanted.class_id, wanted.instance, wanted.index, (selection.first, selection.last), None)
        if wanted.choice == Choice.ACTION and wanted.class_id == DATA_PROTECTION_CLASS:
            if wanted.index != GET_PROTECTED_ATTRIBUTES or not isinstance(argument, ProtectedRead):
                raise AccessRefused(ResultCode.TYPE_UNMATCHED)
            return self._read_protected(wanted, argument)
        if isinstance(argument, ProtectedRead):
            raise AccessRefused(ResultCode.TYPE_UNMATCHED)
        return self._write(wanted, argument) if wanted.choice == Choice.SET else self._call(wanted, argument)

    def _read(
        self, class_id: int, instance: bytes, attribute: int, selection: Selection, protection: bytes | None
    ) -> Data:
        """One attribute, read through the Data Protection object ``protection`` or (``None``) by a plain get."""
        row = self.device.access.get((Reach.READ, class_id, instance, attribute))
        if row is not None and (row.protection != protection or self.use_case.use_case not in row.use_cases):
            raise AccessRefused(self.device.policy.wrong_access_code)
        data = self.device.objects.read(class_id, instance, attribute, selection, self.now)
        empty_code = self.device.policy.empty_range_code
        if empty_code is not None and isinstance(data.value, CompactArray) and not data.value.contents:
            raise AccessRefused(empty_code)
        return data

    def _write(self, wanted: Specification, value: Data) -> Data:
        self._check(Reach.WRITE, wanted, value)
        slot = (wanted.class_id, wanted.instance, wanted.index)
        at = self._writable().write(*slot, value, self.now)
        if at is not None:
            self.device.later().put(self._deferred(at, slot))
        elif self.device.agenda is not None:
            self.device.agenda.cancel(slot)
        return NULL

    def _call(self, wanted: Specification, argument: Data) -> Data:
        self._check(Reach.CALL, wanted, argument)
        data = self._writable().invoke(wanted.class_id, wanted.instance, wanted.index, argument, self.now)
        if (wanted.class_id, wanted.index) == ADJUST_TO_PRESET:
            self.device.adjust_clock(self.now)
        self.device.called(wanted, self.now)
        return data

    def _check(self, reach: Reach, wanted: Specification, value: Data) -> None:
        """Writing and calling need a row of the table: what no use case is known to change stays as it is."""
        row = self.device.access.get((reach, wanted.class_id, wanted.instance, wanted.index))
        if row is None:
            raise UnknownObject
        if self.use_case.use_case not in row.use_cases:
            raise AccessRefused(self.device.policy.wrong_access_code)
        if row.tags and value.tag not in row.tags:
            raise AccessRefused(ResultCode.TYPE_UNMATCHED)

    def _writable(self) -> WritableModel:
        objects = self.device.objects
        if not isinstance(objects, WritableModel):
            raise AccessRefused(ResultCode.READ_WRITE_DENIED)
        return objects

    def _deferred(self, at: int, slot: AttributeKey) -> DeferredActivation:
        command = self.command
        return DeferredActivation(
            at, slot, command.message_code, command.originator, command.originator_counter, self._writable()
        )

    def _read_protected(self, wanted: Specification, argument: ProtectedRead) -> ProtectedResult:
        values = tuple(
            self._read(item.class_id, item.instance, item.attribute, bounds(item.restriction), wanted.instance)
            for item in argument.objects
        )
        plaintext = encode_data(_make_data(Tag.STRUCTURE, values))
        command, device = self.command, self.device
        secret, party, counter = self._encryption_key()
        blob = crypto.encrypt(secret, device.eui, counter, party, plaintext)
        return _make_protected(command.originator_counter, device.eui, command.originator, blob)

    def _encryption_key(self) -> tuple[bytes, Eui64, int]:
        """Secret, remote party and counter of the key: the requester's, who for an unknown party sent a certificate."""
        command, device = self.command, self.device
        other = command.other
        if other.supplementary_id is None:
            return device.secret(command.originator), command.originator, command.originator_counter
        if other.certificate is None:
            raise AccessRefused(ResultCode.OTHER_REASON)
        try:
            secret = device.keys.secret_with_certificate(device.eui, other.certificate, other.supplementary_id)
        except (DecodeError, KeyUnavailable):
            raise Unanswered(Discard.BAD_CERTIFICATE) from None
        if self.supplementary_counter is None:
            device.supplementary_counter += 1
            self.supplementary_counter = device.supplementary_counter
        return secret, other.supplementary_id, self.supplementary_counter


def bounds(restriction: Restriction) -> Selection:
    """The stamps that a restriction lets through. Raises AccessRefused where its bounds are no points in time."""
    if restriction.kind == 0:
        return None
    try:
        return from_cosem(restriction.first), from_cosem(restriction.last)
    except DecodeError:
        raise AccessRefused(ResultCode.TYPE_UNMATCHED) from None
