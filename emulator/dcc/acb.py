"""The access control broker: from a read to command bytes, and from response bytes to values.

A party whose credentials the meter holds (Import Supplier, Network Operator) is the originator of its own commands; the
broker adds the MAC. For every other party the broker is the originator itself, names the party in the supplementary
fields and, where the answer will be encrypted, sends the party's key-agreement certificate (spec sheet 5.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from emulator.dcc.counters import OriginatorCounters
from gbcs import crypto, framing
from gbcs.catalogue import UseCase
from gbcs.dlms import AccessResponse, ProtectedResult
from gbcs.errors import DecodeError, LocalError
from gbcs.eui64 import Eui64
from gbcs.framing import Cra, Message, OtherInformation
from gbcs.frozen import maker
from gbcs.payload import decode_payload, encode_payload
from gbcs.reads import ReadValues, read_request, read_values
from gbcs.roles import RemotePartyRole
from gbcs.security import check_mac, decrypt_blob, encryption_parties
from gbcs.versions import permitted


class HeadEndKeys(Protocol):
    """What the head-end needs of a key store."""

    def shared_secret(self, a: Eui64, b: Eui64) -> bytes:
        """The ECDH secret of two parties."""

    def ka_certificate(self, eui: Eui64) -> bytes:
        """The DER key-agreement certificate of an organisation."""


KNOWN_ROLES = {"IS": RemotePartyRole.SUPPLIER, "NO": RemotePartyRole.NETWORK_OPERATOR}
"""The user roles whose credentials a meter holds. Export suppliers and data retrievers go through the broker."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A command on its way: its bytes, and what its answer must fit."""

    command: bytes
    device: Eui64
    originator: Eui64
    counter: int
    message_code: int
    supplementary_id: Eui64 | None


_make_message = maker(Message)
_make_other = maker(OtherInformation)
_make_sent = maker(Sent)


class AccessControlBroker:
    """Builds commands for readers and opens the answers, with the keys of the broker and of its users.

    Does not model: hardware security modules (each user's own counters and decryption live here too); Transform and
    Pre-Command, which reads do not need.
    """

    def __init__(self, eui: Eui64, keys: HeadEndKeys, counters: OriginatorCounters, gbcs_version: str = "4.3") -> None:
        self.eui, self.keys, self.counters, self.gbcs_version = eui, keys, counters, gbcs_version
        self._known: dict[tuple[str, str], bool] = {}

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
        code = use_case.code
        if self.is_known(use_case, role):
            originator, counter, supplementary = user, user_counter, None
            other = _make_other(code)
        else:
            originator, counter, supplementary = self.eui, self.counters.next(self.eui, now), user
            certificate = self.keys.ka_certificate(user) if use_case.sensitive else None
            other = _make_other(code, user, user_counter, None, certificate)
        request = read_request(use_case.use_case, counter, user, device, first, last)
        message = _make_message(Cra.COMMAND, counter, originator, device, b"", other, encode_payload(request))
        covered = framing.authenticated_part(message)
        secret = self.keys.shared_secret(self.eui, device)
        mac = crypto.message_mac(secret, Cra.COMMAND, originator, counter, device, covered)
        return _make_sent(framing.with_mac(covered, mac), device, originator, counter, code, supplementary)

    def open(self, frame: bytes, sent: Sent) -> ReadValues:
        """Verify and decrypt the answer to a command.

        Raises DecodeError for bytes that are no such answer, AuthenticationError for a wrong MAC or tag.
        """
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
        return read_values(payload, plaintexts)

    def _secret(self, response: Message) -> bytes:
        device, party, _ = encryption_parties(response)
        return self.keys.shared_secret(device, party)

    def _match(self, response: Message, sent: Sent) -> None:
        """The answer mirrors the command: counter, titles, code and supplementary party (spec sheet 1.6)."""
        if response.cra != Cra.RESPONSE or response.mac is None:
            raise DecodeError("not a MAC'd response", field="cra")
        expected = (sent.counter, sent.device, sent.originator, sent.message_code, sent.supplementary_id)
        got = (
            response.originator_counter,
            response.originator,
            response.recipient,
            response.message_code,
            response.other.supplementary_id,
        )
        if got != expected:
            raise DecodeError("the response answers another command", field="grouping header", hint=f"{got}")
