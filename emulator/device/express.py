"""The express lane: reads of one log by commands of a known shape, answered without parsing or building anything.

It is the fast twin of :meth:`emulator.device.device.Device.receive` for the one thing that a farm does all day. What is
not exactly such a read, down to the last byte, or would end in anything but an answer, is left to the long way: only
that judges, discards and refuses. Lanes are learned from exchanges that went the long way, and serve all devices of a
process; they hold nothing of any device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Protocol

from emulator.device.access import AccessTable, Reach
from emulator.device.objects import Selection
from emulator.device.policy import DeviceKeys, DevicePolicy
from emulator.device.replay import Freshness, ReplayGuard
from emulator.device.values import AccessRefused
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
    Result,
    ResultCode,
)
from gbcs.dlms.access import invoke_id
from gbcs.errors import DecodeError, GbcsError
from gbcs.eui64 import Eui64
from gbcs.framing import MAC_SIZE, Cra, Message, OtherInformation
from gbcs.payload import decode_payload, encode_payload
from gbcs.read_templates import MessageTemplate, answer_template, command_template, covered_at, plaintext_head
from gbcs.roles import RemotePartyRole
from gbcs.times import from_cosem
from gbcs.versions import permitted

_LANES_PER_KEY = 16
_KEYS = 512
_SHAPES = 4096
_MOST_CONTENTS = framing.MAX_CONTENT_SIZE - 256
_UNKNOWN = object()
_ORIGINATOR_AT, _ORIGINATOR_END = 12, 20
"""Where the originator stands in the part that the MAC covers: behind tag, transaction identifier and a length."""


class Expressed(Protocol):
    """What the lane needs of a device."""

    eui: Eui64
    acb: Eui64
    keys: DeviceKeys
    parties: Mapping[Eui64, RemotePartyRole]
    policy: DevicePolicy
    replay: ReplayGuard
    supplementary_counter: int
    objects: Any
    access: AccessTable

    def secret(self, party: Eui64) -> bytes:
        """The ECDH secret with a party."""


@dataclass(frozen=True, slots=True)
class _Target:
    """The one attribute that a command reads, which rows of it, and through which Data Protection object."""

    class_id: int
    instance: bytes
    attribute: int
    selection: Selection
    protection: bytes | None


@dataclass(frozen=True, slots=True)
class _Lane:
    """A command shape and what it asks for."""

    command: MessageTemplate
    prototype: Message
    use_case: UseCase
    target: _Target


@dataclass(frozen=True, slots=True)
class _Shape:
    """An answer shape: its template, and what stands before the rows where they are encrypted."""

    answer: MessageTemplate
    head: bytes
    kind: object
    """Kept so that its identity, which is part of the shape's key, stays its own."""


_LaneKey = tuple[int, bytes]
_ShapeKey = tuple[int, Eui64, "Eui64 | None", int, int]


class ExpressLanes:
    """Lanes by size and originator of the command, newest first; answer shapes by command, row type and size."""

    def __init__(self) -> None:
        self._lanes: dict[_LaneKey, list[_Lane]] = {}
        self._shapes: dict[_ShapeKey, _Shape | None] = {}

    def answer(self, device: Expressed, frame: bytes, device_time: int) -> bytes | None:
        """The answer to a read of a known shape; None where the long way has to be taken."""
        if len(frame) < framing.MAC_SIZE + 40:
            return None
        start = covered_at(frame)
        lanes = self._lanes.get((len(frame), frame[start + _ORIGINATOR_AT : start + _ORIGINATOR_END]))
        if lanes is None:
            return None
        unsealed = frame[:-MAC_SIZE]
        for lane in lanes:
            values = lane.command.template.match(unsealed)
            if values is not None:
                return self._perform(device, lane, frame, values, device_time)
        return None

    def _perform(
        self, device: Expressed, lane: _Lane, frame: bytes, values: tuple[bytes, ...], device_time: int
    ) -> bytes | None:
        counter_octets, eui = values[0], values[1]
        command, use_case, target = lane.prototype, lane.use_case, lane.target
        originator, policy = command.originator, device.policy
        role = device.parties.get(originator)
        if eui != device.eui or role is None or not permitted(use_case, role, policy.gbcs_version):
            return None
        row = device.access.get((Reach.READ, target.class_id, target.instance, target.attribute))
        if row is None or row.protection != target.protection or use_case.use_case not in row.use_cases:
            return None
        counter = int.from_bytes(counter_octets, "big")
        covered = frame[lane.command.covered_at : -MAC_SIZE]
        mac = crypto.message_mac(device.secret(device.acb), Cra.COMMAND, originator, counter, eui, covered)
        if not compare_digest(mac, frame[-MAC_SIZE:]):
            return None
        checked = policy.replay_reads or use_case.replay_checked == "yes"
        if checked and device.replay.check(originator, counter, frame) is not Freshness.NEW:
            return None
        try:
            data = device.objects.read(
                target.class_id, target.instance, target.attribute, target.selection, device_time
            )
        except AccessRefused:
            return None
        shape = self._shape(lane, device.eui, data)
        if shape is None:
            return None
        answer = _sealed(device, lane, shape, values, counter, data.value.contents)
        if checked and answer is not None:
            device.replay.accept(originator, counter)
            device.replay.keep(originator, counter, frame, answer)
        return answer

    def learn(self, frame: bytes, command: Message, use_case: UseCase) -> None:
        """Keep the shape of a command that went the long way and was answered, if it is such a read."""
        if use_case.family != "DLMS" or use_case.critical or use_case.header_date_time or command.mac is None:
            return
        request = decode_payload(command.content)
        target = _target(request) if isinstance(request, AccessRequest) else None
        if target is None or not isinstance(request, AccessRequest) or command.signature:
            return
        start, unsealed = covered_at(frame), frame[:-MAC_SIZE]
        key = len(frame), frame[start + _ORIGINATOR_AT : start + _ORIGINATOR_END]
        lanes = self._lanes.get(key, [])
        if any(lane.command.template.match(unsealed) for lane in lanes):
            return
        template = command_template(command, request)
        if template is not None and template.template.match(unsealed) is not None:
            _make_room(self._lanes, _KEYS)
            self._lanes[key] = [_Lane(template, command, use_case, target), *lanes][:_LANES_PER_KEY]

    def _shape(self, lane: _Lane, eui: Eui64, data: Data) -> _Shape | None:
        """The shape of the answer that shows these rows, made when it is first needed; None where there is none."""
        array = data.value
        if not isinstance(array, CompactArray) or not 0 < len(array.contents) <= _MOST_CONTENTS:
            return None
        other = lane.prototype.other
        key = lane.use_case.code, lane.prototype.originator, other.supplementary_id, id(array.kind), len(array.contents)
        known = self._shapes.get(key, _UNKNOWN)
        if known is _UNKNOWN:
            _make_room(self._shapes, _SHAPES)
            known = self._shapes[key] = _make_shape(lane, eui, data, array)
        return known  # type: ignore[return-value]  # the sentinel is gone


