"""Two ends of compressed links with a bad network between: it loses, doubles and reorders, and ends restart."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from compression_traffic import Exchange

from emulator.compression.codec import Link
from emulator.compression.endpoint import Endpoint
from emulator.compression.registry import make_codec

_IN_FLIGHT = 24


@dataclass(slots=True)
class LossyLinks:
    """A head-end and its hubs. ``reorder``: any of so many oldest datagrams may be the next one to arrive.

    ``wrong`` are messages delivered that nobody sent, ``answered`` those that came through.
    """

    codec: str
    seed: int
    loss: float = 0.0
    double: float = 0.0
    restart: float = 0.0
    reorder: int = 3
    head: Endpoint = field(init=False)
    hubs: dict[bytes, Endpoint] = field(init=False)
    sent: set[bytes] = field(default_factory=set)
    wrong: list[bytes] = field(default_factory=list)
    executed: set[bytes] = field(default_factory=set)
    answered: set[bytes] = field(default_factory=set)
    _answers: dict[bytes, bytes] = field(default_factory=dict)
    _air: list[tuple[Link, bytes]] = field(default_factory=list)
    _draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.head = Endpoint(make_codec(self.codec))
        self.hubs = defaultdict(lambda: Endpoint(make_codec(self.codec)))
        self._draw = random.Random(self.seed)

    def run(self, exchanges: Iterable[Exchange]) -> None:
        """Send every command, and let the network come to rest."""
        for exchange in exchanges:
            self._command(exchange)
            while len(self._air) > self._draw.randrange(_IN_FLIGHT):
                self._carry_one()
        while self._air:
            self._carry_one()

    def _command(self, exchange: Exchange) -> None:
        self._answers[exchange.command] = exchange.response
        for end in (self.head, self.hubs[exchange.hub]):
            if self._draw.random() < self.restart:
                end.restart()
        self._send(self.head, exchange.command, Link(exchange.hub, "down"))

    def _send(self, end: Endpoint, message: bytes, link: Link) -> None:
        self.sent.add(message)
        self._air.append((link, end.send(message, link)))

    def _carry_one(self) -> None:
        """Deliver one of the oldest datagrams, or lose it, or deliver it twice."""
        link, datagram = self._air.pop(self._draw.randrange(min(self.reorder, len(self._air))))
        if self._draw.random() < self.loss:
            return
        if self._draw.random() < self.double:
            self._air.append((link, datagram))
        is_down = link.direction == "down"
        end, back = (self.hubs[link.hub], Link(link.hub, "up")) if is_down else (self.head, Link(link.hub, "down"))
        received = end.receive(datagram, link)
        if received.reply is not None:
            self._air.append((back, received.reply))
        if received.message is not None:
            self._delivered(received.message, end, back, is_down=is_down)

    def _delivered(self, message: bytes, end: Endpoint, back: Link, *, is_down: bool) -> None:
        if message not in self.sent:
            self.wrong.append(message)
        elif not is_down:
            self.answered.add(message)
        elif message not in self.executed:
            self.executed.add(message)
            self._send(end, self._answers[message], back)
