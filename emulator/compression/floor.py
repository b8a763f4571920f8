"""What no lossless scheme without keys can take away: ciphertext, its tag, MAC and signature."""

from __future__ import annotations

from emulator.compression.codec import Direction
from emulator.compression.header_context.facts import code_of
from emulator.compression.header_context.rules import load_rules

_INCOMPRESSIBLE = ("cipher", "mac", "signature")


def floor_bytes(message: bytes, direction: Direction) -> int:
    """Bytes of a message that look random to whoever has no key; 0 where the message is not one that rules know.

    Rows in clear do not count, however much they vary; nor does what is encrypted in payloads other than reads.
    """
    code = code_of(message)
    if code is None:
        return 0
    for rule in load_rules().candidates(direction, code):
        values = rule.layout.read(message)
        if values is not None:
            return sum(len(values.get(name, b"")) for name in _INCOMPRESSIBLE)
    return 0
