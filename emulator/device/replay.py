"""Anti-replay on originator counters.

The GBCS rules for counters are not established (spec sheet 13), so what is done here is an assumption with a name,
``replay_window``: per originator the highest counter seen and the last ``window`` below it. A counter inside the window
is accepted once, so commands may overtake each other on the way; one below the window is a replay. The identical bytes
again are no attack but a resend: the device repeats its answer byte for byte. It never makes a second answer under one
counter, because the keys of encryption and MAC hang on it.
"""

from __future__ import annotations

from enum import Enum

_KEPT_ANSWERS = 4
"""Answers a device keeps for resends: a small meter's buffer, and enough for a retry that crosses its answer."""


class Freshness(Enum):
    """What a counter says of a command."""

    NEW = "new"
    RESEND = "resend"
    REPLAY = "replay"


class ReplayGuard:
    """Counters seen, per originator, and the last answers.

    Does not model: the persistence of counters in a meter's flash over a power cut (they are simply kept).
    """

    __slots__ = ("_answers", "_seen", "window")

    def __init__(self, window: int = 64) -> None:
        self.window = window
        self._seen: dict[bytes, tuple[int, int]] = {}
        self._answers: dict[tuple[bytes, int], tuple[bytes, bytes]] = {}

    def check(self, originator: bytes, counter: int, command: bytes) -> Freshness:
        """Whether a command is new. Nothing is recorded: that is for :meth:`accept`, once the command is authentic."""
        answered = self._answers.get((originator, counter))
        if answered is not None:
            return Freshness.RESEND if answered[0] == command else Freshness.REPLAY
        highest, bits = self._seen.get(originator, (-1, 0))
        if counter > highest:
            return Freshness.NEW
        behind = highest - counter
        return Freshness.REPLAY if behind >= self.window or bits >> behind & 1 else Freshness.NEW

    def accept(self, originator: bytes, counter: int) -> None:
        """Record the counter of an authentic command."""
        highest, bits = self._seen.get(originator, (-1, 0))
        if counter > highest:
            ahead = counter - highest
            bits = 1 if highest < 0 or ahead >= self.window else (bits << ahead | 1) & ((1 << self.window) - 1)
            self._seen[originator] = (counter, bits)
        else:
            self._seen[originator] = (highest, bits | 1 << (highest - counter))

    def raise_floor(self, originator: bytes, floor: int) -> None:
        """Use up every counter up to a floor, unless higher ones were seen already."""
        highest, _ = self._seen.get(originator, (-1, 0))
        if floor > highest:
            self._seen[originator] = (floor, (1 << self.window) - 1)

    def keep(self, originator: bytes, counter: int, command: bytes, answer: bytes) -> None:
        """Keep an answer for a resend of the identical command."""
        if len(self._answers) >= _KEPT_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._answers[originator, counter] = (command, answer)

    def answer(self, originator: bytes, counter: int) -> bytes:
        """The answer kept for a command that :meth:`check` called a resend."""
        return self._answers[originator, counter][1]
