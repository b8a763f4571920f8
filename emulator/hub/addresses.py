"""Who sent a GBCS message and for whom it is, read where it stands: a hub relays and does not decode.

The grouping header has its fields at fixed places (transaction identifier, then both system titles); before it there is
nothing, or a MAC header of 13 to 15 bytes. A block of a segmented message has the same fields in the same places.
"""

from __future__ import annotations

_SIGNED, _CIPHERED = 0xDF, 0xDD
_HEADER_STARTS = {0x81: 14, 0x82: 15}
"""Where the grouping header stands behind a MAC header, by the first byte of its length; below 0x80 it is 13."""

NOT_GBCS = -1

CRA_AT = 2
COUNTER_AT = 3
ORIGINATOR_AT = 12
RECIPIENT_AT = 21
END_AT = 29
"""From the start of the grouping header: transaction 1 byte, counter and titles 8 bytes each, and their end."""


def header_start(message: bytes) -> int:
    """Where the grouping header of a message stands; NOT_GBCS where there is none."""
    if len(message) < END_AT:
        return NOT_GBCS
    start = 0
    if message[0] == _CIPHERED and message[1] == 0:
        first = message[7]
        start = 13 if first < 0x80 else _HEADER_STARTS.get(first, NOT_GBCS)
        if start < 0 or len(message) < start + END_AT or message[start] != _SIGNED:
            return NOT_GBCS
    elif message[0] != _SIGNED and message[0] != _CIPHERED:
        return NOT_GBCS
    if message[start + 1] != 9 or message[start + 11] != 8 or message[start + 20] != 8:
        return NOT_GBCS
    return start
