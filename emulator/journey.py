"""The journey of a read: head-end, SM WAN, comms hub, HAN, meter, and the same way back.

Messages travel as bytes. Whoever loses one tells its leg and its reason to the ledger of losses here, which knows more
than any party of the real service does: it is what names a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Protocol

from emulator.assumptions import Assumption
from emulator.dcc.answers import Sent
from emulator.dcc.requests import ServiceRequest
from emulator.farm import Farm
from emulator.han import Air, load_han_parameters
from emulator.han.frames import HEADER_BYTES, wrap
from emulator.han.zigbee import CLUSTER_TUNNELING
from emulator.home import TUNNEL, Home
from emulator.hub import Action, CommsHub, HubLimits, Refused, ToHan, load_hub_parameters
from emulator.hub.addresses import COUNTER_AT, NOT_GBCS, ORIGINATOR_AT, RECIPIENT_AT, header_start
from emulator.kernel import Kernel
from emulator.networks import Networks
from emulator.segmentation import BlockLink, load_segmentation_parameters
from emulator.slots import RealDevice, RigHome
from emulator.sm_wan import SmWan
from emulator.wan.model import Direction
from gbcs.eui64 import Eui64
from gbcs.framing import Cra
from gbcs.gbt import Failure, GbtEndpoint, is_block

_HEAD_END_TRANSFERS = 4096
"""Segmented messages that the head-end puts together at a time."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Where a message of a request was lost last, and why."""

    leg: str
    reason: str


class Watcher(Protocol):
    """Whoever wants to see the messages on the SM WAN: a trace, a corpus."""

    def message(self, now: float, direction: Direction, request: ServiceRequest, message: bytes) -> None:
        """A message left for the hub ("down") or reached the head-end ("up"); of a segmented one each block."""


