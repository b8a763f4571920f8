"""EUI-64 identifiers: eight bytes inside the program, ``90-B3-D5-1F-30-01-00-00`` where a person reads them."""

from __future__ import annotations

from gbcs.errors import LocalError

Eui64 = bytes
"""An entity identifier: exactly eight bytes, most significant first (GBCS 4.1: device, remote party or ACB)."""


def show(value: Eui64) -> str:
    """``90-B3-D5-1F-30-01-00-00``: the form that people and DUIS use."""
    return value.hex("-").upper()


def parse(text: str) -> Eui64:
    """Read an EUI-64 with or without dashes, in any case.

    Raises LocalError when the text is not 16 hexadecimal digits.
    """
    digits = text.replace("-", "").strip()
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        value = b""
    if len(value) != 8:
        raise LocalError(f"{text!r} is not an EUI-64: write 16 hexadecimal digits, like 90-B3-D5-1F-30-01-00-00")
    return value
