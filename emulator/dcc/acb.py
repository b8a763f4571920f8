"""The access control broker: from a read to command bytes, and from response bytes to values.

A party whose credentials the meter holds (Import Supplier, Network Operator) is the originator of its own commands; the
broker adds the MAC. For every other party the broker is the originator itself, names the party in the supplementary
fields and, where the answer will be encrypted, sends the party's key-agreement certificate (spec sheet 5.4).
"""

from __future__ import annotations

from emulator.dcc.answers import AnswerTemplates, HeadEndKeys, Sent
from emulator.dcc.counters import Counters
from gbcs import crypto, framing
from gbcs.catalogue import UseCase
from gbcs.dlms import AccessResponse, ProtectedResult
from gbcs.errors import DecodeError, LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import Cra, Message, OtherInformation
from gbcs.frozen import maker
from gbcs.payload import decode_payload, encode_payload
from gbcs.read_templates import MessageTemplate, command_template
from gbcs.reads import ReadValues, read_request, read_values
from gbcs.roles import RemotePartyRole
from gbcs.security import check_mac, decrypt_blob, encryption_parties
from gbcs.versions import permitted

KNOWN_ROLES = {"IS": RemotePartyRole.SUPPLIER, "NO": RemotePartyRole.NETWORK_OPERATOR}
"""The user roles whose credentials a meter holds. Export suppliers and data retrievers go through the broker."""


_make_message = maker(Message)
_make_other = maker(OtherInformation)
_make_sent = maker(Sent)

_TEMPLATES_KEPT = 1024
"""Command templates kept; one serves all meters of a user, use case and range."""


class AccessControlBroker:
    """Builds commands for readers and opens the answers, with the keys of the broker and of its users.

    Does not model: hardware security modules (each user's own counters and decryption live here too); Transform and
    Pre-Command, which reads do not need.
    """

    def __init__(self, eui: Eui64, keys: HeadEndKeys, counters: Counters, gbcs_version: str = "4.3") -> None:
        self.eui, self.keys, self.counters, self.gbcs_version = eui, keys, counters, gbcs_version
        self._known: dict[tuple[str, str], bool] = {}
        self._commands: dict[tuple[int, Eui64, Eui64, int | None, int | None], MessageTemplate] = {}
        self._answers = AnswerTemplates(keys)

    def is_known(self, use_case: UseCase, role: str) -> bool:
        """Whether a user of this role originates its own command; False where the broker does so for it.

        Raises LocalError where neither the party nor the broker may use the use case.
        """
        known = self._known.get((use_case.use_case, role))
        if known is None:
            party = KNOWN_ROLES.get(role)
            known = party is not None and permitted(use_case, party, self.gbcs_version)
            if not known and not permitted(use_case, RemotePartyRole.ACCESS_CONTROL_BROKER, self.gbcs_version):
                raise LocalError(f"{use_case.use_case} gives role {role} no access under GBCS {self.gbcs_version}")
            self._known[use_case.use_case, role] = known
        return known

    def command(
        self,
        use_case: UseCase,
        role: str,
        user: Eui64,
        device: Eui64,
        now: float,
        first: int | None = None,
        last: int | None = None,
    ) -> Sent:
        """The command bytes of one read, with fresh counters. Bounds as in :func:`gbcs.reads.read_request`."""
        user_counter = self.counters.next(user, now)
        if self.is_known(use_case, role):
            originator, counter, party = user, user_counter, None
        else:
            originator, counter, party = self.eui, self.counters.next(self.eui, now), user_counter
        key = (use_case.code, user, originator, first, last)
        known = self._commands.get(key)
        if known is None:
            known = self._learn_command(key, use_case, user, first, last)
        octets = counter.to_bytes(8, "big")
        fields = (octets, device) if party is None else (octets, device, party.to_bytes(8, "big"))
        unsealed = known.template.fill(*fields)
        secret = self.keys.shared_secret(self.eui, device)
        covered = unsealed[known.covered_at :]
        mac = crypto.message_mac(secret, Cra.COMMAND, originator, counter, device, covered)
        supplementary = None if party is None else user
        return _make_sent(unsealed + mac, device, originator, counter, use_case.code, supplementary, party)

    def open(self, frame: bytes, sent: Sent) -> ReadValues:
        """Verify and decrypt the answer to a command.

        Raises DecodeError for bytes that are no such answer, AuthenticationError for a wrong MAC or tag.
        """
        return self._answers.quickly(frame, sent) or self._open_any(frame, sent)

    def _open_any(self, frame: bytes, sent: Sent) -> ReadValues:
        """Any answer, by the declarations."""
        response = framing.decode(frame)
        self._match(response, sent)
        check_mac(
            response,
            framing.authenticated_slice(frame),
            self.keys.shared_secret(response.originator, response.recipient),
        )
        payload = decode_payload(response.content)
        if not isinstance(payload, AccessResponse):
            raise DecodeError("the answer to a read is an access response", field="content")
        plaintexts = tuple(
            decrypt_blob(response, item.blob, self._secret(response)) if type(item) is ProtectedResult else None
            for item in payload.data
        )
        values = read_values(payload, plaintexts)
        self._answers.learn(frame, sent, response, payload, plaintexts)
        return values

    def _learn_command(
        self,
        key: tuple[int, Eui64, Eui64, int | None, int | None],
        use_case: UseCase,
        user: Eui64,
        first: int | None,
        last: int | None,
    ) -> MessageTemplate:
        """The template of one user's reads of one use case and range: made once, used for every meter."""
        originator, counter, device = key[2], 1, bytes(8)
        other = _make_other(use_case.code)
        if originator != user:
            certificate = self.keys.ka_certificate(user) if use_case.sensitive else None
            other = _make_other(use_case.code, user, counter, None, certificate)
        request = read_request(use_case.use_case, counter, user, device, first, last)
        message = _make_message(Cra.COMMAND, counter, originator, device, b"", other, encode_payload(request))
        template = command_template(message, request)
        if template is None:
            raise LocalError(f"the command of {use_case.use_case} has no template")
        if len(self._commands) >= _TEMPLATES_KEPT:
            del self._commands[next(iter(self._commands))]
        self._commands[key] = template
        return template

    def _secret(self, response: Message) -> bytes:
        device, party, _ = encryption_parties(response)
        return self.keys.shared_secret(device, party)

    def _match(self, response: Message, sent: Sent) -> None:
        """The answer mirrors the command: counter, titles, code and supplementary party (spec sheet 1.6)."""
        if response.cra != Cra.RESPONSE or response.mac is None:
            raise DecodeError("not a MAC'd response", field="cra")
        expected = (
            sent.counter,
            sent.device,
            sent.originator,
            sent.message_code,
            sent.supplementary_id,
            sent.supplementary_counter,
        )
        got = (
            response.originator_counter,
            response.originator,
            response.recipient,
            response.message_code,
            response.other.supplementary_id,
            response.other.supplementary_counter,
        )
        if got != expected:
            raise DecodeError("the response answers another command", field="grouping header", hint=f"{got}")
