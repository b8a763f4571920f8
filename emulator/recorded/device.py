"""A device loaded from what was captured of it.

What the keys at hand open goes through the object model and is answered from there, under fresh counters, MACs and
keys: nothing of a response's bytes is kept. What they do not open is kept as it is, and only the very same request is
answered with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulator.assumptions import Assumption
from emulator.device import twin_asn1, twin_gbz
from emulator.device.access import AccessTable
from emulator.device.alerts import MemoryCounter
from emulator.device.device import Device
from emulator.device.dlms import CosemDevice
from emulator.device.gbz import ZigbeeDevice
from emulator.device.objects import StoredObjects
from emulator.device.twin import learned_access, load, shown_time
from emulator.device.zcl import ZclState
from emulator.device.zcl_rules import answers as default_answers
from emulator.esme.esme import Esme
from emulator.gas.gsme import Gsme
from emulator.hub.chf import Chf
from emulator.recorded.exchanges import Captured, Exchange
from emulator.recorded.state import Coverage, coverage, merge, merge_gas
from emulator.twins import TwinKeys, known_parties
from gbcs import framing
from gbcs.catalogue import by_code
from gbcs.errors import AuthenticationError, GbcsError, KeyUnavailable
from gbcs.eui64 import Eui64
from gbcs.framing import Message
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB, Check, Opened, open_message, verify

ASSUMPTIONS = (
    Assumption(
        "recorded_parties",
        "the one supplier and the one network operator among the keys, where none of that role asked in the capture",
        "A",
        "a meter holds the credentials of one of each; a capture shows only those that asked",
    ),
    Assumption("recorded_rows", "a row that was not captured is not in the log", "A", "nothing is made up"),
    Assumption("recorded_registers", "stay as they were read last", "A", "nothing is made up"),
)
"""What a recorded device takes for granted."""

_SEATS = (RemotePartyRole.SUPPLIER, RemotePartyRole.NETWORK_OPERATOR)


@dataclass(slots=True)
class RecordedDevice:
    """A device in the state of a capture.

    ``core`` answers any request; it is None where no exchange could be opened. ``replayed`` are the commands that only
    their own stored answer is there for, ``reasons`` why. ``at`` is the latest time that the device showed.

    Does not model: rows and objects that the capture does not show; what moves (registers stay as last read).
    """

    eui: Eui64
    core: Device | None = None
    opened: int = 0
    replayed: dict[bytes, bytes] = field(default_factory=dict)
    reasons: set[str] = field(default_factory=set)
    at: float = 0.0

    def receive(self, frame: bytes, now: float) -> tuple[bytes, ...]:
        """Answer one frame: from the state, or, the one known request alone, from what is kept."""
        known = self.replayed.get(frame)
        if known is not None:
            return (known,)
        return () if self.core is None else self.core.receive(frame, now)

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do; ``None`` while nothing waits."""
        return None if self.core is None else self.core.next_deadline()

    def tick(self, now: float) -> tuple[bytes, ...]:
        """Execute what is due at ``now``: the alerts that come of it."""
        return () if self.core is None else self.core.tick(now)

    def coverage(self) -> tuple[Coverage, ...]:
        """What is known of each log."""
        objects = getattr(self.core, "objects", None)
        return coverage(objects) if isinstance(objects, StoredObjects) else ()


def record_devices(captured: Captured, keys: KeyStore) -> dict[Eui64, RecordedDevice]:
    """The devices of a capture by their identifiers."""
    by_device: dict[Eui64, list[Exchange]] = {}
    for exchange in captured.exchanges:
        by_device.setdefault(exchange.device, []).append(exchange)
    return {
        eui: _Recording(eui, keys, captured.alerts.get(eui, 0)).record(exchanges)
        for eui, exchanges in by_device.items()
    }


@dataclass(frozen=True, slots=True)
class _Shown:
    """An exchange that the keys open, and its payload family."""

    command: Message
    response: Opened
    family: str


