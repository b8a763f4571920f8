"""The server's end of GBCS tunnels: one for each client, handed out, used, closed when nobody uses them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.han.tunneling import (
    CloseTunnel,
    ClosureNotification,
    Command,
    GetProtocols,
    Protocols,
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
from emulator.han.zigbee import MAX_TRANSFER_BYTES, TUNNEL_MANUFACTURER, TUNNEL_PROTOCOL_GB_HRGP
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64

NO_TUNNEL_ID = 0xFFFF


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server grants. ``first_id`` and ``busy_at_first`` are knobs: unusual, but legal."""

    close_after_s: float = 0xFFFF
    tunnels: int = 8
    first_id: int = 0
    busy_at_first: int = 0
    room: int = MAX_TRANSFER_BYTES


@dataclass(frozen=True, slots=True)
class ServerTurn:
    """What comes of one step: payloads to send to whom, and messages from whom."""

    payloads: tuple[tuple[Eui64, bytes], ...] = ()
    messages: tuple[tuple[Eui64, bytes], ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tunnel:
    tunnel_id: int
    client: Eui64
    room: int
    used_at: float


class TunnelServer:
    """Tunnels of one device to its clients.

    A client that asks again is given the tunnel that it has, and the time since its last use starts anew.

    Does not model: flow control, protocols besides GB-HRGP.
    """

    def __init__(self, settings: ServerSettings | None = None, knows: Callable[[Eui64], bool] = lambda _: True) -> None:
        """``knows`` says whether a client is in the device log."""
        self.settings, self._knows = settings or ServerSettings(), knows
        self._tunnels: dict[Eui64, _Tunnel] = {}
        self._busy_left = self.settings.busy_at_first
        self._next_id = self.settings.first_id
        self._sequence = 0

    def has(self, client: Eui64) -> bool:
        """Whether a client has a tunnel."""
        return client in self._tunnels

    def receive(self, client: Eui64, payload: bytes, now: float) -> ServerTurn:
        """What comes of a payload of a client. What cannot be read is a failure."""
        try:
            frame = decode(payload)
        except DecodeError as error:
            return ServerTurn(failures=(str(error),))
        if not frame.to_server:
            return ServerTurn(failures=("a command for a client came to a server",))
        command, sequence = frame.command, frame.sequence
        if isinstance(command, RequestTunnel):
            return self._say(client, self._granted(client, command, now), sequence)
        if isinstance(command, GetProtocols):
            return self._say(client, Protocols(count=1 if command.offset == 0 else 0), sequence)
        if isinstance(command, CloseTunnel):
            return self._close(client, command, sequence)
        if isinstance(command, Transfer):
            return self._data(client, command, now, sequence)
        if isinstance(command, TransferError):
            return self._not_taken(client, command)
        return ServerTurn()

    def send(self, client: Eui64, message: bytes, now: float) -> ServerTurn:
        """Send a message in a client's tunnel; a failure where there is none, or the client takes no such length."""
        tunnel = self._tunnels.get(client)
        if tunnel is None:
            return ServerTurn(failures=(f"a message of {len(message):,} bytes had no tunnel to go through",))
        if len(message) > tunnel.room:
            return ServerTurn(failures=(f"a message of {len(message):,} bytes: the client takes {tunnel.room:,}",))
        tunnel.used_at = now
        return self._say(client, Transfer(tunnel.tunnel_id, message))

    def forget(self, client: Eui64) -> None:
        """A client joined anew: its tunnel is gone."""
        self._tunnels.pop(client, None)

    def next_deadline(self) -> float | None:
        """When the next tunnel that nobody uses is closed."""
        used = [tunnel.used_at for tunnel in self._tunnels.values()]
        return min(used) + self.settings.close_after_s if used else None

    def tick(self, now: float) -> ServerTurn:
        """Close tunnels that were not used for long, and say so to their clients."""
        over = [one for one in self._tunnels.values() if one.used_at + self.settings.close_after_s <= now]
        for tunnel in over:
            del self._tunnels[tunnel.client]
        said = tuple((one.client, self._frame(ClosureNotification(one.tunnel_id))) for one in over)
        return ServerTurn(said)

    # ------------------------------------------------------------------ commands

    def _granted(self, client: Eui64, request: RequestTunnel, now: float) -> RequestTunnelResponse:
        def refused(status: TunnelStatus) -> RequestTunnelResponse:
            return RequestTunnelResponse(NO_TUNNEL_ID, status, self.settings.room)

        is_gbcs = (request.protocol, request.manufacturer) == (TUNNEL_PROTOCOL_GB_HRGP, TUNNEL_MANUFACTURER)
        if not is_gbcs or not self._knows(client):
            return refused(TunnelStatus.PROTOCOL_NOT_SUPPORTED)
        if request.flow_control:
            return refused(TunnelStatus.FLOW_CONTROL_NOT_SUPPORTED)
        if self._busy_left:
            self._busy_left -= 1
            return refused(TunnelStatus.BUSY)
        tunnel = self._tunnels.get(client)
        if tunnel is None:
            if len(self._tunnels) >= self.settings.tunnels:
                return refused(TunnelStatus.NO_MORE_IDS)
            tunnel = self._tunnels[client] = _Tunnel(self._free_id(), client, request.max_incoming, now)
        tunnel.room, tunnel.used_at = request.max_incoming, now
        return RequestTunnelResponse(tunnel.tunnel_id, TunnelStatus.OPENED, self.settings.room)

    def _free_id(self) -> int:
        taken = {one.tunnel_id for one in self._tunnels.values()}
        while self._next_id in taken or self._next_id >= NO_TUNNEL_ID:
            self._next_id = (self._next_id + 1) % NO_TUNNEL_ID
        found = self._next_id
        self._next_id = (self._next_id + 1) % NO_TUNNEL_ID
        return found

    def _close(self, client: Eui64, command: CloseTunnel, sequence: int) -> ServerTurn:
        if self._is_open(client, command.tunnel_id):
            del self._tunnels[client]
            return ServerTurn()
        return self._say(client, TransferError(command.tunnel_id, TransferStatus.NO_SUCH_TUNNEL), sequence)

    def _data(self, client: Eui64, transfer: Transfer, now: float, sequence: int) -> ServerTurn:
        if not self._is_open(client, transfer.tunnel_id):
            is_others = any(one.tunnel_id == transfer.tunnel_id for one in self._tunnels.values())
            status = TransferStatus.WRONG_DEVICE if is_others else TransferStatus.NO_SUCH_TUNNEL
            return self._say(client, TransferError(transfer.tunnel_id, status), sequence)
        if len(transfer.data) > self.settings.room:
            return self._say(client, TransferError(transfer.tunnel_id, TransferStatus.OVERFLOW), sequence)
        self._tunnels[client].used_at = now
        return ServerTurn(messages=((client, transfer.data),))

    def _not_taken(self, client: Eui64, error: TransferError) -> ServerTurn:
        if error.status == TransferStatus.NO_SUCH_TUNNEL and self._is_open(client, error.tunnel_id):
            self.forget(client)
        return ServerTurn(failures=(f"a message was not taken: {status_name(TransferStatus, error.status)}",))

    def _is_open(self, client: Eui64, tunnel_id: int) -> bool:
        tunnel = self._tunnels.get(client)
        return tunnel is not None and tunnel.tunnel_id == tunnel_id

    def _say(self, client: Eui64, command: Command, sequence: int | None = None) -> ServerTurn:
        return ServerTurn(((client, self._frame(command, sequence)),))

    def _frame(self, command: Command, sequence: int | None = None) -> bytes:
        if sequence is None:
            self._sequence = sequence = (self._sequence + 1) & 0xFF
        return TunnelFrame(command, to_server=False, sequence=sequence).encode()
