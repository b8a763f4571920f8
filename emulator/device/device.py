"""The core of every emulated GBCS device: a sans-I/O machine that is handed command bytes and gives back answers.

The order of things is that of spec sheet 6.9: is it for me; do I know the party; is the MAC right (ACB and device); is
the signature right (critical commands); is the counter fresh; then the payload is executed by its family, and the
answer is MAC'd or signed. A command that fails before its execution is discarded in silence and counted by reason: the
vectors show no answer to one, and a device must not be an oracle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from emulator.device.administration import Administration
from emulator.device.agenda import Agenda
from emulator.device.alerts import Alert, CounterStore, MemoryCounter
from emulator.device.clocks import DeviceTime, SettableTime, TrueTime
from emulator.device.policy import DeviceKeys, DevicePolicy, Discard, Unanswered
from emulator.device.protection import answers_signed, may_originate, needs_mac, needs_signature
from emulator.device.replay import Freshness, ReplayGuard
from gbcs import crypto, framing
from gbcs.catalogue import UseCase, by_code, find, is_han_only
from gbcs.certificates import Certificate, Usage
from gbcs.errors import AuthenticationError, DecodeError, KeyUnavailable
from gbcs.eui64 import Eui64
from gbcs.framing import Cra, Message, OtherInformation
from gbcs.frozen import maker
from gbcs.roles import RemotePartyRole
from gbcs.security import check_mac
from gbcs.times import cosem


class Executed(NamedTuple):
    """What an execution leaves for the answer: its payload and perhaps a counter.

    The counter is the device's own, where something was encrypted to an unknown remote party (spec sheet 5.4).
    """

    content: bytes
    supplementary_counter: int | None = None


class Family(Protocol):
    """Executes the commands of one payload family on a device."""

    def __call__(self, device: Device, command: Message, use_case: UseCase, now: int, /) -> Executed:
        """Perform an authentic command at device time ``now``. Raises Unanswered where the device stays silent."""


_make_message = maker(Message)
_make_other = maker(OtherInformation)
_DEFAULT_POLICY = DevicePolicy()


class Device:
    """What all devices share; a kind of device says which payload families it answers.

    Signatures take RFC 6979 nonces unless the policy says otherwise, so that the bytes of an emulated farm repeat.

    Does not model: power consumption and processing time (links add it); segmentation (messages arrive whole).
    """

    families: ClassVar[Mapping[str, Family]] = {}
    __slots__ = (
        "_administration", "acb", "agenda", "alert_counter", "clock", "discarded", "eui", "keys", "parties", "policy",
        "replay", "supplementary_counter",
    )  # fmt: skip

    def __init__(
        self,
        eui: Eui64,
        keys: DeviceKeys,
        acb: Eui64,
        parties: Mapping[Eui64, RemotePartyRole],
        clock: DeviceTime | None = None,
        policy: DevicePolicy | None = None,
        replay_window: int = 64,
        alert_counter: CounterStore | None = None,
    ) -> None:
        """``parties``: the remote parties whose credentials the device holds, the ACB among them, and their roles."""
        self.eui, self.keys, self.acb, self.parties = eui, keys, acb, parties
        self.clock, self.policy = clock or TrueTime(), policy or _DEFAULT_POLICY
        self.replay = ReplayGuard(replay_window)
        self.discarded: dict[Discard, int] = {}
        self.supplementary_counter = 0
        self.alert_counter = alert_counter
        self.agenda: Agenda | None = None
        self._administration: Administration | None = None

    def receive(self, frame: bytes, now: float) -> tuple[bytes, ...]:
        """Answer one frame: no frame where it is discarded, else the response. Never raises on bad bytes."""
        quick = self.read_quickly(frame, now)
        if quick is not None:
            return (quick,)
        try:
            command = framing.decode(frame)
        except DecodeError:
            return self._drop(Discard.MALFORMED)
        use_case = self._admit(command, frame)
        if isinstance(use_case, Discard):
            return self._drop(use_case)
        originator, counter = command.originator, command.originator_counter
        checked = self.policy.replay_reads or use_case.replay_checked == "yes"
        if checked:
            freshness = self.replay.check(originator, counter, frame)
            if freshness is Freshness.REPLAY:
                return self._drop(Discard.REPLAY)
            if freshness is Freshness.RESEND:
                return (self.replay.answer(originator, counter),)
        try:
            answer = self._answer(command, use_case, now)
        except Unanswered as reason:
            return self._drop(reason.discard)
        if checked:
            self.replay.accept(originator, counter)
            self.replay.keep(originator, counter, frame, answer)
        self.answered(frame, command, use_case)
        return (answer,)

    def read_quickly(self, frame: bytes, now: float) -> bytes | None:
        """The answer to a command of a shape that is known by heart; None sends it the long way."""
        return None

    def answered(self, frame: bytes, command: Message, use_case: UseCase) -> None:
        """A command went the long way and was answered: kinds of device may learn from it."""

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do; ``None`` while nothing waits."""
        earliest = self.agenda.earliest() if self.agenda is not None else None
        return None if earliest is None else self._true_time(earliest)

    def tick(self, now: float) -> tuple[bytes, ...]:
        """Execute what is due at ``now``: the alerts that come of it."""
        if self.agenda is None:
            return ()
        alerts: list[bytes] = []
        while (earliest := self.agenda.earliest()) is not None and self._true_time(earliest) <= now:
            for task in self.agenda.due(earliest):
                alert = task.execute(max(task.at, int(self.clock.reads(now))))
                if alert is not None:
                    alerts.append(self.send(alert))
        return tuple(alerts)

    def later(self) -> Agenda:
        """The agenda, made when it is first needed."""
        if self.agenda is None:
            self.agenda = Agenda()
        return self.agenda

    def send(self, alert: Alert) -> bytes:
        """The bytes of an alert, under the next own counter; signed where its use case is critical, else MAC'd."""
        if self.alert_counter is None:
            self.alert_counter = MemoryCounter()
        counter = self.alert_counter.next()
        self.alerted(alert)
        message = Message(
            Cra.ALERT,
            counter,
            self.eui,
            alert.recipient,
            b"",
            OtherInformation(alert.message_code),
            alert.body.content(counter),
        )
        return self._protect(message, signed=by_code(alert.message_code).critical)

    @property
    def administration(self) -> Administration:
        """Credentials, joined devices and firmware, made when they are first needed."""
        if self._administration is None:
            self._administration = Administration()
        return self._administration

    def header_time(self, use_case: UseCase, device_time: int) -> bytes:
        """The date-time in the header of a response that carries one (spec sheet 1.5)."""
        return cosem(device_time)

    def secret(self, party: Eui64) -> bytes:
        """The ECDH secret with a party whose credentials the device holds."""
        held = self._certificate(party, Usage.KA) if self._administration is not None else None
        if held is not None:
            return self.keys.secret_with_certificate(self.eui, held.der, party)
        return self.keys.shared_secret(self.eui, party)

    def verify_signature(self, command: Message) -> bool:
        """Whether the signature is that of the originator whose credentials the device holds."""
        held = self._certificate(command.originator, Usage.DS)
        try:
            key = held.public_key if held is not None else self.keys.verify_key(command.originator)
        except KeyUnavailable:
            return False
        signature = command.signature
        return bool(signature) and crypto.signature_valid(key, signature or b"", framing.signed_part(command))

    def signing_key(self) -> ec.EllipticCurvePrivateKey:
        """The device's private signing key: that of the key store until a newer one came into use."""
        newer = self._administration.own_keys.active.get(Usage.DS) if self._administration is not None else None
        return newer or self.keys.signing_key(self.eui)

    def party_replaced(self, role: int, old: Eui64, new: Eui64) -> None:
        """A cell holds another party's credential now: know the new one, forget the old one if no cell is left."""
        parties = dict(self.parties)
        if all(one.subject_id != old for one in self.administration.credentials.cells.values()):
            parties.pop(old, None)
        parties[new] = RemotePartyRole(role)
        self.parties = parties

    def raise_floor(self, role: int, floor: int) -> None:
        """Counters up to a floor are used up for the parties of a role."""
        self.administration.credentials.floors[role] = floor
        for party, its_role in self.parties.items():
            if its_role == role and floor:
                self.replay.raise_floor(party, floor)

    def alerted(self, alert: Alert) -> None:
        """An alert is on its way; kinds of device note it where they keep events."""

    def firmware_activated(self, version: bytes) -> None:
        """A new firmware is active; kinds of device show its version where they have a place for it."""

    def set_clock(self, device_time: float) -> None:
        """Take over the hub's time, which is the true one here, if the clock can be set."""
        if isinstance(self.clock, SettableTime):
            self.clock.set(self._true_time(device_time))

    def _certificate(self, party: Eui64, usage: Usage) -> Certificate | None:
        """The certificate of a party that an update of credentials brought."""
        if self._administration is None:
            return None
        return self._administration.credentials.certificate(party, usage)

    def _drop(self, reason: Discard) -> tuple[bytes, ...]:
        self.discarded[reason] = self.discarded.get(reason, 0) + 1
        return ()

    def _admit(self, command: Message, frame: bytes) -> UseCase | Discard:
        """The use case of an authentic command, or why it is discarded; MAC and signature come first."""
        if command.cra != Cra.COMMAND or command.signature is None:
            return Discard.NOT_A_COMMAND
        if command.recipient != self.eui:
            return Discard.WRONG_RECIPIENT
        role = self.parties.get(command.originator)
        if role is None:
            return Discard.UNKNOWN_PARTY
        if command.mac is not None:
            partner = command.originator if is_han_only(command.message_code) else self.acb
            try:
                check_mac(command, framing.authenticated_slice(frame), self.secret(partner))
            except AuthenticationError:
                return Discard.BAD_MAC
            except KeyUnavailable:
                return Discard.NO_KEY
        elif needs_mac(command.message_code, role):
            return Discard.NOT_A_COMMAND
        use_case = find(command.message_code)
        if use_case is None or use_case.family not in self.families:
            return Discard.UNSUPPORTED
        if command.mac is None or use_case.critical:
            return self._admit_critical(command, use_case, role)
        return use_case

    def _admit_critical(self, command: Message, use_case: UseCase, role: RemotePartyRole) -> UseCase | Discard:
        if needs_signature(use_case, role, command) and not self.verify_signature(command):
            return Discard.BAD_SIGNATURE
        return use_case if may_originate(use_case, role) else Discard.NOT_PERMITTED

    def _answer(self, command: Message, use_case: UseCase, now: float) -> bytes:
        device_time = int(self.clock.reads(now))
        executed = self.families[use_case.family](self, command, use_case, device_time)
        asked = command.other
        response = _make_message(
            Cra.RESPONSE,
            command.originator_counter,
            self.eui,
            command.originator,
            self.header_time(use_case, device_time) if use_case.header_date_time else b"",
            _make_other(
                asked.message_code, asked.supplementary_id, asked.supplementary_counter, executed.supplementary_counter
            ),
            executed.content,
        )
        return self._protect(response, signed=answers_signed(use_case, command))

    def _protect(self, message: Message, *, signed: bool) -> bytes:
        """The bytes of an own message, with a signature or with a MAC (spec sheet 3)."""
        if signed:
            part = framing.signed_part(message)
            signature = crypto.sign(self.signing_key(), part, deterministic=self.policy.deterministic_signatures)
            return b"".join((b"\xdf", part, bytes((framing.SIGNATURE_SIZE,)), signature))
        covered = framing.authenticated_part(message)
        mac = crypto.message_mac(
            self.secret(message.recipient),
            message.cra,
            self.eui,
            message.originator_counter,
            message.recipient,
            covered,
        )
        return framing.with_mac(covered, mac)

    def _true_time(self, device_time: float) -> float:
        """The true time at which the clock shows a device time, to within what a clock drifts in its own error."""
        return 2 * device_time - self.clock.reads(device_time)