def _target(request: AccessRequest) -> _Target | None:
    """What a request for one selected log asks for; None for every other request."""
    if len(request.specifications) != 1:
        return None
    [wanted], [argument] = request.specifications, request.arguments
    if isinstance(argument, ProtectedRead):
        if len(argument.objects) != 1 or argument.objects[0].restriction.kind != 1:
            return None
        [item] = argument.objects
        try:
            bounds = from_cosem(item.restriction.first), from_cosem(item.restriction.last)
        except DecodeError:
            return None
        return _Target(item.class_id, item.instance, item.attribute, bounds, wanted.instance)
    if wanted.choice != Choice.GET_WITH_SELECTION or not isinstance(wanted.selection, RangeSelection):
        return None
    bounds = wanted.selection.first, wanted.selection.last
    return _Target(wanted.class_id, wanted.instance, wanted.index, bounds, None)


def _make_shape(lane: _Lane, eui: Eui64, data: Data, array: CompactArray) -> _Shape | None:
    """Learned from the answer as the declarations build it."""
    asked, is_protected = lane.prototype, lane.target.protection is not None
    own = 1 if is_protected and asked.other.supplementary_id is not None else None
    head = plaintext_head(array) if is_protected else b""
    item: Data | ProtectedResult = data
    kind = Choice.GET
    if is_protected:
        blob = bytes(crypto.BLOB_OVERHEAD + len(head) + len(array.contents))
        item, kind = ProtectedResult(1, eui, asked.originator, blob), Choice.ACTION
    response = AccessResponse(invoke_id(1), (item,), (Result(kind, ResultCode.SUCCESS),))
    other = OtherInformation(asked.message_code, asked.other.supplementary_id, asked.other.supplementary_counter, own)
    content = encode_payload(response)
    message = Message(Cra.RESPONSE, 1, eui, asked.originator, b"", other, content)
    template = answer_template(message, response)
    return None if template is None else _Shape(template, head, array.kind)


def _sealed(
    device: Expressed, lane: _Lane, shape: _Shape, values: tuple[bytes, ...], counter: int, contents: bytes
) -> bytes | None:
    """The answer: rows encrypted where they are protected, counters of the command, MAC."""
    eui, other, originator = device.eui, lane.prototype.other, lane.prototype.originator
    fields, body = values, contents
    if shape.head:
        party, key_counter = originator, counter
        if other.supplementary_id is None:
            secret = device.secret(originator)
        elif other.certificate is None:
            return None
        else:
            try:
                secret = device.keys.secret_with_certificate(eui, other.certificate, other.supplementary_id)
            except GbcsError:
                return None
            device.supplementary_counter += 1
            party, key_counter = other.supplementary_id, device.supplementary_counter
            fields = (*values, key_counter.to_bytes(8, "big"))
        body = crypto.encrypt(secret, eui, key_counter, party, shape.head + contents)
    unsealed = shape.answer.template.fill(*fields, body)
    covered = unsealed[shape.answer.covered_at :]
    return unsealed + crypto.message_mac(device.secret(originator), Cra.RESPONSE, eui, counter, originator, covered)


def _make_room(table: dict[Any, Any], size: int) -> None:
    if len(table) >= size:
        del table[next(iter(table))]


LANES = ExpressLanes()
"""Those of this process: a memo of shapes, like a cache of a function."""
