"""Executing one authentic command on a meter: permissions, the specifications in order, protection of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from emulator.esme.objects import AccessRefused, Selection
from gbcs import crypto
from gbcs.catalogue import UseCase
from gbcs.dlms import (
    AccessRequest,
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
from gbcs.errors import DecodeError, KeyUnavailable
from gbcs.eui64 import Eui64
from gbcs.framing import Message, OtherInformation
from gbcs.frozen import maker
from gbcs.objects import declared_objects
from gbcs.payload import encode_data
from gbcs.times import from_cosem
from gbcs.versions import permitted

if TYPE_CHECKING:
    from emulator.esme.esme import Esme


class Discard(StrEnum):
    """Why a frame was dropped without an answer."""

    MALFORMED = "malformed"
    NOT_A_COMMAND = "not a command"
    WRONG_RECIPIENT = "wrong recipient"
    UNKNOWN_PARTY = "unknown originator"
    BAD_MAC = "bad MAC"
    REPLAY = "replayed counter"
    UNSUPPORTED = "use case not supported"
    BAD_CERTIFICATE = "certificate does not fit the supplementary party"


class Unanswered(Exception):
    """A command that the device drops without an answer."""

    def __init__(self, discard: Discard) -> None:
        super().__init__(discard.value)
        self.discard = discard


@dataclass(frozen=True, slots=True)
class EsmePolicy:
    """How a meter decides what the GBCS texts at hand leave open; every field is an assumption with that name."""

    gbcs_version: str = "4.3"
    replay_reads: bool = True
    """Whether the counters of reads are checked like those of critical commands."""
    no_permission_code: int = ResultCode.READ_WRITE_DENIED
    unknown_object_code: int = ResultCode.OBJECT_UNDEFINED
    wrong_access_code: int = ResultCode.SCOPE_OF_ACCESS_VIOLATED
    """A protected object read in clear, or an object that the use case does not name."""
    empty_range_code: int | None = None
    """Result code for a range without rows; ``None`` answers an empty compact array."""


_make_other = maker(OtherInformation)
_make_protected = maker(ProtectedResult)
_make_data = maker(Data)
_SUCCESS = {kind: Result(kind, ResultCode.SUCCESS) for kind in (Choice.GET, Choice.SET, Choice.ACTION)}
_RESULT_KIND = {int(choice): choice for choice in Choice} | {int(Choice.GET_WITH_SELECTION): Choice.GET}


class Execution:
    """One command on one meter at one device time."""

    __slots__ = ("_counter", "command", "esme", "now", "use_case")

    def __init__(self, esme: Esme, command: Message, use_case: UseCase, now: int) -> None:
        self.esme, self.command, self.use_case, self.now = esme, command, use_case, now
        self._counter: int | None = None

    def run(self, request: AccessRequest) -> tuple[tuple[Data | ProtectedResult, ...], tuple[Result, ...]]:
        """The specifications in order; after the first failure the rest is not attempted (spec sheet 4.3)."""
        data: list[Data | ProtectedResult] = []
        results: list[Result] = []
        policy = self.esme.policy
        role = self.esme.parties[self.command.originator]
        code = 0 if permitted(self.use_case, role, policy.gbcs_version) else policy.no_permission_code
        for wanted, argument in zip(request.specifications, request.arguments, strict=True):
            kind = _RESULT_KIND[wanted.choice]
            if code == 0:
                try:
                    data.append(self._perform(wanted, argument))
                    results.append(_SUCCESS[kind])
                    continue
                except AccessRefused as refused:
                    code = refused.code
            data.append(NULL)
            results.append(Result(kind, code))
            code = ResultCode.OTHER_REASON
        return tuple(data), tuple(results)

    def answered_party(self) -> OtherInformation:
        """The other information of the response: the code and, for an unknown remote party, its id and counter.

        The supplementary originator counter is there only where something was encrypted (spec sheet 5.4).
        """
        asked = self.command.other
        return _make_other(asked.message_code, asked.supplementary_id, asked.supplementary_counter, self._counter)

    def _perform(self, wanted: Specification, argument: Data | ProtectedRead) -> Data | ProtectedResult:
        if wanted.choice == Choice.GET:
            return self._read(wanted.class_id, wanted.instance, wanted.index, None, None)
        if wanted.choice == Choice.GET_WITH_SELECTION:
            selection = wanted.selection
            if wanted.selector != BY_RANGE or not isinstance(selection, RangeSelection):
                raise AccessRefused(ResultCode.TYPE_UNMATCHED)
            return self._read(wanted.class_id, wanted.instance, wanted.index, (selection.first, selection.last), None)
        if wanted.class_id == DATA_PROTECTION_CLASS and wanted.index == GET_PROTECTED_ATTRIBUTES:
            if not isinstance(argument, ProtectedRead):
                raise AccessRefused(ResultCode.TYPE_UNMATCHED)
            return self._read_protected(wanted, argument)
        raise AccessRefused(ResultCode.READ_WRITE_DENIED)

    def _read(
        self, class_id: int, instance: bytes, attribute: int, selection: Selection, protection: bytes | None
    ) -> Data:
        """Read one attribute; ``protection`` is the Data Protection object it is read through, ``None`` for a plain get."""
        row = declared_objects().get((class_id, instance))
        if row is not None and (row.protection != protection or self.use_case.use_case not in row.use_cases):
            raise AccessRefused(self.esme.policy.wrong_access_code)
        data = self.esme.objects.read(class_id, instance, attribute, selection, self.now)
        empty_code = self.esme.policy.empty_range_code
        if empty_code is not None and isinstance(data.value, CompactArray) and not data.value.contents:
            raise AccessRefused(empty_code)
        return data

    def _read_protected(self, wanted: Specification, argument: ProtectedRead) -> ProtectedResult:
        values = tuple(
            self._read(item.class_id, item.instance, item.attribute, bounds(item.restriction), wanted.instance)
            for item in argument.objects
        )
        plaintext = encode_data(_make_data(Tag.STRUCTURE, values))
        command, esme = self.command, self.esme
        secret, party, counter = self._encryption_key()
        blob = crypto.encrypt(secret, esme.eui, counter, party, plaintext)
        return _make_protected(command.originator_counter, esme.eui, command.originator, blob)

    def _encryption_key(self) -> tuple[bytes, Eui64, int]:
        """Secret, remote party and counter of the key: the requester's, who for an unknown party sent a certificate."""
        command, esme = self.command, self.esme
        other = command.other
        if other.supplementary_id is None:
            return esme.keys.shared_secret(esme.eui, command.originator), command.originator, command.originator_counter
        if other.certificate is None:
            raise AccessRefused(ResultCode.OTHER_REASON)
        try:
            secret = esme.keys.secret_with_certificate(esme.eui, other.certificate, other.supplementary_id)
        except (DecodeError, KeyUnavailable):
            raise Unanswered(Discard.BAD_CERTIFICATE) from None
        if self._counter is None:
            esme.supplementary_counter += 1
            self._counter = esme.supplementary_counter
        return secret, other.supplementary_id, self._counter


def bounds(restriction: Restriction) -> Selection:
    """The stamps that a restriction lets through. Raises AccessRefused where its bounds are no points in time."""
    if restriction.kind == 0:
        return None
    try:
        return from_cosem(restriction.first), from_cosem(restriction.last)
    except DecodeError:
        raise AccessRefused(ResultCode.TYPE_UNMATCHED) from None
