"""Networks begin, grow and are found: forming, joining, scanning, and the trust centre's say in who joins."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gbcs import eui64
from gbcs.errors import AuthenticationError, DecodeError
from gbcs.eui64 import Eui64
from rigs.ezsp.status import Decision, NodeType, Status
from rigs.fake_ezsp.memory import Network
from rigs.fake_ezsp.radio import Radio
from rigs.radio import aps, mac, nwk
from rigs.radio.keys import transport_key
from rigs.radio.mac import AssociationRequest, AssociationResponse, Beacon, BeaconRequest, MacFrame
from rigs.radio.nwk import NwkFrame, Secured

Tell = Callable[..., object]
"""``tell(handler, **values)``: let the host hear of something."""

CHANNELS = range(11, 27)
FIRST_SCAN_CHANNEL_MASK = sum(1 << channel for channel in CHANNELS)
_SYMBOLS_S = 0.01536
"""Length of a scan of duration 0 on a channel, twice: 960 symbols of 16 microseconds."""
_BEACON_WAIT_S, _ASSOCIATION_WAIT_S, _KEY_WAIT_S = 0.2, 0.5, 1.5
_ROUTER_CAPABILITY, _END_DEVICE_CAPABILITY = 0x8E, 0x80
_NOISE_FLOOR_DBM = -95
_LQI, _RSSI = 255, -40
_UNSECURED_JOIN = 1
_USE_PRECONFIGURED_KEY, _DENY = 0, 2


class Joining:
    """Forms, joins, scans, and lets others join.

    Does not model: joining through a router, rejoining, leaving by command of the trust centre, key updates, noise in
    an energy scan (every channel is as quiet as the other).
    """

    def __init__(self, radio: Radio, tell: Tell) -> None:
        self.radio, self._tell = radio, tell
        self.policy = int(Decision.ALLOW_JOINS)
        self.transient: dict[Eui64, bytes] = {}
        self.permit_until = 0.0
        self.is_joining = False
        self._wanted: Network | None = None
        self._scan: tuple[int, ...] = ()
        self._steps: list[int] = []
        radio.on_mac.append(self._mac)
        radio.on_nwk.append(self._nwk)

    # ------------------------------------------------------------------ the host asks

    def form(self, parameters: dict[str, Any], network_key: bytes) -> Status:
        """Start a network as its coordinator and trust centre."""
        radio, memory = self.radio, self.radio.memory
        if memory.network is not None or self.is_joining:
            return Status.INVALID_CALL
        if parameters["channel"] not in CHANNELS or not memory.trust_centre_key:
            return Status.BAD_ARGUMENT if memory.trust_centre_key else Status.SECURITY_STATE_NOT_SET
        made = self._network(parameters, NodeType.COORDINATOR)
        made.pan = made.pan if made.pan != mac.BROADCAST else radio.random.randrange(1, mac.NOBODY)
        made.extended_pan = made.extended_pan if any(made.extended_pan) else radio.random.randbytes(8)
        made.short, made.trust_centre, made.key = 0, memory.eui, network_key or radio.random.randbytes(16)
        memory.network = made
        self._up()
        return Status.SUCCESS

    def join(self, node_type: int, parameters: dict[str, Any], now: float) -> Status:
        """Look for a network's beacon and ask to join it."""
        memory = self.radio.memory
        if memory.network is not None or self.is_joining:
            return Status.INVALID_CALL
        if not memory.trust_centre_key:
            return Status.SECURITY_STATE_NOT_SET
        if parameters["channel"] not in CHANNELS or node_type not in (NodeType.ROUTER, NodeType.END_DEVICE):
            return Status.BAD_ARGUMENT
        self._wanted, self.is_joining = self._network(parameters, node_type), True
        self.radio.listens_on = parameters["channel"]
        self.radio.transmit(BeaconRequest(self.radio.next_sequence()))
        self._within(_BEACON_WAIT_S, now, Status.NO_BEACONS)
        return Status.SUCCESS

    def resume(self) -> Status:
        """Be on the network of old again, after a reset."""
        if self.radio.memory.network is None:
            return Status.NOT_JOINED
        self._up()
        return Status.SUCCESS

    def leave(self) -> Status:
        """Leave the network."""
        if self.radio.memory.network is None:
            return Status.INVALID_CALL
        self.stop()
        self.radio.forget()
        self._tell("stackStatusHandler", status=Status.NETWORK_DOWN)
        return Status.SUCCESS

    def stop(self) -> None:
        """Forget what was being done: a reset."""
        for number in self._steps:
            self.radio.timers.cancel(number)
        self._steps, self._scan, self._wanted, self.is_joining = [], (), None, False
        self.permit_until = 0.0

    def permit(self, duration_s: int, now: float) -> Status:
        """Let devices join for a while; 255 is for ever."""
        if not self.radio.is_up:
            return Status.INVALID_CALL
        self.permit_until = float("inf") if duration_s == 0xFF else now + duration_s
        return Status.SUCCESS

    def scan(self, kind: int, channels: int, duration: int, now: float) -> int:
        """Listen for energy (kind 0) or networks (1) on every channel of a mask."""
        chosen = [channel for channel in CHANNELS if channels & 1 << channel]
        if self._scan or not chosen or kind not in (0, 1):
            return Status.INVALID_CALL if self._scan else Status.BAD_ARGUMENT
        self._scan = tuple(chosen)
        each_s, back_to = _SYMBOLS_S * (2**duration + 1), self.radio.listens_on
        for position, channel in enumerate(chosen):
            self._step(now + position * each_s, partial(self._look, kind, channel))
        self._step(now + len(chosen) * each_s, lambda _: self._looked(back_to))
        return Status.SUCCESS

    def _look(self, kind: int, channel: int, _now: float) -> None:
        if kind == 0:
            self._tell("energyScanResultHandler", channel=channel, rssi=_NOISE_FLOOR_DBM)
            return
        self.radio.listens_on = channel
        self.radio.transmit(BeaconRequest(self.radio.next_sequence()))

    def _looked(self, back_to: int | None) -> None:
        last, self._scan = self._scan[-1], ()
        self.radio.listens_on = back_to
        self._tell("scanCompleteHandler", channel=last, status=Status.SUCCESS)

    # ------------------------------------------------------------------ the air says

    def _mac(self, frame: MacFrame, now: float) -> None:
        if isinstance(frame, BeaconRequest):
            self._beacon(now)
        elif isinstance(frame, Beacon):
            self._found(frame, now)
        elif isinstance(frame, AssociationRequest):
            self._asked_in(frame, now)
        elif isinstance(frame, AssociationResponse) and frame.device == self.radio.memory.eui:
            self._answered(frame, now)

    def _beacon(self, now: float) -> None:
        if self.radio.is_up and self.radio.network.node_type != NodeType.END_DEVICE:
            at = self.radio.network
            permits = now < self.permit_until and at.node_type == NodeType.COORDINATOR
            sequence = self.radio.next_sequence()
            self.radio.transmit(Beacon(sequence, at.pan, at.short, at.extended_pan, permits, at.update))

    def _found(self, beacon: Beacon, now: float) -> None:
        if self._scan:
            self._tell(
                "networkFoundHandler", channel=self.radio.listens_on, pan=beacon.pan, extended_pan=beacon.extended_pan,
                allows_join=beacon.permits_join, profile=2, update=beacon.update, lqi=_LQI, rssi=_RSSI,
            )  # fmt: skip
        wanted = self._wanted
        if wanted is None or self.radio.memory.network is not None or not beacon.permits_join:
            return
        if wanted.pan not in (beacon.pan, mac.BROADCAST):
            return
        if any(wanted.extended_pan) and wanted.extended_pan != beacon.extended_pan:
            return
        wanted.pan, wanted.extended_pan, wanted.update = beacon.pan, beacon.extended_pan, beacon.update
        is_router = wanted.node_type == NodeType.ROUTER
        capability = _ROUTER_CAPABILITY if is_router else _END_DEVICE_CAPABILITY
        sequence, own = self.radio.next_sequence(), self.radio.memory.eui
        self.radio.transmit(AssociationRequest(sequence, beacon.pan, beacon.source, own, capability))
        self._within(_ASSOCIATION_WAIT_S, now, Status.JOIN_FAILED)

    def _asked_in(self, frame: AssociationRequest, now: float) -> None:
        """The trust centre is asked: whom it has a key for may join."""
        radio = self.radio
        if not radio.is_up or radio.network.pan != frame.pan or frame.coordinator != radio.network.short:
            return
        if now >= self.permit_until or radio.network.node_type != NodeType.COORDINATOR:
            return
        short = radio.short_of(frame.device) or self._free_address()
        radio.remember(short, frame.device)
        sequence, pan = radio.next_sequence(), radio.network.pan
        radio.transmit(AssociationResponse(sequence, pan, frame.device, radio.memory.eui, short))
        key = self.transient.get(frame.device) or self.transient.get(eui64.parse("FF" * 8))
        is_welcome = bool(self.policy & Decision.ALLOW_JOINS) and key is not None
        self._tell(
            "trustCenterJoinHandler", short=short, eui=frame.device, status=_UNSECURED_JOIN,
            decision=_USE_PRECONFIGURED_KEY if is_welcome else _DENY, parent=radio.network.short,
        )  # fmt: skip
        if key is not None and is_welcome:
            self._send_network_key(short, frame.device, key)

    def _send_network_key(self, short: int, device: Eui64, key: bytes) -> None:
        radio = self.radio
        link = radio.learn(device, key, f"install code of {eui64.show(device)}")
        link.sent += 1
        secured = Secured(radio.memory.eui, link.sent)
        command = aps.TransportKey(
            radio.random.randrange(256), radio.network.key, radio.network.key_sequence, device, secured.sender
        )
        radio.send(short, aps.encode_key(command, secured, transport_key(key)), secured=False)
        radio.memory.save()

    def _answered(self, frame: AssociationResponse, now: float) -> None:
        if self._wanted is None or frame.pan != self._wanted.pan or self.radio.memory.network is not None:
            return
        if frame.status:
            self._gave_up(Status.JOIN_FAILED)
            return
        self._wanted.short = frame.short
        self.radio.memory.network = self._wanted
        self._within(_KEY_WAIT_S, now, Status.NO_NETWORK_KEY_RECEIVED)

    def _nwk(self, frame: NwkFrame, secured: Secured | None, now: float) -> None:
        """The network key, the one thing that comes in the clear."""
        if not self.is_joining or secured is not None or not aps.is_command(frame.payload):
            return
        memory = self.radio.memory
        try:
            found = aps.decode_key(frame.payload, transport_key(memory.trust_centre_key))
        except (DecodeError, AuthenticationError):  # no key, or one for the holder of another install code
            return
        if found.destination != memory.eui:
            return
        network = self.radio.network
        network.key, network.key_sequence, network.trust_centre = found.key, found.sequence, found.source
        self.radio.remember(frame.source, found.source)
        self.radio.learn(found.source, memory.trust_centre_key, f"install code of {eui64.show(memory.eui)}")
        self._up()
        self._announce()

    def _announce(self) -> None:
        """The device tells everybody who it is (ZDO Device_annce)."""
        network, own = self.radio.network, self.radio.memory.eui
        is_router = network.node_type == NodeType.ROUTER
        capability = _ROUTER_CAPABILITY if is_router else _END_DEVICE_CAPABILITY
        content = bytes((0,)) + network.short.to_bytes(2, "little") + own[::-1] + bytes((capability,))
        frame = aps.ApsFrame(0, 0x0013, 0, 0, 0, content, is_broadcast=True)
        self.radio.send(nwk.ALL_AWAKE, aps.encode(frame))

    # ------------------------------------------------------------------ steps

    def _up(self) -> None:
        self.stop()
        self.radio.listens_on = self.radio.network.channel
        self.radio.on_key(self.radio.network.key, f"network {self.radio.network.pan:04X}")
        self.radio.memory.save()
        self._tell("stackStatusHandler", status=Status.NETWORK_UP)

    def _gave_up(self, status: Status) -> None:
        self.stop()
        self.radio.forget()
        self._tell("stackStatusHandler", status=status)

    def _within(self, seconds: float, now: float, status: Status) -> None:
        """The next step of joining has to come in time."""
        for number in self._steps:
            self.radio.timers.cancel(number)
        self._steps.clear()
        self._step(now + seconds, lambda _: self._gave_up(status))

    def _step(self, at: float, callback: Callable[[float], object]) -> None:
        self._steps.append(self.radio.timers.at(at, callback))

    def _free_address(self) -> int:
        while True:
            short = self.radio.random.randrange(1, nwk.FIRST_BROADCAST)
            if short not in self.radio.memory.devices:
                return short

    @staticmethod
    def _network(parameters: dict[str, Any], node_type: int) -> Network:
        return Network(
            parameters["extended_pan"], parameters["pan"], parameters["channel"], mac.NOBODY, node_type,
            manager=parameters["manager"], update=parameters["update"], power=parameters["power"],
            join_method=parameters["join_method"],
        )  # fmt: skip