@dataclass(slots=True)
class _Recording:
    """The recording of one device."""

    eui: Eui64
    keys: KeyStore
    alert_counter: int

    def record(self, exchanges: Sequence[Exchange]) -> RecordedDevice:
        device = RecordedDevice(self.eui)
        shown: list[_Shown] = []
        for exchange in exchanges:
            try:
                shown.append(self._open(exchange))
            except GbcsError as reason:
                device.replayed[exchange.command] = exchange.response
                device.reasons.add(str(reason))
        if shown:
            device.core = self._core(shown, device)
            device.opened = len(shown)
        return device

    def _open(self, exchange: Exchange) -> _Shown:
        """Raises KeyUnavailable, AuthenticationError, DecodeError where these keys do not open the exchange."""
        for frame in (exchange.command, exchange.response):
            verdict = verify(frame, self.keys)
            if verdict.mac is Check.NO_KEY:
                raise KeyUnavailable(verdict.reason)
            if Check.FAILED in (verdict.mac, verdict.signature):
                raise AuthenticationError(verdict.reason)
        command = framing.decode(exchange.command)
        return _Shown(command, open_message(exchange.response, self.keys), by_code(command.message_code).family)

    # ------------------------------------------------------------------ the device

    def _core(self, shown: Sequence[_Shown], into: RecordedDevice) -> Device:
        device = self._blank(shown)
        for one in shown:
            try:
                _LOADERS[one.family](device, one)
            except (GbcsError, KeyError) as error:
                into.reasons.add(f"{by_code(one.command.message_code).use_case} is not loaded: {error}")
            into.at = max(into.at, _time_of(one))
            _remember_counters(device, one)
        return device

    def _blank(self, shown: Sequence[_Shown]) -> Device:
        keys, parties = TwinKeys(self.keys), self._parties([one.command for one in shown])
        counter = MemoryCounter(self.alert_counter)
        kinds = {name for one in shown if one.family == "DLMS" for name in by_code(one.command.message_code).devices}
        if any(one.family == "GBZ" for one in shown):
            return Gsme(self.eui, keys, DCC_ACB, parties, ZclState(), alert_counter=counter, answers=default_answers())
        kind = Chf if "CHF" in kinds else Esme
        return kind(self.eui, keys, DCC_ACB, parties, StoredObjects(), alert_counter=counter)

    def _parties(self, commands: Sequence[Message]) -> dict[Eui64, RemotePartyRole]:
        """Those that asked in their own name, and who must sit on a seat that nobody asked from."""
        known: dict[Eui64, RemotePartyRole] = {}
        for command in commands:
            known |= known_parties(command, self.keys)
        through_broker = {command.other.supplementary_id for command in commands}
        for seat in _SEATS:
            holders = [eui for eui, role in self.keys.parties().items() if role is seat and eui not in through_broker]
            if seat not in known.values() and len(set(holders)) == 1:
                known[holders[0]] = seat
        return known


def _time_of(shown: _Shown) -> float:
    if shown.family == "ASN.1":
        return twin_asn1.shown_time(shown.response).at
    return shown_time(shown.response.message).at


def _remember_counters(device: Device, shown: _Shown) -> None:
    """Counters only rise: those of the parties that asked, and the device's own."""
    device.replay.accept(shown.command.originator, shown.command.originator_counter)
    own = shown.response.message.other.supplementary_originator_counter
    device.supplementary_counter = max(device.supplementary_counter, own or 0)


def _load_cosem(device: Device, shown: _Shown) -> None:
    if isinstance(device, CosemDevice) and isinstance(device.objects, StoredObjects):
        seen = StoredObjects()
        load(seen, shown.command, shown.response)
        merge(device.objects, seen)
        device.access = _learned(device.access, shown)


def _learned(table: AccessTable, shown: _Shown) -> AccessTable:
    return learned_access(table, shown.command, shown.response)


def _load_gas(device: Device, shown: _Shown) -> None:
    if isinstance(device, ZigbeeDevice):
        seen = ZclState()
        twin_gbz.load(seen, shown.command, shown.response)
        merge_gas(device.zcl, seen)
        device.answers = twin_gbz.learned_answers(device.answers, shown.command, shown.response)


def _load_asn1(device: Device, shown: _Shown) -> None:
    twin_asn1.load(device.administration, shown.command, shown.response)


_LOADERS = {"DLMS": _load_cosem, "GBZ": _load_gas, "ASN.1": _load_asn1}
