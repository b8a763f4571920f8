"""Hand each reference command to an emulated meter that holds the state its response shows, and compare the answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from emulator.esme.esme import Esme
from emulator.esme.execution import EsmePolicy
from emulator.esme.objects import StoredObjects
from emulator.esme.twin import add_surplus, load, shown_time
from gbcs import framing
from gbcs.catalogue import find
from gbcs.dlms import AccessRequest
from gbcs.errors import GbcsError
from gbcs.keystore import KeyStore
from gbcs.payload import decode_payload
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB, open_message
from tools.rtds_files import Vector


@dataclass(slots=True)
class AnswerReport:
    """Pairs tried and pairs whose answer is the reference byte for byte, per use case; failures with their reason."""

    pairs: dict[str, int] = field(default_factory=dict)
    identical: dict[str, int] = field(default_factory=dict)
    surplus_rows: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The object that ``rtds answer --json`` prints."""
        return {
            "pairs": sum(self.pairs.values()),
            "identical": sum(self.identical.values()),
            "surplus_rows": self.surplus_rows,
            "use_cases": {
                name: {"pairs": count, "identical": self.identical.get(name, 0)} for name, count in self.pairs.items()
            },
            "failures": [{"file": name, "reason": reason} for name, reason in self.failures],
        }


def answer_all(found: Iterable[tuple[Vector, Vector]], keys: KeyStore) -> AnswerReport:
    """Try every pair of the half-hourly settlement use cases; a fresh meter for each, since vectors share counters."""
    report = AnswerReport()
    for command, response in found:
        row = find(framing.decode(command.data).message_code)
        if row is None or not row.mhhs:
            continue
        report.pairs[row.use_case] = report.pairs.get(row.use_case, 0) + 1
        try:
            difference = answer_one(command.data, response.data, keys, report)
        except GbcsError as error:
            difference = str(error)
        if difference:
            report.failures.append((command.name, difference))
        else:
            report.identical[row.use_case] = report.identical.get(row.use_case, 0) + 1
    return report


def answer_one(command: bytes, response: bytes, keys: KeyStore, report: AnswerReport) -> str:
    """The first difference between a twin's answer and the reference; empty where there is none."""
    esme, surplus = make_twin(command, response, keys)
    report.surplus_rows += surplus
    answers = esme.receive(command, now=0.0)
    if len(answers) != 1:
        return f"no answer: {', '.join(esme.discarded)}"
    if answers[0] == response:
        return ""
    at = next(i for i in range(max(len(answers[0]), len(response))) if answers[0][i : i + 1] != response[i : i + 1])
    return f"differs from byte {at}: {answers[0][at : at + 8].hex()} for {response[at : at + 8].hex()}"


def make_twin(command: bytes, response: bytes, keys: KeyStore) -> tuple[Esme, int]:
    """A meter with the state that the exchange shows, and rows around each range that was asked; their number."""
    asked, shown = framing.decode(command), open_message(response, keys)
    objects = StoredObjects()
    load(objects, asked, shown)
    request = decode_payload(asked.content)
    surplus = add_surplus(objects, request) if isinstance(request, AccessRequest) else 0
    esme = Esme(asked.recipient, keys, DCC_ACB, _parties(asked, keys), objects, shown_time(shown.message), EsmePolicy())
    counter = shown.message.other.supplementary_originator_counter
    esme.supplementary_counter = counter - 1 if counter is not None else 0
    return esme, surplus


def _parties(command: framing.Message, keys: KeyStore) -> dict[bytes, RemotePartyRole]:
    """The parties that the meter knows: those of the command, each in the role that its certificate states."""
    role = keys.certificate_role(command.originator) or RemotePartyRole.SUPPLIER
    return {DCC_ACB: RemotePartyRole.ACCESS_CONTROL_BROKER, command.originator: role}
