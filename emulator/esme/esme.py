"""The emulated ESME: a sans-I/O core that is handed command bytes and gives back response bytes.

The order of things is that of spec sheet 6.9: is it for me; is the MAC right (ACB and device); is the counter fresh;
may this party use this use case; then the specifications in order with break on error; encrypt what is read under
protection; MAC. A command that fails before its execution is discarded in silence and counted by reason: the vectors
show no answer to one, and a device must not be an oracle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from emulator.esme.execution import Discard, EsmePolicy, Execution, Unanswered
from emulator.esme.objects import ObjectModel
from emulator.esme.replay import Freshness, ReplayGuard
from gbcs import crypto, framing
from gbcs.catalogue import carries_header_time, find
from gbcs.dlms import AccessRequest, AccessResponse
from gbcs.errors import AuthenticationError, DecodeError
from gbcs.eui64 import Eui64
from gbcs.framing import Cra, Message
from gbcs.frozen import maker
from gbcs.payload import decode_payload, encode_payload
from gbcs.roles import RemotePartyRole
from gbcs.security import check_mac
from gbcs.times import cosem


class DeviceKeys(Protocol):
    """What a device needs of a key store: its own side of each pair."""

    def shared_secret(self, a: Eui64, b: Eui64) -> bytes:
        """The ECDH secret of two parties."""

    def secret_with_certificate(self, own: Eui64, der: bytes, party: Eui64) -> bytes:
        """The ECDH secret with the party whose KA certificate came in a command."""


class DeviceTime(Protocol):
    """The meter's own clock."""

    def reads(self, now: float) -> float:
        """What the clock shows at true time ``now``."""


class TrueTime:
    """A clock that is never wrong."""

    def reads(self, now: float) -> float:
        """True time."""
        return now


_make_message = maker(Message)
_make_response = maker(AccessResponse)
_DEFAULT_POLICY = EsmePolicy()


class Esme:
    """One electricity meter.

    Does not model: set and action commands, firmware, joining and alerts (commands for them are discarded as not
    supported); the certificate chain of a supplementary party; power consumption and processing time (links add it).
    """

    __slots__ = (
        "acb", "clock", "discarded", "eui", "keys", "objects", "parties", "policy", "replay", "supplementary_counter"
    )  # fmt: skip

    def __init__(
        self,
        eui: Eui64,
        keys: DeviceKeys,
        acb: Eui64,
        parties: Mapping[Eui64, RemotePartyRole],
        objects: ObjectModel,
        clock: DeviceTime | None = None,
        policy: EsmePolicy | None = None,
        replay_window: int = 64,
    ) -> None:
        """``parties`` are the remote parties whose credentials the meter holds, the ACB among them, with their roles."""
        self.eui, self.keys, self.acb, self.parties = eui, keys, acb, parties
        self.objects, self.clock, self.policy = objects, clock or TrueTime(), policy or _DEFAULT_POLICY
        self.replay = ReplayGuard(replay_window)
        self.discarded: dict[Discard, int] = {}
        self.supplementary_counter = 0

    def receive(self, frame: bytes, now: float) -> tuple[bytes, ...]:
        """Answer one frame: no frame where it is discarded, else the response. Never raises on bad bytes."""
        try:
            command = framing.decode(frame)
        except DecodeError:
            return self._drop(Discard.MALFORMED)
        refusal = self._refuse(command, frame)
        if refusal is not None:
            return self._drop(refusal)
        originator, counter = command.originator, command.originator_counter
        checked = self._replay_checked(command)
        if checked:
            freshness = self.replay.check(originator, counter, frame)
            if freshness is Freshness.REPLAY:
                return self._drop(Discard.REPLAY)
            if freshness is Freshness.RESEND:
                return (self.replay.answer(originator, counter),)
        try:
            answer = self._answer(command, now)
        except Unanswered as reason:
            return self._drop(reason.discard)
        if checked:
            self.replay.accept(originator, counter)
            self.replay.keep(originator, counter, frame, answer)
        return (answer,)

    def next_deadline(self) -> float | None:
        """When :meth:`tick` next has something to do; this meter has no timers of its own yet."""
        return None

    def tick(self, now: float) -> tuple[bytes, ...]:
        """Frames that the meter sends of its own accord at ``now``."""
        return ()

    def _drop(self, reason: Discard) -> tuple[bytes, ...]:
        self.discarded[reason] = self.discarded.get(reason, 0) + 1
        return ()

    def _refuse(self, command: Message, frame: bytes) -> Discard | None:
        """The reason to discard a command unread, if there is one. The MAC comes before anything else is believed."""
        if command.cra != Cra.COMMAND or command.mac is None:
            return Discard.NOT_A_COMMAND
        if command.recipient != self.eui:
            return Discard.WRONG_RECIPIENT
        if command.originator not in self.parties:
            return Discard.UNKNOWN_PARTY
        try:
            check_mac(command, framing.authenticated_slice(frame), self.keys.shared_secret(self.acb, self.eui))
        except AuthenticationError:
            return Discard.BAD_MAC
        return None

    def _replay_checked(self, command: Message) -> bool:
        use_case = find(command.message_code)
        return self.policy.replay_reads or (use_case is not None and use_case.replay_checked == "yes")

    def _answer(self, command: Message, now: float) -> bytes:
        use_case = find(command.message_code)
        if use_case is None or use_case.family != "DLMS" or use_case.critical:
            raise Unanswered(Discard.UNSUPPORTED)
        try:
            request = decode_payload(command.content)
        except DecodeError:
            raise Unanswered(Discard.MALFORMED) from None
        if not isinstance(request, AccessRequest):
            raise Unanswered(Discard.UNSUPPORTED)
        device_time = int(self.clock.reads(now))
        execution = Execution(self, command, use_case, device_time)
        data, results = execution.run(request)
        response = _make_message(
            Cra.RESPONSE,
            command.originator_counter,
            self.eui,
            command.originator,
            cosem(device_time) if carries_header_time(command.message_code) else b"",
            execution.answered_party(),
            encode_payload(_make_response(request.invoke_id, data, results)),
        )
        return self._seal(response)

    def _seal(self, response: Message) -> bytes:
        covered = framing.authenticated_part(response)
        secret = self.keys.shared_secret(self.eui, response.recipient)
        mac = crypto.message_mac(
            secret, Cra.RESPONSE, self.eui, response.originator_counter, response.recipient, covered
        )
        return framing.with_mac(covered, mac)
