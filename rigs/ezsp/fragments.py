"""A payload in several APS frames: cut on the way out, put together on the way in. Both without clock or radio.

EZSP leaves fragments to its host. ``group`` of a frame is the number of the fragment, and in the first one the number
of all of them in the upper byte; the fragments of a payload share its APS sequence number. The host acknowledges each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gbcs.errors import LocalError
from rigs.ezsp.status import ApsOption

FRAGMENT_BYTES = 63
"""Room in one frame that is secured with a link key, with the sender's EUI-64."""
ASSEMBLY_S = 10.0
"""Fragments that take longer belong to a payload that was given up."""
_MOST_FRAGMENTS = 255
_KEPT = 64
_ACK_FIRST = 0x0100
"""An acknowledgement of one fragment: its bit, in the upper byte."""

Key = tuple[int, int, int, int]


def cut(payload: bytes, size: int = FRAGMENT_BYTES) -> list[bytes]:
    """The fragments of a payload; one where it fits a frame. Raises LocalError where they would be too many."""
    if not 1 <= size <= FRAGMENT_BYTES:
        raise LocalError(f"a fragment has 1 to {FRAGMENT_BYTES} bytes, not {size}")
    pieces = [payload[start : start + size] for start in range(0, len(payload), size)] or [b""]
    if len(pieces) > _MOST_FRAGMENTS:
        raise LocalError(f"{len(payload):,} bytes make {len(pieces)} fragments: {_MOST_FRAGMENTS} is the most")
    return pieces


def group_of(index: int, total: int) -> int:
    """What ``group`` of a fragment is."""
    return total << 8 if index == 0 else index


def acknowledgement(aps: dict[str, Any]) -> dict[str, Any]:
    """The frame that acknowledges a fragment: hand it to ``sendReply``."""
    return {
        **aps,
        "source_endpoint": aps["destination_endpoint"],
        "destination_endpoint": aps["source_endpoint"],
        "group": _ACK_FIRST | aps["group"] & 0xFF,
    }


@dataclass(slots=True)
class _Partial:
    """A payload of which some fragments are missing."""

    until: float
    total: int = 0
    pieces: dict[int, bytes] = field(default_factory=dict)


class Assembly:
    """Puts payloads together, whoever they come from; fragments that come twice are taken once.

    Does not model: a limit to the payloads in progress but their time.
    """

    def __init__(self) -> None:
        self._partial: dict[Key, _Partial] = {}
        self._done: OrderedDict[Key, float] = OrderedDict()

    def take(self, sender: int, aps: dict[str, Any], piece: bytes, now: float) -> bytes | None:
        """The payload that a fragment completes; None where some are missing, or it was complete before."""
        for key in [key for key, one in self._partial.items() if one.until <= now]:
            del self._partial[key]
        key = (sender, aps["sequence"], aps["cluster"], aps["source_endpoint"])
        index, total = aps["group"] & 0xFF, aps["group"] >> 8
        if self._done.get(key, now) > now:
            return None
        partial = self._partial.setdefault(key, _Partial(now + ASSEMBLY_S))
        partial.pieces.setdefault(index, piece)
        partial.total = total if index == 0 else partial.total
        if not partial.total or len(partial.pieces) < partial.total:
            return None
        del self._partial[key]
        self._done[key] = now + ASSEMBLY_S
        self._done.move_to_end(key)
        if len(self._done) > _KEPT:
            self._done.popitem(last=False)
        return b"".join(partial.pieces[number] for number in sorted(partial.pieces))


def is_fragment(aps: dict[str, Any]) -> bool:
    """Whether a frame carries a fragment."""
    return bool(aps["options"] & ApsOption.FRAGMENT)


def numbered(pieces: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each fragment with its ``group``."""
    for index, piece in enumerate(pieces):
        yield group_of(index, len(pieces)), piece
