"""What can be said of an answer without knowing the device's private key or its memory, in the order of its bytes.

Values that move (registers, energy) are no facts here; their types, units and number are, and which rows there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gbcs.dlms import AccessResponse, CompactArray, Data, ProtectedResult, ResultCode, Tag
from gbcs.eui64 import Eui64
from gbcs.framing import Message
from gbcs.keystore import KeyStore
from gbcs.security import Opened, open_message, verify
from gbcs.times import clock_status, from_cosem

_UINT32 = 0x06


@dataclass(frozen=True, slots=True)
class Facts:
    """An answer as facts: name and value of each field, the stamps of its rows, its own counter and its time."""

    fields: tuple[tuple[str, str], ...]
    stamps: tuple[int, ...] = ()
    code: int | None = None
    own_counter: int | None = None
    device_time: int | None = None
    columns: int = 0


NO_ANSWER = Facts((("answer", "none"),))


def facts_of(answer: bytes, keys: KeyStore, acb: Eui64) -> Facts:
    """The facts of a verified answer. Raises DecodeError, AuthenticationError, KeyUnavailable."""
    verdict = verify(answer, keys, acb)
    opened = open_message(answer, keys)
    message = opened.message
    items = tuple(_items(opened))
    arrays = [item.value for item in items if isinstance(item.value, CompactArray)]
    stamps = tuple(int(stamp) for array in arrays if _is_log(array) for stamp in array.rows()[:, 0])
    fields = (
        ("answer", "MAC'd" if message.mac is not None else "signed"),
        ("MAC", verdict.mac.value),
        ("signature", verdict.signature.value),
        *_header(message),
        *_payload(opened),
    )
    codes = _codes(opened)
    return Facts(
        fields,
        stamps,
        next((code for code in codes if code), 0) if codes else None,
        message.other.supplementary_originator_counter,
        int(from_cosem(message.date_time)) if message.date_time else None,
        len(arrays[0].kind.columns()) if arrays else 0,
    )


def _is_log(array: CompactArray) -> bool:
    return set(array.kind.columns()) == {_UINT32}


def _header(message: Message) -> Iterator[tuple[str, str]]:
    other = message.other
    yield "header: message code", f"{message.message_code:04X}"
    yield "header: date-time", "present" if message.date_time else "absent"
    if message.date_time:
        yield "header: time status", f"{clock_status(message.date_time):02X}"
    yield "header: supplementary party", "present" if other.supplementary_id is not None else "absent"
    yield "header: own counter", "present" if other.supplementary_originator_counter is not None else "absent"


def _payload(opened: Opened) -> Iterator[tuple[str, str]]:
    payload = opened.payload
    yield "payload", type(payload).__name__
    if not isinstance(payload, AccessResponse):
        return
    yield "results", str(len(payload.results))
    for number, result in enumerate(payload.results, 1):
        yield f"result {number}", _code_name(result.code)
    for number, (item, plain) in enumerate(zip(payload.data, opened.plaintexts, strict=True), 1):
        where = f"value {number}"
        if isinstance(item, ProtectedResult):
            yield where, "encrypted"
            for place, data in enumerate(plain or (), 1):
                yield from _shape(f"{where}.{place}", data)
        elif isinstance(item, Data):
            yield from _shape(where, item)


def _shape(where: str, data: Data) -> Iterator[tuple[str, str]]:
    """Types all the way down; a pair of small numbers is a scaler with its unit, and stands still."""
    value = data.value
    if isinstance(value, CompactArray):
        yield where, f"compact array of columns {' '.join(f'{tag:02X}' for tag in value.kind.columns())}"
        return
    yield where, Tag(data.tag).name.lower().replace("_", " ")
    if isinstance(value, tuple):
        yield f"{where}: members", str(len(value))
        is_unit = len(value) == 2 and value[1].tag == Tag.ENUM
        for number, part in enumerate(value, 1):
            yield from _shape(f"{where}.{number}", part)
            if is_unit:
                yield f"{where}.{number}: scaler or unit", str(part.value)


def _items(opened: Opened) -> Iterator[Data]:
    if isinstance(opened.payload, AccessResponse):
        for item, plain in zip(opened.payload.data, opened.plaintexts, strict=True):
            yield from plain or ((item,) if isinstance(item, Data) else ())


def _codes(opened: Opened) -> list[int]:
    return [result.code for result in opened.payload.results] if isinstance(opened.payload, AccessResponse) else []


def _code_name(code: int) -> str:
    try:
        return f"{code} ({ResultCode(code).name.lower().replace('_', ' ')})"
    except ValueError:
        return str(code)
