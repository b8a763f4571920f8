"""Two ends of block transfers and a bad network between them, in simulated time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from gbcs.framing import Cra, Message, OtherInformation
from gbcs.gbt import Failure, GbtEndpoint, GbtSettings, Turn

DEVICE, PARTY = bytes.fromhex("024d460000000001"), bytes.fromhex("024d46f000010001")


def message(size: int, counter: int = 7) -> bytes:
    """A response of about so many bytes, each block of it different."""
    content = bytes((n * 7 + n // 251) & 0xFF for n in range(size))
    return Message(Cra.RESPONSE, counter, DEVICE, PARTY, b"", OtherInformation(0x37), content, b"", bytes(12)).encode()


@dataclass(slots=True)
class Pair:
    """A device (0) that sends to a party (1). ``loses(block)`` decides on each block once more than ``loss`` does."""

    settings: GbtSettings = field(default_factory=GbtSettings)
    seed: int = 0
    loss: float = 0.0
    duplicate: float = 0.0
    spread_s: float = 0.0
    loses: Callable[[bytes], bool] = lambda _: False
    delivered: list[bytes] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    carried: list[tuple[float, int, bytes]] = field(default_factory=list)
    now: float = 0.0

    def run(self, *messages: bytes, steps: int = 20_000) -> Pair:
        """Send messages and let everything happen that comes of it."""
        ends = GbtEndpoint(self.settings), GbtEndpoint(self.settings)
        chance = random.Random(self.seed)
        queue: list[tuple[float, int, int, bytes]] = []

        def take(turn: Turn, sender: int) -> None:
            self.delivered += turn.messages
            self.failures += turn.failures
            for block in turn.blocks:
                self.carried.append((self.now, sender, block))
                for _ in range(2 if chance.random() < self.duplicate else 1):
                    if chance.random() >= self.loss and not self.loses(block):
                        at = self.now + 0.5 + chance.random() * self.spread_s
                        heappush(queue, (at, len(self.carried), 1 - sender, block))

        for one in messages:
            take(ends[0].send(one, self.now), 0)
        for _ in range(steps):
            deadlines = [at for at in (end.next_deadline() for end in ends) if at is not None]
            if queue and queue[0][0] <= min(deadlines, default=queue[0][0]):
                self.now, _, receiver, block = heappop(queue)
                take(ends[receiver].receive(block, self.now), receiver)
            elif deadlines:
                self.now = min(deadlines)
                for number, end in enumerate(ends):
                    take(end.tick(self.now), number)
            else:
                assert not len(ends[0]) and not len(ends[1])
                return self
        raise AssertionError("the transfers do not come to an end")