class Journey:
    """Carries commands to meters and answers back, in simulated time.

    A message that is longer than a hub takes at once is cut into blocks where the scenario says so, by the meter and by
    the head-end: the hub passes blocks on. Each block then counts as a message of the SM WAN.

    Does not model: a hub that restarts and forgets; the WAN provider's own gateway; more than one tunnel a HAN.
    """

    def __init__(
        self,
        farm: Farm,
        networks: Networks,
        kernel: Kernel,
        answered: Callable[[bytes, int, float], None],
        blocks: Callable[[int, float, int, int], None],
        failed: Callable[[int, str, str], None],
        devices: Mapping[int, RealDevice],
    ) -> None:
        """``answered(frame, request id, now)`` takes what reaches the head-end.

        ``blocks(request id, now, bytes down, bytes up)`` hears of blocks; bytes down are those beyond the message.
        ``failed(request id, leg, reason)`` hears of requests that nobody can answer any more. ``devices`` are the real
        ones, by premises.
        """
        self.farm, self.networks, self.kernel = farm, networks, kernel
        scenario, overrides = farm.scenario, farm.scenario.networks.overrides
        label = f"scenario {scenario.label}"
        self.limits = HubLimits(load_hub_parameters(overrides, label=label))
        parameters = load_han_parameters(overrides, label=label)
        self.air = Air(parameters, scenario.seed, kernel.at, self._lost_on_han, scenario.key_seed)
        self.segmentation = load_segmentation_parameters(overrides, label=label)
        self._gbt = self.segmentation.settings(self.limits.message_bytes)
        self._cut_above = self.limits.message_bytes if scenario.networks.segmentation else None
        self.wan = SmWan(
            networks,
            kernel.at,
            self._at_hub,
            self._at_head_end,
            self._lost_on_wan,
            scenario.networks.compression,
        )
        self._head_end = BlockLink(
            GbtEndpoint(self._gbt, _HEAD_END_TRANSFERS),
            kernel.at,
            self._block_down,
            self._whole_at_head_end,
            self._gave_up,
        )
        self.losses: dict[int, Loss] = {}
        self.executed_at: dict[int, float] = {}
        """When the command was executed whose answer reached the head-end, by request."""
        self._executed: dict[bytes, float] = {}
        self.messages = 0
        self._digest = sha256()
        self._answered, self._blocks, self._failed, self._devices = answered, blocks, failed, devices
        self._watcher: Watcher | None = None
        self._homes: dict[int, Home | RigHome] = {}
        self._requests: dict[bytes, ServiceRequest] = {}

    def __len__(self) -> int:
        """Homes made so far."""
        return len(self._homes)

    @property
    def message_sha256(self) -> str:
        """SHA-256 over all messages in the order in which they left for, or came from, the SM WAN; of blocks, each one.

        Reads carry no signatures, and signatures of emulated devices are deterministic (RFC 6979), so it repeats.
        """
        return self._digest.hexdigest()

    def watch(self, watcher: Watcher) -> None:
        """Let somebody see every message from now on."""
        self._watcher = watcher

    def forget(self, request_id: int) -> Loss | None:
        """What was lost of a finished request, if anything was; nothing is kept of it but its address."""
        self.executed_at.pop(request_id, None)
        return self.losses.pop(request_id, None)

    def dropped(self) -> dict[str, int]:
        """Commands that meters dropped without an answer, by reason."""
        counts: Counter[str] = Counter()
        for home in self._homes.values():
            counts.update(home.discards())
        return dict(counts)

    def rig_homes(self) -> dict[int, RigHome]:
        """The homes of real devices that were asked so far, by premises."""
        return {premises: home for premises, home in self._homes.items() if isinstance(home, RigHome)}

    def assumptions(self) -> list[Assumption]:
        """What hubs, HAN and networks take for granted."""
        parts = (self.networks, self.wan, self.air, self.limits)
        found = [one for part in parts for one in part.assumptions()]
        return found if self._cut_above is None else [*found, *self.segmentation.assumptions()]

    # ------------------------------------------------------------------ down

    def transmit(self, request: ServiceRequest, sent: Sent, attempt: int, now: float) -> None:
        """Take an attempt from the head-end to the network."""
        home = self._homes.get(request.premises) or self._make(request.premises)
        self._requests[sent.device + sent.counter.to_bytes(8, "big")] = request
        if isinstance(home, RigHome):
            home.asks(request.id)
            if home.lost:
                self._failed(request.id, "rig", home.lost)
                return
        if self._cut_above is not None and len(sent.command) > self._cut_above:
            self._blocks(request.id, now, -len(sent.command), 0)
            self._head_end.send(sent.command, now)
            return
        self._saw("down", request, sent.command, now)
        self.wan.send(home, "down", sent.command, request, now)

    def _block_down(self, block: bytes, now: float) -> None:
        """Send a block, or the acknowledgement of one, to its device."""
        request = self._request_of(block, RECIPIENT_AT)
        if request is None:
            return
        self._blocks(request.id, now, len(block), 0)
        self._saw("down", request, block, now)
        self.wan.send(self._homes[request.premises], "down", block, request, now)

    def _at_hub(self, home: Home | RigHome, message: bytes) -> None:
        now = self.kernel.now
        self._carry_out(home, home.hub.from_wan(message, now), now)

    def _at_meter(self, home: Home, payload: bytes, now: float) -> None:
        message = payload[HEADER_BYTES:]
        if self._cut_above is not None and is_block(message):
            self._blocks_of(home).receive(message, now)
        else:
            self._execute(home, message, now)

    def _execute(self, home: Home, message: bytes, now: float) -> None:
        """Have the meter answer a whole command."""
        answers = home.meter.receive(message, now)
        request = self._request_of(message, RECIPIENT_AT)
        if request is None:
            return
        if not answers:
            self.losses[request.id] = Loss("esme", f"the meter dropped the command: {home.newest_discard()}")
        for answer in answers:
            # A resend is answered from what is kept: the meter read its registers the first time.
            self._executed.setdefault(self._name(answer, ORIGINATOR_AT), now)
            leaves_at = now + self.air.execution_s()
            if self._cut_above is not None and len(answer) > self._cut_above:
                self._blocks_of(home).send(answer, leaves_at)
            else:
                self._from_meter(home, answer, leaves_at)

    def _from_meter(self, home: Home, message: bytes, now: float) -> None:
        home.meter_node.send_aps(home.hub.eui, CLUSTER_TUNNELING, wrap(message, TUNNEL, to_server=False), now)

    def _blocks_of(self, home: Home) -> BlockLink:
        """The meter's end of block transfers, made when it is first needed."""
        if home.blocks is None:
            home.blocks = BlockLink(
                GbtEndpoint(self._gbt),
                self.kernel.at,
                partial(self._from_meter, home),
                partial(self._execute, home),
                self._gave_up,
            )
        return home.blocks

    # ------------------------------------------------------------------ up

    def _heard_by_hub(self, home: Home, payload: bytes, now: float) -> None:
        self._carry_out(home, home.hub.from_han(payload[HEADER_BYTES:], now), now)

    def _at_head_end(self, request: ServiceRequest, message: bytes) -> None:
        now = self.kernel.now
        self._saw("up", request, message, now)
        if self._cut_above is not None and is_block(message):
            self._blocks(request.id, now, 0, len(message))
            self._head_end.receive(message, now)
        else:
            self._hand_over(request, message, now)

    def _whole_at_head_end(self, message: bytes, now: float) -> None:
        """Take an answer that was put together of blocks."""
        request = self._request_of(message, ORIGINATOR_AT)
        if request is not None:
            self._hand_over(request, message, now)

    def _hand_over(self, request: ServiceRequest, answer: bytes, now: float) -> None:
        executed_at = self._executed.get(self._name(answer, ORIGINATOR_AT))
        if executed_at is not None:
            self.executed_at[request.id] = executed_at
        self._answered(answer, request.id, now)

    def _from_rig(self, home: RigHome, message: bytes) -> None:
        """Take what a real device says."""
        now = self.kernel.now
        request = self._request_of(message, ORIGINATOR_AT)
        if request is None:
            home.unasked += 1
        else:
            self.losses.pop(request.id, None)
            self.executed_at[request.id] = now
        self._carry_out(home, home.hub.from_han(message, now), now)

    def _rig_lost(self, home: RigHome, reason: str) -> None:
        for request_id in home.is_lost(reason):
            self.losses.pop(request_id, None)
            self._failed(request_id, "rig", home.lost)

    # ------------------------------------------------------------------ both ways

    def _carry_out(self, home: Home | RigHome, actions: tuple[Action, ...], now: float) -> None:
        """Do what a hub says."""
        for action in actions:
            if type(action) is ToHan:
                home.to_meter(action.device, action.message, now)
                if isinstance(home, RigHome):
                    self._lose(action.message, Loss("rig", home.silence))
            elif type(action) is Refused:
                self._refused_by_hub(action)
            else:
                self._uplink(home, action.message, now)
        deadline = home.hub.next_deadline()
        if deadline is not None:
            self.kernel.at(deadline, self._tick, home)

    def _tick(self, home: Home | RigHome) -> None:
        self._carry_out(home, home.hub.tick(self.kernel.now), self.kernel.now)

    def _uplink(self, home: Home | RigHome, message: bytes, now: float) -> None:
        request = self._request_of(message, ORIGINATOR_AT)
        if request is not None:
            self.wan.send(home, "up", message, request, now)

    def _lost_on_wan(self, request: ServiceRequest, direction: Direction, reason: str) -> None:
        self.losses[request.id] = Loss(f"wan_{direction}", reason)

    def _saw(self, direction: Direction, request: ServiceRequest, message: bytes, now: float) -> None:
        self.messages += 1
        self._digest.update(message)
        if self._watcher is not None:
            self._watcher.message(now, direction, request, message)

    def _refused_by_hub(self, refused: Refused) -> None:
        self._lose(refused.message, Loss("hub", refused.reason))

    def _lost_on_han(self, reason: str, payload: bytes) -> None:
        self._lose(payload[HEADER_BYTES:], Loss("han", reason))

    def _lose(self, message: bytes, loss: Loss) -> None:
        request = self._request_of(message, RECIPIENT_AT) or self._request_of(message, ORIGINATOR_AT)
        if request is not None:
            self.losses[request.id] = loss

    def _gave_up(self, failure: Failure) -> None:
        """A block transfer came to nothing; where a block was lost on its way, that stays the reason."""
        name = failure.name
        is_command = name.cra == Cra.COMMAND
        device = name.recipient if is_command else name.originator
        request = self._requests.get(device + name.counter.to_bytes(8, "big"))
        if request is not None:
            leg = "head_end" if failure.sending is is_command else "esme"
            self.losses.setdefault(request.id, Loss(leg, failure.reason))

    def _request_of(self, message: bytes, device_at: int) -> ServiceRequest | None:
        """The request that a message belongs to."""
        return self._requests.get(self._name(message, device_at))

    @staticmethod
    def _name(message: bytes, device_at: int) -> bytes:
        """Device and counter, which an answer copies from its command; empty where the bytes are no message."""
        start = header_start(message)
        if start == NOT_GBCS:
            return b""
        device: Eui64 = message[start + device_at : start + device_at + 8]
        return device + message[start + COUNTER_AT : start + COUNTER_AT + 8]

    def _make(self, premises: int) -> Home | RigHome:
        device = self._devices.get(premises)
        return self._make_emulated(premises) if device is None else self._make_real(premises, device)

    def _make_real(self, premises: int, device: RealDevice) -> RigHome:
        hub = CommsHub(self.farm.population.hub(premises), (device.eui,), self.limits)
        home = self._homes[premises] = RigHome(premises, hub, device, self.networks.of(premises))
        post = self.kernel.post
        device.connect(partial(post, self._from_rig, home), partial(post, self._rig_lost, home))
        return home

    def _make_emulated(self, premises: int) -> Home:
        population, air = self.farm.population, self.air
        meter = self.farm.meter(premises)
        hub = CommsHub(population.hub(premises), (meter.eui,), self.limits)
        nodes = air.hub(hub.eui), air.meter(meter.eui)
        home = Home(premises, hub, nodes, meter, self.networks.of(premises))
        home.connect(self._heard_by_hub, self._at_meter)
        for cut in self.farm.cuts(premises):
            self.networks.outages.add_hub_window(premises, cut.starts_at, cut.ends_at, "power cut at the premises")
        self._homes[premises] = home
        return home
