"""Anti-replay on originator counters.

The GBCS rules for counters are not established (spec sheet 13), so what is done here is an assumption with a name,
``replay_window``: per originator the last ``window`` counters that were accepted. Any other counter above the lowest of
them is accepted once, so commands may overtake each other on the way; one below is a replay. The window counts
commands, not values of counters, because originators count in time stamps. The identical bytes again are no attack but
a resend: the device repeats its answer byte for byte. It never makes a second answer under one counter, because the
keys of encryption and MAC hang on it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from enum import Enum

_NONE_USED = -1
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
        self._seen: dict[bytes, list[int]] = {}
        """Per originator, in order: the floor, up to and including which all counters are used up; those accepted."""
        self._answers: dict[tuple[bytes, int], tuple[bytes, bytes]] = {}

    def check(self, originator: bytes, counter: int, command: bytes) -> Freshness:
        """Whether a command is new. Nothing is recorded: that is for :meth:`accept`, once the command is authentic."""
        answered = self._answers.get((originator, counter))
        if answered is not None:
            return Freshness.RESEND if answered[0] == command else Freshness.REPLAY
        seen = self._seen.get(originator)
        if seen is None or counter > seen[-1]:
            return Freshness.NEW
        if counter <= seen[0] or seen[bisect_left(seen, counter)] == counter:
            return Freshness.REPLAY
        return Freshness.NEW

    def accept(self, originator: bytes, counter: int) -> None:
        """Record the counter of an authentic command."""
        seen = self._seen.setdefault(originator, [_NONE_USED])
        if counter > seen[-1]:
            seen.append(counter)
        else:
            insort(seen, counter)
        if len(seen) > self.window:
            del seen[0]

    def raise_floor(self, originator: bytes, floor: int) -> None:
        """Use up every counter up to a floor, unless higher ones were seen already."""
        seen = self._seen.get(originator, [_NONE_USED])
        if floor > seen[0]:
            self._seen[originator] = [floor, *(counter for counter in seen if counter > floor)]

    def keep(self, originator: bytes, counter: int, command: bytes, answer: bytes) -> None:
        """Keep an answer for a resend of the identical command."""
        if len(self._answers) >= _KEPT_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._answers[originator, counter] = (command, answer)

    def answer(self, originator: bytes, counter: int) -> bytes:
        """The answer kept for a command that :meth:`check` called a resend."""
        return self._answers[originator, counter][1]
