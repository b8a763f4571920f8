"""Who a message is from and what it is about, read where it stands, whatever rule it falls under."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.compression.layouts import Values
from emulator.hub.addresses import COUNTER_AT, CRA_AT, END_AT, NOT_GBCS, ORIGINATOR_AT, RECIPIENT_AT, header_start
from gbcs.framing import Cra

_ID = 8


@dataclass(frozen=True, slots=True)
class Facts:
    """The message code, and the values that an answer repeats (empty for an alert)."""

    code: int
    values: Values


def facts_of(message: bytes) -> Facts | None:
    """The facts of a whole message or of a block; None where the bytes are neither."""
    start = header_start(message)
    if start == NOT_GBCS:
        return None
    at = _other_information(message, start + END_AT)
    if at is None:
        return None
    code = message[at : at + 2]
    found = Facts(int.from_bytes(code, "big"), {})
    cra = message[start + CRA_AT]
    if cra in (Cra.COMMAND, Cra.RESPONSE):
        first, second = (_id(message, start + offset) for offset in (ORIGINATOR_AT, RECIPIENT_AT))
        device, party = (second, first) if cra == Cra.COMMAND else (first, second)
        found.values.update(device=device, party=party, counter=_id(message, start + COUNTER_AT), code=code)
        if message[at - 1] >= 18:
            found.values.update(user=_id(message, at + 2), user_counter=_id(message, at + 10))
    return found


def _other_information(message: bytes, at: int) -> int | None:
    """Where the message code stands, behind date-time and length."""
    try:
        at += 1 + message[at]
        at += 1 + (message[at] - 0x80 if message[at] > 0x80 else 0)
    except IndexError:
        return None
    return at if at + 2 <= len(message) else None


def _id(message: bytes, at: int) -> bytes:
    return message[at : at + _ID]
