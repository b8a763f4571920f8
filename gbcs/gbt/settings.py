"""What a block transfer is set to, and what it takes for granted: the public documents leave most of it open."""

from __future__ import annotations

from dataclasses import dataclass

from gbcs.errors import LocalError

BLOCK_OVERHEAD_BYTES = 51
"""What a block costs besides its data, with lengths of three bytes (spec sheet 10); small blocks cost a little less."""

MAX_WINDOW = 0x3F


@dataclass(frozen=True, slots=True)
class GbtSettings:
    """Sizes, window and timers of both directions. Raises LocalError for a value that cannot work.

    ``block_bytes`` is the size of a whole block; a block asks for an acknowledgement ``window`` blocks after the last
    one acknowledged. ``ack_timeout_s``: how long its sender waits; ``max_tries``: how often in a row it goes on without
    any progress. ``gap_wait_s``: how long a receiver waits for a block that others have overtaken before it says so.
    """

    block_bytes: int = 1200
    window: int = 6
    ack_timeout_s: float = 180.0
    max_tries: int = 5
    gap_wait_s: float = 2.0

    def __post_init__(self) -> None:
        if not BLOCK_OVERHEAD_BYTES < self.block_bytes <= 0xFFFF:
            raise LocalError(f"a block has {BLOCK_OVERHEAD_BYTES + 1} to 65,535 bytes, not {self.block_bytes}")
        if not 1 <= self.window <= MAX_WINDOW:
            raise LocalError(f"a window has 1 to {MAX_WINDOW} blocks, not {self.window}")
        if self.max_tries < 1:
            raise LocalError(f"a block is tried once at least, not {self.max_tries} times")
        if not 0 <= self.gap_wait_s < self.ack_timeout_s:
            raise LocalError(f"gap_wait_s {self.gap_wait_s:g} must be below ack_timeout_s {self.ack_timeout_s:g}")

    @property
    def data_bytes(self) -> int:
        """Bytes of the message in a full block."""
        return self.block_bytes - BLOCK_OVERHEAD_BYTES

    @property
    def quiet_s(self) -> float:
        """How long a receiver keeps a transfer without a new block: as long as its sender may go on trying."""
        return self.ack_timeout_s * (self.max_tries + 1)


ASSUMPTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("gbt.header", "security control 00, invocation counter 0", "A", "the dissector's source gives no values"),
    ("gbt.security", "MAC and signature cover the whole message; a block has none", "M", "dissector's source"),
    (
        "gbt.numbers",
        "blocks count from 1; an acknowledgement has block number 0 and no data",
        "A",
        "not in GBCS's text",
    ),
    ("gbt.streaming", "bit 40 on every block but the one that asks for an acknowledgement", "A", "IEC 62056-5-3"),
    ("gbt.acknowledgement", "the highest block before which none is missing", "M", "dissector's source, field name"),
    ("gbt.resend", "from the first missing block on; after silence only the block that asks", "A", "no source"),
    ("gbt.titles", "an acknowledgement has originator and target of its message the other way round", "A", "no source"),
    ("gbt.abort", "last-block bit, block number 0, no data", "A", "after IEC 62056-5-3"),
    ("gbt.endpoints", "device and remote party (its broker), hubs pass blocks on", "A", "messages are end to end"),
)
"""Name, value, confidence and source of what the codec and the state machines take for granted."""
