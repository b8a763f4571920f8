"""Describe a message in plain values: what ``meterfarm decode`` prints as JSON, and draws as a tree.

Names, units and times stand beside the values on the wire; nothing is left out, so that the description tells the
whole message.
"""

from __future__ import annotations

from typing import Any

from gbcs import eui64, times
from gbcs.catalogue import find
from gbcs.dlms import (
    AccessRequest,
    AccessResponse,
    BitString,
    Choice,
    CompactArray,
    Data,
    DataNotification,
    ProtectedRead,
    ProtectedResult,
    RangeSelection,
    ResultCode,
    Specification,
    Tag,
)
from gbcs.errors import GbcsError
from gbcs.framing import Cra, GbtBlock, Message
from gbcs.objects import declared_objects, show_logical_name
from gbcs.payload import Payload, decode_payload
from gbcs.security import Keys, open_message, verify

Plain = Any
"""Values that JSON knows: dict, list, str, int, bool, None."""

_UNITS = {30: "Wh", 32: "varh"}
_STAMP_RANGE = range(times.HALF_HOUR_S, times.MAX_INSTANT)


def message(value: Message, keys: Keys | None = None) -> dict[str, Plain]:
    """The description of a message; with keys also the verdicts on MAC and signature and what decrypts."""
    use_case = find(value.message_code)
    described: dict[str, Plain] = {
        "message_code": f"{value.message_code:04X}",
        "use_case": use_case.use_case if use_case else None,
        "title": use_case.title if use_case else "unknown message code",
        "srvs": list(use_case.srvs) if use_case else [],
        "cra": Cra(value.cra).name.lower() if not value.is_precommand else "pre-command",
        "originator": eui64.show(value.originator),
        "recipient": eui64.show(value.recipient),
        "originator_counter": value.originator_counter,
    }
    if value.date_time:
        described["date_time"] = cosem_time(value.date_time)
    described |= _supplementary(value)
    described["payload"] = _payload_or_error(value, keys)
    return described | _verdicts(value, keys)


def gbt_block(block: GbtBlock) -> dict[str, Plain]:
    """The description of one block of a segmented message."""
    use_case = find(block.message_code)
    return {
        "message_code": f"{block.message_code:04X}",
        "use_case": use_case.use_case if use_case else None,
        "cra": f"block of a {Cra(block.cra).name.lower()}" if block.cra in (1, 2, 3) else f"block, {block.cra}",
        "originator": eui64.show(block.originator),
        "recipient": eui64.show(block.recipient),
        "originator_counter": block.originator_counter,
        "payload": {
            "family": "GBT block",
            "block_number": block.block_number,
            "acknowledged": block.block_number_acknowledged,
            "last": block.is_last,
            "streaming": bool(block.control & 0x40),
            "window": block.control & 0x3F,
            "data": block.data.hex(),
        },
        "mac": None,
        "signature": None,
    }


def cosem_time(data: bytes) -> str:
    """``2015-01-01T00:00:00Z``, or ``now`` / ``never`` for the two special forms, or the bytes where it is neither."""
    if not any(data[:4] + data[5:8]):
        return "now"
    if set(data[:4] + data[5:8]) == {0xFF}:
        return "never"
    try:
        return times.iso(times.from_cosem(data))
    except GbcsError:
        return data.hex()


def _supplementary(value: Message) -> dict[str, Plain]:
    other = value.other
    found: dict[str, Plain] = {}
    if other.supplementary_id is not None:
        found["supplementary_remote_party"] = eui64.show(other.supplementary_id)
    if other.supplementary_counter is not None:
        found["supplementary_remote_party_counter"] = other.supplementary_counter
    if other.supplementary_originator_counter is not None:
        found["supplementary_originator_counter"] = other.supplementary_originator_counter
    if other.certificate is not None:
        found["supplementary_certificate"] = other.certificate.hex()
    return found


def _verdicts(value: Message, keys: Keys | None) -> dict[str, Plain]:
    """MAC and signature: their bytes and, with keys, what they are worth; ``None`` where the message has none."""
    mac: dict[str, Plain] | None = {"value": value.mac.hex()} if value.mac is not None else None
    signature: dict[str, Plain] | None = {"value": value.signature.hex()} if value.signature else None
    if keys is not None:
        verdict = verify(value, keys)
        if mac is not None:
            mac["verdict"] = verdict.mac.value
        if signature is not None:
            signature["verdict"] = verdict.signature.value
        reason = {"verdict_reason": verdict.reason} if verdict.reason else {}
        return {"mac": mac, "signature": signature, **reason}
    return {"mac": mac, "signature": signature}


def _payload_or_error(value: Message, keys: Keys | None) -> Plain:
    try:
        if keys is None:
            return payload(decode_payload(value.content), ())
        opened = open_message(value, keys)
        return payload(opened.payload, opened.plaintexts)
    except GbcsError as error:
        try:
            return {"not_decrypted": str(error), **payload(decode_payload(value.content), ())}
        except GbcsError:
            return {"error": str(error), "bytes": value.content.hex()}


