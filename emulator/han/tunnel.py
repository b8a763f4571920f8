"""The client's end of a GBCS tunnel: asked for, used, lost and asked for again. A machine without clock or radio.

Hand it messages, payloads of the Tunneling cluster and the time; carry out what it says. Source: GBCS 10.2.2 as quoted
in published hub software.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

from emulator.assumptions import Assumption
from emulator.han.tunneling import (
    CloseTunnel,
    ClosureNotification,
    RequestTunnel,
    RequestTunnelResponse,
    Transfer,
    TransferError,
    TransferStatus,
    TunnelFrame,
    TunnelStatus,
    decode,
    status_name,
)
from emulator.han.zigbee import MAX_TRANSFER_BYTES
from gbcs.errors import DecodeError


@dataclass(frozen=True, slots=True)
class TunnelTurn:
    """What comes of one step: payloads to send, messages for the user, and what came to nothing."""

    payloads: tuple[bytes, ...] = ()
    messages: tuple[bytes, ...] = ()
    failures: tuple[str, ...] = ()

    def __add__(self, other: TunnelTurn) -> TunnelTurn:
        return TunnelTurn(
            self.payloads + other.payloads, self.messages + other.messages, self.failures + other.failures
        )


@dataclass(frozen=True, slots=True)
class TunnelTimes:
    """How long a client waits before it asks again."""

    answer_s: float = 10.0
    busy_s: float = 180.0
    no_more_ids_s: float = 5.0
    lost_s: float = 5.0

    def assumptions(self) -> list[Assumption]:
        """Each with its confidence and source."""
        source = "GBCS 10.2.2 as quoted in published hub software"
        return [
            Assumption("tunnel.busy_s", f"{self.busy_s:g}", "M", source),
            Assumption("tunnel.no_more_ids_s", f"{self.no_more_ids_s:g}", "L", "what published hub software waits"),
            Assumption("tunnel.answer_s", f"{self.answer_s:g}", "A", "no source: beyond all retries of APS"),
            Assumption("tunnel.lost_s", f"{self.lost_s:g}", "A", "no source: a device that restarts is soon back"),
        ]


class TunnelState(Enum):
    """Where a tunnel stands."""

    CLOSED = "closed"
    ASKED = "asked for"
    WAITS = "waits to ask again"
    OPEN = "open"
    REFUSED = "refused for good"


class TunnelClient:
    """One client, one server, one tunnel.

    Messages wait while there is no tunnel. One that met a server without the tunnel is sent again, once, in the next
    one: it was not taken. What the radio gave up is a failure; whoever sent it decides whether to repeat it.

    Does not model: flow control (GBCS does without), several tunnels to one server.
    """

    def __init__(self, times: TunnelTimes | None = None, *, request: RequestTunnel | None = None) -> None:
        self.times, self._request = times or TunnelTimes(), request or RequestTunnel()
        self.state, self.tunnel_id = TunnelState.CLOSED, -1
        self.room = MAX_TRANSFER_BYTES
        self.asked = 0
        self._sequence = 0
        self._queue: deque[bytes] = deque()
        self._last: bytes | None = None
        self._again = False
        self._until: float | None = None

    def open(self, now: float) -> TunnelTurn:
        """Ask for the tunnel, unless that is done or it is open: what a hub does once a device has joined."""
        return self._ask(now) if self.state in (TunnelState.CLOSED, TunnelState.REFUSED) else TunnelTurn()

    def send(self, message: bytes, now: float) -> TunnelTurn:
        """Send a message, now or when there is a tunnel again."""
        if self.state is TunnelState.OPEN:
            return self._transfer(message)
        self._queue.append(message)
        return self.open(now)

    def close(self) -> TunnelTurn:
        """Give the tunnel up; nothing is sent any more."""
        was_open, self.state, self._until = self.state is TunnelState.OPEN, TunnelState.CLOSED, None
        self._queue.clear()
        return TunnelTurn((self._frame(CloseTunnel(self.tunnel_id)),)) if was_open else TunnelTurn()

    def rejoined(self, now: float) -> TunnelTurn:
        """The device joined anew: its tunnel is forgotten, and asked for again."""
        self.state = TunnelState.CLOSED
        return self._ask(now)

    def receive(self, payload: bytes, now: float) -> TunnelTurn:
        """What comes of a payload of the server. What cannot be read is a failure."""
        try:
            frame = decode(payload)
        except DecodeError as error:
            return TunnelTurn(failures=(str(error),))
        command = frame.command
        if frame.to_server:
            return TunnelTurn(failures=("a command for a server came to a client",))
        if isinstance(command, RequestTunnelResponse):
            return self._answered(command, now)
        if isinstance(command, Transfer):
            return self._data(command)
        if isinstance(command, TransferError):
            return self._not_taken(command, now)
        if isinstance(command, ClosureNotification) and command.tunnel_id == self.tunnel_id:
            return self.rejoined(now)
        return TunnelTurn()

    def undelivered(self, payload: bytes, cause: str, now: float) -> TunnelTurn:
        """The radio gave a payload up."""
        try:
            command = decode(payload).command
        except DecodeError:
            return TunnelTurn()
        if isinstance(command, RequestTunnel) and self.state is TunnelState.ASKED:
            self._wait(self.times.lost_s, now)
            return TunnelTurn(failures=(f"no tunnel yet: {cause}",))
        if isinstance(command, Transfer):
            return TunnelTurn(failures=(f"a message of {len(command.data):,} bytes was not delivered: {cause}",))
        return TunnelTurn()

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do."""
        return self._until

    def tick(self, now: float) -> TunnelTurn:
        """What comes of time that went by."""
        if self._until is None or now < self._until:
            return TunnelTurn()
        if self.state is TunnelState.ASKED:
            return TunnelTurn(failures=("no answer to a request for a tunnel",)) + self._ask(now)
        return self._ask(now)

    # ------------------------------------------------------------------ the server's answers

    def _answered(self, answer: RequestTunnelResponse, now: float) -> TunnelTurn:
        if self.state not in (TunnelState.ASKED, TunnelState.WAITS):
            return TunnelTurn()
        if answer.status == TunnelStatus.OPENED:
            return self._opened(answer)
        if answer.status == TunnelStatus.BUSY:
            self._wait(self.times.busy_s, now)
            return TunnelTurn(failures=(f"the server is busy; asked again in {self.times.busy_s:g} s",))
        if answer.status == TunnelStatus.NO_MORE_IDS:
            self._wait(self.times.no_more_ids_s, now)
            known = (self._frame(CloseTunnel(self.tunnel_id)),) if self.tunnel_id >= 0 else ()
            return TunnelTurn(known, failures=("the server has no more tunnels; the old one is closed",))
        self.state, self._until = TunnelState.REFUSED, None
        return TunnelTurn(failures=(f"no tunnel: {status_name(TunnelStatus, answer.status)}",))

    def _opened(self, answer: RequestTunnelResponse) -> TunnelTurn:
        self.state, self.tunnel_id, self._until = TunnelState.OPEN, answer.tunnel_id, None
        self.room = answer.max_incoming
        turn = TunnelTurn()
        if self._again and self._last is not None:
            turn += TunnelTurn((self._frame(Transfer(self.tunnel_id, self._last)),))
        self._again, self._last = False, None
        while self._queue:
            turn += self._transfer(self._queue.popleft())
        return turn

    def _data(self, transfer: Transfer) -> TunnelTurn:
        # A server that has not heard yet that its tunnel is asked for again still uses it, and will grant the same one.
        if self.state in (TunnelState.OPEN, TunnelState.ASKED) and transfer.tunnel_id == self.tunnel_id:
            self._last = None
            return TunnelTurn(messages=(transfer.data,))
        wrong = TransferError(transfer.tunnel_id, TransferStatus.NO_SUCH_TUNNEL)
        return TunnelTurn((self._frame(wrong),), failures=(f"data in tunnel {transfer.tunnel_id}, which is not open",))

    def _not_taken(self, error: TransferError, now: float) -> TunnelTurn:
        if error.tunnel_id != self.tunnel_id or self.state is not TunnelState.OPEN:
            return TunnelTurn()
        if error.status == TransferStatus.NO_SUCH_TUNNEL:
            self._again = self._last is not None
            return self.rejoined(now)
        self._last = None
        return TunnelTurn(failures=(f"a message was not taken: {status_name(TransferStatus, error.status)}",))

    # ------------------------------------------------------------------ sending

    def _ask(self, now: float) -> TunnelTurn:
        self.state, self._until = TunnelState.ASKED, now + self.times.answer_s
        self.asked += 1
        return TunnelTurn((self._frame(self._request),))

    def _wait(self, seconds: float, now: float) -> None:
        self.state, self._until = TunnelState.WAITS, now + seconds

    def _transfer(self, message: bytes) -> TunnelTurn:
        if len(message) > self.room:
            return TunnelTurn(failures=(f"a message of {len(message):,} bytes: the server takes {self.room:,}",))
        self._last = message
        return TunnelTurn((self._frame(Transfer(self.tunnel_id, message)),))

    def _frame(self, command: RequestTunnel | CloseTunnel | Transfer | TransferError) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFF
        return TunnelFrame(command, to_server=True, sequence=self._sequence).encode()
