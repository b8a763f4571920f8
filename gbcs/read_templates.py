"""Templates of settlement reads: the fast twins of building and reading their commands and answers.

A template covers a message up to its MAC. The reference behind each is the Construct declaration: messages are changed
as values and built by :mod:`gbcs.framing` and :mod:`gbcs.payload`.

========= ==================================================================================
field     what it is
========= ==================================================================================
counter   originator counter: header, invoke id (low 24 bits) and protection parameters
device    the meter: recipient of a command, originator of an answer
party     counter of the supplementary remote party, where there is one
own       supplementary originator counter of an encrypted answer to such a party
body      the encrypted blob of an answer, or the packed rows of one in clear
========= ==================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gbcs import framing
from gbcs.dlms import AccessRequest, AccessResponse, CompactArray, Data, ProtectedRead, ProtectedResult, Tag
from gbcs.dlms.access import invoke_id
from gbcs.errors import LocalError
from gbcs.framing import Message
from gbcs.payload import encode_data, encode_payload
from gbcs.template import Reference, Template, learn

COVERED_AT = {0x81: 14, 0x82: 15}
"""Where the part that the MAC covers begins, by the first length byte of the MAC header; below 0x80 it is 13."""

_ID_SIZE = 8
_INVOKE = {"invoke": ("counter", 3)}


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A template, where its covered part begins, and which fields it has."""

    template: Template
    covered_at: int
    has_party: bool
    has_own: bool


def command_template(message: Message, request: AccessRequest) -> MessageTemplate | None:
    """The template of the commands that differ from this one in their counters and their device alone."""
    has_party = message.other.supplementary_counter is not None
    sizes = {"counter": _ID_SIZE, "device": _ID_SIZE, **({"party": _ID_SIZE} if has_party else {})}

    def reference(values: dict[str, bytes]) -> bytes:
        counter = _number(values["counter"])
        arguments = tuple(
            replace(one, transaction_counter=counter, recipient=values["device"])
            if isinstance(one, ProtectedRead)
            else one
            for one in request.arguments
        )
        content = encode_payload(replace(request, invoke_id=invoke_id(counter), arguments=arguments))
        return _built(replace(message, recipient=values["device"]), values, content)

    return _learned(reference, sizes, has_party=has_party, has_own=False)


def answer_template(message: Message, response: AccessResponse) -> MessageTemplate | None:
    """The template of the answers that differ from this one in counters, device and body; None for other shapes."""
    if len(response.data) != 1 or message.date_time or response.results[0].code:
        return None
    [item] = response.data
    size = _body_size(item)
    if size is None:
        return None
    other = message.other
    has_party, has_own = (
        other.supplementary_counter is not None,
        other.supplementary_originator_counter is not None,
    )
    sizes = {"counter": _ID_SIZE, "device": _ID_SIZE}
    sizes |= {name: _ID_SIZE for name, there in (("party", has_party), ("own", has_own)) if there}

    def reference(values: dict[str, bytes]) -> bytes:
        counter = _number(values["counter"])
        body = _with_body(item, counter, values["device"], values["body"])
        content = encode_payload(replace(response, invoke_id=invoke_id(counter), data=(body,)))
        return _built(replace(message, originator=values["device"]), values, content)

    return _learned(reference, {**sizes, "body": size}, has_party=has_party, has_own=has_own)


def plaintext_head(array: CompactArray) -> bytes:
    """What stands before the rows in the plaintext of an answer that shows this one log (spec sheet 5.2)."""
    whole = encode_data(Data(Tag.STRUCTURE, (Data(Tag.COMPACT_ARRAY, array),)))
    return whole[: len(whole) - len(array.contents)]


def covered_at(frame: bytes) -> int:
    """Where the part that the MAC covers begins in a MAC'd message."""
    return COVERED_AT.get(frame[7], 13)


def _learned(
    reference: Reference, sizes: Mapping[str, int], *, has_party: bool, has_own: bool
) -> MessageTemplate | None:
    template = learn(reference, sizes, _INVOKE)
    if template is None:
        return None
    start = covered_at(template.fill(*(bytes(size) for size in sizes.values())))
    return MessageTemplate(template, start, has_party, has_own)


def _built(message: Message, values: Mapping[str, bytes], content: bytes) -> bytes:
    """The reference bytes of a message up to its MAC, with counters and content replaced."""
    other = message.other
    if "party" in values:
        other = replace(other, supplementary_counter=_number(values["party"]))
    if "own" in values:
        other = replace(other, supplementary_originator_counter=_number(values["own"]))
    changed = replace(message, originator_counter=_number(values["counter"]), other=other, content=content)
    return framing.with_mac(framing.authenticated_part(changed), b"\x00" * framing.MAC_SIZE)[: -framing.MAC_SIZE]


def _body_size(item: Data | ProtectedResult) -> int | None:
    if isinstance(item, ProtectedResult):
        return len(item.blob)
    return len(item.value.contents) if isinstance(item.value, CompactArray) else None


def _with_body(item: Data | ProtectedResult, counter: int, device: bytes, body: bytes) -> Data | ProtectedResult:
    if isinstance(item, ProtectedResult):
        return replace(item, transaction_counter=counter, originator=device, blob=body)
    if not isinstance(item.value, CompactArray):
        raise LocalError("only rows and encrypted parts are bodies")
    return replace(item, value=replace(item.value, contents=body))


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big")
