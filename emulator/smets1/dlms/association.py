"""One association: a client SAP and a server SAP on one connection, from AARQ to RLRQ.

===========  ==========================================================
state        takes
===========  ==========================================================
idle         AARQ
pending      AARQ, RLRQ, the reply to the meter's challenge
associated   AARQ, RLRQ, every service
===========  ==========================================================

An AARQ always starts anew. What a state does not take is answered by an exception response.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeGuard

from emulator.smets1.dlms import acse
from emulator.smets1.dlms.acse import Conformance
from emulator.smets1.dlms.apdu import (
    FUSED_REQUEST,
    AccessError,
    ActionNormal,
    Attribute,
    GetList,
    GetNext,
    GetNormal,
    Request,
    Service,
    ServiceError,
    SetNormal,
    StateError,
    refusal,
)
from emulator.smets1.dlms.ciphering import FUSED_ENVELOPE, GENERAL, OVERHEAD, Ciphered, CounterReplayed, Envelope
from emulator.smets1.dlms.data import FUSED_DATA, NULL, octets
from emulator.smets1.dlms.device import DlmsDevice
from emulator.smets1.dlms.objects import REPLY_TO_HLS, invoke, read, write
from emulator.smets1.dlms.opening import Opened, Rejected, open_association
from emulator.smets1.dlms.selection import Denied
from gbcs.declare import build_length
from gbcs.errors import DecodeError, RemoteError

_AARQ, _RLRQ = 0x60, 0x62
_TO_CIPHERED = 8
"""A ciphered service-specific form is so far above its plain service."""
_BLOCK_HEAD = 12
"""Bytes of a get response with a data block beside the data: seven, the choice, and a length of up to four."""
_ENVELOPE_HEAD = 4
"""Tag and length of a ciphered form."""
_ASSOCIATION = (15, bytes.fromhex("0000280000ff"))
_CIPHERED = frozenset(Ciphered) - {Ciphered.INITIATE_REQUEST, Ciphered.INITIATE_RESPONSE} | {GENERAL}

_NOT_NOW = refusal(StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE)
_MALFORMED = refusal(StateError.SERVICE_NOT_ALLOWED, ServiceError.OTHER_REASON)
_UNKNOWN = refusal(StateError.SERVICE_UNKNOWN, ServiceError.SERVICE_NOT_SUPPORTED)
_TOO_LONG = refusal(StateError.SERVICE_NOT_ALLOWED, ServiceError.PDU_TOO_LONG)
_UNREADABLE = refusal(StateError.SERVICE_NOT_ALLOWED, ServiceError.DECIPHERING_ERROR)


class State(Enum):
    """Where an association stands."""

    IDLE = "idle"
    PENDING = "pending"
    ASSOCIATED = "associated"


class Association:
    """Services in, services out; every input has an answer and none raises.

    Does not model: block transfer of requests, SET and ACTION with list, general block transfer, the ACCESS service,
    dedicated keys, other security suites, short names, data notifications.
    """

    __slots__ = ("_blocks", "_client_sap", "_device", "_next_block", "_opened", "_server_sap", "state")

    def __init__(self, device: DlmsDevice, client_sap: int, server_sap: int) -> None:
        self._device, self._client_sap, self._server_sap = device, client_sap, server_sap
        self.state = State.IDLE
        self._opened: Opened | None = None
        self._blocks: tuple[bytes, int] | None = None
        self._next_block = 0

    def receive(self, apdu: bytes, now: float) -> bytes:
        """The answer to one APDU."""
        if len(apdu) > self._device.settings.max_pdu.value:
            return _TOO_LONG
        tag = apdu[0] if apdu else None
        if tag == _AARQ:
            return self._open(apdu)
        opened = self._opened
        if opened is None:
            return _NOT_NOW
        if tag == _RLRQ:
            return self._release(apdu, opened)
        if tag in _CIPHERED:
            return self._unseal(apdu, opened, now) if opened.form else _UNKNOWN
        return _NOT_NOW if opened.form else self._serve(apdu, opened, now, opened.view.client_max_pdu)

    def close(self) -> None:
        """Forget the association, as when its connection ends."""
        self.state, self._opened, self._blocks = State.IDLE, None, None

    # ------------------------------------------------------------------ opening and closing

    def _open(self, apdu: bytes) -> bytes:
        self.close()
        try:
            self._opened = open_association(self._device, self._client_sap, self._server_sap, apdu)
        except Rejected as rejected:
            return rejected.aare
        except CounterReplayed as replayed:
            return refusal(StateError.SERVICE_NOT_ALLOWED, ServiceError.INVOCATION_COUNTER_ERROR, replayed.lowest)
        self.state = State.PENDING if self._opened.form else State.ASSOCIATED
        return self._opened.aare

    def _release(self, apdu: bytes, opened: Opened) -> bytes:
        try:
            acse.parse(acse.RLRQ, apdu, "RLRQ")
        except DecodeError:
            return _MALFORMED
        information = None
        if opened.form:
            information = self._device.keys.envelope(opened.form, Ciphered.INITIATE_RESPONSE, opened.initiate)
        self.close()
        return acse.RLRE.build(acse.Release(0, information))

    # ------------------------------------------------------------------ ciphering

    def _unseal(self, apdu: bytes, opened: Opened, now: float) -> bytes:
        title, keys = opened.view.client_title, self._device.keys
        try:
            envelope: Envelope = FUSED_ENVELOPE.parse(apdu)
            if envelope.title not in (b"", title):
                return _UNREADABLE
            plain = keys.open(title, envelope)
        except CounterReplayed as replayed:
            return refusal(StateError.SERVICE_NOT_ALLOWED, ServiceError.INVOCATION_COUNTER_ERROR, replayed.lowest)
        except RemoteError:
            return _UNREADABLE
        general = envelope.form == GENERAL
        if not general and plain[:1] != bytes((envelope.form - _TO_CIPHERED,)):
            return _MALFORMED
        head = _ENVELOPE_HEAD + (1 + len(keys.title) if general else 0)
        answer = self._serve(plain, opened, now, opened.view.client_max_pdu - OVERHEAD - head)
        if answer[0] == Service.EXCEPTION:
            return answer
        return keys.envelope(envelope.form, answer[0] + _TO_CIPHERED, answer)

    # ------------------------------------------------------------------ services

    def _serve(self, plain: bytes, opened: Opened, now: float, room: int) -> bytes:
        """Answer one plain service in no more than ``room`` bytes."""
        try:
            request: Request = FUSED_REQUEST.parse(plain)
        except DecodeError:
            return _MALFORMED if plain and plain[0] in _KNOWN else _UNKNOWN
        fields = request.value.value
        if self.state is State.PENDING:
            return self._reply_to_challenge(fields, opened)
        bit, handler = _HANDLERS[type(fields)]
        if not opened.view.conformance & bit:
            return _UNKNOWN
        return handler(self, fields, opened, now, room)

    def _reply_to_challenge(self, fields: object, opened: Opened) -> bytes:
        """Pass 3 and 4 of the authentication: the client's proof, and the meter's."""
        if not _is_reply(fields):
            return _NOT_NOW
        proof, keys = fields.argument.value, self._device.keys
        if (
            proof is None
            or not isinstance(proof.value, bytes)
            or not keys.proven(opened.view.client_title, opened.server_challenge, proof.value, opened.counter)
        ):
            self.close()
            return _action(fields.invoke, AccessError.READ_WRITE_DENIED)
        self.state = State.ASSOCIATED
        head = bytes((Service.ACTION_RESPONSE, 1, fields.invoke, 0, 1, 0))
        return head + FUSED_DATA.build(octets(keys.prove(opened.client_challenge)))

    def _get(self, request: GetNormal, opened: Opened, now: float, room: int) -> bytes:
        self._blocks = None
        try:
            value = self._read(request.attribute, opened, now)
        except Denied as denied:
            return bytes((Service.GET_RESPONSE, 1, request.invoke, 1, denied.code))
        if len(value) + 4 <= room:
            return bytes((Service.GET_RESPONSE, 1, request.invoke, 0)) + value
        return self._start_blocks(request.invoke, value, opened, room)

    def _get_list(self, request: GetList, opened: Opened, now: float, room: int) -> bytes:
        self._blocks = None
        parts = [build_length(len(request.attributes))]
        for attribute in request.attributes:
            try:
                parts += b"\x00", self._read(attribute, opened, now)
            except Denied as denied:
                parts.append(bytes((1, denied.code)))
        results = b"".join(parts)
        if len(results) + 3 <= room:
            return bytes((Service.GET_RESPONSE, 3, request.invoke)) + results
        return self._start_blocks(request.invoke, results, opened, room)

    def _read(self, attribute: Attribute, opened: Opened, now: float) -> bytes:
        if attribute.selection.present and not opened.view.conformance & Conformance.SELECTIVE_ACCESS:
            raise Denied(AccessError.SCOPE_OF_ACCESS_VIOLATED)
        return read(opened.view, attribute.class_id, attribute.instance, attribute.index, attribute.selection, now)

    def _set(self, request: SetNormal, opened: Opened, now: float, _room: int) -> bytes:
        attribute, code = request.attribute, 0
        try:
            write(opened.view, attribute.class_id, attribute.instance, attribute.index, request.value, now)
        except Denied as denied:
            code = denied.code
        return bytes((Service.SET_RESPONSE, 1, request.invoke, code))

    def _act(self, request: ActionNormal, opened: Opened, now: float, _room: int) -> bytes:
        try:
            argument = request.argument.value or NULL
            invoke(opened.view, request.class_id, request.instance, request.index, argument, now)
        except Denied as denied:
            return _action(request.invoke, denied.code)
        return _action(request.invoke, 0)

    # ------------------------------------------------------------------ blocks

    def _start_blocks(self, invoke: int, whole: bytes, opened: Opened, room: int) -> bytes:
        if not opened.view.conformance & Conformance.BLOCK_GET:
            return bytes((Service.GET_RESPONSE, 1, invoke, 1, AccessError.OTHER_REASON))
        self._blocks, self._next_block = (whole, max(room - _BLOCK_HEAD, 1)), 1
        return self._block(invoke)

    def _get_next(self, request: GetNext, _opened: Opened, _now: float, _room: int) -> bytes:
        """The block behind the one that the client acknowledges, or the same one again."""
        if self._blocks is None:
            return _no_block(request.invoke, request.block, AccessError.NO_LONG_GET_IN_PROGRESS)
        if request.block != self._next_block - 1:
            self._blocks = None
            return _no_block(request.invoke, request.block, AccessError.DATA_BLOCK_NUMBER_INVALID)
        return self._block(request.invoke)

    def _block(self, invoke: int) -> bytes:
        assert self._blocks is not None  # noqa: S101 - the callers look
        whole, size = self._blocks
        number = self._next_block
        part = whole[(number - 1) * size : number * size]
        last = number * size >= len(whole)
        if last:
            self._blocks = None
        self._next_block += 1
        head = bytes((Service.GET_RESPONSE, 2, invoke, last)) + number.to_bytes(4, "big")
        return b"".join((head, b"\x00", build_length(len(part)), part))


def _action(invoke: int, code: int) -> bytes:
    return bytes((Service.ACTION_RESPONSE, 1, invoke, code, 0))


def _no_block(invoke: int, block: int, code: AccessError) -> bytes:
    return bytes((Service.GET_RESPONSE, 2, invoke, 1)) + block.to_bytes(4, "big") + bytes((1, code))


def _is_reply(fields: object) -> TypeGuard[ActionNormal]:
    """Whether a service is the reply to the meter's challenge."""
    return (
        isinstance(fields, ActionNormal)
        and (fields.class_id, fields.instance) == _ASSOCIATION
        and fields.index == REPLY_TO_HLS
    )


_KNOWN = (Service.GET_REQUEST, Service.SET_REQUEST, Service.ACTION_REQUEST)
_HANDLERS: dict[type, tuple[Conformance, Callable[[Association, Any, Opened, float, int], bytes]]] = {
    GetNormal: (Conformance.GET, Association._get),
    GetList: (Conformance.MULTIPLE_REFERENCES, Association._get_list),
    GetNext: (Conformance.BLOCK_GET, Association._get_next),
    SetNormal: (Conformance.SET, Association._set),
    ActionNormal: (Conformance.ACTION, Association._act),
}
"""Of every request the bit of conformance that it needs, and who answers it."""
