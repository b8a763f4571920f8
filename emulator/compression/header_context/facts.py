"""Who a message is from and what it is about, read where it stands, whatever rule it falls under."""

from __future__ import annotations

from emulator.compression.layouts import Values
from emulator.hub.addresses import COUNTER_AT, CRA_AT, END_AT, NOT_GBCS, ORIGINATOR_AT, RECIPIENT_AT, header_start
from gbcs.framing import Cra

_ID = 8
_WITH_PARTY = 18
"""Bytes of other information from which on it names a supplementary party and its counter."""


def code_of(message: bytes) -> int | None:
    """The message code of a whole message or of a block; None where the bytes are neither."""
    start = header_start(message)
    at = -1 if start == NOT_GBCS else _code_at(message, start + END_AT)
    return None if at < 0 else int.from_bytes(message[at : at + 2], "big")


def repeated_of(message: bytes) -> Values:
    """What an answer repeats of its command, read from either; empty for an alert, and for what is no message."""
    start = header_start(message)
    at = -1 if start == NOT_GBCS else _code_at(message, start + END_AT)
    if at < 0 or message[start + CRA_AT] not in (Cra.COMMAND, Cra.RESPONSE):
        return {}
    first, second = _id(message, start + ORIGINATOR_AT), _id(message, start + RECIPIENT_AT)
    device, party = (second, first) if message[start + CRA_AT] == Cra.COMMAND else (first, second)
    values = {
        "device": device,
        "party": party,
        "counter": _id(message, start + COUNTER_AT),
        "code": message[at : at + 2],
    }
    if message[at - 1] >= _WITH_PARTY:
        values.update(user=_id(message, at + 2), user_counter=_id(message, at + 2 + _ID))
    return values


def _code_at(message: bytes, at: int) -> int:
    """Where the message code stands, behind date-time and length; -1 where the bytes end before."""
    if at >= len(message):
        return -1
    at += 1 + message[at]
    if at >= len(message):
        return -1
    at += 1 + (message[at] - 0x80 if message[at] > 0x80 else 0)
    return at if at + 2 <= len(message) else -1


def _id(message: bytes, at: int) -> bytes:
    return message[at : at + _ID]
