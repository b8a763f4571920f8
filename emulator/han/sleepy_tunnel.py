"""A gas meter that sleeps, and its hub: the meter is the tunnel's client, fetches what waits (GET) and brings (PUT)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from emulator.han.sleepy import MAX_REMAINING, Sleepy, TunnelCommand, decode
from emulator.han.tunnel import TunnelClient, TunnelTurn
from emulator.han.tunnel_server import ServerSettings, ServerTurn, TunnelServer
from emulator.han.zigbee import MAX_TRANSFER_BYTES
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64

KEEP_S = 24 * 3600.0
"""How long a hub keeps what a sleeping device does not fetch."""
HEADER_BYTES = 2
MAX_MESSAGE_BYTES = MAX_TRANSFER_BYTES - HEADER_BYTES
"""The longest message that fits a GET-RESPONSE."""


class SleepyDevice:
    """The device's side. Whoever runs it decides when it wakes, and hands payloads to ``tunnel`` through it.

    Does not model: the mirror and its notification flags, which tell a device that something waits: it asks at every
    waking.
    """

    def __init__(self, tunnel: TunnelClient | None = None) -> None:
        self.tunnel = tunnel or TunnelClient()

    def wake(self, now: float) -> TunnelTurn:
        """Fetch what waits; the answer may say that there is more, which is fetched then."""
        return self.tunnel.send(Sleepy(TunnelCommand.GET).encode(), now)

    def send(self, message: bytes, now: float) -> TunnelTurn:
        """Bring a message to the hub."""
        return self.tunnel.send(Sleepy(TunnelCommand.PUT, message).encode(), now)

    def receive(self, payload: bytes, now: float) -> TunnelTurn:
        """What comes of a payload of the hub: GBCS messages, without the header."""
        turn = self.tunnel.receive(payload, now)
        found = TunnelTurn(turn.payloads, (), turn.failures)
        for data in turn.messages:
            found += self._answered(data, now)
        return found

    def undelivered(self, payload: bytes, cause: str, now: float) -> TunnelTurn:
        """The radio gave a payload up."""
        return self.tunnel.undelivered(payload, cause, now)

    def _answered(self, data: bytes, now: float) -> TunnelTurn:
        try:
            answer = decode(data)
        except DecodeError as error:
            return TunnelTurn(failures=(str(error),))
        if answer.command is not TunnelCommand.GET_RESPONSE:
            return TunnelTurn(failures=(f"a hub does not send {answer.command.name}",))
        turn = TunnelTurn(messages=(answer.message,) if answer.message else ())
        return turn + self.wake(now) if answer.remaining else turn


@dataclass(frozen=True, slots=True)
class _Waiting:
    until: float
    message: bytes


class SleepyHub:
    """The hub's side: keeps messages for devices that sleep, and hands them out when asked.

    Does not model: the event that says that a command was not retrieved (``not_fetched`` counts them).
    """

    def __init__(self, settings: ServerSettings | None = None, keep_s: float = KEEP_S) -> None:
        self.server, self._keep_s = TunnelServer(settings), keep_s
        self.not_fetched = 0
        self._waiting: dict[Eui64, deque[_Waiting]] = {}

    def waits_for(self, device: Eui64) -> int:
        """How many messages wait for a device."""
        return len(self._waiting.get(device, ()))

    def queue(self, device: Eui64, message: bytes, now: float) -> tuple[str, ...]:
        """Keep a message for a device; why not, where it is too long."""
        if len(message) > MAX_MESSAGE_BYTES:
            return (f"a message of {len(message):,} bytes does not fit a GET-RESPONSE ({MAX_MESSAGE_BYTES:,})",)
        self._waiting.setdefault(device, deque()).append(_Waiting(now + self._keep_s, message))
        return ()

    def receive(self, device: Eui64, payload: bytes, now: float) -> ServerTurn:
        """What comes of a payload of a device: answers, and the messages that it brings."""
        turn = self.server.receive(device, payload, now)
        payloads, messages, failures = list(turn.payloads), list[tuple[Eui64, bytes]](), list(turn.failures)
        for _, data in turn.messages:
            try:
                came = decode(data)
            except DecodeError as error:
                failures.append(str(error))
                continue
            if came.command is TunnelCommand.PUT:
                messages.append((device, came.message))
            elif came.command is TunnelCommand.GET:
                said = self.server.send(device, self._next(device, now).encode(), now)
                payloads += said.payloads
                failures += said.failures
        return ServerTurn(tuple(payloads), tuple(messages), tuple(failures))

    def _next(self, device: Eui64, now: float) -> Sleepy:
        queue = self._waiting.get(device, deque())
        while queue and queue[0].until <= now:
            queue.popleft()
            self.not_fetched += 1
        message = queue.popleft().message if queue else b""
        return Sleepy(TunnelCommand.GET_RESPONSE, message, min(len(queue), MAX_REMAINING))
