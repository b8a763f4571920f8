"""Where on the way of a message compression can stand, and what each place asks to be changed."""

from __future__ import annotations

from dataclasses import dataclass

PAYLOAD, PAYLOAD_AND_HEADERS = "payload", "payload+header_context"
"""What is measured beside the codecs of the registry: payloads coded in the meter, alone and with header context."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One place. ``measured`` is the codec, or one of the two names above; ``conflicts`` are assumptions of the PIA."""

    letter: str
    title: str
    measured: str
    conflicts: tuple[str, ...]


PLACEMENTS = (
    Placement("a", "hub, over the encrypted message (Zstandard with a dictionary)", "zstd_dictionary", ("A4",)),
    Placement("b", "hub, header context only", "header_context", ("A4",)),
    Placement("c", "meter, before encryption, headers untouched", PAYLOAD, ("DA3",)),
    Placement("d", "meter and hub: c with b", PAYLOAD_AND_HEADERS, ("DA3", "A4")),
    Placement("e", "hub, header context and rows in clear coded", "header_context_rows", ("A4",)),
)
"""The five places, in the order of the letters."""
