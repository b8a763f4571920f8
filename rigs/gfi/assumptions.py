"""What of the GFI line is inferred: its manual is not public, one open implementation is."""

from __future__ import annotations

from typing import Final

from emulator.assumptions import Assumption

LARGEST_MESSAGE_BYTES: Final = 1200
"""What the one open peer has room for in a line."""

_SEEN = "the one open implementation of a peer"

ASSUMPTIONS: Final = (
    Assumption("gfi.line", "GBCS:DATA#0:<length>:<HEX> CR LF", "M", _SEEN),
    Assumption("gfi.length", "decimal, counts the bytes of the message, not its digits", "M", _SEEN),
    Assumption("gfi.channel", "always 0: what the digit behind # means is not public", "L", "no source"),
    Assumption("gfi.case", "capitals are sent, either case is taken", "L", _SEEN),
    Assumption("gfi.line_end", "CR LF is sent, LF alone is taken too", "L", "no source"),
    Assumption("gfi.size", f"{LARGEST_MESSAGE_BYTES} bytes a message; longer ones go in blocks", "M", _SEEN),
    Assumption("gfi.other_lines", "lines of another kind are passed over and counted", "A", "no source"),
)
"""Each with how sure it is; a report that used a GFI line lists them."""