def payload(value: Payload, plaintexts: tuple[tuple[Data, ...] | None, ...]) -> dict[str, Plain]:
    """The description of a payload; ``plaintexts`` as in :class:`gbcs.security.Opened`."""
    if isinstance(value, AccessRequest):
        pairs = zip(value.specifications, value.arguments, strict=True)
        return {
            "family": "DLMS access request",
            "invoke_id": f"{value.invoke_id:08X}",
            "items": [_specification(wanted, argument) for wanted, argument in pairs],
        }
    if isinstance(value, AccessResponse):
        opened = plaintexts or (None,) * len(value.data)
        return {
            "family": "DLMS access response",
            "invoke_id": f"{value.invoke_id:08X}",
            "items": [
                {"result": _result(result.kind, result.code), **_answer(item, plain)}
                for item, result, plain in zip(value.data, value.results, opened, strict=True)
            ],
        }
    if isinstance(value, DataNotification):
        return {
            "family": "DLMS data notification",
            "invoke_id": f"{value.invoke_id:08X}",
            "alert_code": f"{value.alert_code:04X}",
            "at": cosem_time(value.at),
            "items": [data(item) for item in value.items],
        }
    return {"family": value.family, "bytes": value.data.hex()}


def _result(kind: int, code: int) -> str:
    name = ResultCode(code).name.lower().replace("_", "-") if code in ResultCode else "unknown"
    action = Choice(kind).name.lower() if kind in Choice else str(kind)
    return f"{action}: {name} ({code})"


def object_name(class_id: int, instance: bytes) -> str:
    """``class 7, 0-0:99.1.0.255 (profile data log, active import)``."""
    row = declared_objects().get((class_id, instance))
    return f"class {class_id}, {show_logical_name(instance)}" + (f" ({row.title})" if row else "")


def _specification(wanted: Specification, argument: Data | ProtectedRead) -> dict[str, Plain]:
    choice = Choice(wanted.choice)
    part = "method" if choice is Choice.ACTION else "attribute"
    found: dict[str, Plain] = {
        "choice": choice.name.lower().replace("_", "-"),
        "object": object_name(wanted.class_id, wanted.instance),
        part: wanted.index,
    }
    if isinstance(wanted.selection, RangeSelection):
        found["from"], found["to"] = times.iso(wanted.selection.first), times.iso(wanted.selection.last)
    elif wanted.selection is not None:
        found["selection"] = data(wanted.selection)
    if isinstance(argument, ProtectedRead):
        found["reads"] = [
            {"object": object_name(item.class_id, item.instance), "attribute": item.attribute}
            | ({"from": cosem_time(item.restriction.first), "to": cosem_time(item.restriction.last)}
               if item.restriction.kind else {})
            for item in argument.objects
        ]  # fmt: skip
        found["protection"] = _protection(argument)
    elif argument.tag != Tag.NULL:
        found["data"] = data(argument)
    return found


def _protection(value: ProtectedRead | ProtectedResult) -> dict[str, Plain]:
    return {
        "counter": value.transaction_counter,
        "originator": eui64.show(value.originator),
        "recipient": eui64.show(value.recipient),
    }


def _answer(item: Data | ProtectedResult, plain: tuple[Data, ...] | None) -> dict[str, Plain]:
    if isinstance(item, ProtectedResult):
        found: dict[str, Plain] = {"protection": _protection(item), "encrypted": item.blob.hex()}
        if plain is not None:
            found["plaintext"] = [data(value) for value in plain]
        return found
    return {"data": data(item)}


def data(value: Data) -> Plain:
    """One A-XDR value: ``{"uint32": 5}``, ``{"structure": [..]}``, rows of a compact array with their times."""
    name = Tag(value.tag).name.lower().replace("_", "-")
    inner = value.value
    if isinstance(inner, CompactArray):
        return {name: compact_array(inner)}
    if isinstance(inner, tuple):
        if len(inner) == 2 and inner[0].tag == Tag.INT8 and inner[1].tag == Tag.ENUM:
            unit = inner[1].value
            return {"scaler-unit": [inner[0].value, unit, _UNITS.get(unit if isinstance(unit, int) else -1, "?")]}
        return {name: [data(part) for part in inner]}
    if isinstance(inner, BitString):
        return {name: f"{inner.length} bits {inner.octets.hex()}"}
    if isinstance(inner, bytes):
        shown: Plain = inner.hex()
        if len(inner) == 12 and inner[4] == 0xFF:
            shown = f"{shown} ({cosem_time(inner)})"
        return {name: shown}
    return {name: inner}


def compact_array(value: CompactArray) -> dict[str, Plain]:
    """Rows with their stamps as times; the bytes where a row is no plain numbers."""
    try:
        rows = value.rows()
    except GbcsError as error:
        return {"not_read": str(error), "bytes": value.contents.hex()}
    columns = len(value.kind.columns())
    listed = rows.tolist()
    if columns > 1 and all(row[0] in _STAMP_RANGE for row in listed):
        listed = [[times.iso(row[0]), *row[1:]] for row in listed]
    return {"columns": columns, "rows": [list(row) for row in listed]}
