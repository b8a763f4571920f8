"""What goes wrong on purpose, on a module's line and on the air: shares, from a seed, and only so often."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gbcs.errors import LocalError
from rigs.ezsp.ash_frames import Line

_FLAG = bytes((Line.FLAG,))
_MOST_NOISE_BYTES = 12


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Shares of frames, 0 to 1; ``clear_after`` faults later all goes well (0: never).

    ``nak`` spoils what comes from the host, so that the module asks for it again; ``noise`` puts bytes that are no
    frame between those that are.
    """

    lose: float = 0.0
    duplicate: float = 0.0
    noise: float = 0.0
    nak: float = 0.0
    delay_s: float = 0.0
    clear_after: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("lose", "duplicate", "noise", "nak"):
            if not 0 <= getattr(self, name) <= 1:
                raise LocalError(f"{name} is a share of frames, from 0 to 1, not {getattr(self, name):g}")
        if self.delay_s < 0 or self.clear_after < 0:
            raise LocalError("a delay, and the number of faults before all goes well, are not negative")


class Faults:
    """A plan in progress; ``done`` counts what was done."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan, self.done = plan, 0
        self._random = Random(plan.seed)  # noqa: S311 - faults, not secrets

    def loses(self) -> bool:
        """Whether a frame is lost."""
        return self._happens(self.plan.lose)

    def to_host(self, data: bytes) -> bytes:
        """What of the module's bytes reaches its host."""
        out = bytearray()
        for frame in _frames(data):
            if self._happens(self.plan.noise):
                size = self._random.randrange(1, _MOST_NOISE_BYTES)
                out += self._random.randbytes(size)
            if not self.loses():
                out += frame
                if self._happens(self.plan.duplicate):
                    out += frame
        return bytes(out)

    def from_host(self, data: bytes) -> bytes:
        """What of the host's bytes reaches the module."""
        out = bytearray()
        for frame in _frames(data):
            if len(frame) > 2 and self._happens(self.plan.nak):
                at = self._random.randrange(1, len(frame) - 1)
                frame = frame[:at] + bytes((frame[at] ^ 0x04,)) + frame[at + 1 :]  # noqa: PLW2901 - the spoilt frame
            if not self.loses():
                out += frame
        return bytes(out)

    def _happens(self, share: float) -> bool:
        is_over = self.plan.clear_after and self.done >= self.plan.clear_after
        if not share or is_over or self._random.random() >= share:
            return False
        self.done += 1
        return True


def _frames(data: bytes) -> list[bytes]:
    """The pieces that end in a flag, and what follows the last one."""
    pieces = data.split(_FLAG)
    found = [piece + _FLAG for piece in pieces[:-1]]
    return found + ([pieces[-1]] if pieces[-1] else [])
